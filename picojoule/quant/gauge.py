"""What quantising does to each tensor: how much saturates, and how large the error is."""

from __future__ import annotations

from typing import final

from torch import Tensor

from picojoule.quant.fixed import Grid


@final
class Gauge:
    """Counters by tensor and lane, added up over calls.

    Args:
        only: the one tensor to count; all if None.
    """

    def __init__(self, only: str | None = None) -> None:
        self.only = only
        self._sums: dict[str, tuple[Tensor, Tensor, Tensor, int]] = {}

    def wants(self, name: str) -> bool:
        """Whether this tensor is counted."""
        return self.only in (None, name)

    def add(self, name: str, before: Tensor, after: Tensor, grid: Grid) -> None:
        """Count a tensor ``[..., lanes, values]`` before and after it was quantised."""
        x, q = before.detach(), after.detach()
        out = (x >= (grid.high + 1) * grid.step) | (x <= (grid.low - 1) * grid.step)
        lanes = x.shape[-2]
        parts = (out.double(), (q - x).abs().double(), x.abs().double())
        saturated, error, size = (each.movedim(-2, 0).reshape(lanes, -1).sum(1) for each in parts)
        zero = (saturated * 0, saturated * 0, saturated * 0, 0)
        a, b, c, n = self._sums.get(name, zero)
        self._sums[name] = (a + saturated, b + error, c + size, n + x.numel() // lanes)

    @property
    def names(self) -> tuple[str, ...]:
        """Tensors seen, in order."""
        return tuple(self._sums)

    def saturated(self, name: str) -> list[float]:
        """Share of values beyond the format's range, by lane."""
        return self._mean(name, 0)

    def error(self, name: str) -> list[float]:
        """Mean |Q(x) − x|, by lane."""
        return self._mean(name, 1)

    def size(self, name: str) -> list[float]:
        """Mean |x|, by lane."""
        return self._mean(name, 2)

    def _mean(self, name: str, which: int) -> list[float]:
        *sums, n = self._sums[name]
        return (sums[which] / n).tolist()
