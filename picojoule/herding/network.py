"""The deep spiking network as a module: weights, the potentials its lanes carry, and what learning has cost so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.errors import DataError, EngineError
from picojoule.herding.form import Form
from picojoule.herding.lanes import Presentation, collapsed, learn, stepped
from picojoule.kernels import herding as events


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a network said, and what it took.

    Attributes:
        values: outputs as the ReLU network of these weights would give them: Z_L/T, float32 ``[batch, classes]``.
        tally: int64 ``[layers, 4]``, see :data:`picojoule.kernels.herding.TALLIED`.
    """

    values: Tensor
    tally: Tensor


@final
class DeepSpikingNet(nn.Module):
    """Fully connected layers of herders without biases, which learn from spikes alone.

    Its state is in ``state_dict``: ``weights`` (all layers' ``[inputs, outputs]`` in a row), ``psi`` (what backward
    herders were left with, ``[lanes, hidden units]``), and the ``tally`` of the ``seen`` training samples.

    Source: O'Connor and Welling 2016, "Deep Spiking Networks"; the backward potential is the subject of Park et al.
    2016 (cite key ``park2016``).

    Args:
        form: its settings.
        generator: of the initial weights; torch's global one if None.

    Raises:
        EngineError: learning or running on a device that the form's engine does not serve.
    """

    def __init__(self, form: Form, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.form = form
        self._layout = events.flat(form.sizes)
        unit = form.quantum
        layers = [
            torch.randn(n, m, generator=generator) * (unit * (form.std or n**-0.5)) for n, m in pairwise(form.sizes)
        ]
        self.weights = nn.Parameter(self._whole(torch.cat([w.flatten() for w in layers])), requires_grad=False)
        self.register_buffer("psi", self._whole(torch.zeros(form.lanes, form.hidden)))
        self.register_buffer("tally", torch.zeros(len(layers), len(events.TALLIED), dtype=torch.int64))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    @property
    def layers(self) -> tuple[Tensor, ...]:
        """The weights of each layer, ``[inputs, outputs]``, as views; in whole numbers in units of η/T²."""
        shapes = list(pairwise(self.form.sizes))
        parts = self.weights.detach().split([n * m for n, m in shapes])
        return tuple(part.view(shape) for part, shape in zip(parts, shapes, strict=True))

    def forward(self, x: Tensor) -> Tensor:
        """Outputs ``[batch, classes]`` of inputs ``[batch, ...]`` that have as many numbers as there are inputs."""
        return self.answer(x).values

    def answer(self, x: Tensor) -> Answer:
        """:meth:`forward`, and what it took."""
        return self._present(x, None, 0)

    def learn(self, x: Tensor, labels: Tensor, epoch: int = 0) -> Answer:
        """Learn from samples, in place; the answer is the one given while learning.

        Args:
            x: ``[batch, ...]``; taken ``lanes`` at a time.
            labels: int64 ``[batch]``.
            epoch: for a backward potential that changes with it.

        Raises:
            DataError: a label that is no output, or inputs of another size.
        """
        if len(labels) != len(x) or not 0 <= int(labels.min()) <= int(labels.max()) < self.form.sizes[-1]:
            raise DataError(
                f"{len(labels)} labels from {int(labels.min())} to {int(labels.max())}",
                where="DeepSpikingNet",
                remedy=f"give each of the {len(x)} samples a label from 0 to {self.form.sizes[-1] - 1}",
            )
        answer = self._present(x, labels, epoch)
        self.tally += answer.tally.to(self.tally.device)
        self.seen += len(x)
        return answer

    @property
    def engine(self) -> str:
        """Which engine runs: ``auto`` resolved."""
        if self.form.engine != "auto":
            return self.form.engine
        return "events" if self._served_by_events() else "lanes"

    def _served_by_events(self) -> bool:
        kind = torch.int32 if self.form.integer else torch.float32
        return self.weights.device.type == "cpu" and self.weights.dtype == kind

    @torch.no_grad()
    def _present(self, x: Tensor, labels: Tensor | None, epoch: int) -> Answer:
        x = x.flatten(1)
        if x.shape[1] != self.form.sizes[0]:
            raise DataError(
                f"samples of {x.shape[1]} numbers for {self.form.sizes[0]} inputs",
                where="DeepSpikingNet",
                remedy="give the network as many inputs as a sample has numbers",
            )
        learns = labels is not None
        noise = self.form.potential.draw(len(x), self.form.hidden, epoch) if learns else x.new_zeros(0)
        x, start = (self._whole(each * self.form.quantum).to(self.weights) for each in (x, noise))
        z, tally = _ENGINES[self.engine](self, x, labels, start)
        return Answer(values=z.float() / (self.form.steps * self.form.quantum), tally=tally)

    def _whole(self, x: Tensor) -> Tensor:
        """`x` in the numbers of this network."""
        return x.round().to(torch.int32) if self.form.integer else x


def _by_events(net: DeepSpikingNet, x: Tensor, labels: Tensor | None, start: Tensor) -> tuple[Tensor, Tensor]:
    if not net._served_by_events():
        raise EngineError(
            f"no compiled events for {net.weights.dtype} on {net.weights.device}",
            where="DeepSpikingNet",
            remedy='use engine="lanes"',
        )
    form = net.form
    none = labels is None
    return events.present(
        x,
        torch.full((len(x),), -1) if none else labels,
        net.weights.detach(),
        net._layout,
        steps=form.steps,
        quantum=form.quantum,
        mode="none" if none else form.update,
        rate=form.gain,
        psi=torch.zeros_like(net.psi[:1]) if none else net.psi,
        keep=form.potential.keep,
        start=torch.zeros_like(net.psi[:1]).expand(len(x), -1) if none else start,
    )


def _in_lanes(net: DeepSpikingNet, x: Tensor, labels: Tensor | None, start: Tensor) -> tuple[Tensor, Tensor]:
    """Rounds of ``lanes`` samples in torch, in time or without."""
    form, z, tally = net.form, [], torch.zeros_like(net.tally).cpu()
    size = form.lanes if labels is not None else _ROUND
    for first in range(0, len(x), size):
        drive = x[first : first + size]
        psi = _start(net, start[first : first + size], len(drive), labels is not None)
        found = _run(net, drive, None if labels is None else labels[first : first + size].to(x.device), psi)
        adds = found.update_adds
        if labels is not None:
            net.psi[: len(drive)] = torch.cat(found.psi, 1) if found.psi else net.psi[: len(drive)]
            if form.update != "fractional":
                adds = learn(net.layers, _causes(net, drive, found), found.errors, form.gain)
        tally += torch.stack([found.events[:-1], found.events[1:], found.passed, adds], 1)
        z.append(found.z[-1])
    return torch.cat(z), tally


_ROUND = 500
"""Samples a round where none depends on another."""

_ENGINES: dict[str, Callable[[DeepSpikingNet, Tensor, Tensor | None, Tensor], tuple[Tensor, Tensor]]] = {
    "events": _by_events,
    "lanes": _in_lanes,
    "collapsed": _in_lanes,
}


def _start(net: DeepSpikingNet, noise: Tensor, samples: int, learns: bool) -> tuple[Tensor, ...]:
    """ψ₀ of each hidden layer."""
    if not learns:
        return tuple(net.psi.new_zeros(samples, n) for n in net.form.sizes[1:-1])
    kept = (net.form.potential.keep * net.psi[:samples].double()).to(net.psi.dtype)  # towards zero in whole numbers
    return (kept + noise).split(net.form.sizes[1:-1], 1)


def _run(net: DeepSpikingNet, x: Tensor, labels: Tensor | None, psi: tuple[Tensor, ...]) -> Presentation:
    form = net.form
    if form.engine == "collapsed":
        return collapsed(x, labels, net.layers, psi, steps=form.steps, q=form.quantum)
    gain = form.gain if form.update == "fractional" else None
    return stepped(x, labels, net.layers, psi, steps=form.steps, q=form.quantum, fractional=gain)


def _causes(net: DeepSpikingNet, x: Tensor, found: Presentation) -> tuple[Tensor, ...]:
    """What the errors are held against: counts, or the sums they stand for."""
    if net.form.update != "smooth":
        return found.counts
    return (net.form.steps * x, *(each.clamp(min=0) for each in found.z[:-1]))
