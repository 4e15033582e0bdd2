"""Analogue islands: an operation that has no counterpart, with everything it needs, as one node.

What it costs is counted: half the flops that torch's counter finds, and one for every value it reads and writes, which
covers work on single values, such as a sigmoid.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, fx

from picojoule.base.errors import first_line
from picojoule.conversion.call import Call, Unsupported, operation_of
from picojoule.engines.unfused import unfused
from picojoule.ir import Activation, Island
from picojoule.ir.operations import Given, Operation, Smooth

_SAMPLES, _TOLERANCE = 3, 1e-4


def as_island(node: Activation) -> Island:
    """A smooth activation that no neuron is to compute."""
    return Island(
        name=node.name,
        inputs=node.inputs,
        shape=node.shape,
        operation=node.function,
        function=Smooth(node.function),
        scales=(torch.ones([1] * len(node.shape)),),
        macs=2 * node.size,
    )


def _operation(call: Call, part: Any) -> Operation:
    """A call as a module of the values it reads."""
    places = {node.name: place for place, node in enumerate(_values(call))}
    arguments = fx.node.map_aggregate(
        call.arguments, lambda each: Given(places[each.name]) if isinstance(each, fx.Node) else each
    )
    return Operation(call.node.target if call.module is None else call.module, arguments, part)


def _values(call: Call) -> list[fx.Node]:
    """The values of the network it reads, each once, as the call's sources are."""
    used: set[str] = set()
    fx.map_arg(call.arguments, lambda each: used.add(each.name))
    return [node for node in call.node.all_input_nodes if node.name in used]


def island(call: Call, part: Any = None) -> Island:
    """The node of a call.

    Raises:
        Unsupported: it does more with a batch than the same to each sample.
    """
    function = _operation(call, part)
    shapes = [shape for _, shape in call.sources]
    inputs = _examples(function, shapes)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _require_samples_apart(function, inputs, call.shape)
        flops = _flops(function, [each[:1].clone() for each in inputs])
    values = sum(each[0].numel() for each in inputs) + torch.Size(call.shape).numel()
    return Island(
        name=call.name,
        inputs=tuple(name for name, _ in call.sources),
        shape=call.shape,
        operation=operation_of(call.node, call.module),
        function=function,
        scales=tuple(torch.ones([1] * len(shape)) for shape in shapes),
        macs=flops // 2 + values,
        weights=sum(each.numel() for each in function.state_dict().values() if each.is_floating_point()),
    )


def _examples(function: Operation, shapes: list[tuple[int, ...]]) -> list[Tensor]:
    """Samples that differ from each other, in the numbers of the operation's own tensors."""
    like = next((each for each in function.state_dict().values() if each.is_floating_point()), torch.empty(0))
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(_SAMPLES, *shape, generator=generator).to(like) for shape in shapes]


def _require_samples_apart(function: Operation, inputs: list[Tensor], shape: tuple[int, ...]) -> None:
    try:
        together = function(*(each.clone() for each in inputs))
        alone = torch.cat([function(*(each[b : b + 1].clone() for each in inputs)) for b in range(_SAMPLES)])
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        raise Unsupported(f"on another number of samples it fails: {first_line(error)}") from None
    same = together.shape == alone.shape == (_SAMPLES, *shape)
    if not same or not torch.allclose(together, alone, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True):
        raise Unsupported("its result for one sample depends on the others, or is random")


def _flops(function: Operation, inputs: list[Tensor]) -> int:
    """What torch's counter finds; attention and recurrence by their plain matrix products, which the counter knows."""
    from torch.utils.flop_counter import FlopCounterMode

    with unfused(), FlopCounterMode(display=False) as counter:
        function(*inputs)
    return int(counter.get_total_flops())
