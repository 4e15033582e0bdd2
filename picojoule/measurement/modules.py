"""Counts of any ``nn.Module``, for systems that are no networks of ours: attention, recurrence, whatever torch runs.

Every product that torch computes is seen as it happens and booked to the innermost module it happens in::

    macs            half of what torch's flop counter finds (padding included), and 4 for each value that a bilinear
                    sampler or resizer makes
    effective_macs  of these, the ones in which no activation is zero (padding left out)
    bias_adds       additions of biases, those that a batch norm leaves when it is folded, and those of activations

Other norms, activation functions, gates and softmaxes have no price in any profile; they are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple, final

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from picojoule.base.errors import InputError
from picojoule.cost import Counts, LayerCounts
from picojoule.engines.unfused import unfused

aten = torch.ops.aten


def count_module(
    model: nn.Module, *inputs: Any, samples: int | None = None, weight_bits: int = 32, value_bits: int = 32
) -> Counts:
    """What one call of a module does, layer by layer.

    The call is one of inference: without gradients, in evaluation mode. For a step of training hand the counts to
    :func:`picojoule.cost.training.dense_training`. A module that is called several times for a sample, as in a
    recurrence, is one layer whose weights move once. To count another method than ``forward``, wrap it in a module.

    Args:
        model: left as it was.
        inputs: arguments of the call.
        samples: how many samples they hold; the first size of the first tensor if None.
        weight_bits, value_bits: numbers of the hardware to be priced. The arithmetic here is that of the module.

    Raises:
        InputError: no tensor among the inputs, and no number of samples.
    """
    samples = samples or next((len(each) for each in inputs if isinstance(each, Tensor)), None)
    if samples is None:
        raise InputError("no tensor among the inputs", where="count_module", remedy="give samples=...")
    book = _Book({module: name or type(model).__name__ for name, module in model.named_modules()})
    with _evaluation(model), book.open(), unfused(), torch.no_grad(), _Seen(book, model):
        model(*inputs)
    layers = tuple(page.counts(samples, weight_bits, value_bits) for page in book.pages.values())
    return Counts(samples=samples, steps=None, layers=layers)


@contextmanager
def _evaluation(model: nn.Module) -> Iterator[None]:
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


@final
@dataclass(slots=True)
class _Page:
    """What happened in one module; sums over all samples."""

    name: str
    weights: dict[int, int] = field(default_factory=dict)
    macs: int = 0
    effective: int = 0
    adds: int = 0
    read: int = 0
    written: int = 0

    def counts(self, samples: int, weight_bits: int, value_bits: int) -> LayerCounts:
        return LayerCounts(
            name=self.name,
            weight_bits=weight_bits,
            value_bits=value_bits,
            weights=sum(self.weights.values()),
            inputs=self.read // samples,
            outputs=self.written // samples,
            macs=self.macs,
            effective_macs=self.effective,
            bias_adds=self.adds,
        )


@final
class _Book:
    """A page for each module that computes, in the order of their first computation."""

    def __init__(self, names: dict[nn.Module, str]) -> None:
        self.pages: dict[str, _Page] = {}
        self._names, self._inside = names, [next(iter(names.values()))]

    @property
    def page(self) -> _Page:
        """That of the innermost module."""
        return self.pages.setdefault(self._inside[-1], _Page(self._inside[-1]))

    @contextmanager
    def open(self) -> Iterator[None]:
        """Know which module computes, for the time of a block."""
        handles = []
        for module in self._names:
            handles.append(module.register_forward_pre_hook(lambda each, _: self._inside.append(self._names[each])))
            handles.append(module.register_forward_hook(lambda *_: self._leave(), always_call=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _leave(self) -> None:
        self._inside.pop()


class _Product(NamedTuple):
    """An operation that multiplies: its operands with a bias or None, its MACs, and itself of other operands."""

    operands: Callable[[Any], tuple[Tensor, Tensor, Tensor | None]]
    macs: Callable[[Tensor, Tensor, Any, Tensor], int]
    of: Callable[[Tensor, Tensor, Any], Tensor]


def _convolution_macs(x: Tensor, weight: Tensor, arguments: Any, result: Tensor) -> int:
    transposed = arguments[6]
    return (x if transposed else result).numel() * prod(weight.shape[1:])


_MATRIX = _Product(lambda a: (a[0], a[1], None), lambda a, b, _, out: out.numel() * a.shape[-1], lambda a, b, _: a @ b)
_AFFINE = _MATRIX._replace(operands=lambda a: (a[1], a[2], a[0]))
_CONVOLUTION = _Product(
    lambda a: (a[0], a[1], a[2]), _convolution_macs, lambda a, b, rest: aten.convolution(a, b, None, *rest[3:])
)
_PRODUCTS = {
    **dict.fromkeys((aten.mm, aten.bmm, aten.mv, aten.dot), _MATRIX),
    **dict.fromkeys((aten.addmm, aten.baddbmm, aten.addmv), _AFFINE),
    aten.convolution: _CONVOLUTION,
}
_SAMPLERS = (aten.grid_sampler_2d, aten.upsample_bilinear2d)
_BATCH_NORMS = (aten.native_batch_norm, aten._native_batch_norm_legit_no_training)
_ADDITIONS = (aten.add, aten.add_, aten.sub, aten.sub_)


@final
class _Seen(TorchDispatchMode):
    """Books what torch computes."""

    def __init__(self, book: _Book, model: nn.Module) -> None:
        super().__init__()
        self._book = book
        self._sizes = {_storage(each): each.numel() for each in model.parameters()}

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        result = function(*arguments, **(keywords or {}))
        packet = function.overloadpacket
        if packet in _PRODUCTS:
            self._multiplied(_PRODUCTS[packet], arguments, result)
        elif packet in _SAMPLERS:
            self._sampled(arguments[0], result)
        elif packet in _BATCH_NORMS:
            self._added(result[0], arguments[2])
        elif packet in _ADDITIONS and all(isinstance(each, Tensor) and each.dim() for each in arguments[:2]):
            self._added(result, *arguments[:2])
        return result

    def _multiplied(self, product: _Product, arguments: Any, result: Tensor) -> None:
        left, right, bias = product.operands(arguments)
        page = self._book.page
        page.macs += product.macs(left, right, arguments, result)
        page.effective += int(product.of(self._ones(left), self._ones(right), arguments).sum(dtype=torch.float64))
        page.read += sum(each.numel() for each in (left, right) if not self._is_weight(each))
        page.written += result.numel()
        self._weigh(left, right)
        if bias is not None:
            self._added(result, bias)

    def _sampled(self, x: Tensor, result: Tensor) -> None:
        page = self._book.page
        page.macs += 4 * result.numel()
        page.effective += 4 * result.numel()
        page.read += x.numel()
        page.written += result.numel()

    def _added(self, result: Tensor, *terms: Tensor | None) -> None:
        self._book.page.adds += result.numel()
        self._weigh(*terms)

    def _weigh(self, *operands: Tensor | None) -> None:
        weights = (each for each in operands if each is not None and self._is_weight(each))
        self._book.page.weights.update((_storage(each), self._sizes[_storage(each)]) for each in weights)

    def _ones(self, operand: Tensor) -> Tensor:
        """1 where a product is done: everywhere in weights, and where an activation is not zero."""
        return torch.ones_like(operand) if self._is_weight(operand) else (operand != 0).to(operand.dtype)

    def _is_weight(self, tensor: Tensor) -> bool:
        return _storage(tensor) in self._sizes


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
