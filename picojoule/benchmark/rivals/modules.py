"""A network of ours as plain ``nn.Module`` objects, from which every rival is built: all have the same weights."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from picojoule.base.errors import EngineError
from picojoule.ir import Affine, Fire, Network, Node
from picojoule.ir.modules import MODULES, as_module


class Stages(NamedTuple):
    """A spiking network cut at its neurons: part 0 → neurons 0 → part 1 → … → the last part, whose outputs add up.

    Attributes:
        scale: the input value that becomes 1.
        parts: what is linear or pooling, one more than there are layers of neurons.
        starts: v(0) of each layer of neurons; θ and r are 1.
        steps: T.
    """

    scale: float
    parts: tuple[nn.Sequential, ...]
    starts: tuple[float, ...]
    steps: int


FORMATS: dict[str, torch.memory_format] = {
    "channels first": torch.contiguous_format,
    "channels last": torch.channels_last,
}
"""The memory formats of images; which one is faster is for each rival to be found out."""


def arranged(x: Tensor, memory_format: torch.memory_format) -> Tensor:
    """A batch in a memory format, where it is one of images."""
    return x.contiguous(memory_format=memory_format) if x.dim() == 4 else x


def stages(network: Network) -> Stages:
    """Cut a rate-coded network at its neurons. Part 0 sees the same input in every step.

    Raises:
        EngineError: another code, a threshold that is not 1, branches, or a node that the rivals do not know.
    """
    parts: list[list[nn.Module]] = [[]]
    codes = []
    for node in chain(network):
        if isinstance(node, Fire):
            codes.append(node.code)
            parts.append([])
        else:
            parts[-1].append(module(node))
    known = codes and all(code.name == "rate" and code.threshold == code.amount == 1 for code in codes)
    if not known:
        raise EngineError("the rivals run rate coding with a threshold of 1", where=network.name, remedy="leave it out")
    return Stages(
        scale=network.input.scale,
        parts=tuple(nn.Sequential(*part).eval().requires_grad_(False) for part in parts),
        starts=tuple(code.initial for code in codes),
        steps=codes[0].steps,
    )


def chain(network: Network) -> list[Node]:
    """The nodes behind the input, if each reads the one before it.

    Raises:
        EngineError: the network has branches.
    """
    nodes = list(network.nodes)
    if any(node.inputs != (before.name,) for before, node in pairwise(nodes)):
        raise EngineError("the rivals run networks without branches", where=network.name, remedy="leave it out")
    return nodes[1:]


def module(node: Node) -> nn.Module:
    """One node as a module of torch.

    Raises:
        EngineError: there is no such module.
    """
    if type(node) not in (*MODULES, Affine):
        raise EngineError(f"the rivals have no {type(node).__name__}", where=node.name, remedy="leave it out")
    return as_module(node)
