"""The front ends: a user's module as a graph of calls, by torch.fx or, where that fails, by torch.export.

fx keeps modules whole and batches free. ``torch.export`` also follows Python that depends on shapes; what depends on
values neither can follow.
"""

from __future__ import annotations

import copy
import sys
import warnings
from typing import Any

import torch
from torch import Tensor, fx, nn

from picojoule.base.errors import ConversionError
from picojoule.conversion.check import TOLERANCE, difference

_HALF = (torch.float16, torch.bfloat16)


def own_copy(model: nn.Module | torch.export.ExportedProgram) -> nn.Module:
    """The module to be captured, in evaluation mode, the user's own left alone; half precision becomes float32.

    Raises:
        ConversionError: it is no module, or one that has been compiled or quantised by torch.
    """
    if "torch.export" in sys.modules and isinstance(model, torch.export.ExportedProgram):  # it takes seconds to import
        return model.module()
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
    for name, module in model.named_modules():
        if ".quantized." in type(module).__module__ + ".":
            raise ConversionError(
                f"{name or 'it'} is a quantised {type(module).__name__}",
                where=type(model).__name__,
                remedy="give the float module it was made from, and use picojoule.quantise for few bits",
            )
    own = copy.deepcopy(model).eval()
    if any(each.dtype in _HALF for each in own.state_dict().values()):
        own = own.float()
    return nn.Sequential(own) if _Tracer().is_leaf_module(own, "") else own  # a layer alone is a node, not its inside


class _Tracer(fx.Tracer):
    """fx's tracer, keeping the user's source lines."""

    record_stack_traces = True


def answer(model: nn.Module, example: Tensor) -> tuple[Tensor, Any]:
    """Two equal samples, or one where the model is made for one, and what it returns for them.

    Raises:
        ConversionError: the model fails on such inputs.
    """
    problem: Exception | None = None
    for samples in (2, 1):
        batch = example[:1].expand(samples, *example.shape[1:]).clone()
        try:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return batch, model(batch.clone())
        except Exception as error:
            problem = problem or error
    raise ConversionError(
        f"the model fails on an input of shape {(1, *example.shape[1:])}: {first_line(problem)}",
        where=type(model).__name__,
        remedy="give data of the shape the model was made for, and a module that takes one tensor",
    ) from None


def capture(model: nn.Module, example: Tensor, expected: Any) -> fx.GraphModule:
    """The graph of a module from :func:`own_copy`, one tensor in.

    Args:
        model: the module.
        example, expected: from :func:`answer`. A graph of fx that answers otherwise (it takes ``x += y`` for a new
            tensor) is not used.

    Raises:
        ConversionError: its forward depends on values, or takes more than one tensor.
    """
    if isinstance(model, fx.GraphModule):
        return _of_one_input(model, model)
    reason: Exception = ValueError("fx and torch.export both see another function")
    try:
        graph = fx.GraphModule(model, _Tracer().trace(model), class_name=type(model).__name__)
        if difference(*map(row, (answer(graph, example)[1], expected))) <= TOLERANCE:
            return _of_one_input(graph, model)
    except Exception as error:  # fx raises whatever the user's forward raises on a proxy
        reason = error
    return _of_one_input(_exported(model, example, reason), model)


def row(outputs: Any) -> Tensor:
    """All outputs of the first sample in one row; nothing where they are no tensors."""
    parts = outputs.values() if isinstance(outputs, dict) else outputs
    parts = parts if isinstance(parts, (tuple, list)) else [outputs] if isinstance(outputs, Tensor) else [*parts]
    return torch.cat([torch.zeros(0), *(each[:1].flatten().float() for each in parts if isinstance(each, Tensor))])


def _exported(model: nn.Module, example: Tensor, reason: Exception) -> fx.GraphModule:
    """The graph torch.export makes; its own complaints are long, so fx's stands for both."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = torch.export.export(model, (example,)).module()
    except Exception:
        raise ConversionError(
            f"its forward cannot be traced: {first_line(reason)}",
            where=type(model).__name__,
            remedy="let forward not branch on the values or the number of its inputs, and take one tensor",
        ) from reason
    assert isinstance(module, fx.GraphModule)
    return module


def _of_one_input(graph: fx.GraphModule, model: nn.Module) -> fx.GraphModule:
    inputs = [node for node in graph.graph.nodes if node.op == "placeholder"]
    needed = [node for node in inputs if not (node.args or node.kwargs)]  # an argument with a default takes that
    if len(needed) != 1:
        raise ConversionError(
            f"it takes {len(needed)} inputs",
            where=type(model).__name__,
            remedy="wrap it in a module that takes one tensor",
        )
    return graph


class Facts(fx.Interpreter):
    """What one run of the graph on an example shows.

    Attributes:
        shape: of every tensor that depends on the input, batch axis included, by the name of its fx node.
        value: everything else: numbers, sizes, parameters.
        batch: samples of the example.
    """

    def __init__(self, module: fx.GraphModule, example: Tensor) -> None:
        super().__init__(module)
        self.shape: dict[str, tuple[int, ...]] = {}
        self.value: dict[str, Any] = {}
        self.batch = len(example)
        self._varies: set[str] = set()
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.run(example.clone())

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        varies = n.op == "placeholder" or not self._varies.isdisjoint(each.name for each in n.all_input_nodes)
        if varies and (isinstance(result, Tensor) or _holds_tensors(result)):
            self._varies.add(n.name)
            if isinstance(result, Tensor):
                self.shape[n.name] = tuple(result.shape)
        else:  # sizes too: they are those of the example
            self.value[n.name] = result
        return result


def _holds_tensors(result: Any) -> bool:
    return isinstance(result, (tuple, list)) and any(isinstance(each, Tensor) for each in result)


def first_line(error: BaseException | None) -> str:
    """The first line of an error's text."""
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__


def source_line(fx_node: fx.Node) -> str:
    """`` at "file", line N, in forward``: the user's line, the last one of the recorded stack that is not torch's."""
    lines = [line.strip() for line in (fx_node.stack_trace or "").splitlines() if line.strip().startswith("File")]
    own = [line for line in lines if "/torch/" not in line]
    return f" at {own[-1].removeprefix('File ')}" if own else ""
