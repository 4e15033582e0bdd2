"""A network as modules of snnTorch: ``snn.Leaky`` between modules of torch, in the loop over time of its tutorials.

snnTorch's neuron subtracts at the start of the next step, after the leak, and fires above the threshold. So::

    reset by subtraction, a = 1   v ← v + I − θ·s(t−1)         the same spikes
    reset to zero                 v ← a·v·(1 − s(t−1)) + I     the same spikes
    reset by subtraction, a < 1   its reset in the same step (``reset_delay=False``), which misses potentials of 2θ

:func:`at_or_above` takes the place of its own step function, so that neurons also fire *at* the threshold, as ours do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.base.extras import needed
from picojoule.base.progress import say
from picojoule.exchange.cells import Cell, cannot, cells, steps_of
from picojoule.ir import Fire, Frames, Input, MaxPool, Network
from picojoule.ir.dense import per_channel, scaled_input
from picojoule.ir.modules import as_module
from picojoule.neurons.surrogates import Surrogate, atan

_NAME = "snnTorch"


def to_snntorch(network: Network) -> nn.Module:
    """A spiking network as a module with neurons of snnTorch, which can be trained on.

    Args:
        network: of IF or LIF neurons: rate-coded, or frozen.

    Returns:
        A module ``[batch, ...]`` → ``[steps, batch, ...]``, time first as snnTorch has it: what the network's output
        gives in every step. The mean over the steps is the network's own output. A network of frames takes
        ``[steps, batch, ...]``.

    Raises:
        ConversionError: something that snnTorch cannot express.
        MissingExtra: snnTorch is not installed.
    """
    leaky = require_snntorch().Leaky
    found = cells(network, _NAME)
    for pool in network.all(MaxPool):
        if pool.name not in network.analogue:
            raise cannot(_NAME, pool.name, "a maximum of spikes over time", "use average pooling or a stride")
    return Unrolled(network, {name: _neuron(leaky, name, cell) for name, cell in found.items()}, found)


def require_snntorch() -> Any:
    """The package ``snntorch``.

    Raises:
        MissingExtra: it is not installed.
    """
    return needed("snntorch", extra="snntorch", needed_for="exchange with snnTorch")


def _neuron(leaky: Any, name: str, cell: Cell) -> nn.Module:
    if cell.amount is None:
        return leaky(beta=cell.leak, threshold=cell.threshold, reset_mechanism="zero", spike_grad=at_or_above)
    if cell.leak == 1:  # a threshold above r is a potential that starts lower
        return leaky(beta=1.0, threshold=cell.amount, reset_mechanism="subtract", spike_grad=at_or_above)
    if cell.amount != cell.threshold:
        raise cannot(_NAME, name, "leaky neurons that subtract another amount than θ", "use IF neurons, or one amount")
    say(f"snnTorch: the spikes of {name} are the same while potentials stay below 2θ")
    return leaky(beta=cell.leak, threshold=cell.threshold, reset_mechanism="subtract", reset_delay=False,
                 spike_grad=at_or_above)  # fmt: skip


class _AtOrAbove(torch.autograd.Function):
    """s = [z ≥ 0], and σ' of a surrogate backward."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, surrogate: Surrogate) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(z)
        ctx.surrogate = surrogate
        return (z >= 0).to(z)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (z,) = ctx.saved_tensors
        return gradient * ctx.surrogate.derivative(z), None


def at_or_above(z: Tensor) -> Tensor:
    """1 where z ≥ 0, else 0; its gradient is that of an arctangent."""
    return _AtOrAbove.apply(z, atan(2.0))


@final
class Unrolled(nn.Module):
    """A network in a loop over time, its layers and neurons in ``layers`` by name."""

    def __init__(self, network: Network, neurons: dict[str, nn.Module], found: dict[str, Cell]) -> None:
        super().__init__()
        self.steps, self.input = steps_of(network), network.input
        self.frames = any(network.all(Frames))
        nodes = [node for node in network.nodes if not isinstance(node, (Input, Frames))]
        self.keys = module_keys([node.name for node in nodes])
        modules = {node.name: neurons.get(node.name) or as_module(node) for node in nodes}
        self.layers = nn.ModuleDict({self.keys[name]: module for name, module in modules.items()})
        self.wires = [(node.name, node.inputs, node.name in network.analogue) for node in nodes]
        self.ends = next((node.name for node in network.all(Frames)), "input"), network.output.name
        for fire in network.all(Fire):
            self.register_buffer(f"start_{self.keys[fire.name]}", _start(found[fire.name], fire.shape).float())

    def forward(self, x: Tensor) -> Tensor:
        """The output of every step ``[steps, batch, ...]`` for inputs ``[batch, ...]``, or frames, time first."""
        return self.record(x)[self.ends[1]]

    def record(self, x: Tensor) -> dict[str, Tensor]:
        """What every layer and every population of neurons gives in every step, by name, time first."""
        if self.frames and len(x) != self.steps:
            raise InputError(f"{len(x)} frames", where=_NAME, remedy=f"give {self.steps}, time first")
        potentials: dict[str, Tensor] = {}
        given: dict[str, list[Tensor]] = {name: [] for name, *_ in self.wires}
        still: dict[str, Tensor] = {}
        for step in range(self.steps):
            values = {**still, self.ends[0]: scaled_input(self.input, x[step] if self.frames else x)}
            for name, inputs, analogue in self.wires:
                if name not in values:
                    values[name] = self._given(name, [values[each] for each in inputs], potentials)
                    still |= {name: values[name]} if analogue and not self.frames else {}
                given[name].append(values[name])
        return {name: torch.stack(each) for name, each in given.items()}

    def _given(self, name: str, arriving: list[Tensor], potentials: dict[str, Tensor]) -> Tensor:
        key = self.keys[name]
        layer, start = self.layers[key], getattr(self, f"start_{key}", None)
        if start is None:
            return layer(*arriving)
        before = potentials.get(name)
        spikes, potentials[name] = layer(arriving[0], start.expand_as(arriving[0]) if before is None else before)
        return spikes


def _start(cell: Cell, shape: tuple[int, ...]) -> Tensor:
    """v(0), where the threshold is the amount."""
    start = per_channel(torch.as_tensor(cell.start), shape).expand(shape)
    return start + cell.amount - cell.threshold if cell.amount is not None and cell.leak == 1 else start


def module_keys(names: Sequence[str]) -> dict[str, str]:
    """Names that torch takes for modules, all different: ``a.b`` is ``a_b``, unless there is an ``a_b``."""
    keys: dict[str, str] = {}
    for name in sorted(names, key=lambda each: not each.isidentifier()):
        key = re.sub(r"\W", "_", name)
        while key in keys.values():
            key += "_"
        keys[name] = key
    return keys
