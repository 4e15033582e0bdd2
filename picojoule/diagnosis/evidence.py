"""What is seen of every layer: what it should send for the inputs it gets, and what it sends.

::

    a        the ANN's values
    f(s_in)  the same layer of the ANN, for the spiking values of the layers above
    s        what the layer's spikes mean
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from picojoule.conversion.walk import Layer, walk
from picojoule.engines import run
from picojoule.ir import Fire, Input, Network, Pointwise, WeightLayer
from picojoule.ir.dense import evaluate, evaluate_all, per_channel, scaled_input
from picojoule.spikes import Raster, Times

_BATCH = 8


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """One layer. Values are in the ANN's units, ``[samples, *shape]``.

    Attributes:
        name: of the layer in tables.
        fire: its neurons; None of the output, which does not fire.
        sums: f's sums for the inputs it gets, in front of its activation.
        due: f(s_in).
        exact: a.
        sent: s.
        times: spikes at each step of its window, ``[steps]``; None of the output.
    """

    name: str
    fire: Fire | None
    sums: Tensor
    due: Tensor
    exact: Tensor
    sent: Tensor
    times: Tensor | None

    @property
    def scale(self) -> Tensor:
        """λ, shaped to multiply a batch; 1 of the output."""
        return torch.ones(()) if self.fire is None else per_channel(self.fire.scale, self.fire.shape).to(self.due)

    def carried(self, values: Tensor) -> Tensor:
        """What receivers would decode of values that drive the neurons in every step alike."""
        return values if self.fire is None else self.scale * self.fire.code.value(values / self.scale)

    @property
    def most(self) -> Tensor:
        """The largest value that can be sent, shaped as :attr:`scale`; infinite of the output."""
        if self.fire is None:
            return torch.tensor(torch.inf)
        return self.scale * self.fire.code.value(torch.full((1,), 1e6, dtype=self.due.dtype))

    def relative(self, values: Tensor, against: Tensor) -> float:
        """Root mean square of a difference, relative to the ANN's values."""
        return float((values - against).norm() / self.exact.norm().clamp_min(1e-12))

    @property
    def added(self) -> float:
        """The error that comes in here."""
        return self.relative(self.sent, self.due)


@torch.no_grad()
def gather(reference: Network, network: Network, x: Tensor) -> list[Evidence]:
    """The evidence of every layer that fires, in order, and of the output.

    Args:
        reference: the ANN whose activations have the names of the network's neurons.
        network: the spiking network.
        x: inputs ``[samples, ...]``.
    """
    parts = [_gather(reference, network, batch) for batch in x.split(_BATCH)]
    return [_joined([part[place] for part in parts]) for place in range(len(parts[0]))]


def _joined(parts: list[Evidence]) -> Evidence:
    tensors = {name: torch.cat([getattr(part, name) for part in parts]) for name in ("sums", "due", "exact", "sent")}
    times = None if parts[0].times is None else torch.stack([part.times for part in parts]).sum(0)  # type: ignore[misc]
    return Evidence(name=parts[0].name, fire=parts[0].fire, times=times, **tensors)


def _gather(reference: Network, network: Network, x: Tensor) -> list[Evidence]:
    fires = {
        fire.name: fire for fire in network.all(Fire) if fire.name == "input.fire" or fire.name in reference.by_name
    }
    x = reference.check_input(x)
    done = run(network, x, engine="auto", record=[fire.layer for fire in fires.values()], count=False)
    sent = _decoded(network, fires, done.trains, x)
    exact = evaluate_all(reference.nodes, x)
    found, values = [], {}
    for node in reference.nodes:
        sources = [values[name] for name in node.inputs]
        due = scaled_input(node, x) if isinstance(node, Input) else evaluate(node, *sources)
        fire = fires.get("input.fire" if isinstance(node, Input) else node.name)
        values[node.name] = due
        if fire is not None:
            values[node.name] = sent[fire.name]
            times = _times(done.trains[fire.layer])
            sums = sources[0] if isinstance(node, Pointwise) else due
            told = {"sums": sums, "due": due, "exact": exact[node.name], "sent": sent[fire.name], "times": times}
            found.append(Evidence(name=fire.layer, fire=fire, **told))
    due, outputs = values[reference.output.name], _rows(network, done.values)
    if not isinstance(reference.output, Pointwise):
        last = _last_layer(reference)
        told = {"sums": due, "due": due, "exact": exact[reference.output.name], "sent": outputs, "times": None}
        found.append(Evidence(name=last, fire=None, **told))
    return found


def _rows(network: Network, values: Any) -> Tensor:
    """The outputs in the form of the output node."""
    if network.heads is None:
        return values
    parts = values.values() if isinstance(values, dict) else values
    return torch.cat([part.flatten(1) for part in parts], 1)


def _last_layer(reference: Network) -> str:
    """The name of the last weight layer."""
    return [layer.name for layer in reference.all(WeightLayer)][-1]


def _decoded(
    network: Network, fires: Mapping[str, Fire], trains: Mapping[str, Times | Raster], x: Tensor
) -> dict[str, Tensor]:
    """What receivers decode of each neuron, in the ANN's units."""
    units = {name: _value(fire, trains[fire.layer]) for name, fire in fires.items()}
    if any(fire.code.signed for fire in fires.values()):  # a train has no signs
        units.update(_signed(network, x))
    return {name: units[name].to(x.dtype) * per_channel(fire.scale, fire.shape).to(x) for name, fire in fires.items()}


def _value(fire: Fire, train: Times | Raster) -> Tensor:
    if isinstance(train, Times):
        amplitudes = torch.tensor(fire.code.amplitudes())
        return torch.cat([amplitudes, amplitudes.new_zeros(1)])[train.first.long()] / fire.code.repeats
    return fire.code.carried(train.spikes)


def _signed(network: Network, x: Tensor) -> dict[str, Tensor]:
    seen: dict[str, Tensor] = {}

    def look(layer: Layer) -> tuple[Fire, None]:
        seen[layer.fire.name] = layer.decode(layer.fire, None)
        return layer.fire, None

    walk(network, x, look)
    return seen


def _times(train: Times | Raster) -> Tensor:
    if isinstance(train, Times):
        return torch.bincount(train.first.flatten().long(), minlength=train.steps + 1)[: train.steps]
    return train.spikes.flatten(1).sum(1)
