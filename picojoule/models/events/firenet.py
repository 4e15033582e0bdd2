"""FireNet: two recurrent layers at full resolution (cite key ``scheerlinck2020``)."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from picojoule.models.events.recurrent import ConvGRU, Reconstructor, Residual, lively


@final
class FireNet(Reconstructor):
    """::

        conv 3×3 → ConvGRU → residual block → ConvGRU → residual block → conv 1×1 → sigmoid

    Args:
        bins: of a grid.
        channels: of every layer; the paper's network has 16.
        decay: of the sums of events; the paper's network sees none.
    """

    def __init__(self, bins: int = 5, channels: int = 16, decay: float | None = None) -> None:
        super().__init__()
        self.decay = decay
        self.head = nn.Sequential(nn.Conv2d(bins + (decay is not None), channels, 3, padding=1), nn.ReLU())
        self.memories = nn.ModuleList(ConvGRU(channels, channels) for _ in range(2))
        self.blocks = nn.ModuleList(Residual(channels) for _ in range(2))
        self.last = nn.Conv2d(channels, 1, 1)
        lively(self, {self.last: 0.3})

    def step(self, voxels: Tensor, state: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        x, states = self.head(voxels), []
        for k, (memory, block) in enumerate(zip(self.memories, self.blocks, strict=True)):
            states.append(memory(x, state[k] if state else None))
            x = block(states[-1])
        return self.last(x), states
