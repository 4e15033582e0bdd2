"""Operations of islands as JSON and tensors, and back: those of the tables below, and no other code.

A description is made into an operation again before it is written, and must give the same.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from picojoule.base.errors import first_line
from picojoule.ir.nodes import Island
from picojoule.ir.operations import Constant, Given, Identity, Operation, Smooth

_NAMES = frozenset((
    "_log_softmax", "_softmax", "abs", "add", "addmm", "amax", "amin", "argmax", "argmin", "atan", "baddbmm",
    "bmm", "ceil", "celu", "clamp", "clamp_max", "clamp_min", "clip", "cos", "cosh", "cosine_similarity",
    "cummax", "cummin", "cumprod", "cumsum", "div", "dot", "einsum", "elu", "eq", "erf", "exp", "exp2",
    "expand", "expm1", "floor", "floor_divide", "floordiv", "ge", "gelu", "getitem", "glu", "group_norm",
    "gt", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "instance_norm", "interpolate", "layer_norm",
    "le", "leaky_relu", "linear", "local_response_norm", "log", "log10", "log1p", "log2", "log_softmax",
    "logaddexp", "logcumsumexp", "logsigmoid", "logsumexp", "lt", "masked_fill", "matmul", "max", "maximum",
    "mean", "median", "min", "minimum", "mish", "mm", "mod", "mul", "native_group_norm", "native_layer_norm",
    "ne", "neg", "norm", "normalize", "outer", "pow", "prelu", "prod", "reciprocal", "relu", "relu6",
    "remainder", "rms_norm", "round", "rsqrt", "rsub", "scaled_dot_product_attention", "select", "selu",
    "sigmoid", "sign", "silu", "sin", "sinh", "softmax", "softmin", "softplus", "softshrink", "softsign",
    "sort", "special_expit", "sqrt", "square", "std", "sub", "sum", "tan", "tanh", "tanhshrink", "topk",
    "tril", "triu", "true_divide", "truediv", "var", "where",
))  # fmt: skip
"""Functions, operators and methods: each only computes from the tensors it is given, whatever it belongs to."""

_SPACES: dict[str, Any] = {"operator": operator, "torch": torch, "functional": F, "aten": torch.ops.aten}

_RECURRENT = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")
_MODULES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Softmax", "LogSoftmax", "Softmin", "GLU"), ("dim",)),
    **dict.fromkeys(("SiLU", "Mish", "Tanh", "Sigmoid", "Hardswish", "Hardsigmoid", "LogSigmoid"), ()),
    **dict.fromkeys(("Softsign", "SELU", "Tanhshrink", "Softmax2d"), ()),
    **dict.fromkeys(("ELU", "CELU"), ("alpha",)),
    **dict.fromkeys(("Softshrink", "Hardshrink"), ("lambd",)),
    "GELU": ("approximate",),
    "Softplus": ("beta", "threshold"),
    "PReLU": ("num_parameters",),
    "LayerNorm": ("normalized_shape", "eps", "elementwise_affine", "bias"),
    "RMSNorm": ("normalized_shape", "eps", "elementwise_affine"),
    "GroupNorm": ("num_groups", "num_channels", "eps", "affine"),
    "LocalResponseNorm": ("size", "alpha", "beta", "k"),
    **dict.fromkeys(
        ("InstanceNorm1d", "InstanceNorm2d"), ("num_features", "eps", "momentum", "affine", "track_running_stats")
    ),
    "MultiheadAttention": (
        *("embed_dim", "num_heads", "dropout", "bias", "add_bias_kv", "add_zero_attn", "kdim", "vdim", "batch_first"),
    ),
    "LSTM": (*_RECURRENT, "proj_size"),
    "GRU": _RECURRENT,
    "RNN": (*_RECURRENT, "nonlinearity"),
}
"""Modules of ``torch.nn`` with the settings they are made with, which they keep as attributes."""

_SAID_BY = {"bias": ("in_proj_bias",), "add_bias_kv": ("bias_k",)}
"""Settings that are kept as whether a parameter is there."""


class Indescribable(Exception):
    """An operation that is in no table; the text says what."""


def described(island: Island, shapes: list[tuple[int, ...]]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What an island computes as JSON, and its tensors by name.

    Args:
        island: the node.
        shapes: of what it reads.

    Raises:
        Indescribable: there is no telling.
    """
    told = _told(island.function)
    tensors = {name: each.detach().cpu().contiguous().clone() for name, each in island.function.state_dict().items()}
    try:
        _require_same(island, built(told, tensors), shapes)
    except (RuntimeError, TypeError, ValueError, KeyError) as problem:
        raise Indescribable(first_line(problem)) from None
    return told, tensors


def built(told: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> nn.Module:
    """The operation of a description.

    Raises:
        KeyError, TypeError, ValueError, RuntimeError: it is none of ours.
    """
    if "smooth" in told:
        return Smooth(str(told["smooth"]))
    if told == {"identity": True}:
        return Identity()
    space, name = told["of"][0], told["of"][1]
    arguments = _argument(told["arguments"], tensors)
    target = _module(name, told["settings"], tensors) if space == "nn" else _function(space, *told["of"][1:])
    return Operation(target, arguments, _argument(told["part"], tensors)).eval()


def _told(function: nn.Module) -> dict[str, Any]:
    if isinstance(function, Smooth):
        return {"smooth": function.name}
    if isinstance(function, Identity):
        return {"identity": True}
    if not isinstance(function, Operation):
        raise Indescribable(f"a {type(function).__name__} is no operation of a call")
    told = {"arguments": _plain(function.arguments), "part": _plain(function.part)}
    if function.module is None:
        return {"of": _where(function.target), **told}
    kind = type(function.module).__name__
    if getattr(nn, kind, None) is not type(function.module) or kind not in _MODULES:
        raise Indescribable(f"the module {kind} is none of those that a file can hold")
    return {"of": ["nn", kind], "settings": dict(_settings(function.module, kind)), **told}


def _settings(module: nn.Module, kind: str) -> Iterator[tuple[str, Any]]:
    for name in _MODULES[kind]:
        said = next((each for each in _SAID_BY.get(name, ()) if hasattr(module, each)), name)
        value = getattr(module, said)
        yield name, value is not None if said != name or value is None or isinstance(value, Tensor) else value


def _where(target: Any) -> list[str]:
    """Where a function is: the space it is in, and its name there."""
    if isinstance(target, str) and target in _NAMES:
        return ["method", target]
    if isinstance(target, torch._ops.OpOverload) and target.namespace == "aten":
        name, _, overload = target.__name__.partition(".")
        if name in _NAMES:
            return ["aten", name, overload]
    name = getattr(target, "__name__", str(target))
    for space in ("operator", "torch", "functional"):
        if name in _NAMES and getattr(_SPACES[space], name, None) is target:
            return [space, name]
    raise Indescribable(f"{name} is none of the operations that a file can hold")


def _function(space: str, name: str, overload: str = "") -> Any:
    if name not in _NAMES:
        raise ValueError(f"no operation {name!r}")
    if space == "method":
        return name
    found = getattr(_SPACES[space], name)
    return getattr(found, overload) if space == "aten" else found


def _module(kind: str, settings: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> nn.Module:
    """A module of torch, which takes no memory but that of the tensors it is given."""
    with torch.device("meta"):
        made = getattr(nn, kind)(**{name: settings[name] for name in _MODULES[kind]})
    own = {name.partition(".")[2]: each for name, each in tensors.items() if name.startswith("module.")}
    made.load_state_dict(own, strict=True, assign=True)
    return made.requires_grad_(False).eval()


_PLAIN = (bool, int, float, str, type(None))


def _plain(argument: Any) -> Any:
    """An argument as JSON: what is no plain value is a dict of one entry."""
    if isinstance(argument, _PLAIN):
        return argument
    if isinstance(argument, Given):
        return {"given": argument.place}
    if isinstance(argument, Constant):
        return {"constant": argument.name}
    if isinstance(argument, torch.dtype):
        return {"dtype": str(argument).removeprefix("torch.")}
    if isinstance(argument, slice):
        return {"slice": [_plain(each) for each in (argument.start, argument.stop, argument.step)]}
    if isinstance(argument, (tuple, list)):
        return {"tuple" if isinstance(argument, tuple) else "list": [_plain(each) for each in argument]}
    if isinstance(argument, dict) and all(isinstance(key, str) for key in argument):
        return {"dict": {key: _plain(each) for key, each in argument.items()}}
    raise Indescribable(f"its argument {argument!r} is none that a file can hold")


def _argument(told: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(told, dict):
        return told
    ((kind, value),) = told.items()
    if kind in ("tuple", "list", "slice"):
        parts = [_argument(each, tensors) for each in value]
        return parts if kind == "list" else tuple(parts) if kind == "tuple" else slice(*parts)
    if kind == "dict":
        return {key: _argument(each, tensors) for key, each in value.items()}
    return _LEAVES[kind](value, tensors)


def _dtype(name: str, tensors: Mapping[str, Tensor]) -> torch.dtype:
    found = getattr(torch, name)
    if not isinstance(found, torch.dtype):
        raise ValueError(f"no number type {name!r}")
    return found


_LEAVES = {
    "given": lambda place, _: Given(int(place)),
    "constant": lambda name, tensors: tensors[name],
    "dtype": _dtype,
}


def _require_same(island: Island, again: nn.Module, shapes: list[tuple[int, ...]]) -> None:
    """Both give the same for two samples."""
    generator = torch.Generator().manual_seed(0)
    like = next((each for each in island.function.state_dict().values() if each.is_floating_point()), island.scales[0])
    x = [torch.randn(2, *shape, generator=generator).to(like.cpu().dtype) for shape in shapes]
    with torch.no_grad():
        given = copy.deepcopy(island.function).to("cpu")(*x), again(*x)
    if not torch.allclose(*given, rtol=1e-5, atol=1e-6, equal_nan=True):
        raise ValueError("made from its description it gives other values")
