"""The verb ``freeze``: a module of spiking neurons, trained as such, as a spiking network.

Time goes where tracing has samples: a layer without time treats every step alike, as it does samples. In place of its
neurons a module is traced with leaky ReLUs, each neuron with a slope of its own. So all that is known about tracing
ANNs holds, the check of the outputs too: it would notice a neuron in another's place. The neurons come back at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import mul, truediv
from typing import Any, NamedTuple, final

import torch
from torch import Tensor, fx, nn

from picojoule.base.errors import ConversionError, InputError
from picojoule.codes import Code
from picojoule.codes.direct import Direct
from picojoule.conversion.call import operation_of
from picojoule.conversion.capture import answer, capture, own_copy, row
from picojoule.conversion.check import exactly
from picojoule.conversion.diagonal import diagonal, unit
from picojoule.conversion.fold import fold
from picojoule.conversion.spike_pools import SLOPE, forgetful, spike_pools
from picojoule.conversion.spike_sums import spike_sums
from picojoule.conversion.standardise import standardise
from picojoule.conversion.straighten import straighten
from picojoule.conversion.to_spiking import to_spiking
from picojoule.conversion.trace import build, require_same
from picojoule.ir import (
    Activation,
    Add,
    Affine,
    AvgPool,
    Conversion,
    Fate,
    Fire,
    Flatten,
    Frames,
    MaxPool,
    Network,
    Node,
    ReLU,
    Rewire,
    WeightLayer,
)
from picojoule.ir.stages import SPIKING, TRACED, verify
from picojoule.neurons.trainable import Membrane


class Neurons(NamedTuple):
    """What is known of a module of neurons: what its users call it, and the code of the engines that does the same."""

    kind: str
    code: Code


Known = Callable[[nn.Module, int], Neurons | None]
"""What a module's neurons are in a run of so many steps; None: it is no module of neurons."""


@final
class StandIn(nn.Module):
    """max(x, slope·x) in place of a neuron, while its network is traced."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor, v: Any = None) -> Tensor:
        """The stand-in for spikes.

        Raises:
            InputError: a potential is given, so the module goes through time by itself.
        """
        if v is not None:
            self.run(x, v)
        return nn.functional.leaky_relu(x, self.slope)

    def run(self, x: Tensor, v: Any = None) -> Tensor:
        """Never."""
        raise InputError("it hands potentials on from step to step", where="freeze", remedy="give all steps at once")


def freeze(module: nn.Module, example: Tensor, *, steps: int, frames: bool = False) -> Network:
    """A spiking network from a module that was trained with spiking neurons. The module is not changed.

    Its spikes are the module's own: bit for bit where sums are exact, and otherwise but for rounding at a threshold.
    Supported are forwards that take ``[steps, batch, ...]`` and give ``[steps, batch, ...]``, or the mean or the sum of
    that over time: layers on such tensors, or on steps and batch folded into one axis
    (``x.flatten(0, 1)`` … ``unflatten(0, x.shape[:2])``), between neurons of :mod:`picojoule.neurons`. Maximum pools of
    spikes become neurons (:mod:`picojoule.conversion.spike_pools`), and sums of spikes synapses from each term
    (:mod:`picojoule.conversion.spike_sums`).

    Args:
        module: with IF, LIF, PLIF or Signed neurons.
        example: inputs ``[batch, ...]`` without time; the network gets such an input as a constant in every step.
        steps: how many.
        frames: the network gets inputs ``[batch, steps, ...]``, one frame a step: samples first, as everywhere but in
            the module. What is not zero in a frame is an event.

    Returns:
        A network for the engines. Its output is the mean over the steps of what the module gives, or the sum where the
        module sums.

    Raises:
        ConversionError: an operation that cannot be converted.
        InputError: a neuron that the engines do not have.
    """
    model = own_copy(module)
    model = nn.Sequential(model) if isinstance(model, Membrane) else model
    return frozen(model, example, ours, steps=steps, frames=frames)


def ours(module: nn.Module, steps: int) -> Neurons | None:
    """The neurons of :mod:`picojoule.neurons`."""
    if not isinstance(module, Membrane):
        return None
    neuron = module.neuron(steps)
    floor = neuron.floors[0] if neuron.signed else None
    own = {"leak": neuron.leak, "threshold": neuron.thresholds[0], "to_zero": neuron.keep == 0, "floor": floor}
    code = Direct(steps=steps, **own)
    return Neurons(type(module).__name__, code)


def frozen(model: nn.Module, example: Tensor, known: Known, *, steps: int, frames: bool) -> Network:
    """:func:`freeze` for neurons of any library; changes `model`.

    Args:
        model: with its neurons somewhere inside.
        example, steps, frames: as for :func:`freeze`.
        known: what its neurons are.
    """
    _require_steps(steps)
    neurons = _stand_in(model, known, steps)
    codes = {slope: each.code for slope, (_, each) in neurons.items()}
    like = next((each for each in model.state_dict().values() if each.is_floating_point()), torch.empty(0))
    network, gain = _traced(model, example[:1].to(like).unsqueeze(0), steps)
    example = network.check_input(example[:1])
    for change, *arguments in (
        *((fold,), (straighten,), (standardise, (Flatten, Rewire)), (straighten,), (_early_sums,), (straighten,)),
        *(
            (spike_sums, frames),
            (straighten,),
            (_with_synapses,),
            (_named, {slope: name for slope, (name, _) in neurons.items()}),
        ),
    ):
        network = exactly(change, network, example, *arguments)
    network, gates = spike_pools(network, codes), Neurons("max_pool", forgetful(steps))
    neurons[SLOPE], codes[SLOPE] = ("", gates), gates.code
    _require_neurons_only(network, codes, still=not frames)
    relus = {node.name: codes[node.slope] for node in network.all(ReLU)}
    ones = {name: torch.ones(network.by_name[name].shape[0]) for name in relus}
    spiking = to_spiking(network, relus, ones, coded_input=False)
    spiking = _shown(spiking, steps) if frames else spiking
    spiking = spiking.evolve((*spiking.nodes, *_scaled(spiking, gain)), name=f"direct T={steps}")
    return verify(replace(spiking, conversion=_history(network, spiking, neurons)), SPIKING)


def _require_steps(steps: int) -> None:
    if not (isinstance(steps, int) and steps >= 1):
        raise InputError(f"{steps!r} steps", where="freeze(steps=...)", remedy="use a whole number of at least 1")


def _stand_in(model: nn.Module, known: Known, steps: int) -> dict[float, tuple[str, Neurons]]:
    """Put a leaky ReLU in the place of all neurons; the neurons with their names, by its slope."""
    found: dict[float, tuple[str, Neurons]] = {}
    places: dict[int, StandIn] = {}
    for name, parent in list(model.named_modules()):
        for key, child in list(parent._modules.items()):  # a module that is there twice, too
            neurons = None if child is None else known(child, steps)
            if child is not None and neurons is not None:
                if id(child) not in places:
                    places[id(child)] = StandIn(1 / (2.0001 + len(found)))  # no one else's
                    found[places[id(child)].slope] = (f"{name}.{key}".lstrip("."), neurons)
                setattr(parent, key, places[id(child)])
    if not found:
        raise ConversionError(
            "it has no spiking neurons",
            where=type(model).__name__,
            remedy="use IF, LIF or PLIF of picojoule.neurons, or convert for an ANN",
        )
    return found


def _traced(model: nn.Module, example: Tensor, steps: int) -> tuple[Network, float]:
    """The network of every step, and what the mean over the steps is multiplied by in the end."""
    example, expected = answer(model, example)
    graph = capture(model, example, expected)
    gain = _cut(graph, steps)
    with torch.no_grad():
        given = graph(example.clone())
    if not isinstance(given, Tensor) or given.dim() < 3 or given.shape[:2] != example.shape[:2]:
        raise ConversionError(
            "it does not end in one tensor [steps, batch, ...], or in the mean or the sum of that over time",
            where=type(model).__name__,
            remedy="let it return that; what comes behind the mean must come before it",
        )
    network = _timeless(build(graph, example, "direct", islands=None))
    require_same(network, example[0], row(given))
    return verify(network, TRACED), gain


def _cut(graph: fx.GraphModule, steps: int) -> float:
    """Cut a mean or a sum over time, and numbers times it, off the end of a graph; the factor of the mean."""
    output = next(node for node in graph.graph.nodes if node.op == "output")
    result = output.args[0]
    end = result[0] if isinstance(result, (tuple, list)) and len(result) == 1 else result
    factor = 1.0
    while isinstance(end, fx.Node) and end.op in ("call_function", "call_method"):
        kind, (first, *others) = operation_of(end, None), (*end.args, None)
        number = next((each for each in others if isinstance(each, (int, float)) and not isinstance(each, bool)), None)
        if kind in ("mean", "sum") and _axes(end) == [0] and not end.kwargs.get("keepdim", False):
            output.args = ((first,),) if isinstance(result, (tuple, list)) else (first,)
            graph.graph.eliminate_dead_code()
            graph.recompile()
            return factor * (steps if kind == "sum" else 1)
        if kind not in _FACTORS or number is None or not isinstance(first, fx.Node):
            break
        factor, end = _FACTORS[kind](factor, number), first
    return 1.0


_FACTORS = {"mul": mul, "div": truediv, "truediv": truediv}


def _axes(reduction: fx.Node) -> list[int] | None:
    given = next((reduction.kwargs[name] for name in ("dim", "axis") if name in reduction.kwargs), None)
    given = reduction.args[1] if given is None and len(reduction.args) > 1 else given
    return [given] if isinstance(given, int) else None if given is None else [*given]


def _timeless(network: Network) -> Network:
    """The network without the axis that was the batch's while time was the samples'."""
    shape, whole = network.input.shape[1:], network.input
    steps = Rewire(name="input.steps", inputs=("input",), shape=whole.shape, index=torch.arange(whole.size))
    nodes = [replace(whole, shape=shape), steps, *(each.reading({"input": steps.name}) for each in network.nodes[1:])]
    last = nodes[-1]
    values = Rewire(name="values", inputs=(last.name,), shape=last.shape[1:], index=torch.arange(last.size))
    return network.evolve([*nodes, values])


def _early_sums(network: Network) -> Network:
    """The network with sums in front of rewirings, where all their terms are rewired alike: R(a) + R(b) = R(a + b)."""
    made: dict[str, Node] = {}
    for node in network.nodes:
        sources = [made[name] for name in node.inputs]
        wires = [each for each in sources if isinstance(each, Rewire) and len(each.inputs) == 1]
        alike = {(made[each.inputs[0]].shape, each.index.numpy().tobytes()) for each in wires}
        if isinstance(node, Add) and len(wires) == len(sources) and len(alike) == 1:
            terms = Add(name=f"{node.name}.terms", inputs=tuple(each.inputs[0] for each in wires), shape=alike.pop()[0])
            made[terms.name], node = terms, replace(wires[0], name=node.name, inputs=(terms.name,))
        made[node.name] = node
    return network.evolve(made.values())


def _with_synapses(network: Network) -> Network:
    """Synapses of weight 1 where spikes, or the input, drive neurons or join currents as they are."""
    nodes: list[Node] = []
    for node in network.nodes:
        if isinstance(node, (ReLU, Add)):
            bare = [each for each in network.sources(node) if not _is_current(network, each)]
            made = {each.name: diagonal(f"{node.name}.{each.name}", each, unit(network)) for each in bare}
            nodes += [new for chain in made.values() for new in chain]
            node = node.reading({name: chain[-1].name for name, chain in made.items()})
        nodes.append(node)
    return network.evolve(nodes)


def _is_current(network: Network, node: Node) -> bool:
    paths = isinstance(node, (AvgPool, Rewire, Flatten)) and all(
        _is_current(network, each) for each in network.sources(node)
    )
    return isinstance(node, (WeightLayer, Add)) or paths


def _named(network: Network, names: Mapping[float, str]) -> Network:
    """The stand-ins by the names of the neurons; further calls of a module have a number behind it."""
    calls: Counter[float] = Counter()
    new: dict[str, str] = {}
    nodes = []
    for node in network.nodes:
        node = node.reading(new)
        if isinstance(node, ReLU) and node.slope in names:
            calls[node.slope] += 1
            number = f"@{calls[node.slope]}" if calls[node.slope] > 1 else ""
            new[node.name] = names[node.slope] + number
            node = replace(node, name=new[node.name])
        nodes.append(node)
    return network.evolve(nodes)


def _shown(network: Network, steps: int) -> Network:
    """The network with an input of so many frames."""
    before = network.input
    node = Frames(name="frames", inputs=("input",), shape=before.shape)
    rest = [each.reading({"input": node.name}) for each in network.nodes[1:]]
    return network.evolve([replace(before, shape=(steps, *before.shape)), node, *rest])


def _require_neurons_only(network: Network, codes: Mapping[float, Code], *, still: bool) -> None:
    """Weights are taken of spikes or of the input, maxima of the input, and neurons are all that is not linear."""
    constant, spikes = ({"input"}, set[str]()) if still else (set[str](), {"input"})
    for node in network.nodes[1:]:
        reads = {*node.inputs}
        if isinstance(node, Activation) or (isinstance(node, ReLU) and node.slope not in codes):
            raise _refusal(node, "an activation that is no spiking neuron", "put a neuron there instead")
        if not isinstance(node, ReLU) and reads <= constant:
            constant.add(node.name)
        elif isinstance(node, MaxPool):
            raise _refusal(
                node,
                "a maximum pool, in every step, of what is not spikes of 0 and 1",
                "put the pool directly behind IF, LIF or PLIF neurons, or use average pooling or a stride",
            )
        elif isinstance(node, WeightLayer) and not reads <= spikes | constant:
            raise _refusal(
                node,
                "it reads currents, with no neurons between",
                "put neurons there, or make one layer; what is added to spikes must be spikes",
            )
        elif isinstance(node, ReLU) or (not isinstance(node, (WeightLayer, Add)) and reads <= spikes):
            spikes.add(node.name)


def _refusal(node: Node, what: str, remedy: str) -> ConversionError:
    return ConversionError(what, where=f"node {node.name} of a module to freeze", remedy=remedy)


def _scaled(network: Network, gain: float) -> list[Node]:
    """The factor of the mean over the steps."""
    if gain == 1:
        return []
    output, number = network.output, unit(network)
    return [
        Affine(name="output.scale", inputs=(output.name,), shape=output.shape, gain=gain * number, shift=0 * number)
    ]


def _history(network: Network, spiking: Network, neurons: Mapping[float, tuple[str, Neurons]]) -> Conversion:
    """What became of each call, the neurons' in place of the stand-ins'."""
    kept = [fate for fate in network.conversion.fates if fate.kind != "leaky_relu" and fate.by in ("trace", "fold")]
    made = [
        Fate(fire.name, neurons[node.slope][1].kind, f"{fire.code.label} neurons of {fire.layer}", "freeze")
        for fire in spiking.all(Fire)
        if isinstance(node := network.by_name[fire.name], ReLU)
    ]
    choices = (
        ("code", ", ".join(sorted({fire.code.label for fire in spiking.all(Fire)}))),
        ("input", "frames of events" if any(spiking.all(Frames)) else "analogue, the same in every step"),
    )
    return Conversion(fates=(*kept, *made), choices=choices)
