"""Neurons in training as a function: currents in, spikes and the last potential out, with gradients for all of them."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.kernels import membrane
from picojoule.kernels.membrane import Rule
from picojoule.neurons.surrogates import Surrogate, atan

RESETS = ("subtract", "zero")
_USUAL = atan()


class Spiking(NamedTuple):
    """What neurons did: ``spikes`` ``[steps, ...]``, 0 and 1 in the dtype of the currents; ``v`` ``[...]``, the last
    potential (None where it was not asked for)."""

    spikes: Tensor
    v: Tensor | None


def rule(
    *,
    threshold: float,
    reset: str,
    detach_reset: bool,
    surrogate: Surrogate | None,
    where: str,
    low: float | None = None,
) -> Rule:
    """The options of :func:`spike`, checked.

    Raises:
        InputError: a threshold that is not positive, or an unknown reset or surrogate.
    """
    for each in (threshold, 1.0 if low is None else low):
        if not (isinstance(each, (int, float)) and isfinite(each) and each > 0):
            raise InputError(f"the threshold is {each!r}", where=where, remedy="give a positive number")
    if reset not in RESETS:
        raise InputError(f"no reset {reset!r}", where=where, remedy=f"one of {', '.join(map(repr, RESETS))}")
    surrogate = _USUAL if surrogate is None else surrogate
    if not isinstance(surrogate, Surrogate):
        raise InputError(
            f"the surrogate is {surrogate!r}",
            where=where,
            remedy="give a value of picojoule.neurons.surrogates, such as surrogates.atan(2.0)",
        )
    return Rule(threshold, reset == "zero", not detach_reset, surrogate.pulse, surrogate.slope, surrogate.height, low)


def spike(
    x: Tensor,
    v: Tensor | float | None = None,
    *,
    leak: Tensor | float = 1.0,
    threshold: float = 1.0,
    reset: str = "subtract",
    detach_reset: bool = False,
    surrogate: Surrogate | None = None,
    low: float | None = None,
) -> Spiking:
    """All steps of leaky integrate-and-fire neurons, differentiable.

    ::

        u[t] = a·v[t−1] + x[t]
        s[t] = [u[t] ≥ θ]                                backward: ∂s/∂u := σ'(u − θ)
        v[t] = u[t] − θ·s[t]   or   u[t]·(1 − s[t])

    float32 on the CPU runs in one compiled pass forward and one backward, which keeps `x` and recomputes potentials.
    Every other device and dtype, the gradient of a gradient, and ``torch.compile`` run in plain torch.

    Args:
        x: currents, ``[steps, ...]``, at least one step; any memory layout (channels-last is kept).
        v: potential before the first step, a number or broadcastable to ``x[0]``; zero if None.
        leak: a, from 0 to 1; a tensor of no dimension gets a gradient.
        threshold: θ > 0.
        reset: ``"subtract"`` or ``"zero"``.
        detach_reset: leave the gradient through the reset out.
        surrogate: σ', by default ``surrogates.atan(2.0)``.
        low: θ⁻ > 0, if they also fire −1 at u ≤ −θ⁻; a subtracting reset then adds θ⁻.

    Raises:
        InputError: an argument that is none of the above.
    """
    options = {"threshold": threshold, "reset": reset, "detach_reset": detach_reset, "surrogate": surrogate, "low": low}
    checked = rule(**options, where="spike")  # type: ignore[arg-type]
    return run(x, v, leak, checked, last=True, where="spike")


def run(x: Tensor, v: Tensor | float | None, leak: Tensor | float, rule: Rule, *, last: bool, where: str) -> Spiking:
    """:func:`spike` with its options already checked.

    Args:
        x: ``[steps, ...]``.
        v: initial potential, or None.
        leak: a.
        rule: what the neuron does.
        last: whether the last potential is wanted.
        where: whom to name in an error.
    """
    v = _start(_currents(x, where), v, where)
    a = _leak(leak, where)
    if not membrane.compiled(x, *(() if v is None else (v,))) or torch.compiler.is_compiling():
        return Spiking(*membrane.scan_reference(x, v, a, rule))
    return Spiking(*_Fused.apply(x, v, a, rule, last))


class _Fused(torch.autograd.Function):
    """The compiled scan and its compiled gradient. Kept between them: the currents."""

    @staticmethod
    def forward(ctx, x, v, leak, rule: Rule, last: bool):  # type: ignore[no-untyped-def]
        learns = isinstance(leak, Tensor)
        ctx.save_for_backward(x, v, leak if learns else None)
        ctx.set_materialize_grads(False)
        ctx.leak, ctx.rule, ctx.last = float(leak), rule, last
        return membrane.forward(x, v, ctx.leak, rule, last=last)

    @staticmethod
    def backward(ctx, g, w):  # type: ignore[no-untyped-def]
        x, v, leak = ctx.saved_tensors
        needs = ctx.needs_input_grad[:3]
        if torch.is_grad_enabled():  # a gradient of this gradient may follow
            return (*_through_reference(ctx, (g, w), (x, v, leak), needs), None, None)
        found = membrane.backward(x, v, g, w, ctx.leak, ctx.rule, learns=needs[2])
        a = leak.new_tensor(found.leak) if needs[2] else None
        return found.x if needs[0] else None, found.v if needs[1] else None, a, None, None


def _through_reference(ctx, outer: tuple, inputs: tuple, needs: tuple[bool, ...]) -> list[Tensor | None]:  # type: ignore[no-untyped-def]
    """The gradient as a graph of plain torch operations."""
    x, v, leak = inputs
    outputs = membrane.scan_reference(x, v, ctx.leak if leak is None else leak, ctx.rule)
    pairs = [(each, g) for each, g in zip(outputs, outer, strict=True) if g is not None]
    wanted = [each for each, need in zip(inputs, needs, strict=True) if need]
    targets, weights = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(targets, wanted, weights, create_graph=True))
    return [next(found) if need else None for need in needs]


def _currents(x: Tensor, where: str) -> Tensor:
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise InputError(f"the currents are {kind}", where=where, remedy="give a tensor of floating-point numbers")
    if x.ndim == 0 or len(x) == 0:
        raise InputError(
            f"the currents have the shape {list(x.shape)}", where=where, remedy="give [steps, ...] with a step or more"
        )
    return x


def _start(x: Tensor, v: Tensor | float | None, where: str) -> Tensor | None:
    """The potential before the first step, in the shape of ``x[0]``."""
    if v is None:
        return None
    if not isinstance(v, Tensor):
        return torch.full_like(x[0], v)
    if v.dtype != x.dtype or v.device != x.device:
        raise InputError(
            f"the potential is {v.dtype} on {v.device}, the currents {x.dtype} on {x.device}",
            where=where,
            remedy="give both the same dtype and device",
        )
    try:
        return v.expand(x.shape[1:])
    except RuntimeError:
        raise InputError(
            f"a potential of shape {list(v.shape)} does not fit neurons of shape {list(x.shape[1:])}",
            where=where,
            remedy="give one potential for each neuron, or a number",
        ) from None


def _leak(leak: Tensor | float, where: str) -> Tensor | float:
    if isinstance(leak, Tensor):
        if leak.ndim == 0 and leak.is_floating_point():
            return leak
        raise InputError(
            f"the leak is {leak.dtype} of shape {list(leak.shape)}",
            where=where,
            remedy="give one floating-point number",
        )
    if isinstance(leak, (int, float)) and 0 <= leak <= 1:
        return float(leak)
    raise InputError(f"the leak is {leak!r}", where=where, remedy="give a number from 0 to 1")
