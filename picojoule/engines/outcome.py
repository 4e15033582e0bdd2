"""What an engine that knows steps gives back, and what it remembers, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from torch import Tensor

from picojoule.spikes import Raster


@final
@dataclass(frozen=True, kw_only=True)
class State:
    """Everything a run in steps remembers: pass it to the next run to go on.

    Attributes:
        potentials: membrane of every neuron, by node.
        sums: running input sums of every maximum pool and the largest of each window, by node.
        output: the output's running sum.
        injected: how much of a constant drive has been taken in so far (Σ injections).
    """

    potentials: dict[str, Tensor] = field(default_factory=dict)
    sums: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    output: Tensor | None = None
    injected: float = 0.0


@final
@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run in steps gives back: outputs, state, spikes of the recorded layers, outputs after every step."""

    values: Tensor
    state: State
    rasters: dict[str, Raster]
    trajectory: Tensor | None
