"""A network of ours as plain ``nn.Module`` objects, from which every rival is built: all have the same weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import EngineError
from picojoule.codes import Rate
from picojoule.ir import Add, Affine, Fire, Network, Node, Rewire
from picojoule.ir.modules import MODULES, as_module

FORMATS: dict[str, torch.memory_format] = {
    "channels first": torch.contiguous_format,
    "channels last": torch.channels_last,
}
"""The memory formats of images; which one is faster is for each rival to be found out."""


def arranged(x: Tensor, memory_format: torch.memory_format) -> Tensor:
    """A batch in a memory format, where it is one of images."""
    return x.contiguous(memory_format=memory_format) if x.dim() == 4 else x


@final
class Wired(nn.Module):
    """Modules wired as nodes of a network are; nothing is kept that no later one reads.

    Args:
        nodes: in the order of evaluation.
        parts: the module of each.
        gives: whose values are asked for.
    """

    def __init__(self, nodes: Sequence[Node], parts: Iterable[nn.Module], gives: Sequence[str]) -> None:
        super().__init__()
        self.parts, self.gives = nn.ModuleList(parts), tuple(gives)
        last = {name: node.name for node in nodes for name in node.inputs if name not in gives}
        self._wires = [(node.name, node.inputs, [name for name in last if last[name] == node.name]) for node in nodes]

    def forward(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Values of nodes above these, by name, to those that are asked for."""
        held = dict(values)
        for part, (name, inputs, over) in zip(self.parts, self._wires, strict=True):
            held[name] = part(*[held[each] for each in inputs])
            for each in over:
                del held[each]
        return {name: held[name] for name in self.gives}


class Halves(NamedTuple):
    """A rate-coded network cut above its first neurons.

    Attributes:
        above: from the input, divided by `scale`, to what is the same in every step.
        below: from there to the output of a step; the network's is the mean over steps.
        scale: the input value that becomes 1.
        steps: T.
        memory_format: of images and weights.
    """

    above: Wired
    below: Wired
    scale: float
    steps: int
    memory_format: torch.memory_format

    def drive(self, images: Tensor) -> dict[str, Tensor]:
        """What is the same in every step, by the names of the nodes."""
        return self.above({"": arranged(images / self.scale, self.memory_format)})

    def step(self, values: Mapping[str, Tensor]) -> Tensor:
        """The output of a step, or of all of them where time is in the batch."""
        (output,) = self.below(values).values()
        return output


def cut(
    network: Network,
    memory_format: torch.memory_format,
    neurons: Callable[[Rate], nn.Module],
    wrap: Callable[[nn.Module], nn.Module] = lambda part: part,
) -> Halves:
    """A rate-coded network as a rival has it.

    Args:
        network: its neurons have θ = r = 1.
        memory_format: of images and weights.
        neurons: the rival's, from the code of ours.
        wrap: what the rival makes of the modules between neurons.

    Raises:
        EngineError: another code or form of it, or a node that the rivals do not know.
    """
    codes = [fire.code for fire in network.all(Fire)]
    if not codes or any(code != Rate(steps=codes[0].steps, initial=code.initial) for code in codes):
        what = "the rivals run plain rate coding, with a threshold of 1"
        raise EngineError(what, where=network.name, remedy="leave it out")
    nodes = _below_the_input(network)
    above = [node for node in nodes if node.name in network.analogue]
    below = [node for node in nodes if node.name not in network.analogue]
    inside = {node.name for node in below}
    between = dict.fromkeys(name for node in below for name in node.inputs if name not in inside)
    parts = [neurons(each.code) if isinstance(each, Fire) else wrap(module(each)) for each in below]
    return Halves(
        above=_ready(Wired(above, map(module, above), [*between]), memory_format),
        below=_ready(Wired(below, parts, [network.output.name]), memory_format),
        scale=network.input.scale,
        steps=codes[0].steps,
        memory_format=memory_format,
    )


def whole(network: Network, memory_format: torch.memory_format) -> Wired:
    """A network without neurons, from its input, named "", to its output.

    Raises:
        EngineError: a node that is no module.
    """
    nodes = _below_the_input(network)
    return _ready(Wired(nodes, map(module, nodes), [network.output.name]), memory_format)


def _below_the_input(network: Network) -> list[Node]:
    """All nodes but the input, which they read as ""."""
    return [node.reading({network.input.name: ""}) for node in network.nodes if node is not network.input]


def _ready(net: Wired, memory_format: torch.memory_format) -> Wired:
    return net.eval().requires_grad_(False).to(memory_format=memory_format)  # type: ignore[call-overload]


def module(node: Node) -> nn.Module:
    """One node as a module of torch.

    Raises:
        EngineError: there is no such module.
    """
    if type(node) not in (*MODULES, Add, Affine, Rewire):
        raise EngineError(f"the rivals have no {type(node).__name__}", where=node.name, remedy="leave it out")
    return as_module(node)
