"""E2VID: a recurrent U-Net (cite key ``rebecq2019``). ET-Net: the same with transformers between (``weng2021``).

::

    conv 5×5 → levels × (conv 5×5 stride 2 → ConvLSTM 3×3) → middle → levels × (+ skip → bilinear ×2 → conv 5×5)
    → + head → conv 1×1 → sigmoid

The middle of E2VID is two residual blocks. In ET-Net every level's map is cut into tokens and goes through transformer
layers of its own, and the mean of all, at the size of the smallest, is the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, final

from torch import Tensor, nn
from torch.nn.functional import interpolate

from picojoule.models.events.recurrent import ConvLSTM, Reconstructor, Residual, lively


@final
class Residuals(nn.Module):
    """The middle of E2VID: residual blocks on the smallest map."""

    def __init__(self, channels: int, blocks: int = 2) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(Residual(channels) for _ in range(blocks)))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Of the maps of all levels, the largest first, the last one, changed."""
        return self.blocks(maps[-1])


@final
class RecurrentUNet(Reconstructor):
    """Grids to frames through a pyramid.

    Args:
        bins: of a grid.
        head: channels at full resolution.
        channels: of each level.
        middle: the maps of all levels to one like the smallest; E2VID's if None.
        kernel: of all convolutions outside the memories.
        decay: of the sums of events; the papers' networks see none.
    """

    def __init__(
        self,
        bins: int = 5,
        head: int = 32,
        channels: Sequence[int] = (64, 128, 256),
        middle: nn.Module | None = None,
        kernel: int = 5,
        decay: float | None = None,
    ) -> None:
        super().__init__()
        sizes, half = (head, *channels), kernel // 2
        self.multiple, self.decay = 2 ** len(channels), decay
        self.head = nn.Sequential(nn.Conv2d(bins + (decay is not None), head, kernel, padding=half), nn.ReLU())
        pairs = [*pairwise(sizes)]
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, kernel, stride=2, padding=half), nn.ReLU()) for a, b in pairs
        )
        self.memories = nn.ModuleList(ConvLSTM(b, b) for b in channels)
        self.middle = Residuals(channels[-1]) if middle is None else middle
        self.up = nn.ModuleList(nn.Sequential(nn.Conv2d(b, a, kernel, padding=half), nn.ReLU()) for a, b in pairs[::-1])
        self.last = nn.Conv2d(head, 1, 1)
        lively(self, {self.last: 0.3})

    def step(self, voxels: Tensor, state: list[Any] | None) -> tuple[Tensor, list[Any]]:
        x = first = self.head(voxels)
        states, maps = [], []
        for k, (down, memory) in enumerate(zip(self.down, self.memories, strict=True)):
            states.append(memory(down(x), state[k] if state else None))
            maps.append(x := states[-1][0])
        x = self.middle(maps)
        for up, skip in zip(self.up, reversed(maps), strict=True):
            x = up(interpolate(x + skip, scale_factor=2, mode="bilinear", align_corners=False))
        return self.last(x + first), states


def e2vid(
    bins: int = 5, head: int = 32, channels: Sequence[int] = (64, 128, 256), *, decay: float | None = None
) -> RecurrentUNet:
    """E2VID; the defaults are the paper's network (10.7 M parameters)."""
    return RecurrentUNet(bins, head, channels, decay=decay)
