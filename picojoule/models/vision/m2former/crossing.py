"""Multi-scale cross-attention: gates on channels, then attention across the patches of all scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from picojoule.models.attention import apart, attend

KeysValues = tuple[Tensor, Tensor]


def two_layers(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Linear, BN, ReLU, Linear."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, outputs))


@final
class ChannelAttention(nn.Module):
    """X_i ← X_i + w_i ⊙ X_i, with w = σ(MLP(mean over tokens of X_1, …, X_S)).

    Args:
        widths: channels of each scale.
        together: one MLP for all scales; else each has its own, which sees that scale only.
    """

    def __init__(self, widths: Sequence[int], *, together: bool) -> None:
        super().__init__()
        self.groups = [list(range(len(widths)))] if together else [[scale] for scale in range(len(widths))]
        self.widths = tuple(widths)
        totals = [sum(widths[scale] for scale in group) for group in self.groups]
        self.gates = nn.ModuleList(two_layers(total, total // 2, total) for total in totals)

    def forward(self, scales: Sequence[Tensor]) -> list[Tensor]:
        """Tokens ``[batch, n_i, d_i]`` of each scale to the same, gated."""
        done = list(scales)
        for number, group in enumerate(self.groups):
            for scale, gated in zip(group, self.group(number, [scales[scale] for scale in group]), strict=True):
                done[scale] = gated
        return done

    def group(self, number: int, scales: Sequence[Tensor]) -> list[Tensor]:
        """The scales that share one MLP."""
        weights = self.gates[number](torch.cat([each.mean(1) for each in scales], dim=1)).sigmoid()
        split = weights.split([each.shape[2] for each in scales], dim=1)
        return [each + each * weight[:, None] for each, weight in zip(scales, split, strict=True)]


@final
class SpatialAttention(nn.Module):
    """X_i ← X_i + W^o_i·softmax(Q_i·Kᵀ/√d)·V, with K and V of several scales one after the other; then an MLP.

    Args:
        widths: channels of each scale.
        width: of queries, keys and values.
        heads: of attention.
    """

    def __init__(self, widths: Sequence[int], width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(each) for each in widths)
        self.qkv = nn.ModuleList(nn.Linear(each, 3 * width) for each in widths)
        self.mix = nn.ModuleList(nn.Linear(width, each) for each in widths)
        self.mlps = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(each), nn.Linear(each, 4 * each), nn.GELU(), nn.Linear(4 * each, each))
            for each in widths
        )

    def forward(self, scales: Sequence[Tensor], *, ordered: bool) -> list[Tensor]:
        """Tokens ``[batch, n_i, d_i]`` of each scale that have seen all, or with `ordered` those up to theirs."""
        projected = [self.project(number, each) for number, each in enumerate(scales)]
        known = [(k, v) for _, k, v in projected]
        return [
            self.attend(number, each, projected[number][0], known[: number + 1] if ordered else known)
            for number, each in enumerate(scales)
        ]

    def project(self, scale: int, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Q, K and V ``[batch, heads, n, width / heads]`` of a scale's tokens."""
        q, k, v = (apart(each, self.heads) for each in self.qkv[scale](self.norms[scale](x)).chunk(3, dim=2))
        return q, k, v

    def attend(self, scale: int, x: Tensor, q: Tensor, known: Sequence[KeysValues]) -> Tensor:
        """The scale's tokens after they have seen what is known."""
        k, v = (torch.cat(each, dim=2) for each in zip(*known, strict=True))
        x = x + self.mix[scale](attend(q, k, v))
        return x + self.mlps[scale](x)
