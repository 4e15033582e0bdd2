"""The front end: torch.fx symbolic tracing into nodes.

Every operation is looked up in a table (:mod:`picojoule.conversion.operations`). One that is not there is an
error that names the node, the user's line and the remedy; a conversion is never partial in silence.
"""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from torch import Tensor, fx, nn

from picojoule.base.errors import ConversionError
from picojoule.conversion.operations import BUILDERS, Call, Unsupported, operation_of
from picojoule.ir import Conversion, Fate, Input, Network, Node


def trace(model: nn.Module, example: Tensor, *, name: str = "ann fp32") -> Network:
    """A network with the model's nodes. The model itself is not changed.

    Args:
        model: the user's module, one tensor in, one tensor out; traced in evaluation mode.
        example: a batch of inputs ``[batch, ...]``; one sample is used, for the shapes.
        name: the system's name.

    Raises:
        ConversionError: an operation, a control flow or a shape that cannot be traced.
    """
    model = _own_copy(model)
    graph_module = _symbolic(model)
    shapes = _Shapes(graph_module)
    shapes.measure(example[:1].to(next(model.parameters(), torch.empty(0))))
    nodes, fates, alias = [], [], {}
    for fx_node in graph_module.graph.nodes:
        made = _build(fx_node, shapes, alias)
        if made is None:
            continue
        node, fate = made
        alias[fx_node.name] = fate.became if node is None else node.name
        fates.append(fate)
        nodes += [] if node is None else [node]
    network = Network(
        nodes=_live(nodes, _output(graph_module, alias)), conversion=Conversion(fates=tuple(fates)), name=name
    )
    return network


def _own_copy(model: nn.Module) -> nn.Module:
    if not isinstance(model, nn.Module):
        raise ConversionError(
            f"a {type(model).__name__} is no nn.Module", where="trace", remedy="give the module itself"
        )
    if isinstance(model, torch.jit.ScriptModule):
        raise ConversionError(
            "a scripted module cannot be traced",
            where=type(model).__name__,
            remedy="give the Python module it was made from",
        )
    own = copy.deepcopy(model).eval()
    return nn.Sequential(own) if _Tracer().is_leaf_module(own, "") else own  # a layer alone is a node, not its inside


class _Tracer(fx.Tracer):
    """fx's tracer, keeping the user's source lines."""

    record_stack_traces = True


def _symbolic(model: nn.Module) -> fx.GraphModule:
    try:
        graph = _Tracer().trace(model)
    except Exception as error:  # fx raises whatever the user's forward raises on a proxy
        raise ConversionError(
            f"its forward cannot be traced: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            where=type(model).__name__,
            remedy="let forward not branch on the values or the number of its inputs, and take one tensor",
        ) from error
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    if len(inputs) != 1:
        raise ConversionError(
            f"it takes {len(inputs)} inputs",
            where=type(model).__name__,
            remedy="wrap it in a module that takes one tensor",
        )
    return fx.GraphModule(model, graph, class_name=type(model).__name__)


class _Shapes(fx.Interpreter):
    """Runs the graph once on an example and keeps the concrete results' shapes."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.shape: dict[str, tuple[int, ...] | None] = {}

    def measure(self, example: Tensor) -> None:
        try:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.run(example)
        except Exception as error:
            raise ConversionError(
                f"the model fails on an input of shape {tuple(example.shape)}: {_first_line(error)}",
                where=type(self.module).__name__,
                remedy="give data of the shape the model was made for",
            ) from None

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        self.shape[n.name] = tuple(result.shape) if isinstance(result, Tensor) else None
        return result


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__


def _build(fx_node: fx.Node, shapes: _Shapes, alias: dict[str, str]) -> tuple[Node | None, Fate] | None:
    """The node an fx node becomes; None for its plumbing (numbers, the output)."""
    shape = shapes.shape.get(fx_node.name)
    if fx_node.op == "placeholder":
        assert shape is not None
        return Input(name="input", shape=shape[1:]), Fate(fx_node.name, "input", "input", "trace")
    if fx_node.op == "output" or shape is None:
        return None
    module = shapes.fetch_attr(fx_node.target) if fx_node.op == "call_module" else None
    kind = operation_of(fx_node, module)
    call = Call(node=fx_node, module=module, shapes=shapes.shape, name=_name(fx_node), alias=alias)
    if kind not in BUILDERS:
        raise _unknown(fx_node, kind)
    try:
        node = BUILDERS[kind](call)
    except Unsupported as reason:
        raise _unknown(fx_node, kind, str(reason)) from None
    if node is None:
        return None, Fate(call.name, kind, call.source, "trace")
    return node, Fate(call.name, kind, type(node).__name__, "trace")


def _name(fx_node: fx.Node) -> str:
    """The module's own path, with fx's name behind it where the input, a function or an earlier call has it too."""
    if fx_node.op != "call_module":
        return fx_node.name
    path = str(fx_node.target)
    calls = [node for node in fx_node.graph.nodes if node.op == "call_module" and node.target == fx_node.target]
    taken = {"input", *(node.name for node in fx_node.graph.nodes if node.op != "call_module")}
    return path if calls[0] is fx_node and path not in taken else f"{path}@{fx_node.name}"


def _unknown(fx_node: fx.Node, kind: str, reason: str = "") -> ConversionError:
    return ConversionError(
        reason or f"the operation {kind} has no counterpart",
        where=f"node {_name(fx_node)} ({kind}){_line(fx_node)}",
        remedy=f"supported are {', '.join(sorted(BUILDERS))}; replace it in the model",
    )


def _line(fx_node: fx.Node) -> str:
    """The user's source line, the last one of the recorded stack that is not torch's."""
    lines = [line.strip() for line in (fx_node.stack_trace or "").splitlines() if line.strip().startswith("File")]
    own = [line for line in lines if "/torch/" not in line]
    return f" at {own[-1].removeprefix('File ')}" if own else ""


def _output(module: fx.GraphModule, alias: dict[str, str]) -> str:
    result = next(node for node in module.graph.nodes if node.op == "output").args[0]
    if not isinstance(result, fx.Node) or result.name not in alias:
        raise ConversionError(
            "it does not return one tensor", where="output of the model", remedy="return a single tensor"
        )
    return alias[result.name]


def _live(nodes: list[Node], output: str) -> tuple[Node, ...]:
    """The nodes the output depends on, the output last."""
    by_name, needed, queue = {node.name: node for node in nodes}, set(), [output]
    while queue:
        name = queue.pop()
        if name not in needed:
            needed.add(name)
            queue += by_name[name].inputs
    return tuple(node for node in nodes if node.name in needed)
