"""What a NIR graph says, before it becomes a network: its order, its wires back, and the numbers of its neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from picojoule.base.errors import ConversionError


@final
@dataclass(frozen=True, kw_only=True)
class Loop:
    """An integrator, a threshold, and a wire back from it that subtracts: neurons with reset by subtraction.

    Attributes:
        integrator: the ``nir.I`` or ``nir.LI``.
        threshold: of the ``nir.Threshold``.
        back: what a spike adds to the integrator's input, negative.
    """

    integrator: Any
    threshold: Any
    back: Any

    @property
    def metadata(self) -> dict[str, Any]:
        """The integrator's."""
        return self.integrator.metadata or {}


@final
@dataclass(frozen=True, kw_only=True)
class Spiking:
    """Neurons in steps: v ← a·v + g·I; s = [v ≥ θ]; v ← v − r·s, or 0. All but a: float64, one or one each."""

    gain: Tensor
    leak: float
    threshold: Tensor
    amount: Tensor | None
    start: Tensor

    @staticmethod
    def of(node: Any, dt: float, reset: str, told: Mapping[str, Any], name: str) -> Spiking:
        """The neurons of a node ``IF`` or ``LIF``, or of a :class:`Loop`."""
        if isinstance(node, Loop):
            gain, leak, v_leak = _membrane(node.integrator, dt, name)
            amount = -_tensor(node.back) * gain / (leak or 1.0)
            return Spiking(
                gain=gain, leak=leak, threshold=_tensor(node.threshold) - v_leak, amount=amount, start=-v_leak
            )
        gain, leak, v_leak = _membrane(node, dt, name)
        threshold = _tensor(node.v_threshold)
        said = told.get("reset", "zero")
        said = said.decode() if isinstance(said, bytes) else said
        subtracts = (said if reset == "auto" else reset) == "subtract"
        amount = _tensor(told["amount"]) if subtracts and "amount" in told else threshold
        if subtracts:
            start = _tensor(told.get("start", 0.0))
            return Spiking(gain=gain, leak=leak, threshold=threshold - v_leak, amount=amount, start=start - v_leak)
        to = _tensor(node.v_reset)  # potentials above the one that a spike leaves, if the leak goes there, too
        if leak != 1 and bool((to != v_leak).any()):
            raise ConversionError(
                "neurons leak to one potential and are reset to another",
                where=f"node {name} of a NIR graph",
                remedy="use v_leak = v_reset",
            )
        start = _tensor(told["start"]) if "start" in told else to
        return Spiking(gain=gain, leak=leak, threshold=threshold - to, amount=None, start=start - to)


def _membrane(node: Any, dt: float, name: str) -> tuple[Tensor, float, Tensor]:
    """g, a and v_leak of an integrator, of IF or of LIF neurons."""
    r = _tensor(node.r)
    if not hasattr(node, "tau"):
        return _exact(r * dt), 1.0, torch.zeros(()).double()
    tau = _tensor(node.tau)
    leaks = 1 - dt / tau
    leak = float(leaks.flatten()[0])
    if not bool((leaks == leak).all()) or not 0 <= leak <= 1:
        raise ConversionError(
            f"time constants from {float(tau.min()):g} to {float(tau.max()):g} s in steps of {dt:g} s",
            where=f"node {name} of a NIR graph",
            remedy="use one for the layer, not below dt; from_nir(dt=...) is the length of a step",
        )
    return _exact(r * dt / tau), leak, _tensor(node.v_leak)


def _exact(gain: Tensor) -> Tensor:
    """A gain that is 1 but for the rounding of R = 1/dt is 1."""
    return torch.where((gain - 1).abs() < 1e-9, torch.ones_like(gain), gain)


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float64))


def plain_graph(graph: Any) -> tuple[list[tuple[str, Any]], dict[str, tuple[str, ...]]]:
    """The nodes of a graph in order, the output last, with each loop as one node; and the sources of each.

    Raises:
        ConversionError: recurrence, graphs in the graph, or not one output.
    """
    nodes, edges = dict(graph.nodes), [(str(a), str(b)) for a, b in graph.edges]
    nodes, edges = _looped(nodes, edges)
    for name, node in nodes.items():
        if type(node).__name__ == "NIRGraph":
            raise _refusal(name, "it is a graph in the graph")
    outputs = [name for name, node in nodes.items() if type(node).__name__ == "Output"]
    if len(outputs) != 1:
        raise _refusal(", ".join(outputs) or "output", f"there are {len(outputs)} outputs")
    sources = {name: tuple(a for a, b in edges if b == name) for name in nodes}
    try:
        order = list(TopologicalSorter({name: sources[name] for name in nodes}).static_order())
    except CycleError as cycle:
        raise _refusal(str(cycle.args[1][0]), "values go in a circle") from None
    return [(name, nodes[name]) for name in (*(each for each in order if each != outputs[0]), outputs[0])], sources


def _looped(nodes: dict[str, Any], edges: list[tuple[str, str]]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Each integrator with a threshold and a wire back as one node, with the integrator's name."""
    for name, node in list(nodes.items()):
        if type(node).__name__ != "Threshold":
            continue
        (before, *others) = [a for a, b in edges if b == name] or [""]
        back = [b for a, b in edges if a == name and (b, before) in edges and type(nodes[b]).__name__ in _BACK]
        if others or type(nodes.get(before)).__name__ not in ("I", "LI") or len(back) != 1:
            raise _refusal(name, "a threshold without an integrator, or without one wire back to it")
        if any(a == before and b != name for a, b in edges) or any(a == back[0] and b != before for a, b in edges):
            raise _refusal(name, "a potential, or a reset, that others read")
        amount = _BACK[type(nodes[back[0]]).__name__](nodes.pop(back[0]), back[0])
        nodes[before] = Loop(integrator=nodes[before], threshold=nodes.pop(name).threshold, back=amount)
        edges = [
            (before if a == name else a, b) for a, b in edges if back[0] not in (a, b) and (a, b) != (before, name)
        ]
    return nodes, edges


def _diagonal(node: Any, name: str) -> np.ndarray:
    weight = np.asarray(node.weight)
    if weight.ndim != 2 or np.any(weight != np.diag(np.diag(weight))):
        raise _refusal(name, "a reset of other neurons than the one that fires")
    return np.diag(weight)


_BACK = {"Scale": lambda node, name: np.asarray(node.scale), "Linear": _diagonal}


def _refusal(name: str, what: str) -> ConversionError:
    return ConversionError(
        what,
        where=f"node {name} of a NIR graph",
        remedy="use networks without recurrence; reset by subtraction is I or LI → Threshold → Scale → back",
    )
