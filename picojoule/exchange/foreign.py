"""Modules of other libraries: their neurons as ours, and the network held to what the module itself gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.errors import ConversionError
from picojoule.conversion.check import TOLERANCE, difference
from picojoule.conversion.freeze import Known, frozen
from picojoule.engines import run
from picojoule.ir import Fire, Network


@final
class PerStep(nn.Module):
    """A module of one step as one of all steps; stand-ins for its neurons do not mind which is which."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """``[steps, batch, ...]`` → ``[steps, batch, ...]``."""
        return self.module(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def network_of(
    model: nn.Module,
    example: Tensor,
    known: Known,
    expected: Callable[[Tensor], Tensor],
    *,
    steps: int,
    library: str,
    frames: bool = False,
    dtype: torch.dtype = torch.float64,
) -> Network:
    """A network from a module of another library, held to it.

    Args:
        model: a copy, which is changed.
        example: inputs ``[batch, ...]`` shown in every step, or with `frames` ``[batch, steps, ...]``.
        known: what its neurons are.
        expected: the mean over the steps of what the module itself gives for inputs ``[batch, ...]``.
        steps: how many.
        library: what the module is called in errors.
        dtype: numbers to compare in.

    Raises:
        ConversionError: the network gives something else than the module.
    """
    network = _unwrapped(frozen(model, example[:, 0] if frames else example, known, steps=steps, frames=frames))
    with torch.no_grad():
        theirs = expected(example.to(dtype))
    ours = run(network.to("cpu", str(dtype).removeprefix("torch.")), example.to(dtype), count=False).values
    error = difference(ours, theirs)
    if not error <= TOLERANCE:
        raise ConversionError(
            f"the network's outputs differ from the module's by {error:.1e} of their size",
            where=library,
            remedy="check that the module is in evaluation mode and that nothing but its neurons remembers",
        )
    return network


def _unwrapped(network: Network) -> Network:
    """The network with the names that things have in the module inside :class:`PerStep`."""

    def plain(name: str) -> str:
        return name.removeprefix("module.")

    nodes = [
        replace(node, name=plain(node.name), inputs=tuple(map(plain, node.inputs)),
                **({"layer": plain(node.layer)} if isinstance(node, Fire) else {}))
        for node in network.nodes
    ]  # fmt: skip
    told = [replace(fate, node=plain(fate.node), became=fate.became.replace("module.", "")) for fate in
            network.conversion.fates]  # fmt: skip
    return replace(network, nodes=tuple(nodes), conversion=replace(network.conversion, fates=tuple(told)))


def refused(kind: str, what: str, remedy: str) -> ConversionError:
    """The error for neurons that the engines do not have."""
    return ConversionError(f"the engines have no such neurons: {what}", where=kind, remedy=remedy)
