"""Which torch operation becomes which nodes: one table, filled by small builders.

The name of an operation is that of its module class, its function, its method or its torch operator: ``Conv2d``,
``relu``, ``flatten``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, prod
from typing import Any

import torch
from torch import Tensor, fx

from picojoule.conversion.call import Call, Unsupported
from picojoule.conversion.moves import rewire
from picojoule.conversion.upsampling import bilinear
from picojoule.ir import Activation, Add, Affine, AvgPool, Conv, ConvTranspose, Linear, MaxPool, Node, ReLU


def _tuple(value: Any, rank: int) -> tuple[int, ...]:
    value = tuple(value) if isinstance(value, (tuple, list)) else (int(value),)
    return value * rank if len(value) == 1 else value


def _weights(call: Call) -> dict[str, Any]:
    weight, bias = call.parameter(1, "weight"), call.parameter(2, "bias")
    assert weight is not None
    return {"weight": weight, "bias": bias, "has_bias": bias is not None}


def _with_bias(weights: dict[str, Any]) -> dict[str, Any]:
    """Zeros where there is no bias; the weight has its outputs first."""
    weight = weights["weight"]
    return {**weights, "bias": weight.new_zeros(len(weight)) if weights["bias"] is None else weights["bias"]}


def _conv(call: Call) -> list[Node]:
    weights = _with_bias(_weights(call))
    rank = len(call.shape) - 1
    stride, dilation = (_tuple(call.argument(at, name, 1), rank) for at, name in ((3, "stride"), (5, "dilation")))
    padding = _padding(call.argument(4, "padding", 0), weights["weight"].shape[2:], dilation)
    mode = call.argument(9, "padding_mode", "zeros") if call.module is not None else "zeros"
    header, made = call.header(), []
    if mode != "zeros" or any(before != behind for before, behind in padding):
        sides = [side for pair in reversed(padding) for side in pair]
        how = "constant" if mode == "zeros" else mode
        padded = rewire(
            f"{call.name}.padding",
            call.source,
            call.in_shape,
            lambda places: torch.nn.functional.pad(places, sides, mode=how),
        )
        made, header["inputs"], padding = [padded], (padded.name,), [(0, 0)] * rank
    conv = Conv(
        **header,
        **weights,
        stride=stride,
        padding=tuple(before for before, _ in padding),
        dilation=dilation,
        groups=int(call.argument(6, "groups", 1)),
    )
    return [*made, conv]


def _padding(padding: Any, kernel: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    """Zeros before and behind each axis; torch's "same" pads one more behind where the total is odd."""
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding == "same":
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(each, each) for each in _tuple(padding, len(kernel))]


def _conv_transpose(call: Call) -> Node:
    weights, rank = _weights(call), len(call.shape) - 1
    groups = int(call.argument(6, "groups", 1))
    weights["weight"] = weights["weight"].unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)  # outputs first
    stride, padding, output_padding, dilation = (
        _tuple(call.argument(at, name, default), rank)
        for at, name, default in ((3, "stride", 1), (4, "padding", 0), (5, "output_padding", 0), (7, "dilation", 1))
    )
    return ConvTranspose(
        **call.header(),
        **_with_bias(weights),
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
        groups=groups,
    )


def _linear(call: Call) -> list[Node]:
    """A linear layer on the last of several axes is a convolution of width 1 with that axis first."""
    weights = _with_bias(_weights(call))
    if len(call.shape) == 1:
        return [Linear(**call.header(), **weights)]
    if prod(call.shape[:-1]) == 1:
        row = rewire(f"{call.name}.in", call.source, call.in_shape, lambda places: places.flatten(1))
        layer = Linear(name=call.name, inputs=(row.name,), shape=call.shape[-1:], **weights)
        return [
            row,
            layer,
            rewire(f"{call.name}.out", layer.name, layer.shape, lambda places: places.view(1, *call.shape)),
        ]
    before = rewire(f"{call.name}.in", call.source, call.in_shape, lambda places: places.flatten(1, -2).transpose(1, 2))
    one = {"stride": (1,), "padding": (0,), "dilation": (1,), "groups": 1}
    weights["weight"] = weights["weight"].unsqueeze(-1)
    conv = Conv(name=call.name, inputs=(before.name,), shape=(call.shape[-1], before.shape[1]), **weights, **one)
    behind = rewire(
        f"{call.name}.out",
        conv.name,
        conv.shape,
        lambda places: places.transpose(1, 2).unflatten(1, call.shape[:-1]),
    )
    return [before, conv, behind]


def _norm(call: Call) -> Node:
    mean, var = call.parameter(1, "running_mean"), call.parameter(2, "running_var")
    if mean is None or var is None or (call.module is None and call.argument(5, "training", False)):
        raise Unsupported("a batch norm without running statistics depends on the batch")
    gain = torch.rsqrt(var + call.argument(7, "eps", 1e-5))
    weight, bias = call.parameter(3, "weight"), call.parameter(4, "bias")
    gain = gain if weight is None else gain * weight
    return Affine(**call.header(), gain=gain, shift=-mean * gain + (0 if bias is None else bias))


def _affine(call: Call, name: str, source: str, gain: Any, shift: Any = 0.0) -> Affine:
    """gain·x + shift for numbers and parameters, each brought to the rank of the output."""
    return Affine(
        name=name,
        inputs=(source,),
        shape=call.shape,
        gain=_of_rank(gain, call.shape),
        shift=_of_rank(shift, call.shape),
    )


def _of_rank(value: Any, shape: tuple[int, ...]) -> Tensor:
    value = torch.as_tensor(value).detach().clone()
    value = value if value.is_floating_point() else value.float()
    if value.dim() > len(shape):
        if len(value) != 1:
            raise Unsupported("a parameter differs from sample to sample")
        value = value[0]
    return value.reshape(*[1] * (len(shape) - value.dim()), *value.shape) if value.dim() else value


def _terms(call: Call) -> tuple[list[Any], float]:
    """The two operands of a sum or product, and the factor torch lets the second one have."""
    positional, named = call.arguments
    operands = [*positional[:2], *(named[name] for name in ("input", "other") if name in named)]
    return operands, float(named.get("alpha", positional[2] if len(positional) > 2 else 1))


def _sum(call: Call, sign: float = 1.0) -> list[Node]:
    """a + factor·b, of two values or of a value and a parameter."""
    (first, second), factor = _terms(call)
    factor *= sign
    if not isinstance(first, fx.Node):
        return [_affine(call, call.name, call.source, factor, first)]
    if not isinstance(second, fx.Node):
        return [_affine(call, call.name, call.source, 1.0, factor * torch.as_tensor(second))]
    made, names = [], []
    if any(shape != call.shape for _, shape in call.sources):
        shapes = ", ".join(str(shape) for _, shape in call.sources)
        raise Unsupported(f"it adds shapes {shapes}")
    for place, ((source, _), gain) in enumerate(zip(_both(call.sources), (1.0, factor), strict=True)):
        if gain != 1 or source in names:
            made.append(_affine(call, f"{call.name}.{place}", source, gain))
            source = made[-1].name
        names.append(source)
    return [*made, Add(**{**call.header(), "inputs": tuple(names)})]


def _both(sources: tuple[tuple[str, tuple[int, ...]], ...]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Two operands also where they are one value: x + x."""
    return sources if len(sources) == 2 else sources * 2


def _difference(call: Call) -> list[Node]:
    return _sum(call, -1.0)


def _product(call: Call) -> Node:
    operands, _ = _terms(call)
    factors = [each for each in operands if not isinstance(each, fx.Node)]
    if not factors:
        raise Unsupported("it multiplies two values of the network, which no spike can carry")
    return _affine(call, call.name, call.source, factors[0])


def _quotient(call: Call) -> Node:
    (above, below), _ = _terms(call)
    if isinstance(below, fx.Node) or not isinstance(above, fx.Node):
        raise Unsupported("it divides by a value of the network")
    if call.node.kwargs.get("rounding_mode") is not None:
        raise Unsupported("a division that rounds")
    return _affine(call, call.name, call.source, 1 / torch.as_tensor(below))


def _negative(call: Call) -> Node:
    return _affine(call, call.name, call.source, -1.0)


def _relu(call: Call) -> Node:
    return ReLU(**call.header())


def _relu6(call: Call) -> Node:
    return ReLU(**call.header(), ceiling=6.0)


def _clamp(call: Call, low: str = "min", high: str = "max") -> Node:
    bottom, top = call.argument(1, low), call.argument(2, high)
    if isinstance(bottom, (Tensor, fx.Node)) or isinstance(top, (Tensor, fx.Node)) or bottom != 0:
        raise Unsupported(f"it clamps to {bottom} … {top}; only a lower bound of 0 is a neuron")
    return ReLU(**call.header(), ceiling=inf if top is None else float(top))


def _hardtanh(call: Call) -> Node:
    return _clamp(call, "min_val", "max_val")


def _leaky_relu(call: Call) -> Node:
    return _leaky(call, float(call.argument(1, "negative_slope", 0.01)))


def _prelu(call: Call) -> Node:
    slope = call.parameter(1, "weight")
    assert slope is not None
    if slope.unique().numel() != 1:
        raise Unsupported("its channels have different slopes")
    return _leaky(call, float(slope.flatten()[0]))


def _leaky(call: Call, slope: float) -> Node:
    if not 0 <= slope <= 1:
        raise Unsupported(f"a slope of {slope:g}; slopes from 0 to 1 are supported")
    return ReLU(**call.header(), slope=slope)


def _smooth(function: str) -> Callable[[Call], Node]:
    """A builder of a smooth activation."""
    return lambda call: Activation(**call.header(), function=function)


def _gelu(call: Call) -> Node:
    tanh = call.argument(1, "approximate", "none") == "tanh"
    return Activation(**call.header(), function="gelu tanh" if tanh else "gelu")


def _softplus(call: Call) -> Node:
    if (call.argument(1, "beta", 1), call.argument(2, "threshold", 20)) != (1, 20):
        raise Unsupported("another β than 1, or another threshold than 20")
    return Activation(**call.header(), function="softplus")


def _max_pool(call: Call) -> Node:
    rank = len(call.shape) - 1
    kernel = _tuple(call.argument(1, "kernel_size"), rank)
    if call.argument(6, "return_indices", False):
        raise Unsupported("return_indices=True")
    return MaxPool(
        **call.header(),
        kernel=kernel,
        stride=_tuple(call.argument(2, "stride") or kernel, rank),
        padding=_tuple(call.argument(3, "padding", 0), rank),
        dilation=_tuple(call.argument(4, "dilation", 1), rank),
        ceil=bool(call.argument(5, "ceil_mode", False)),
    )


def _avg_pool(call: Call) -> Node:
    rank = len(call.shape) - 1
    kernel = _tuple(call.argument(1, "kernel_size"), rank)
    if call.argument(6, "divisor_override") is not None:
        raise Unsupported("divisor_override")
    return AvgPool(
        **call.header(),
        kernel=kernel,
        stride=_tuple(call.argument(2, "stride") or kernel, rank),
        padding=_tuple(call.argument(3, "padding", 0), rank),
        ceil=bool(call.argument(4, "ceil_mode", False)),
        count_padding=bool(call.argument(5, "count_include_pad", True)),
    )


def _windows(call: Call) -> tuple[int, ...]:
    """The equal windows of an adaptive pool."""
    before, after = call.in_shape[1:], call.shape[1:]
    if any(size % target for size, target in zip(before, after, strict=True)):
        raise Unsupported(f"adaptive pooling from {before} to {after} has windows of unequal size")
    return tuple(size // target for size, target in zip(before, after, strict=True))


def _adaptive_avg_pool(call: Call) -> Node:
    kernel = _windows(call)
    return AvgPool(**call.header(), kernel=kernel, stride=kernel, padding=(0,) * len(kernel))


def _adaptive_max_pool(call: Call) -> Node:
    if call.argument(2, "return_indices", False):
        raise Unsupported("return_indices=True")
    kernel = _windows(call)
    return MaxPool(
        **call.header(), kernel=kernel, stride=kernel, padding=(0,) * len(kernel), dilation=(1,) * len(kernel)
    )


def _mean(call: Call) -> list[Node]:
    """A mean over some axes: these in one behind the others, a window of all of it."""
    axes = call.argument(1, "dim")
    rank = len(call.in_shape) + 1
    over = sorted({axis % rank for axis in ([axes] if isinstance(axes, int) else axes or range(rank))})
    if 0 in over:
        raise Unsupported("it averages over the samples")
    kept = [axis for axis in range(1, rank) if axis not in over]
    window = prod(call.in_shape[axis - 1] for axis in over)
    gathered = rewire(
        f"{call.name}.in",
        call.source,
        call.in_shape,
        lambda places: places.permute(0, *kept, *over).reshape(1, -1, window),
    )
    pool = AvgPool(
        name=f"{call.name}.mean",
        inputs=(gathered.name,),
        shape=(gathered.shape[0], 1),
        kernel=(window,),
        stride=(window,),
        padding=(0,),
    )
    return [gathered, pool, rewire(call.name, pool.name, pool.shape, lambda places: places.reshape(1, *call.shape))]


def _dropout(call: Call) -> None:
    if call.module is None and call.argument(2, "training", True):
        raise Unsupported("a dropout that is on in evaluation too is random; pass training=self.training")


def _nothing(call: Call) -> None:
    return None


def _interpolate(call: Call) -> list[Node]:
    mode, corners = call.argument(3, "mode", "nearest"), call.argument(4, "align_corners", None)
    if mode not in ("bilinear", "linear") or corners:
        raise Unsupported(f"mode={mode!r}, align_corners={corners}; nearest, or bilinear without, is supported")
    return bilinear(call)


def _upsample(call: Call) -> list[Node]:
    """torch's own operator of the same."""
    if call.argument(2, "align_corners", False):
        raise Unsupported("aligned corners; bilinear without is supported")
    return bilinear(call)


def _both_forms(names: str, ranks: str, builder: Callable[[Call], Any]) -> dict[str, Callable[[Call], Any]]:
    """A builder under a module class and a function of each rank."""
    return {f"{name}{rank}d": builder for name in names.split() for rank in ranks.split()}


BUILDERS: dict[str, Callable[[Call], Node | list[Node] | None]] = {
    **_both_forms("Conv conv", "1 2", _conv),
    **_both_forms("ConvTranspose conv_transpose", "1 2", _conv_transpose),
    **dict.fromkeys(("Linear", "linear"), _linear),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "batch_norm"), _norm),
    **dict.fromkeys(("add", "add_", "iadd"), _sum),
    **dict.fromkeys(("sub", "sub_", "isub"), _difference),
    **dict.fromkeys(("mul", "mul_", "imul"), _product),
    **dict.fromkeys(("div", "div_", "truediv", "itruediv"), _quotient),
    **dict.fromkeys(("neg",), _negative),
    **dict.fromkeys(("ReLU", "relu", "relu_"), _relu),
    **dict.fromkeys(("ReLU6", "relu6"), _relu6),
    **dict.fromkeys(("clamp", "clamp_", "clip"), _clamp),
    **dict.fromkeys(("Hardtanh", "hardtanh", "hardtanh_"), _hardtanh),
    **dict.fromkeys(("LeakyReLU", "leaky_relu", "leaky_relu_"), _leaky_relu),
    **dict.fromkeys(("PReLU", "prelu"), _prelu),
    **dict.fromkeys(("SiLU", "silu", "silu_"), _smooth("silu")),
    **dict.fromkeys(("GELU", "gelu"), _gelu),
    **dict.fromkeys(("Sigmoid", "sigmoid"), _smooth("sigmoid")),
    **dict.fromkeys(("Tanh", "tanh"), _smooth("tanh")),
    **dict.fromkeys(("Softplus", "softplus"), _softplus),
    **dict.fromkeys(("Mish", "mish"), _smooth("mish")),
    **dict.fromkeys(("Hardswish", "hardswish"), _smooth("hardswish")),
    **_both_forms("MaxPool max_pool", "1 2", _max_pool),
    **_both_forms("AvgPool avg_pool", "1 2", _avg_pool),
    **_both_forms("AdaptiveAvgPool adaptive_avg_pool", "1 2", _adaptive_avg_pool),
    **_both_forms("AdaptiveMaxPool adaptive_max_pool", "1 2", _adaptive_max_pool),
    **dict.fromkeys(("mean",), _mean),
    **dict.fromkeys(("Upsample", "interpolate", "UpsamplingBilinear2d"), _interpolate),
    **dict.fromkeys(("upsample_bilinear2d", "upsample_linear1d"), _upsample),
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "dropout", "dropout1d", "dropout2d"), _dropout),
    **dict.fromkeys(("Identity", "contiguous", "clone", "detach", "alias", "float"), _nothing),
}
"""Every supported operation that computes. A builder returns the nodes, the last of which is the operation's own, or
None where nothing is left to do."""

_RESHAPES = ("Flatten", "flatten", "view", "reshape", "Unflatten", "unflatten", "squeeze", "unsqueeze", "expand")
_ORDERS = ("permute", "transpose", "movedim", "swapaxes", "roll", "flip", "repeat_interleave")
_JOINS = ("cat", "concat", "concatenate", "stack")
_PARTS = ("chunk", "split", "tensor_split", "unbind", "getitem", "slice", "select", "narrow", "index_select")
_PADS = ("pad", *(f"{kind}Pad{rank}d" for kind in ("Zero", "Constant", "Circular") for rank in (1, 2)))
_MIRRORS = tuple(f"{kind}Pad{rank}d" for kind in ("Reflection", "Replication") for rank in (1, 2))
_REPEATS = ("Upsample", "UpsamplingNearest2d", "interpolate", "upsample_nearest1d", "upsample_nearest2d")
_SHUFFLES = tuple(
    name
    for kind in ("Pixel_Shuffle", "Pixel_Unshuffle", "Channel_Shuffle")
    for name in (kind.replace("_", ""), kind.lower())
)
MOVES = frozenset((*_RESHAPES, *_ORDERS, *_JOINS, *_PARTS, *_PADS, *_MIRRORS, *_REPEATS, *_SHUFFLES))
"""Operations that may only move values, which is found out by running them on places."""
