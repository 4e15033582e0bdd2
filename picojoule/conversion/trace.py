"""From a captured graph to a network of nodes, call by call.

Every operation is looked up in a table (:mod:`picojoule.conversion.operations`). One that is not there is an
error that names the node, the user's line and the remedy; a conversion is never partial in silence.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from picojoule.base.errors import ConversionError
from picojoule.conversion.call import Call, Unsupported, operation_of
from picojoule.conversion.capture import Facts, answer, capture, own_copy, row, source_line
from picojoule.conversion.check import TOLERANCE, difference
from picojoule.conversion.island import island
from picojoule.conversion.moves import NoMove, Places
from picojoule.conversion.operations import BUILDERS, MOVES
from picojoule.ir import Affine, Conversion, Fate, Heads, Input, Island, Network, Node
from picojoule.ir.dense import evaluate_all
from picojoule.ir.network import live
from picojoule.ir.stages import TRACED, verify


def trace(
    model: nn.Module | torch.export.ExportedProgram, example: Tensor, *, name: str = "ann fp32", islands: bool = False
) -> Network:
    """A network with the model's nodes. The model itself is not changed.

    Args:
        model: the user's module, one tensor in, one tensor, or a tuple or dict of them, out; in evaluation mode.
        example: a batch of inputs ``[batch, ...]``; one sample is used, for the shapes.
        name: the system's name.
        islands: let an operation that has no counterpart stay, as an analogue island that is counted as such.

    Raises:
        ConversionError: an operation, a control flow or a shape that cannot be traced, or a network that came out
            other than the model.
    """
    model = own_copy(model)
    example = example[:1].to(next(iter(model.state_dict().values()), torch.empty(0)).detach())
    example, expected = answer(model, example)
    graph = capture(model, example, expected)
    network = build(graph, example, name, islands=islands)
    require_same(network, example[:1], row(expected))
    return verify(network, TRACED)


def build(graph: fx.GraphModule, example: Tensor, name: str, *, islands: bool | None) -> Network:
    """The network of a captured graph; arguments as for :func:`trace`. With `islands` None none are offered, either."""
    network = _Building(Facts(graph, example), name, islands).network(graph)
    return network.to(str(example.device), str(example.dtype).removeprefix("torch."))


class _Building:
    """A network that is being built: what there is of it, and what stands for each call of the graph."""

    def __init__(self, facts: Facts, name: str, islands: bool | None) -> None:
        self._facts, self._name, self._islands = facts, name, islands
        self._nodes: dict[str, Node] = {}
        self._fates: list[Fate] = []
        self._places = Places(facts.batch)
        self._moved: dict[str, Any] = {}  # places of calls that only moved values, by fx node
        self._alias: dict[str, str] = {}  # the node that each other call became, by fx node
        self._several: dict[str, nn.Module | None] = {}  # calls that gave several values, and their modules
        self._memory: dict[str, list[str]] = {}  # the calls whose results are one tensor, by each of them

    def network(self, graph: fx.GraphModule) -> Network:
        """All calls, one after the other."""
        names = _names(graph)
        for fx_node in graph.graph.nodes:
            if fx_node.op == "placeholder" and fx_node.name in self._facts.shape:
                shape = self._facts.shape[fx_node.name][1:]
                self._become(fx_node, [Input(name="input", shape=shape)], "input")
            elif fx_node.op == "output":
                output, heads = self._outputs(fx_node.args[0])
            elif self._is_value(fx_node):
                self._call(fx_node, names[fx_node.name], graph)
        nodes = live(self._nodes, output)
        return Network(nodes=nodes, conversion=Conversion(fates=tuple(self._fates)), name=self._name, heads=heads)

    def _is_value(self, fx_node: fx.Node) -> bool:
        """True where a call gives a value of the network, or several of them."""
        several = fx_node.name not in self._facts.value and any(
            self._is_known(each) for each in fx_node.all_input_nodes
        )
        return fx_node.op != "placeholder" and (fx_node.name in self._facts.shape or several)

    def _is_known(self, fx_node: fx.Node) -> bool:
        return fx_node.name in self._alias or fx_node.name in self._moved

    def _call(self, fx_node: fx.Node, name: str, graph: fx.GraphModule) -> None:
        module = self._facts.fetch_attr(fx_node.target) if fx_node.op == "call_module" else None
        kind = operation_of(fx_node, module)
        if self._islands and self._is_part(fx_node, module, kind):
            return
        try:
            if kind in MOVES and self._move(fx_node, name, kind, module):
                return
            if kind not in BUILDERS:
                raise Unsupported(f"the operation {kind} has no counterpart")
            made = BUILDERS[kind](self._described(fx_node, name, module))
        except Unsupported as reason:
            made = self._island(fx_node, name, module, str(reason))
        self._become(fx_node, [] if made is None else [made] if isinstance(made, Node) else made, kind)

    def _is_part(self, fx_node: fx.Node, module: nn.Module | None, kind: str) -> bool:
        """True for a call that gives several values, to which nodes are made when one of them is taken."""
        if fx_node.name not in self._facts.shape and kind not in MOVES:
            self._several[fx_node.name] = module
            return True
        source = fx_node.all_input_nodes[0]
        if kind == "getitem" and source.name in self._several:
            name = self._free(f"{source.target}" if source.op == "call_module" else source.name)
            made = self._island(source, name, self._several[source.name], "", part=fx_node)
            self._become(fx_node, [made], operation_of(source, self._several[source.name]))
            return True
        return False

    def _island(
        self, fx_node: fx.Node, name: str, module: nn.Module | None, reason: str, part: fx.Node | None = None
    ) -> Node:
        """An analogue island where that was asked for; otherwise, or where it is none, the reason as an error."""
        kind = operation_of(fx_node, module)
        if not self._islands:
            raise _refusal(fx_node, name, kind, reason, offered=self._islands is not None)
        try:
            call = self._described(fx_node, name, module, part)
            return island(call, None if part is None else part.args[1])
        except Unsupported as error:
            raise _refusal(fx_node, name, kind, "; ".join(filter(None, (reason, str(error))))) from None

    def _move(self, fx_node: fx.Node, name: str, kind: str, module: nn.Module | None) -> bool:
        """Run an operation on places; False where it is not one that only moves values."""
        try:
            moved = self._places.moved(lambda change: self._on_places(fx_node, module, change))
        except NoMove as reason:
            if kind in BUILDERS:
                return False
            raise Unsupported(str(reason)) from None
        self._moved[fx_node.name] = moved
        self._fates.append(Fate(name, kind, "a path of values", "trace"))
        if isinstance(moved, Tensor) and any(self._is_constant(each) for each in fx_node.all_input_nodes):
            constants = self._on_places(fx_node, module, torch.zeros_like, constants=True)[0]
            self._add_constants(fx_node, name, constants)
        return True

    def _is_constant(self, fx_node: fx.Node) -> bool:
        value = self._facts.value.get(fx_node.name)
        return isinstance(value, Tensor) and value.is_floating_point()

    def _add_constants(self, fx_node: fx.Node, name: str, constants: Tensor) -> None:
        """Parameters that were joined to values: zeros there, and the parameters added."""
        values = self._node_of(fx_node)
        shifted = Affine(name=self._free(name), inputs=(values.name,), shape=values.shape,
                         gain=torch.ones(()).to(constants), shift=constants.clone())  # fmt: skip
        self._nodes[shifted.name] = shifted
        self._alias[fx_node.name] = shifted.name
        del self._moved[fx_node.name]

    def _on_places(self, fx_node: fx.Node, module: nn.Module | None, change: Any, *, constants: bool = False) -> Any:
        """What a call gives for the places of its values, to which `change` is applied first; zeros for parameters,
        unless it is about these."""

        def placed(argument: fx.Node) -> Any:
            if argument.name in self._facts.value:
                value = self._facts.value[argument.name]
                return torch.zeros_like(value) if self._is_constant(argument) and not constants else value
            places = self._places_of(argument)
            return [change(each) for each in places] if isinstance(places, (tuple, list)) else change(places)

        args, kwargs = fx.map_arg((fx_node.args, fx_node.kwargs), placed)
        if module is not None:
            return module(*args, **kwargs)
        if fx_node.op == "call_method":
            return getattr(args[0], str(fx_node.target))(*args[1:], **kwargs)
        assert callable(fx_node.target)
        return fx_node.target(*args, **kwargs)

    def _places_of(self, fx_node: fx.Node) -> Any:
        if fx_node.name in self._moved:
            return self._moved[fx_node.name]
        node = self._nodes[self._alias[fx_node.name]]
        return self._places.of(node.name, node.shape)

    def _described(self, fx_node: fx.Node, name: str, module: nn.Module | None, part: fx.Node | None = None) -> Call:
        """A call with what its builder needs to know about it; `part` takes one of its results, if they are several."""
        values = self._facts.value
        sources = [self._node_of(each) for each in fx_node.all_input_nodes if self._is_known(each)]
        shape = self._facts.shape[(part or fx_node).name]
        if len(shape) < 2 or shape[0] != self._facts.batch:
            raise Unsupported(f"its result {shape} has no axis of samples in front of others")
        return Call(
            node=fx_node,
            module=module,
            name=name,
            sources=tuple((node.name, node.shape) for node in sources),
            shape=shape[1:],
            arguments=fx.map_arg(  # type: ignore[arg-type]
                (fx_node.args, dict(fx_node.kwargs)), lambda each: values.get(each.name, each)
            ),
        )

    def _node_of(self, fx_node: fx.Node) -> Node:
        """The node whose output a call's result is; made now where so far only its places are known."""
        if fx_node.name not in self._alias:
            try:
                made = self._places.node(self._free(fx_node.name), self._moved[fx_node.name])
            except NoMove as reason:
                raise _refusal(fx_node, fx_node.name, str(fx_node.target), str(reason)) from None
            self._alias[fx_node.name] = made if isinstance(made, str) else made.name
            if isinstance(made, Node):
                self._nodes[made.name] = made
        return self._nodes[self._alias[fx_node.name]]

    def _free(self, name: str) -> str:
        return name if name not in self._nodes else f"{name}@{len(self._nodes)}"

    def _become(self, fx_node: fx.Node, made: Sequence[Node], kind: str) -> None:
        """Take the nodes of a call in; what reads the call, or a tensor it changed in place, reads the last of them."""
        for node in made:
            self._nodes[node.name] = node
        source = fx_node.all_input_nodes[0] if fx_node.all_input_nodes else fx_node
        name = made[-1].name if made else self._node_of(source).name
        in_place = _in_place(fx_node, self._facts)
        memory = self._memory.setdefault(source.name, [source.name]) if in_place or not made else []
        memory.append(fx_node.name)
        self._memory[fx_node.name] = memory
        for each in memory if in_place else [fx_node.name]:
            self._alias[each] = name
            self._moved.pop(each, None)
        became = _told(made[-1]) if made else name
        self._fates.append(
            Fate(fx_node.name if kind == "input" else name if made else fx_node.name, kind, became, "trace")
        )

    def _outputs(self, result: Any) -> tuple[str, Heads | None]:
        """The output node, and the model's outputs where they are several."""
        if isinstance(result, (tuple, list)) and len(result) == 1:  # as torch.export has a single one
            result = result[0]
        if isinstance(result, fx.Node) and self._is_known(result) and result.name in self._facts.shape:
            return self._node_of(result).name, None
        parts = list(result.values()) if isinstance(result, dict) else result
        several = isinstance(parts, (tuple, list)) and len(parts) > 0
        if not several or not all(isinstance(each, fx.Node) and each.name in self._facts.shape for each in parts):
            raise ConversionError(
                "it does not return one tensor, or a tuple or dict of tensors that depend on its input",
                where="output of the model",
                remedy="return tensors only",
            )
        nodes = [self._node_of(each) for each in parts]
        rows = [self._places.of(node.name, node.shape).flatten(1) for node in nodes]
        joined = self._places.node(self._free("outputs"), torch.cat(rows, 1))
        assert isinstance(joined, Node)
        self._nodes[joined.name] = joined
        keys = tuple(str(key) for key in result) if isinstance(result, dict) else None
        return joined.name, Heads(tuple(node.shape for node in nodes), keys)


def _refusal(fx_node: fx.Node, name: str, kind: str, reason: str, *, offered: bool = True) -> ConversionError:
    island = ", or let it stay as it is with islands=True (--islands)" if offered else ""
    where = f"node {name} ({kind}){source_line(fx_node)}"
    return ConversionError(reason, where=where, remedy=f"{_instead(kind)}{island}")


def _instead(kind: str) -> str:
    """What to use instead of an operation: those of a like name, or the table of all."""
    alike = difflib.get_close_matches(kind, sorted({*BUILDERS, *MOVES} - {kind}), n=3)
    named = f" ({', '.join(alike)}?)" if alike else ""
    return f"replace it by a supported operation{named}, all of which are in docs/bring-your-model.md"


def _in_place(fx_node: fx.Node, facts: Facts) -> bool:
    """True where a call changes the value it reads."""
    target = fx_node.target
    if fx_node.op == "call_module":
        return bool(getattr(facts.fetch_attr(target), "inplace", False))
    name = target if isinstance(target, str) else getattr(target, "__name__", "")
    changes = name.partition(".")[0].endswith("_") or name in ("iadd", "isub", "imul", "itruediv")
    return changes or bool(fx_node.kwargs.get("inplace", False))


def _names(graph: fx.GraphModule) -> dict[str, str]:
    """A name for every call: its module's own path, with fx's name behind it where something else has that too."""
    nodes = list(graph.graph.nodes)
    names, taken = {}, {"input", *(node.name for node in nodes if node.op != "call_module")}
    for node in nodes:
        path = str(node.target) if node.op == "call_module" else _exported_path(node)
        names[node.name] = (f"{path}@{node.name}" if path in taken else path) or node.name
        taken.add(names[node.name])
    return names


def _exported_path(fx_node: fx.Node) -> str:
    """The path of torch's module that a call of an exported graph was in; empty for other calls."""
    path, kind = next(reversed(fx_node.meta.get("nn_module_stack", {"": ("", "")}).values()))
    return path if fx_node.op == "call_function" and str(kind).startswith("torch.nn.modules") else ""


def _told(node: Node) -> str:
    return "analogue island" if isinstance(node, Island) else type(node).__name__


def require_same(network: Network, example: Tensor, expected: Tensor) -> None:
    """Hold the network to what the model gave: a change in place that was seen wrongly would show here."""
    with torch.no_grad():
        error = difference(row(evaluate_all(network.nodes, example)[network.output.name]), expected)
    if not error <= TOLERANCE and bool(torch.isfinite(expected).all()):
        raise ConversionError(
            f"the traced network's outputs differ from the model's by {error:.1e} of their size",
            where=network.name,
            remedy="avoid operations in place on a view of a tensor that is used again, and randomness in evaluation",
        )
