"""What an engine that knows steps gives back, and what it remembers, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from picojoule.spikes import Raster


@final
@dataclass(frozen=True, kw_only=True)
class State:
    """Everything a run in steps remembers: pass it to the next run to go on.

    Attributes:
        potentials: membrane of every neuron, by node.
        second_states: second state of every neuron that has one, by node: g of those that burst, m of those that
            correct themselves.
        sums: running input sums of every maximum pool and the largest of each window, by node.
        output: the output's running sum.
        injected: how much of a constant drive has been taken in so far (Σ injections).
        passed: steps so far.
    """

    potentials: dict[str, Tensor] = field(default_factory=dict)
    second_states: dict[str, Tensor] = field(default_factory=dict)
    sums: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    output: Tensor | None = None
    injected: float = 0.0
    passed: int = 0

    def part(self, start: int, stop: int) -> State:
        """The state of the samples start … stop − 1."""
        return State(
            potentials={name: v[start:stop] for name, v in self.potentials.items()},
            second_states={name: g[start:stop] for name, g in self.second_states.items()},
            sums={name: (sums[start:stop], largest[start:stop]) for name, (sums, largest) in self.sums.items()},
            output=None if self.output is None else self.output[start:stop],
            injected=self.injected,
            passed=self.passed,
        )

    @staticmethod
    def joined(parts: Sequence[State]) -> State:
        """The state of all samples from those of its parts."""
        return State(
            potentials={name: torch.cat([part.potentials[name] for part in parts]) for name in parts[0].potentials},
            second_states={
                name: torch.cat([part.second_states[name] for part in parts]) for name in parts[0].second_states
            },
            sums={
                name: (
                    torch.cat([part.sums[name][0] for part in parts]),
                    torch.cat([part.sums[name][1] for part in parts]),
                )
                for name in parts[0].sums
            },
            output=torch.cat([part.output for part in parts if part.output is not None]),
            injected=parts[0].injected,
            passed=parts[0].passed,
        )


@final
@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run in steps gives back: outputs, state, spikes of the recorded layers, outputs after every step.

    ``note`` says how each layer ran, where an engine has a choice.
    """

    values: Tensor
    state: State
    rasters: dict[str, Raster]
    trajectory: Tensor | None
    note: str = ""

    @staticmethod
    def joined(parts: Sequence[Outcome]) -> Outcome:
        """The outcome of all samples from those of its parts."""
        first = parts[0]
        trajectories = [part.trajectory for part in parts if part.trajectory is not None]
        return Outcome(
            values=torch.cat([part.values for part in parts]),
            state=State.joined([part.state for part in parts]),
            rasters={
                name: Raster(torch.cat([part.rasters[name].spikes for part in parts], 1)) for name in first.rasters
            },
            trajectory=torch.cat(trajectories, 1) if trajectories else None,
        )
