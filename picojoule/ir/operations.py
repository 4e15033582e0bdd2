"""What an analogue island computes: modules of torch operations, with all they need in them."""

from __future__ import annotations

from typing import Any, NamedTuple, final

from torch import Tensor, fx, nn

from picojoule.codes.few_spikes import FUNCTIONS


@final
class Smooth(nn.Module):
    """A smooth function of single values.

    Args:
        function: its name.
    """

    def __init__(self, function: str) -> None:
        super().__init__()
        self.name = function
        self._compute = FUNCTIONS[function].compute

    def forward(self, x: Tensor) -> Tensor:
        """f(x)."""
        return self._compute(x)


@final
class Identity(nn.Module):
    """y = x."""

    def forward(self, x: Tensor) -> Tensor:
        """x."""
        return x


class Given(NamedTuple):
    """Stands for the i-th value an operation reads."""

    place: int


class Constant(NamedTuple):
    """Stands for a tensor that is a buffer of the operation."""

    name: str


@final
class Operation(nn.Module):
    """One call of a module, a function or a method of tensors as a module of the values it reads.

    Args:
        target: the function, the name of the method, or the module.
        arguments: positional and named ones, with :class:`Given` in place of the values it reads; tensors become
            buffers.
        part: which of the results, where it gives several.
    """

    def __init__(self, target: Any, arguments: tuple[tuple[Any, ...], dict[str, Any]], part: Any = None) -> None:
        super().__init__()
        self.module = target if isinstance(target, nn.Module) else None
        self.target = None if self.module is not None else target
        self.part = part
        self.arguments = fx.node.map_aggregate(arguments, self._kept)

    def _kept(self, argument: Any) -> Any:
        if not isinstance(argument, Tensor):
            return argument
        name = f"constant{sum(1 for _ in self.buffers(recurse=False))}"
        self.register_buffer(name, argument.detach().clone())
        return Constant(name)

    def forward(self, *values: Tensor) -> Tensor:
        """The result for a batch of each value, in the order in which the call has them."""

        def filled(argument: Any) -> Any:
            if isinstance(argument, Given):
                return values[argument.place]
            if isinstance(argument, Constant):
                return getattr(self, argument.name)
            if isinstance(argument, (tuple, list)):
                return type(argument)(filled(each) for each in argument)
            return {key: filled(each) for key, each in argument.items()} if isinstance(argument, dict) else argument

        args, kwargs = filled(tuple(self.arguments))
        if self.module is not None:
            result = self.module(*args, **kwargs)
        elif isinstance(self.target, str):
            result = getattr(args[0], self.target)(*args[1:], **kwargs)
        else:
            assert callable(self.target)
            result = self.target(*args, **kwargs)
        return result if self.part is None else result[self.part]
