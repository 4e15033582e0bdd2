"""A network: its nodes in order, and what became of each node of the model it came from."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from math import prod
from typing import Any, TypeVar, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import ConversionError, InputError, first_line
from picojoule.ir.nodes import Add, Fire, Frames, Input, Island, Node, Quantise, WeightLayer
from picojoule.noise import Noise

Kind = TypeVar("Kind", bound=Node)


@final
@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one node of the user's model: ``node`` of ``kind`` ``became`` something, by a pass."""

    node: str
    kind: str
    became: str
    by: str


@final
@dataclass(frozen=True, slots=True)
class Conversion:
    """The history of a network: every fate, in order, and what was chosen on the way.

    Attributes:
        fates: one line per node and pass that touched it.
        choices: the settings, for example ``norm``, ``percentile``, ``input``.
    """

    fates: tuple[Fate, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        keys = ("node", "kind", "became", "by")
        return {
            "choices": dict(self.choices),
            "fates": [{key: getattr(fate, key) for key in keys} for fate in self.fates],
        }

    def __str__(self) -> str:
        lines = [f"{key}: {value}" for key, value in self.choices]
        width = max((len(fate.node) for fate in self.fates), default=0)
        lines += [f"{fate.node:<{width}}  {fate.kind} → {fate.became}  ({fate.by})" for fate in self.fates]
        return "\n".join(lines)


@final
@dataclass(frozen=True, slots=True)
class Heads:
    """The outputs of a model that has several, which its network gives as one row of values.

    Attributes:
        shapes: of each output, without the batch axis, in order.
        keys: their names where the model returns a dict; None for a tuple.
    """

    shapes: tuple[tuple[int, ...], ...]
    keys: tuple[str, ...] | None = None

    def split(self, rows: Tensor) -> tuple[Tensor, ...] | dict[str, Tensor]:
        """Rows ``[..., values]`` as the model returns them, each output ``[..., *shape]``."""
        parts = rows.split([prod(shape) for shape in self.shapes], -1)
        shaped = tuple(part.unflatten(-1, shape) for part, shape in zip(parts, self.shapes, strict=True))
        return shaped if self.keys is None else dict(zip(self.keys, shaped, strict=True))


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """A network as a value: an ANN, a quantised ANN or a spiking network, by the nodes it holds.

    Attributes:
        nodes: in the order of evaluation, the input first, the output last.
        conversion: what became of each node of the model it came from.
        name: the system's name in every table, such as ``ann int8`` or ``ttfs T=80``.
        heads: the outputs of the model, where it has several; the output node holds all of them in one row.
        noise: what happens to its spikes on their way; None: nothing.
    """

    nodes: tuple[Node, ...]
    conversion: Conversion = Conversion()
    name: str = "ann fp32"
    heads: Heads | None = None
    noise: Noise | None = None

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Nodes by name."""
        return {node.name: node for node in self.nodes}

    @property
    def input(self) -> Input:
        """The input node."""
        return next(self.all(Input))

    @property
    def output(self) -> Node:
        """The node whose value is the network's output."""
        return self.nodes[-1]

    @cached_property
    def spiking(self) -> bool:
        """True where some node fires."""
        return any(True for _ in self.all(Fire))

    @cached_property
    def analogue(self) -> frozenset[str]:
        """Names of the nodes that no event reaches: those above all neurons, islands, and what only reads such."""
        names: set[str] = set()
        for node in self.nodes:
            if isinstance(node, Island) or (not isinstance(node, (Fire, Frames)) and names.issuperset(node.inputs)):
                names.add(node.name)
        return frozenset(names)

    @cached_property
    def eventful(self) -> frozenset[str]:
        """Names of the nodes that give events: neurons, frames, and what only picks, averages or scales such."""
        names: set[str] = set()
        for node in self.nodes:
            passes = not isinstance(node, (WeightLayer, Add, Island)) and not names.isdisjoint(node.inputs)
            if isinstance(node, (Fire, Frames)) or passes:
                names.add(node.name)
        return frozenset(names)

    @property
    def precision(self) -> str:
        """The widest number its weight layers and activations are stored in: ``fp32``, ``int8``, ``int4``."""
        bits = max((layer.bits for layer in self.all(WeightLayer)), default=32)
        quantised = self.spiking or any(True for _ in self.all(Quantise))
        return f"int{bits}" if bits < 32 and quantised else "fp32"

    def all(self, kind: type[Kind]) -> Iterator[Kind]:
        """Nodes of one kind, in order."""
        if kind not in self._by_kind:
            self._by_kind[kind] = tuple(node for node in self.nodes if isinstance(node, kind))
        return iter(self._by_kind[kind])

    @cached_property
    def _by_kind(self) -> dict[type, tuple]:
        return {}

    def source(self, node: Node) -> Node:
        """The node whose output `node` reads; the first of several."""
        return self.by_name[node.inputs[0]]

    def sources(self, node: Node) -> list[Node]:
        """All nodes whose outputs `node` reads."""
        return [self.by_name[name] for name in node.inputs]

    def consumers(self, node: Node) -> list[Node]:
        """The nodes that read `node`."""
        return self._consumers.get(node.name, [])

    @cached_property
    def _consumers(self) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found.setdefault(name, []).append(node)
        return found

    def evolve(
        self,
        nodes: Iterable[Node],
        *,
        fates: Iterable[Fate] = (),
        choices: dict[str, str] | None = None,
        name: str = "",
    ) -> Network:
        """The network a pass makes of this one: other nodes, a longer history."""
        history = Conversion(
            fates=(*self.conversion.fates, *fates),
            choices=(*self.conversion.choices, *(choices or {}).items()),
        )
        return replace(self, nodes=tuple(nodes), conversion=history, name=name or self.name)

    def to(self, device: str, dtype: str) -> Network:
        """The network on a device, in numbers of a type: ``float32``, ``float64``, or ``bfloat16``.

        In bfloat16 weights, decoded values and potentials have 8 significant bits (each is rounded by at most 2⁻⁹ of
        its size; products are summed in float32): for an ANN and for the closed form, not for sums over many steps.

        Raises:
            InputError: there is no such device or type.
        """
        number = getattr(torch, dtype, None)
        if not isinstance(number, torch.dtype) or not number.is_floating_point:
            raise InputError(f"no number type {dtype!r}", where="--dtype", remedy="use float32, float64 or bfloat16")
        try:
            torch.zeros(1, device=device).item()
        except (RuntimeError, AssertionError) as error:
            raise InputError(
                f"no device {device!r} ({first_line(error)})", where="--device", remedy="use cpu"
            ) from None
        return self.evolve(_moved(node, device, number) for node in self.nodes)

    def as_model(self, rows: Tensor) -> Tensor | tuple[Tensor, ...] | dict[str, Tensor]:
        """Values of the output node ``[..., values]`` in the form in which the model gives its outputs."""
        return rows if self.heads is None else self.heads.split(rows)

    def check_input(self, x: Tensor) -> Tensor:
        """`x` in this network's number type and on its device, if it is a batch of its inputs.

        Raises:
            ConversionError: its shape is another, or a value in it is NaN or infinite.
        """
        if tuple(x.shape[1:]) != self.input.shape:
            raise ConversionError(
                f"a batch of shape {tuple(x.shape)} where [batch, {', '.join(map(str, self.input.shape))}] is expected",
                where=f"input of {self.name}",
                remedy="give inputs of the shape the network was traced with",
            )
        x = x.to(next((layer.weight for layer in self.all(WeightLayer)), torch.empty(0)))
        if not x.sum().isfinite() and (x - x).any():  # a sum may overflow; x − x is 0 but for NaN and infinities
            sample = int((x - x).flatten(1).any(1).nonzero()[0])
            raise ConversionError(
                f"sample {sample} of the batch has a value that is not finite",
                where=f"input of {self.name}",
                remedy="leave it out, or mend the data",
            )
        return x


def live(nodes: Mapping[str, Node], output: str) -> tuple[Node, ...]:
    """The nodes an output depends on, in their order, the output last; the input is there in any case.

    Args:
        nodes: by name, each behind those it reads.
        output: the name of the output node.
    """
    needed, queue = {name for name, node in nodes.items() if isinstance(node, Input)}, [output]
    while queue:
        name = queue.pop()
        if name not in needed:
            needed.add(name)
            queue += nodes[name].inputs
    return (*(node for name, node in nodes.items() if name in needed and name != output), nodes[output])


def _moved(node: Node, device: str, dtype: torch.dtype) -> Node:
    """A node with its tensors on a device, in a number type."""
    return replace(node, **{each.name: _to(getattr(node, each.name), device, dtype) for each in fields(node)})


def _to(value: Any, device: str, dtype: torch.dtype) -> Any:
    """Tensors, and modules with theirs, on a device, their numbers of a type; places stay whole numbers."""
    if isinstance(value, tuple):
        return tuple(_to(each, device, dtype) for each in value)
    if isinstance(value, nn.Module):
        return copy.deepcopy(value).to(device, dtype)
    if isinstance(value, Tensor):
        return value.to(device, dtype) if value.is_floating_point() else value.to(device)
    return value
