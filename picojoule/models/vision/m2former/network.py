"""M2Former: a multi-scale backbone, the patches that matter at each scale, and attention across them."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.models.vision.m2former.crossing import ChannelAttention, SpatialAttention, two_layers
from picojoule.models.vision.m2former.design import Design
from picojoule.models.vision.m2former.selection import SCORES, Selected, merged, select
from picojoule.models.vision.mvit import STAGES, MViT, Stage


@final
class M2Former(nn.Module):
    """Pictures to the logits of all heads (cite key ``m2former2023``).

    For the stages i of a backbone with tokens X_i and last class token c::

        T_i = mean of squares of X_i            S_i = [CTT_i(c) ; the k_i patches of T_i with the largest mean channel]
        S   = SCA(CCA(S))                       o_i = LN_i(class token of S_i)
        z_i = h_i(o_i)                          z   = h(o_1, …, o_4)
        answer = Σ_i softmax(z_i) + softmax(z)

    Args:
        backbone: an MViT with a class token.
        classes: of the answer.
        design: what is kept and how it is joined.

    Raises:
        InputError: a backbone without a class token.
    """

    def __init__(self, backbone: MViT, classes: int, design: Design) -> None:
        super().__init__()
        if not backbone.size.class_token:
            raise InputError("the backbone has no class token", where="M2Former", remedy="use Size(class_token=True)")
        self.backbone, self.design = backbone, design
        widths = [backbone.size.widths[scale] for scale in design.scales]
        last = backbone.size.widths[-1]
        transferred = {str(scale): two_layers(last, 2 * backbone.size.widths[scale], backbone.size.widths[scale])
                       for scale in design.scales if scale < STAGES - 1}  # fmt: skip
        self.transfer = nn.ModuleDict(transferred if design.transfer else {})
        self.channel = ChannelAttention(widths, together=not design.ordered) if design.channel else None
        self.spatial = SpatialAttention(widths, design.width, design.heads) if design.spatial else None
        self.norms = nn.ModuleList(nn.LayerNorm(each) for each in widths)
        self.heads = nn.ModuleList(nn.Linear(each, classes) for each in widths)
        self.head = nn.Linear(sum(widths), classes) if len(widths) > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[heads, batch, classes]`` of pictures: one head a scale, then the one of all scales."""
        stages, chosen = self._chosen(x)
        scales = [torch.cat((self._class_token(stages, scale)[:, None], each.patches), dim=1)
                  for scale, each in zip(self.design.scales, chosen, strict=True)]  # fmt: skip
        scales = scales if self.channel is None else self.channel(scales)
        scales = scales if self.spatial is None else self.spatial(scales, ordered=self.design.ordered)
        outputs = [self.output(number, each) for number, each in enumerate(scales)]
        logits = [head(each) for head, each in zip(self.heads, outputs, strict=True)]
        if self.head is not None:
            logits.append(self.head(torch.cat(outputs, dim=1)))
        return torch.stack(logits)

    def selected(self, x: Tensor) -> tuple[Selected, ...]:
        """The patches kept of each scale."""
        return self._chosen(x)[1]

    def output(self, number: int, tokens: Tensor) -> Tensor:
        """o_i of tokens ``[batch, n, channels]``: the class token, or the mean where it has not seen the rest."""
        return self.norms[number](tokens)[:, 0] if self.spatial is not None else self.norms[number](tokens).mean(1)

    def chosen(self, scale: int, tokens: Tensor, attention: Tensor | None = None) -> Selected:
        """The patches kept of a stage's tokens."""
        patches = merged(tokens, self.design.merge)
        return select(patches, SCORES[self.design.score](patches, attention), self.design.kept[scale])

    def _chosen(self, x: Tensor) -> tuple[tuple[Stage, ...], tuple[Selected, ...]]:
        """What leaves the stages, and what is kept of it."""
        if self.design.score != "attention":
            stages = self.backbone(x)
            return stages, tuple(self.chosen(scale, stages[scale].tokens) for scale in self.design.scales)
        stages, seen = self.backbone.watched(x)
        kept = (self.chosen(scale, stages[scale].tokens, seen[scale]) for scale in self.design.scales)
        return stages, tuple(kept)

    def _class_token(self, stages: tuple[Stage, ...], scale: int) -> Tensor:
        own, last = stages[scale].token, stages[-1].token
        assert own is not None and last is not None
        return self.transfer[str(scale)](last) if str(scale) in self.transfer else own


def answer(logits: Tensor) -> Tensor:
    """Σ over heads of softmax: logits ``[heads, batch, classes]`` to ``[batch, classes]``, largest at the class."""
    return logits.softmax(-1).sum(0)
