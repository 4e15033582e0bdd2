"""One call in the captured graph, with what a builder needs to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, fx, nn


class Unsupported(Exception):
    """A supported operation used in a way that is not; the text says which."""


@final
@dataclass(frozen=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        node: in the captured graph.
        module: of which it is the call; None of a function or method.
        name: of the node to be built.
        sources: the name and the shape (without the batch axis) of the built node that each argument is, in order;
            an argument that is not a value of the network is not among them.
        shape: of its output, without the batch axis.
        arguments: positional and named ones, with numbers and parameters in place of fx nodes. A value of the network
            is left as its fx node.
    """

    node: fx.Node
    module: nn.Module | None
    name: str
    sources: tuple[tuple[str, tuple[int, ...]], ...]
    shape: tuple[int, ...]
    arguments: tuple[tuple[Any, ...], dict[str, Any]]

    @property
    def source(self) -> str:
        """Name of the first node it reads."""
        return self.sources[0][0]

    @property
    def in_shape(self) -> tuple[int, ...]:
        """Shape it reads, without the batch axis."""
        return self.sources[0][1]

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument of a function or a method (the tensor itself is position 0), or the module's attribute."""
        if self.module is not None:
            return getattr(self.module, name, default)
        positional, named = self.arguments
        if name in named:
            return named[name]
        position = self._places.get(name, position)
        return positional[position] if len(positional) > position else default

    def parameter(self, position: int, name: str) -> Tensor | None:
        """An argument that must be a parameter or a number, as a tensor of its own; None where there is none."""
        value = self.argument(position, name)
        if isinstance(value, fx.Node):
            raise Unsupported(f"its {name} is computed from the input")
        return None if value is None else torch.as_tensor(value).detach().clone()

    @property
    def _places(self) -> dict[str, int]:
        """Where torch's own operators have their arguments: not always where the functions of the same name do."""
        schema = getattr(self.node.target, "_schema", None)
        return {each.name: place for place, each in enumerate(schema.arguments)} if schema is not None else {}

    def header(self) -> dict[str, Any]:
        """The fields every node has."""
        return {"name": self.name, "inputs": (self.source,), "shape": self.shape}


def operation_of(node: fx.Node, module: nn.Module | None) -> str:
    """The name of an operation: of its module class, its function, its method or its torch operator."""
    if module is not None:
        return type(module).__name__
    target = node.target
    if isinstance(target, torch._ops.OpOverload):
        return target._schema.name.partition("::")[2]
    return target if isinstance(target, str) else getattr(target, "__name__", str(target))
