"""Sizes of MViTv2, as values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import final

STAGES = 4


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """A multiscale vision transformer: from one stage to the next half the side, twice the channels and the heads.

    Attributes:
        depths: blocks of each stage.
        width: channels of the first stage.
        heads: of the first stage.
        kernel, stride: of the convolution that makes the first tokens, with padding kernel // 2.
        shrink: stride of keys and values in the first stage; half as much in the next one, but at least 1.
        class_token: whether there is one.
    """

    depths: tuple[int, int, int, int]
    width: int = 96
    heads: int = 1
    kernel: int = 7
    stride: int = 4
    shrink: int = 4
    class_token: bool = True

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage."""
        return tuple(self.width << stage for stage in range(STAGES))

    @property
    def taps(self) -> tuple[int, ...]:
        """The last block of each stage, from 0."""
        return tuple(total - 1 for total in accumulate(self.depths))

    def sides(self, pixels: int) -> tuple[int, ...]:
        """Tokens along a side of each stage's grid, for pictures of `pixels` a side."""
        return tuple(pixels // self.stride >> stage for stage in range(STAGES))


SIZES = {
    "tiny": Size(depths=(1, 2, 5, 2)),
    "small": Size(depths=(1, 2, 11, 2)),
    "base": Size(depths=(2, 3, 16, 3)),
    "mini": Size(depths=(1, 1, 2, 1), width=16),
}
"""MViTv2-T, -S and -B (Li et al. 2022, cite key ``li2022``), and a small one of ours for pictures of 64 pixels."""
