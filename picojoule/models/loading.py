"""Weights from a file into a network: all of them, or none and an error."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from picojoule.base.errors import WeightsError
from picojoule.data import npz
from picojoule.data.importing import call_function
from picojoule.models.vision.detection import TinyYolo, small_yolo
from picojoule.models.vision.digit_net import DigitNet

Model = TypeVar("Model", bound=nn.Module)

EMBEDDED = Path(__file__).parent / "weights" / "digits.safetensors"
VARIANTS = ("sparse", "plain")
METADATA_KEY = "training"
DETECTOR = EMBEDDED.with_name("detector.safetensors")

_CONVERT = (
    "save the weights with safetensors.torch.save_file (or numpy.savez), or pass --trust-pickle if you trust its author"
)
_SHOWN = 3  # keys named in a message
_STATES = ("state_dict", "model_state")
"""Where checkpoints keep the weights, if not at their top."""


def load_weights(model: Model, path: Path | str, *, trust_pickle: bool = False) -> Model:
    """Put the weights of a file into `model`; on an error `model` is as before.

    Args:
        model: the network; keys and shapes must be those of its ``state_dict``, neither more nor fewer.
        path: ``.safetensors``, ``.npz`` of plain arrays, or with `trust_pickle` a ``.pt`` that holds a state dict. The
            kind is read from the content, not from the name.
        trust_pickle: load a pickle, which can run code of its author.

    Returns:
        `model`.

    Raises:
        WeightsError: no such file, a damaged one, a pickle that is not trusted, keys or shapes that do not match, or
            weights that are not finite.
    """
    fill(model, read_weights(path, trust_pickle=trust_pickle), where=str(path))
    return model


def load_model(spec: str, weights: Path | str | None = None, *, trust_pickle: bool = False) -> nn.Module:
    """The user's network, in evaluation mode.

    Args:
        spec: ``package.module:function``; the function is called without arguments.
        weights: file of its weights; None leaves those that the function gave it.
        trust_pickle: see `load_weights`.

    Raises:
        WeightsError: the function is missing, raises, or returns no ``nn.Module``, or the weights do not fit.
    """
    model = call_function(spec, "the model", error=WeightsError)
    if not isinstance(model, nn.Module):
        raise WeightsError(
            f"the function returns a {type(model).__name__}, not an nn.Module", where=spec, remedy="return the network"
        )
    if weights is not None:
        load_weights(model, weights, trust_pickle=trust_pickle)
    return model.eval()


def embedded(variant: str = "sparse") -> DigitNet:
    """The digit network with the weights in the package, in evaluation mode.

    Args:
        variant: ``sparse``, trained with activation sparsity, or ``plain``, without.

    Raises:
        WeightsError: another variant, or a package without the file.
    """
    if variant not in VARIANTS:
        raise WeightsError(
            f"there is no variant {variant!r}", where="embedded", remedy=f"choose {' or '.join(VARIANTS)}"
        )
    return embedded_from(EMBEDDED, variant)


def embedded_from(path: Path | str, variant: str) -> DigitNet:
    """The digit network with one variant's weights from a file that ``picojoule.train.digits`` wrote."""
    prefix = f"{variant}."
    tensors = {key.removeprefix(prefix): value for key, value in read_weights(path).items() if key.startswith(prefix)}
    model = DigitNet()
    fill(model, tensors, where=f"{path} ({variant})")
    return model.eval()


def embedded_detector(path: Path | str = DETECTOR) -> TinyYolo:
    """The small detector of digits with the weights in the package, or in a file that ``picojoule.train.detector``
    wrote; in evaluation mode.

    Raises:
        WeightsError: no such file, or not of this network.
    """
    return load_weights(small_yolo(), path).eval()


def embedded_metadata(path: Path | str = EMBEDDED) -> dict[str, str]:
    """How the packaged weights were trained: command, seed, versions, accuracies.

    Raises:
        WeightsError: no such file, or a damaged one.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return dict(json.loads((file.metadata() or {}).get(METADATA_KEY, "{}")))
    except (SafetensorError, OSError, ValueError) as problem:
        raise _unreadable(Path(path), problem) from None


def fill(model: nn.Module, tensors: Mapping[str, Tensor], *, where: str) -> None:
    """Copy `tensors` into `model` after all of them have been looked at.

    Raises:
        WeightsError: keys missing or unexpected, shapes that differ, or weights that are not finite.
    """
    own = model.state_dict()
    _require_keys(own, tensors, where)
    for key, value in tensors.items():
        if value.shape != own[key].shape:
            raise WeightsError(
                f"{key!r} has the shape {list(value.shape)} but the network's is {list(own[key].shape)}",
                where=where,
                remedy="give the weights of this network, or the network of these weights",
            )
        if not torch.isfinite(value).all():
            bad = int((~torch.isfinite(value)).sum())
            remedy = "give weights of a training that converged"
            raise WeightsError(f"{key!r} has {bad} weights that are not finite numbers", where=where, remedy=remedy)
    model.load_state_dict(dict(tensors))


def in_half(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights in 16 bits, for a file that is half as large; who loads them computes in 32 again."""
    halved = {name: each.half() if each.is_floating_point() else each for name, each in state.items()}
    return {name: each.contiguous() for name, each in halved.items()}


def read_weights(path: Path | str, *, trust_pickle: bool = False) -> dict[str, Tensor]:
    """All tensors of a file of weights, by name; see `load_weights`.

    Raises:
        WeightsError: no such file, a damaged one, or a pickle that is not trusted.
    """
    path = Path(path)
    kind = _kind(path)
    if kind == "pickle" and not trust_pickle:
        raise npz.pickle_error(path, WeightsError, _CONVERT)
    return _READERS[kind](path)


def _kind(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(9)
        # first, since a header of 640 bytes gives safetensors the first two bytes of a pickle
        if start[8:] == b"{":
            return "safetensors"
        if npz.is_pickle(path):
            return "pickle"
    except OSError as problem:
        raise _unreadable(path, problem) from None
    return "npz" if start.startswith(b"PK") else "safetensors"


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    _require_whole(path)
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no iterator of its own)
    except (SafetensorError, OSError) as problem:
        raise _unreadable(path, problem) from None


def _require_whole(path: Path) -> None:
    """Look at the first 8 bytes, the header's length: what safetensors says of a wrong one helps nobody."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(9)
    header = struct.unpack("<Q", start[:8])[0] if len(start) == 9 else None
    if header is None or start[8:] != b"{":
        raise WeightsError(
            "it is neither safetensors nor .npz", where=str(path), remedy="check the file, or write it again"
        )
    if 8 + header > size:
        what = f"its header has {header} bytes but the file only {size}: it is truncated or its header corrupt"
        raise WeightsError(what, where=str(path), remedy="copy or write the file again")


def _read_npz(path: Path) -> dict[str, Tensor]:
    arrays = npz.read(path, npz.headers(path, error=WeightsError), error=WeightsError)
    unknown = [name for name, array in arrays.items() if array.dtype.kind not in "biuf"]
    if unknown:
        kind = arrays[unknown[0]].dtype
        raise WeightsError(f"{unknown[0]!r} is of the type {kind}", where=str(path), remedy="save real numbers only")
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _read_pickle(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=False)
    except Exception as problem:
        raise _unreadable(path, problem) from problem
    for key in _STATES:
        content = content.get(key, content) if isinstance(content, Mapping) else content
    if isinstance(content, nn.Module):
        content = content.state_dict()
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        remedy = "save model.state_dict()"
        raise WeightsError(f"it holds a {type(content).__name__}, not a state dict", where=str(path), remedy=remedy)
    return dict(content)


_READERS = {"safetensors": _read_safetensors, "npz": _read_npz, "pickle": _read_pickle}


def _require_keys(own: Mapping[str, Tensor], given: Mapping[str, Tensor], where: str) -> None:
    missing = [key for key in own if key not in given]
    unexpected = [key for key in given if key not in own]
    if not missing and not unexpected:
        return
    what = " and ".join(
        f"{len(keys)} {kind} ({', '.join(keys[:_SHOWN])}{', …' if len(keys) > _SHOWN else ''})"
        for kind, keys in (("missing", missing), ("unexpected", unexpected))
        if keys
    )
    remedy = "give the weights of this network; compare with model.state_dict().keys()"
    raise WeightsError(f"the weights have other keys than the network: {what}", where=where, remedy=remedy)


def _unreadable(path: Path, problem: Exception) -> WeightsError:
    reason = (
        getattr(problem, "strerror", None) or str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    )
    return WeightsError(f"the weights cannot be read ({reason})", where=str(path), remedy="check the path and the file")
