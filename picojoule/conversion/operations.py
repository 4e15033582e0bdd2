"""Which torch operation becomes which node: one table, filled by small builders.

The name of an operation is that of its module class, its function or its method: ``Conv2d``, ``relu``, ``flatten``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, final

import torch
from torch import fx, nn

from picojoule.ir import Add, Affine, AvgPool, Conv, Flatten, Linear, MaxPool, Node, ReLU


class Unsupported(Exception):
    """A supported operation used in a way that is not; the text says which."""


@final
@dataclass(frozen=True, kw_only=True)
class Call:
    """One call in the traced graph, with what a builder needs to know about it."""

    node: fx.Node
    module: nn.Module | None
    shapes: dict[str, tuple[int, ...] | None]
    name: str
    alias: dict[str, str]

    @property
    def _source_fx(self) -> fx.Node:
        return self.node.all_input_nodes[0]

    @property
    def source(self) -> str:
        """Name of the node it reads."""
        return self.alias[self._source_fx.name]

    @property
    def in_shape(self) -> tuple[int, ...]:
        """Shape it reads, with the batch axis of 1."""
        shape = self.shapes[self._source_fx.name]
        assert shape is not None
        return shape

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of its output, without the batch axis."""
        shape = self.shapes[self.node.name]
        assert shape is not None
        return shape[1:]

    def argument(self, position: int, name: str, default: Any) -> Any:
        """An argument of a function or a method (the tensor itself is position 0), or the module's attribute."""
        if self.module is not None:
            return getattr(self.module, name, default)
        if name in self.node.kwargs:
            return self.node.kwargs[name]
        return self.node.args[position] if len(self.node.args) > position else default

    def header(self) -> dict[str, Any]:
        """The fields every node has."""
        return {"name": self.name, "inputs": (self.source,), "shape": self.shape}


def operation_of(node: fx.Node, module: nn.Module | None) -> str:
    """The name of an fx node's operation."""
    if module is not None:
        return type(module).__name__
    target = node.target
    return target if isinstance(target, str) else getattr(target, "__name__", str(target))


def _tuple(value: Any, rank: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (int(value),) * rank


def _conv(call: Call) -> Node:
    module: Any = call.module
    if module.padding_mode != "zeros":
        raise Unsupported(f"padding_mode={module.padding_mode!r} is not supported, only zeros")
    return Conv(
        **call.header(),
        **_weights(module),
        stride=tuple(module.stride),
        padding=_named_padding(module) if isinstance(module.padding, str) else tuple(module.padding),
        dilation=tuple(module.dilation),
        groups=module.groups,
    )


def _named_padding(module: Any) -> tuple[int, ...]:
    if module.padding == "valid":
        return (0,) * len(module.kernel_size)
    total = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
    if any(amount % 2 for amount in total):
        raise Unsupported("padding='same' with an even kernel pads unequally; pad explicitly")
    return tuple(amount // 2 for amount in total)


def _weights(module: Any) -> dict[str, Any]:
    weight = module.weight.detach().clone()
    bias = weight.new_zeros(weight.shape[0]) if module.bias is None else module.bias.detach().clone()
    return {"weight": weight, "bias": bias, "has_bias": module.bias is not None}


def _linear(call: Call) -> Node:
    if len(call.shape) != 1:
        raise Unsupported(f"a linear layer on an input of shape {call.in_shape[1:]}; flatten it first")
    return Linear(**call.header(), **_weights(call.module))


def _norm(call: Call) -> Node:
    module: Any = call.module
    if module.running_mean is None:
        raise Unsupported("a batch norm without running statistics depends on the batch")
    gain = torch.rsqrt(module.running_var + module.eps)
    if module.affine:
        gain = gain * module.weight
    shift = -module.running_mean * gain + (module.bias if module.affine else 0)
    return Affine(**call.header(), gain=gain.detach(), shift=shift.detach())


def _add(call: Call) -> Node:
    terms = [each for each in call.node.args if isinstance(each, fx.Node)]
    if len(terms) != len(call.node.args) or call.node.kwargs:
        raise Unsupported("only tensors are added, without a factor")
    if any(call.shapes[term.name] != (1, *call.shape) for term in terms):
        raise Unsupported(f"it adds shapes {', '.join(str(call.shapes[term.name][1:]) for term in terms)}")
    return Add(**{**call.header(), "inputs": tuple(call.alias[term.name] for term in terms)})


def _relu(call: Call) -> Node:
    return ReLU(**call.header())


def _max_pool(call: Call) -> Node:
    rank = len(call.shape) - 1
    kernel = _tuple(call.argument(1, "kernel_size", None), rank)
    if call.argument(6, "return_indices", False):
        raise Unsupported("return_indices=True")
    return MaxPool(
        **call.header(),
        kernel=kernel,
        stride=_tuple(call.argument(2, "stride", None) or kernel, rank),
        padding=_tuple(call.argument(3, "padding", 0), rank),
        dilation=_tuple(call.argument(4, "dilation", 1), rank),
        ceil=bool(call.argument(5, "ceil_mode", False)),
    )


def _avg_pool(call: Call) -> Node:
    rank = len(call.shape) - 1
    kernel = _tuple(call.argument(1, "kernel_size", None), rank)
    if call.argument(6, "divisor_override", None) is not None:
        raise Unsupported("divisor_override")
    return AvgPool(
        **call.header(),
        kernel=kernel,
        stride=_tuple(call.argument(2, "stride", None) or kernel, rank),
        padding=_tuple(call.argument(3, "padding", 0), rank),
        ceil=bool(call.argument(4, "ceil_mode", False)),
        count_padding=bool(call.argument(5, "count_include_pad", True)),
    )


def _adaptive_avg_pool(call: Call) -> Node:
    before, after = call.in_shape[2:], call.shape[1:]
    if any(size % target for size, target in zip(before, after, strict=True)):
        raise Unsupported(f"adaptive pooling from {before} to {after} has windows of unequal size")
    kernel = tuple(size // target for size, target in zip(before, after, strict=True))
    return AvgPool(**call.header(), kernel=kernel, stride=kernel, padding=(0,) * len(kernel))


def _flatten(call: Call) -> Node | None:
    """Any reshaping that leaves one axis beside the batch; nothing where the shape stays as it is."""
    if call.shape == call.in_shape[1:]:
        return None
    if call.shape != (prod(call.in_shape[1:]),):
        raise Unsupported(f"reshaping {call.in_shape[1:]} to {call.shape}: only flattening is supported")
    return Flatten(**call.header())


def _dropout(call: Call) -> None:
    if call.module is None and call.argument(2, "training", True):
        raise Unsupported("a dropout that is on in evaluation too is random; pass training=self.training")


def _nothing(call: Call) -> None:
    return None


BUILDERS: dict[str, Callable[[Call], Node | None]] = {
    **dict.fromkeys(("Conv1d", "Conv2d"), _conv),
    "Linear": _linear,
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d"), _norm),
    **dict.fromkeys(("add", "add_", "iadd"), _add),
    **dict.fromkeys(("ReLU", "relu", "relu_"), _relu),
    **dict.fromkeys(("MaxPool1d", "MaxPool2d", "max_pool1d", "max_pool2d"), _max_pool),
    **dict.fromkeys(("AvgPool1d", "AvgPool2d", "avg_pool1d", "avg_pool2d"), _avg_pool),
    **dict.fromkeys(
        ("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d"), _adaptive_avg_pool
    ),
    **dict.fromkeys(("Flatten", "flatten", "view", "reshape"), _flatten),
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "dropout"), _dropout),
    **dict.fromkeys(("Identity", "contiguous"), _nothing),
}
"""Every supported operation. A builder returns the node, or None where nothing is left to do."""
