"""A network as a file: tensors as safetensors, all else as JSON in its header. One file holds all of it.

The file has a version. What it says is checked against the stage it is of before a network is made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from math import inf, isinf
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as tensors_as_bytes
from torch import Tensor, nn

from picojoule.base.errors import ConversionError, InputError, WeightsError, first_line
from picojoule.base.files import write_whole
from picojoule.codes import CODES, Code
from picojoule.ir import nodes as kinds
from picojoule.ir.dense import evaluate
from picojoule.ir.network import Conversion, Fate, Heads, Network
from picojoule.ir.nodes import Node
from picojoule.ir.operations_file import Indescribable, built, described
from picojoule.ir.stages import stage_of, verify
from picojoule.noise import Noise

VERSION = 2
_WITHOUT_ISLANDS = 1
"""The version that knows no islands: networks without any are written as such, for who has not more."""
_KEY = "picojoule"
_KINDS: dict[str, type[Node]] = {
    each.__name__: each
    for each in vars(kinds).values()
    if isinstance(each, type) and issubclass(each, Node) and each not in (Node, kinds.WeightLayer, kinds.Pointwise)
}


def save(network: Network, path: Path | str) -> Path:
    """Write a network, with its weights and its history, to one ``.safetensors`` file.

    Raises:
        InputError: it has an analogue island that no file can describe.
    """
    tensors: dict[str, Tensor] = {}
    content = {
        "version": VERSION if any(network.all(kinds.Island)) else _WITHOUT_ISLANDS,
        "name": network.name,
        "nodes": [_described(network, node, tensors) for node in network.nodes],
        "conversion": network.conversion.to_dict(),
        "noise": None if network.noise is None else asdict(network.noise),
        "heads": None if network.heads is None else {"shapes": network.heads.shapes, "keys": network.heads.keys},
    }
    return write_whole(path, tensors_as_bytes(tensors, {_KEY: json.dumps(content)}))


def load(path: Path | str, *, codes: Mapping[str, type[Code]] | None = None) -> Network:
    """The network of a file that :func:`save` wrote.

    Args:
        path: the file.
        codes: codes of your own in it, by their names; those of picojoule are known.

    Raises:
        WeightsError: no such file, a damaged one, one that is no network, or one of a newer version.
    """
    described, tensors = _read(Path(path))
    known = {**CODES, **(codes or {})}
    try:
        history, heads = described["conversion"], described["heads"]
        network = Network(
            nodes=tuple(_node(each, tensors, known) for each in described["nodes"]),
            conversion=Conversion(
                fates=tuple(Fate(**fate) for fate in history["fates"]), choices=tuple(history["choices"].items())
            ),
            name=str(described["name"]),
            heads=None if heads is None else _heads(heads),
            noise=None if described.get("noise") is None else Noise(**described["noise"]),
        )
        return _with_whole_islands(verify(network, stage_of(network)))
    except (ConversionError, InputError) as problem:
        raise _damaged(path, problem.what) from None
    except _SPOILT as problem:
        raise _damaged(path, f"{type(problem).__name__}: {problem}") from None


def _with_whole_islands(network: Network) -> Network:
    """The network, if its islands compute what their nodes say."""
    for island in network.all(kinds.Island):
        number = next(iter(island.scales)).dtype
        x = [torch.zeros(1, *source.shape, dtype=number) for source in network.sources(island)]
        with torch.no_grad():
            given = evaluate(island, *x)
        if not isinstance(given, Tensor) or given.shape[1:] != island.shape or len(given) != 1:
            raise ValueError(f"the island {island.name} does not give {island.shape}")
    return network


_SPOILT = (
    *(KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError),
    *(AssertionError, ArithmeticError),
)
"""What nodes, codes and modules of torch raise where a setting is not what it should be."""


def _described(network: Network, node: Node, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """A node as JSON; its tensors go to `tensors` under ``node/field``, or ``node/field/…`` where it has several."""
    values: dict[str, Any] = {"kind": type(node).__name__}
    for each in fields(node):
        value, key = getattr(node, each.name), f"{node.name}/{each.name}"
        if isinstance(value, Tensor):
            tensors[key] = value.detach().cpu().contiguous().clone()
            values[each.name] = {"tensor": key}
        elif isinstance(value, tuple) and any(isinstance(one, Tensor) for one in value):
            own = {f"{key}/{place}": one.detach().cpu().contiguous().clone() for place, one in enumerate(value)}
            tensors |= own
            values[each.name] = {"tensors": [*own]}
        elif isinstance(value, nn.Module):
            told, own = _operation(network, node)
            tensors |= {f"{key}/{name}": one for name, one in own.items()}
            values[each.name] = {"operation": told, "tensors": {name: f"{key}/{name}" for name in own}}
        elif isinstance(value, Code):
            settings = {field.name: getattr(value, field.name) for field in fields(value)}
            values[each.name] = {"code": value.name, **settings}
        else:
            values[each.name] = "inf" if isinstance(value, float) and isinf(value) else value
    return values


def _operation(network: Network, island: Node) -> tuple[dict[str, Any], dict[str, Tensor]]:
    assert isinstance(island, kinds.Island)
    try:
        return described(island, [source.shape for source in network.sources(island)])
    except Indescribable as problem:
        raise InputError(
            f"the analogue island {island.name} ({island.operation}) is code that no file holds: {problem}",
            where=f"save({network.name})",
            remedy="write it in functions and modules of torch, or convert again where the network is needed",
        ) from None


_PLAIN: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float), "bool": bool}
"""Fields of plain values by how they are declared."""


def _node(values: dict[str, Any], tensors: Mapping[str, Tensor], codes: Mapping[str, type[Code]]) -> Node:
    kind = _KINDS[values["kind"]]
    known = {each.name: each.type for each in fields(kind)}
    given = {name: _value(value, tensors, codes) for name, value in values.items() if name != "kind"}
    required = {each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING}
    if not required <= given.keys() <= known.keys():
        raise ValueError(f"a {kind.__name__} with {sorted(given)}")
    for name, value in given.items():
        if not isinstance(value, _PLAIN.get(str(known[name]), object)):
            raise TypeError(f"a {kind.__name__} with {name}={value!r}")
    return kind(**given)


def _value(value: Any, tensors: Mapping[str, Tensor], codes: Mapping[str, type[Code]]) -> Any:
    if isinstance(value, dict) and "tensor" in value:
        return tensors[value["tensor"]]
    if isinstance(value, dict) and "operation" in value:
        return built(value["operation"], {name: tensors[key] for name, key in value["tensors"].items()})
    if isinstance(value, dict) and "tensors" in value:
        return tuple(tensors[key] for key in value["tensors"])
    if isinstance(value, dict):
        settings = {
            name: tuple(each) if isinstance(each, list) else each for name, each in value.items() if name != "code"
        }
        if value["code"] not in codes:
            raise ValueError(f"the code {value['code']!r} is not known; give it as load(codes=...)")
        return codes[value["code"]](**settings)
    if isinstance(value, list):
        return tuple(value)
    return inf if value == "inf" else value


def _heads(values: dict[str, Any]) -> Heads:
    keys = values["keys"]
    return Heads(tuple(tuple(shape) for shape in values["shapes"]), None if keys is None else tuple(keys))


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator of its own)
    except (SafetensorError, OSError) as problem:
        raise _damaged(path, first_line(problem)) from None
    if text is None:
        raise _damaged(path, "it holds tensors and no network")
    try:
        described = json.loads(text)
        version = described["version"]
    except (ValueError, KeyError, TypeError) as problem:
        raise _damaged(path, str(problem)) from None
    if version not in (_WITHOUT_ISLANDS, VERSION):
        raise WeightsError(
            f"it is a network of version {version!r}, and this is version {VERSION}",
            where=str(path),
            remedy="use the picojoule that wrote it, or convert the model again",
        )
    return described, tensors


def _damaged(path: Path | str, problem: str) -> WeightsError:
    return WeightsError(
        f"it is no network that can be read ({problem})",
        where=str(path),
        remedy="give a file written by picojoule convert or Network.save",
    )
