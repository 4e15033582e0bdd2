"""Spikes on their way through noise: which are lost, when the others arrive, and what they are then worth.

The same draws in every engine (:mod:`picojoule.noise.draws`): a spike is known by its sample, its neuron and its step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor

from picojoule.base.errors import EngineError
from picojoule.codes import Code
from picojoule.ir import Fire, Network, WeightLayer
from picojoule.noise import Noise
from picojoule.noise.draws import keys_of
from picojoule.noise.noise import ratio


class Spikes(NamedTuple):
    """Spikes as a list, int64 each but the last.

    Attributes:
        sample: of the batch.
        place: the neuron, counted with channels first.
        at: the step of its layer's window.
        amount: what a receiver adds per unit weight.
    """

    sample: Tensor
    place: Tensor
    at: Tensor
    amount: Tensor

    @staticmethod
    def of(emitted_tb: Tensor, first: int) -> Spikes:
        """The values ``[steps, batch, ...]`` that are not zero, from step `first` on."""
        flat = emitted_tb.flatten(2)
        at, sample, place = flat.nonzero(as_tuple=True)
        return Spikes(sample, place, at + first, flat[at, sample, place])

    def only(self, which: Tensor) -> Spikes:
        """Those of a mask, or of an index."""
        return Spikes(*(each[which] for each in self))

    def onto(self, like_tb: Tensor, first: int) -> Tensor:
        """Their sums as ``[steps, batch, ...]``, of the shape of `like_tb`."""
        flat = like_tb.new_zeros(like_tb.flatten(2).shape)
        return flat.index_put_((self.at - first, self.sample, self.place), self.amount, accumulate=True).view(
            like_tb.shape
        )


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Disturbance:
    """The noise of one run.

    Attributes:
        noise: what goes wrong.
        keys: what each sample is known by, int64 ``[batch]``.
    """

    noise: Noise
    keys: Tensor

    @staticmethod
    def of(network: Network, x: Tensor) -> Disturbance | None:
        """Of a network on samples; None where nothing happens to its spikes."""
        noise = network.noise
        return Disturbance(noise=noise, keys=keys_of(x)) if noise is not None and noise.of_spikes else None

    def part(self, samples: slice) -> Disturbance:
        """Of some of the samples."""
        return Disturbance(noise=self.noise, keys=self.keys[samples])

    def kept(self, node: Fire, sent: Spikes) -> Spikes:
        """Those that are not lost, as they were sent."""
        if not self.noise.deletion:
            return sent
        return sent.only(self.noise.kept(*self._draws(node.name, node.code, sent)))

    def arriving(self, node: Fire, kept: Spikes) -> Spikes:
        """When they arrive, and what they are then worth: a(t')/a(t) of what they were."""
        if not self.noise.jitter or self.noise.of_steps:
            return kept
        shifts = self.noise.shifts(*self._draws(node.name, node.code, kept))
        read = (kept.at + shifts).clamp(0, node.code.steps - 1)
        amplitudes = torch.tensor(node.code.amplitudes(), dtype=kept.amount.dtype, device=read.device)
        amount = kept.amount * (amplitudes[read] / amplitudes[kept.at])
        return kept._replace(at=torch.maximum(kept.at, read), amount=amount)

    def misread(self, layer: WeightLayer, code: Code, current_tb: Tensor, first: int) -> Tensor:
        """What a layer's receivers make of a current ``[steps, batch, ...]`` when they read each step δ steps off."""
        if not self.noise.of_steps:
            return current_tb
        found = Spikes.of(current_tb, first)
        shifts = self.noise.shifts(*self._draws(layer.name, code, found))
        return found._replace(amount=found.amount * ratio(code.amplitudes()) ** shifts).onto(current_tb, first)

    def _draws(self, name: str, code: Code, spikes: Spikes) -> tuple[Tensor, str, Tensor, Tensor]:
        return self.keys, name, spikes.sample, spikes.place * code.steps + spikes.at


def require_whole(network: Network) -> None:
    """Raise where a run goes on from a state: its steps would be disturbed like those of the run before.

    Raises:
        EngineError: there is noise.
    """
    if network.noise is not None and network.noise.of_spikes:
        raise EngineError(
            "the noise of a step is drawn once", where=f"run({network.name}, state=...)", remedy="start a fresh run"
        )
