"""ET-Net's middle: every level's map as tokens through a transformer of its own (cite key ``weng2021``).

::

    T_l = patches of level l, as many as the smallest map has pixels, projected to one width, plus their places
    T_l ← encoder layers (T_l);   Q_l = decoder layers (T_smallest, reading T_l);   middle = map + projected mean_l Q_l

How the paper's decoder is fed could not be read; this is ours, with its numbers of layers, width and heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from picojoule.models.attention import Attention, TransformerLayer
from picojoule.models.events.e2vid import RecurrentUNet


@final
class Reading(nn.Module):
    """A decoder layer: attention among the tokens, attention to others, a perceptron; each added to what it read."""

    def __init__(self, width: int, heads: int, inner: int | None = None) -> None:
        super().__init__()
        self.own = TransformerLayer(width, heads, inner=inner)
        self.norm = nn.LayerNorm(width)
        self.other = Attention(width, heads)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Tokens ``[batch, tokens, width]`` that read ``[batch, others, width]``."""
        return self.own(x + self.other(self.norm(x), context))


@final
class TokenPyramid(nn.Module):
    """Maps of all levels ``[b, c_l, h_l, w_l]``, each half the size of the one before, to one like the smallest.

    Args:
        channels: c_l.
        width, heads: of the transformers.
        encoders, decoders: layers of each level's.
        inner: of their perceptrons; 4·width if None.
    """

    def __init__(
        self,
        channels: Sequence[int] = (64, 128, 256),
        width: int = 256,
        heads: int = 8,
        encoders: int = 3,
        decoders: int = 2,
        inner: int | None = None,
    ) -> None:
        super().__init__()
        sides = [2**k for k in reversed(range(len(channels)))]
        self.width = width
        self.patches = nn.ModuleList(nn.Conv2d(c, width, s, stride=s) for c, s in zip(channels, sides, strict=True))
        self.encoders = nn.ModuleList(
            nn.ModuleList(TransformerLayer(width, heads, inner=inner) for _ in range(encoders)) for _ in channels
        )
        self.decoders = nn.ModuleList(
            nn.ModuleList(Reading(width, heads, inner) for _ in range(decoders)) for _ in channels
        )
        self.back = nn.Conv2d(width, channels[-1], 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """The smallest map, changed."""
        height, width = maps[-1].shape[-2:]
        place = positions(height, width, self.width, maps[-1])
        tokens = [cut(each).flatten(2).transpose(1, 2) + place for cut, each in zip(self.patches, maps, strict=True)]
        read = []
        for x, encoders, decoders in zip(tokens, self.encoders, self.decoders, strict=True):
            for layer in encoders:
                x = layer(x)
            asks = tokens[-1]
            for layer in decoders:
                asks = layer(asks, x)
            read.append(asks)
        mean = torch.stack(read).mean(0).transpose(1, 2).unflatten(2, (height, width))
        return (maps[-1] + self.back(mean)).relu()


def positions(height: int, width: int, channels: int, like: Tensor) -> Tensor:
    """Sines and cosines of the rows in one half of the channels, of the columns in the other: ``[h·w, channels]``.

    ::

        sin(p·10000^(−k/K)), cos(p·10000^(−k/K)),   k = 0 … K − 1,  K = channels/4
    """
    rates = 10_000 ** (-torch.arange(channels // 4, device=like.device, dtype=like.dtype) / (channels // 4))
    halves = []
    for length in (height, width):
        angle = torch.arange(length, device=like.device, dtype=like.dtype)[:, None] * rates
        halves.append(torch.cat((angle.sin(), angle.cos()), 1))
    rows, columns = halves
    grid = (height, width, channels // 2)
    return torch.cat((rows[:, None].expand(grid), columns[None].expand(grid)), 2).flatten(0, 1)


def etnet(
    bins: int = 5,
    head: int = 32,
    channels: Sequence[int] = (64, 128, 256),
    *,
    width: int = 256,
    heads: int = 8,
    encoders: int = 3,
    decoders: int = 2,
    decay: float | None = None,
) -> RecurrentUNet:
    """ET-Net; the defaults have the paper's width, heads and numbers of layers."""
    middle = TokenPyramid(channels, width, heads, encoders, decoders)
    return RecurrentUNet(bins, head, channels, middle, decay=decay)
