"""A NIR graph as a network for the engines: forward Euler with steps of dt.

::

    IF       v̇ = R·I                      v ← v + R·dt·I
    LIF      τ·v̇ = (v_leak − v) + R·I     v ← (1 − dt/τ)·v + (R·dt/τ)·I         a = 1 − dt/τ

Then the membrane is measured in other units, so that a current counts as itself: θ/g and r/g for the gain g = R·dt or
R·dt/τ. Values that differ between neurons go into the weights in front of them. An integrator, a threshold and a wire
back from it that subtracts are neurons with reset by subtraction (:mod:`picojoule.exchange.nir_writing`).
NIR fires at v > θ and these neurons at v ≥ θ, which differs where a potential is θ to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
import torch
from torch import Tensor

from picojoule.base.errors import ConversionError, InputError, PicojouleError, first_line
from picojoule.base.trying import survived
from picojoule.codes import Code, Rate
from picojoule.codes.direct import Direct
from picojoule.conversion.diagonal import diagonal, of_channels
from picojoule.exchange.nir_file import read, require_nir
from picojoule.exchange.nir_graph import Loop, Spiking, plain_graph
from picojoule.exchange.picking import joined, picks, rewired
from picojoule.ir import (
    Add,
    AvgPool,
    Conv,
    Conversion,
    Fate,
    Fire,
    Flatten,
    Frames,
    Input,
    Linear,
    Network,
    Node,
    WeightLayer,
)
from picojoule.ir.dense import evaluate
from picojoule.ir.network import live
from picojoule.ir.stages import SPIKING, verify


def from_nir(
    source: Any,
    *,
    steps: int | None = None,
    dt: float = 1e-4,
    reset: Literal["auto", "zero", "subtract"] = "auto",
    frames: bool | None = None,
) -> Network:
    """A network from a NIR graph, or from a ``.nir`` file of any version.

    Args:
        source: a ``nir.NIRGraph``, or the path of a file.
        steps: how many steps it runs; what the file says if None.
        dt: seconds that a step stands for; 1e-4 is what most libraries take.
        reset: what a spike of IF and LIF neurons does: ``zero``, as NIR says; ``subtract``, as many mean it; ``auto``:
            what the writer said in the metadata, and ``zero`` where it said nothing.
        frames: the input is ``[batch, steps, ...]``, a frame a step, instead of the same in every step; what the file
            says if None.

    Returns:
        A network whose output is the mean over the steps of what the graph gives.

    Raises:
        ConversionError: something that the engines do not have: recurrence, synapses with a time constant, delays.
        InputError: no such file, or no number of steps.
        MissingExtra: the package is not installed.
    """
    if not isinstance(source, (str, Path)):
        return _network(source, steps, dt, reset, frames)
    require_nir()
    reading = partial(read, source)
    if not survived(reading):
        raise InputError(
            "it is damaged so that HDF5's own library breaks on it",
            where=str(source),
            remedy="give a file of nir.write",
        )
    try:
        return _network(reading(), steps, dt, reset, frames)
    except PicojouleError:
        raise
    except _SPOILT as problem:
        raise InputError(
            f"it is no NIR graph that can be read ({first_line(problem)})",
            where=str(source),
            remedy="give a file of nir.write",
        ) from None


_MOST_STEPS, _MOST_VALUES = 2**20, 2**27
"""Of a run, and of what a node gives: 512 MiB."""

_SPOILT = (
    *(OSError, KeyError, ValueError, AssertionError, TypeError, AttributeError, IndexError, RuntimeError),
    *(OverflowError, MemoryError, ArithmeticError),
)
"""What h5py, nir and numpy raise where a file is not what it should be."""


def _network(graph: Any, steps: int | None, dt: float, reset: str, frames: bool | None) -> Network:
    said = graph.metadata if isinstance(graph.metadata, dict) else {}
    steps = int(said["steps"]) if steps is None and "steps" in said else steps
    if not isinstance(steps, int) or steps < 1:
        raise InputError("the graph does not say how many steps it runs", where="from_nir", remedy="give steps=32")
    if steps > _MOST_STEPS:
        raise InputError(f"it runs {steps} steps", where="from_nir", remedy=f"give steps, at most {_MOST_STEPS}")
    if reset not in ("auto", "zero", "subtract"):
        raise InputError(f"reset={reset!r}", where="from_nir", remedy="choose auto, zero or subtract")
    if not dt > 0:
        raise InputError(f"dt={dt}", where="from_nir", remedy="give the seconds of a step")
    frames = bool(said.get("frames", False)) if frames is None else frames
    return _Reading(steps, dt, reset, frames).network(graph)


@final
class _Reading:
    """A network that is being read. What each NIR node gives is one of our nodes, times a number yet to be applied."""

    def __init__(self, steps: int, dt: float, reset: str, frames: bool) -> None:
        self.steps, self.dt, self.reset, self.frames = steps, dt, reset, frames
        self.nodes: dict[str, Node] = {}
        self.gives: dict[str, tuple[str, float]] = {}
        self.fates: list[Fate] = []

    def network(self, graph: Any) -> Network:
        order, sources = plain_graph(graph)
        for name, node in order:
            kind = type(node).__name__
            if kind not in _READERS:
                raise ConversionError(
                    f"the engines have no {kind}", where=f"node {name} of a NIR graph", remedy=_INSTEAD
                )
            self.gives[name] = _READERS[kind](self, _named(node, name), node, sources[name])
            self.fates.append(Fate(name, kind, type(self.nodes[self.gives[name][0]]).__name__, "from_nir"))
        label = ", ".join(sorted({each.code.label for each in self.nodes.values() if isinstance(each, Fire)}))
        network = Network(
            nodes=live(self.nodes, self.applied(order[-1][0], "output.scale")),
            conversion=Conversion(fates=tuple(self.fates), choices=(("code", label),)),
            name=label or "nir",
        )
        return _verified(network)

    def add(self, node: Node) -> str:
        """A node with its shape, which what it reads decides."""
        if not isinstance(node, (Input, Frames, Fire)):
            node = replace(node, shape=self._shape(node))
        if node.size > _MOST_VALUES:
            raise ConversionError(
                f"it gives {node.size} values, and {_MOST_VALUES} are the most",
                where=f"node {node.name} of a NIR graph",
                remedy="check its shapes and its padding",
            )
        self.nodes[node.name] = node
        return node.name

    def _shape(self, node: Node) -> tuple[int, ...]:
        """What the node gives, found without its values."""
        given = (torch.empty(1, *self.nodes[name].shape, device="meta") for name in node.inputs)
        if isinstance(node, WeightLayer):
            node = replace(node, weight=node.weight.to("meta"), bias=node.bias.to("meta"))
        return tuple(evaluate(node, *given).shape[1:])

    def joined(self, name: str, sources: tuple[str, ...]) -> tuple[str, float]:
        """The sum of what some NIR nodes give."""
        if len(sources) == 1:
            return self.gives[sources[0]]
        parts = [self.applied(each, f"{name}.{each}") for each in sources]
        one = joined(f"{name}.joined", parts, self.nodes)
        return self.add(one or Add(name=f"{name}.sum", inputs=tuple(parts), shape=())), 1.0

    def weighted(self, layer: WeightLayer, factor: float, node: Any) -> tuple[str, float]:
        """A layer of a NIR node, with what its values are yet to be multiplied by; a rewiring, if it was one."""
        if (getattr(node, "metadata", None) or {}).get("moves") and picks(layer):
            return self.add(rewired(layer, self.nodes[layer.inputs[0]])), factor
        return self.add(replace(layer, weight=layer.weight * factor)), 1.0

    def applied(self, source: str, name: str) -> str:
        """The node that gives all of what a NIR node gives."""
        node, factor = self.gives[source]
        return node if factor == 1 else self.scaled(node, torch.tensor(factor), name)

    def scaled(self, source: str, gain: Tensor, name: str) -> str:
        """What a node gives, times a gain; in the layer's own weights, if it is one."""
        node = self.nodes[source]
        gain = gain.float().expand(node.shape)
        channels = of_channels(gain, node.shape)
        if isinstance(node, WeightLayer) and channels is not None:
            weight = node.weight * channels.view(-1, *[1] * (node.weight.dim() - 1))
            return self.add(replace(node, name=name, weight=weight, bias=node.bias * channels))
        for each in diagonal(name, node, gain):
            self.nodes[each.name] = each
        return name


def _named(node: Any, name: str) -> str:
    """The name its writer gave a node, where we were the writer."""
    told = getattr(node, "metadata", None) or {}
    given = told.get("name", name)
    return given.decode() if isinstance(given, bytes) else str(given)


def _input(to: _Reading, name: str, node: Any, sources: tuple[str, ...]) -> tuple[str, float]:
    shape = tuple(int(each) for each in np.atleast_1d(node.input_type["input"]))
    if any(isinstance(each, Input) for each in to.nodes.values()):
        raise ConversionError("there are several inputs", where=f"node {name} of a NIR graph", remedy=_INSTEAD)
    if not to.frames:
        return to.add(Input(name="input", shape=shape)), 1.0
    to.add(Input(name="input", shape=(to.steps, *shape)))
    return to.add(Frames(name="frames", inputs=("input",), shape=shape)), 1.0


def _output(to: _Reading, name: str, node: Any, sources: tuple[str, ...]) -> tuple[str, float]:
    return to.joined(name, sources)


def _scale(to: _Reading, name: str, node: Any, sources: tuple[str, ...]) -> tuple[str, float]:
    source, factor = to.joined(name, sources)
    first, values = to.nodes[source], np.unique(node.scale)
    if len(values) > 1:
        return to.scaled(source, torch.from_numpy(np.array(node.scale)) * factor, name), 1.0
    if isinstance(first, Input) and first.scale == factor == 1:
        told = (getattr(node, "metadata", None) or {}).get("divisor", 1 / float(values[0]))
        return to.add(replace(first, scale=float(told))), 1.0
    return source, factor * float(values[0])


def _weights(to: _Reading, name: str, node: Any, sources: tuple[str, ...]) -> tuple[str, float]:
    source, factor = to.joined(name, sources)
    weight = torch.from_numpy(np.array(node.weight)).float()
    bias, has_bias = _bias(node, len(weight))
    if len(to.nodes[source].shape) != 1 or weight.dim() != 2:
        raise ConversionError(
            f"weights {tuple(weight.shape)} meet values {to.nodes[source].shape}",
            where=f"node {name} of a NIR graph",
            remedy="flatten the values first",
        )
    made = Linear(name=name, inputs=(source,), shape=(), weight=weight, bias=bias, has_bias=has_bias)
    return to.weighted(made, factor, node)


def _bias(node: Any, outputs: int) -> tuple[Tensor, bool]:
    """A bias, and False where it is zero, so that nothing is counted for it."""
    given = getattr(node, "bias", None)
    bias = torch.zeros(outputs) if given is None else torch.from_numpy(np.array(given)).float()
    return bias, bool((bias != 0).any())


def _conv(to: _Reading, name: str, node: Any, sources: tuple[str, ...]) -> tuple[str, float]:
    source, factor = to.joined(name, sources)
    weight = torch.from_numpy(np.array(node.weight)).float()
    bias, has_bias = _bias(node, len(weight))
    rank = weight.dim() - 2
    made = Conv(
        name=name,
        inputs=(source,),
        shape=(),
        weight=weight,
        bias=bias,
        has_bias=has_bias,
        stride=_each(node.stride, rank),
        padding=_padding(node, rank, name),
        dilation=_each(node.dilation, rank),
        groups=int(node.groups),
    )
    return to.weighted(made, factor, node)


def _each(values: Any, rank: int) -> tuple[int, ...]:
    given = np.atleast_1d(np.asarray(values)).astype(int).tolist()
    return tuple(given * rank if len(given) == 1 else given)


def _padding(node: Any, rank: int, name: str) -> tuple[int, ...]:
    given = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
    if not isinstance(given, str):
        return _each(given, rank)
    reach = [(size - 1) * wide for size, wide in zip(node.weight.shape[2:], _each(node.dilation, rank), strict=True)]
    if given == "same" and any(each % 2 for each in reach):
        raise ConversionError("padding on one side", where=f"node {name} of a NIR graph", remedy="use odd kernels")
    return tuple(each // 2 for each in reach) if given == "same" else (0,) * rank


def _pool(to: _Reading, name: str, node: Any, sources: tuple[str, ...]) -> tuple[str, float]:
    source, factor = to.joined(name, sources)
    kernel, stride, padding = (_each(each, 2) for each in (node.kernel_size, node.stride, node.padding))
    made = AvgPool(name=name, inputs=(source,), shape=(), kernel=kernel, stride=stride, padding=padding)
    total = kernel[0] * kernel[1] if type(node).__name__ == "SumPool2d" else 1
    return to.add(made), factor * total


def _flatten(to: _Reading, name: str, node: Any, sources: tuple[str, ...]) -> tuple[str, float]:
    source, factor = to.joined(name, sources)
    rank, start, end = len(to.nodes[source].shape), int(node.start_dim), int(node.end_dim)
    if rank == 1 or (start in (0, -rank) and end % rank == rank - 1):
        return to.add(Flatten(name=name, inputs=(source,), shape=())), factor
    raise ConversionError(
        f"it flattens axes {start} to {end} of {rank}",
        where=f"node {name} of a NIR graph",
        remedy="flatten all of them",
    )


def _fire(to: _Reading, name: str, node: Any, sources: tuple[str, ...]) -> tuple[str, float]:
    cell = Spiking.of(node, to.dt, to.reset, getattr(node, "metadata", None) or {}, name)
    source, factor = to.joined(name, sources)
    code, gain, start = _code(cell, factor, to.steps, name)
    if gain is not None:
        source = to.scaled(source, gain, f"{name}.current")
    shape = to.nodes[source].shape
    fire = Fire(
        name=name,
        inputs=(source,),
        shape=shape,
        code=code,
        layer=_layer(to.nodes, source, name),
        scale=torch.ones(shape[0]),
        start=None if start is None else start.float().expand(shape),
    )
    return to.add(fire), 1.0


def _code(cell: Spiking, factor: float, steps: int, name: str) -> tuple[Code, Tensor | None, Tensor | None]:
    """The code of a population; what its currents are multiplied by and its v(0), where these differ in it."""
    gain, threshold, start, amount = cell.gain * factor, cell.threshold, cell.start, cell.amount
    if amount is not None and cell.leak == 1:  # a lower threshold is a higher start
        threshold, start = amount, start + amount - threshold
    alike = all(_alike(each) for each in (gain, threshold, amount) if each is not None) and _one(gain) > 0
    unit = gain if alike else threshold  # what 1 of the engine's membrane stands for
    threshold, start, amount = threshold / unit, start / unit, None if amount is None else amount / unit
    if not _alike(threshold) or not (amount is None or _alike(amount)):
        raise ConversionError(
            "thresholds and resets in proportions that differ between neurons",
            where=f"node {name} of a NIR graph",
            remedy="use one proportion for the layer",
        )
    first = _one(start) if _alike(start) else 0.0
    own = {"initial": first, "threshold": _one(threshold)}
    if amount is not None and cell.leak == _one(threshold) == _one(amount) == 1 and 0 <= first < 1:
        code: Code = Rate(steps=steps, initial=first)
    else:
        more = {} if amount is None or _one(amount) == _one(threshold) else {"amount": _one(amount)}
        code = Direct(steps=steps, leak=cell.leak, to_zero=amount is None, **own, **more)
    return code, None if alike else gain / unit, None if _alike(start) else start


def _one(values: Tensor) -> float:
    return float(values.flatten()[0])


def _alike(values: Tensor) -> bool:
    return bool((values == _one(values)).all())


def _layer(nodes: Mapping[str, Node], source: str, own: str) -> str:
    """The layer neurons belong to in tables: the weights that drive them, or ``input``; else their own name."""
    node = nodes[source]
    while not isinstance(node, (WeightLayer, Input)) and node.inputs:
        node = next(
            (nodes[each] for each in node.inputs if isinstance(nodes[each], WeightLayer)), nodes[node.inputs[0]]
        )
    taken = {each.layer for each in nodes.values() if isinstance(each, Fire)}
    return own if node.name in taken else node.name


def _verified(network: Network) -> Network:
    try:
        return verify(network, SPIKING)
    except PicojouleError as problem:
        raise ConversionError(
            f"the engines cannot run it: {problem.what}",
            where="a NIR graph",
            remedy="put neurons between layers of weights, and weights between neurons",
        ) from None


_INSTEAD = "use Input, Output, Affine, Linear, Conv1d, Conv2d, SumPool2d, AvgPool2d, Flatten, Scale, IF and LIF"
_READERS: dict[str, Callable[..., tuple[str, float]]] = {
    "Input": _input,
    "Output": _output,
    "Scale": _scale,
    "Affine": _weights,
    "Linear": _weights,
    "Conv1d": _conv,
    "Conv2d": _conv,
    "SumPool2d": _pool,
    "AvgPool2d": _pool,
    "Flatten": _flatten,
    "IF": _fire,
    "LIF": _fire,
    Loop.__name__: _fire,
}
