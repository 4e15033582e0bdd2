"""Public checkpoints of MViTv2: from the names in them to ours.

Two layouts are known, the original one (``blocks.7.attn.qkv.weight``) and timm's, which counts blocks within a stage
(``stages.2.blocks.1.attn.qkv.weight``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from torch import Tensor
from torch.nn.functional import interpolate

from picojoule.base.errors import WeightsError
from picojoule.models.loading import fill, read_weights
from picojoule.models.vision.mvit.network import MViT
from picojoule.models.vision.mvit.sizes import SIZES, Size

_NAMES: tuple[tuple[str, str], ...] = (
    (r"^patch_embed\.proj\.", "patches."),
    (r"^cls_token$", "token"),
    (r"\.attn\.(pool|norm)_([qkv])\.", r".attention.\1_\2."),
    (r"\.attn\.rel_pos_([hw])$", r".attention.rel_\1"),
    (r"\.attn\.qkv\.", ".attention.qkv."),
    (r"\.attn\.proj\.", ".attention.mix."),
    (r"\.mlp\.fc1\.", ".up."),
    (r"\.mlp\.fc2\.", ".down."),
    (r"^(blocks\.\d+)\.(proj|shortcut_proj_attn)\.", r"\1.widen."),
)
_LEFT_OUT = re.compile(r"^(norm|head)\.")
"""The norm and the head of the classes it was trained on."""
_TABLE = re.compile(r"\.rel_[hw]$")


def load_backbone(
    backbone: MViT,
    path: Path | str,
    *,
    positions: Literal["keep", "interpolate", "reset"] = "keep",
    trust_pickle: bool = False,
) -> MViT:
    """Put the weights of a public checkpoint, or of our own, into a backbone; on an error it is as before.

    Args:
        backbone: of the size the checkpoint has.
        path: safetensors or .npz; a ``.pyth`` only with `trust_pickle`.
        positions: what to do with tables of relative positions, whose length depends on the size of the pictures: keep
            them (then they must fit), bring them to the new length, or leave the backbone's fresh ones, as M2Former's
            authors do.
        trust_pickle: load a pickle, which can run code of its author.

    Returns:
        `backbone`.

    Raises:
        WeightsError: no such file, a damaged one, one of another network or size; it names the file and the weights.
    """
    tensors = renamed(read_weights(path, trust_pickle=trust_pickle), backbone.size)
    own = backbone.state_dict()
    if positions != "keep":
        tensors |= _tables(tensors, own, positions)
    try:
        fill(backbone, tensors, where=str(path))
    except WeightsError as problem:
        raise WeightsError(problem.what, where=problem.where, remedy=_remedy(tensors, own, backbone)) from None
    return backbone


def renamed(tensors: Mapping[str, Tensor], size: Size) -> dict[str, Tensor]:
    """A checkpoint's tensors under our names, those of its classes left out; unknown names stay as they are."""
    found = {}
    for name, tensor in tensors.items():
        name = re.sub(r"^stages\.(\d+)\.blocks\.(\d+)\.", lambda match: _flat(match, size), name)
        for pattern, ours in _NAMES:
            name = re.sub(pattern, ours, name)
        if not _LEFT_OUT.match(name):
            found[name] = tensor
    return found


def _flat(match: re.Match[str], size: Size) -> str:
    """``stages.2.blocks.1.`` as ``blocks.7.``."""
    return f"blocks.{sum(size.depths[: int(match[1])]) + int(match[2])}."


def _tables(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], positions: str) -> dict[str, Tensor]:
    names = [name for name in tensors if _TABLE.search(name) and name in own]
    if positions == "reset":
        return {name: own[name] for name in names}
    return {name: _stretched(tensors[name], len(own[name])) for name in names}


def _stretched(table: Tensor, rows: int) -> Tensor:
    """Rows ``[n, width]`` to ``[rows, width]``, linearly between the first and the last."""
    if len(table) == rows:
        return table
    return interpolate(table.T[None].float(), rows, mode="linear", align_corners=True)[0].T


def _remedy(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], backbone: MViT) -> str:
    """What would help most: another size, another treatment of positions, or another file."""
    blocks = len({match[0] for name in tensors if (match := re.match(r"blocks\.\d+\.", name))})
    if blocks != sum(backbone.size.depths):
        fitting = [name for name, size in SIZES.items() if sum(size.depths) == blocks]
        known = f"; its {blocks} blocks are those of {' or '.join(fitting)}" if fitting else ""
        return f"give a checkpoint of an MViTv2 with {sum(backbone.size.depths)} blocks{known}"
    if any(_TABLE.search(name) and name in own and own[name].shape != each.shape for name, each in tensors.items()):
        return "say positions='interpolate' or 'reset' for pictures of another size"
    return "give a checkpoint of this MViTv2, with a class token if the network has one"
