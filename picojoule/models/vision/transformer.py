"""A vision transformer in small: patches as tokens, attention and a GELU in every block, their mean as the answer."""

from __future__ import annotations

from typing import final

import torch.nn.functional as F
from torch import Tensor, nn


@final
class VisionTransformer(nn.Module):
    """Classifies square images.

    Args:
        size: pixels of a side.
        channels: of the images.
        patch: pixels of a patch's side; `size` is a multiple of it.
        width: of a token.
        depth: blocks.
        heads: of attention.
        classes: of the answer.
    """

    def __init__(
        self,
        *,
        size: int = 28,
        channels: int = 1,
        patch: int = 4,
        width: int = 48,
        depth: int = 3,
        heads: int = 4,
        classes: int = 10,
    ) -> None:
        super().__init__()
        tokens = (size // patch) ** 2
        self.patches = nn.Conv2d(channels, width, patch, patch)
        self.places = nn.Parameter(nn.init.trunc_normal_(self.patches.weight.new_empty(1, tokens, width), std=0.02))
        self.blocks = nn.Sequential(*(_Block(width, heads) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images ``[batch, channels, size, size]`` to logits ``[batch, classes]``."""
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.places
        return self.head(self.norm(self.blocks(tokens)).mean(1))


@final
class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(width), _Attention(width, heads), nn.LayerNorm(width)
        self.up, self.act, self.down = nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.down(self.act(self.up(self.norm2(x))))


@final
class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.mix = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (self._split(linear(x)) for linear in (self.query, self.key, self.value))
        return self.mix(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)
