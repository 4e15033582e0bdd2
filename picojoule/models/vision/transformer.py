"""A vision transformer in small: patches as tokens, attention and a GELU in every block, their mean as the answer."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from picojoule.models.attention import TransformerLayer


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
        self.blocks = nn.Sequential(*(TransformerLayer(width, heads) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images ``[batch, channels, size, size]`` to logits ``[batch, classes]``."""
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.places
        return self.head(self.norm(self.blocks(tokens)).mean(1))
