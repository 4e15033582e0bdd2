"""All steps of neurons in training: the scan forward, and the gradient backward in one pass.

::

    u[t] = a·v[t−1] + x[t]        s[t] = [u[t] ≥ θ]        v[t] = u[t] − θ·s[t]   or   u[t]·(1 − s[t])

Backward, with σ' for the derivative of the step, g = ∂L/∂s, w = ∂L/∂v and q = ∂L/∂u = ∂L/∂x::

    subtract:  q[t] = w[t] + (g[t] − θ·w[t])·σ'(u[t] − θ)                       w[t−1] = a·q[t]
    zero:      q[t] = w[t]·(1 − s[t]) + (g[t] − u[t]·w[t])·σ'(u[t] − θ)         ∂L/∂a  = Σ q[t]·v[t−1]

A detached reset leaves −θ·w and −u·w out. No potential is kept between the two: backward runs the scan of a block of
neurons once more, into a buffer of the cache, and then walks it back. Forward must move 8 bytes a neuron and step (x
in, s out), backward 12 (x and g in, q out).

Blocks of neurons are innermost and time is outside them, as in :mod:`picojoule.kernels.scan`. Large tensors are split
among Python threads that live for one call, as many as torch has: nothing is left to break in a forked worker.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from picojoule.kernels import signed
from picojoule.kernels.blocks import BLOCK, dot, load
from picojoule.kernels.fresh import fresh_like
from picojoule.kernels.pulse import KINDS, derivative, fill
from picojoule.kernels.vectors import fetch

_SHARE = 1 << 22
"""Values (neurons × steps) a thread; for fewer, starting one costs what it saves, measured on two cores."""

_NONE = np.empty(0, np.float32)


class Rule(NamedTuple):
    """What a neuron does, apart from its leak.

    Attributes:
        threshold: θ > 0.
        zero: reset to zero instead of subtracting θ.
        attached: the gradient flows through the reset, too.
        pulse: the shape of σ', a name in :data:`picojoule.kernels.pulse.PULSES`.
        k: its slope.
        h: its height.
        low: θ⁻ > 0, if it also fires −1 at u ≤ −θ⁻ (:mod:`picojoule.kernels.signed`).
    """

    threshold: float
    zero: bool
    attached: bool
    pulse: str
    k: float
    h: float
    low: float | None = None


class Gradients(NamedTuple):
    """∂L/∂x ``[steps, ...]``, ∂L/∂v(0) ``[...]`` (None without a v(0)), and ∂L/∂a (0.0 where it was not asked for)."""

    x: Tensor
    v: Tensor | None
    leak: float


def compiled(*tensors: Tensor) -> bool:
    """Whether the kernels serve these tensors: float32, strided, on the CPU."""
    return all(
        each.dtype == torch.float32 and each.device.type == "cpu" and each.layout == torch.strided for each in tensors
    )


def forward(x: Tensor, v: Tensor | None, leak: float, rule: Rule, *, last: bool) -> tuple[Tensor, Tensor | None]:
    """The compiled scan.

    Args:
        x: ``[steps, ...]``, float32 on the CPU, at least one step.
        v: potential before the first step, shape of ``x[0]``; zero if None.
        leak: a.
        rule: what the neuron does.
        last: whether the last potential is wanted.

    Returns:
        Spikes, float32 0 and 1 like `x`, and the last potential or None.
    """
    x = _in_rows(x)
    spikes = fresh_like(x)
    end = torch.empty_like(x[0]) if last else None
    start = None if v is None else _like(x[0], v)
    fixed = (_rows(x), _row(start), np.float32(leak), np.float32(rule.threshold), _keep(rule), _rows(spikes), _row(end))
    if rule.low is None:
        _share_out(lambda low, high: _forward(*fixed, low, high), x)
    else:
        bottom = np.float32(rule.low)
        _share_out(lambda low, high: signed.forward(*fixed, bottom, low, high), x)
    return spikes, end


def backward(
    x: Tensor, v: Tensor | None, g: Tensor | None, w: Tensor | None, leak: float, rule: Rule, *, learns: bool
) -> Gradients:
    """The compiled gradient of :func:`forward`.

    Args:
        x: the input of forward.
        v: its initial potential, or None.
        g: ∂L/∂s, shape of `x`; zero if None.
        w: ∂L/∂v after the last step, shape of ``x[0]``; zero if None.
        leak: a.
        rule: what the neuron does.
        learns: whether ∂L/∂a is wanted.
    """
    x = _in_rows(x)
    g = torch.zeros_like(x) if g is None else _like(x, g)
    q, dv = fresh_like(x), None if v is None else torch.empty_like(x[0])
    numbers = (leak, rule.threshold, rule.k, rule.h)
    fixed = (
        *(_rows(x), _row(_like(x[0], v)), _rows(g), _row(_like(x[0], w)), _rows(q), _row(dv)),
        *(*(np.float32(each) for each in numbers), KINDS[rule.pulse], _keep(rule), rule.attached, learns),
    )
    if rule.low is None:
        leaks = _share_out(lambda low, high: _backward(*fixed, low, high), x)
    else:
        bottom = np.float32(rule.low)
        leaks = _share_out(lambda low, high: signed.backward(*fixed, bottom, low, high), x)
    return Gradients(q, dv, leaks)


def scan_reference(x: Tensor, v: Tensor | None, leak: float | Tensor, rule: Rule) -> tuple[Tensor, Tensor]:
    """Forward in plain torch, for every device and dtype; autograd gives the gradient, and the gradient's gradient.

    Args:
        x: ``[steps, ...]``, at least one step.
        v: potential before the first step; zero if None.
        leak: a, a number or a tensor of no dimension.
        rule: what the neuron does.
    """
    v = torch.zeros_like(x[0]) if v is None else v
    spikes = []
    for current in x:
        u = leak * v + current
        s = _Step.apply(u - rule.threshold, rule)
        n = None if rule.low is None else _Step.apply(-u - rule.low, rule)
        spikes.append(s if n is None else s - n)
        v = _after(u, s, n, rule)
    return torch.stack(spikes), v


def _after(u: Tensor, s: Tensor, n: Tensor | None, rule: Rule) -> Tensor:
    """The potential after spikes s, and n downwards."""
    s, n = (each if each is None or rule.attached else each.detach() for each in (s, n))
    if rule.zero:
        return u * (1 - s) if n is None else u * (1 - s - n)
    return u - rule.threshold * s if n is None else u - rule.threshold * s + rule.low * n


class _Step(torch.autograd.Function):
    """[z ≥ 0], with the derivative σ'(z)."""

    @staticmethod
    def forward(ctx, z: Tensor, rule: Rule) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(z)
        ctx.rule = rule
        return (z >= 0).to(z.dtype)

    @staticmethod
    def backward(ctx, g: Tensor) -> tuple[Tensor, None]:  # type: ignore[no-untyped-def]
        (z,) = ctx.saved_tensors
        return g * derivative(ctx.rule.pulse, z, ctx.rule.k, ctx.rule.h), None


def _keep(rule: Rule) -> np.float32:
    """What a spike leaves of u: all of it (then θ is subtracted), or nothing (then nothing is)."""
    return np.float32(not rule.zero)


def _in_rows(x: Tensor) -> Tensor:
    """`x` itself where each step is one piece of memory and the steps follow each other (as channels-last ones do)."""
    if x.is_contiguous():
        return x
    dense = torch.empty_like(x, device="meta").stride() == x.stride()
    return x if dense and x.stride(0) == x[0].numel() else x.contiguous()


def _like(model: Tensor, values: Tensor | None) -> Tensor | None:
    """`values` with the strides of `model`."""
    if values is None or values.stride() == model.stride():
        return values
    return torch.empty_like(model).copy_(values)


def _rows(x: Tensor) -> np.ndarray:
    """``[steps, neurons]`` over the memory of `x`."""
    steps, neurons = len(x), x.numel() // len(x)
    if x.is_contiguous():
        return x.detach().numpy().reshape(steps, neurons)
    return x.detach().as_strided((steps, neurons), (neurons, 1)).numpy()


def _row(v: Tensor | None) -> np.ndarray:
    """``[neurons]`` over the memory of `v`; None becomes an empty array."""
    return _NONE if v is None else v.detach().as_strided((v.numel(),), (1,)).numpy()


def _share_out(work: Callable[[int, int], float], x: Tensor) -> float:
    """The sum of `work` over all neurons, on as many threads as torch has and the size pays for.

    Args:
        work: what to do with the neurons low … high − 1, and what of it to sum.
        x: the input, ``[steps, ...]``.
    """
    neurons = x.numel() // len(x)
    workers = min(torch.get_num_threads(), x.numel() // _SHARE)
    if workers <= 1:
        return work(0, neurons)
    cuts = [neurons * each // workers // 16 * 16 for each in range(workers)] + [neurons]
    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(work, cuts, cuts[1:]))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _forward(x, v0, leak, threshold, keep, spikes, last, low, high):  # type: ignore[no-untyped-def]
    potential = np.empty(BLOCK, np.float32)
    for start in range(low, high, BLOCK):
        stop = min(high, start + BLOCK)
        v = potential[: stop - start]
        load(v, v0[start:stop])
        fetch(x, 0, stop, stop + BLOCK)
        fetch(spikes, 0, stop, stop + BLOCK)
        for t in range(len(x)):
            fetch(x, t + 1, start, stop)
            fetch(spikes, t + 1, start, stop)
            _fire(x[t, start:stop], v, spikes[t, start:stop], leak, threshold, keep, threshold * keep)
        if len(last):
            last[start:stop] = v
    return 0.0


@numba.njit(inline="always")
def _fire(x, v, s, leak, threshold, keep, drop):  # type: ignore[no-untyped-def]
    """One step of one block, without a branch so that it runs at vector speed."""
    for i in range(len(x)):
        u = leak * v[i] + x[i]
        fires = u >= threshold
        v[i] = keep * u - drop if fires else u
        s[i] = np.float32(1) if fires else np.float32(0)


@numba.njit(inline="always")
def _recompute(x, v, u, leak, threshold, keep, drop):  # type: ignore[no-untyped-def]
    """The same step again: what was above the threshold is above it now, bit for bit."""
    for i in range(len(x)):
        u[i] = leak * v[i] + x[i]
        v[i] = keep * u[i] - drop if u[i] >= threshold else u[i]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _backward(x, v0, g, w_end, q, dv, leak, threshold, k, h, kind, keep, attached, learns, low, high):  # type: ignore[no-untyped-def]
    steps, drop, leaks = len(x), threshold * keep, 0.0
    potentials = np.empty((steps, BLOCK), np.float32)
    lane, pulse = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for start in range(low, high, BLOCK):
        stop = min(high, start + BLOCK)
        n = stop - start
        v, d = lane[:n], pulse[:n]
        load(v, v0[start:stop])
        fetch(x, 0, stop, stop + BLOCK)
        fetch(g, steps - 1, start, stop)
        fetch(q, steps - 1, start, stop)
        for t in range(steps):
            fetch(x, t + 1, start, stop)
            _recompute(x[t, start:stop], v, potentials[t, :n], leak, threshold, keep, drop)
        w = lane[:n]
        load(w, w_end[start:stop])
        for t in range(steps - 1, -1, -1):
            fetch(g, t - 1, start, stop)
            fetch(q, t - 1, start, stop)
            u = potentials[t, :n]
            fill(kind, u, threshold, k, h, d)
            if attached:
                _back_attached(g[t, start:stop], u, d, w, q[t, start:stop], threshold, keep)
            else:
                _back_detached(g[t, start:stop], u, d, w, q[t, start:stop], threshold, keep)
            if learns:
                _before(potentials[t - 1, :n], v0[start:stop], d, t, threshold, keep, drop)
                leaks += dot(w, d)
            for i in range(n):
                w[i] *= leak
        if len(dv):
            dv[start:stop] = w
    return leaks


@numba.njit(inline="always")
def _back_detached(g, u, d, w, q, threshold, keep):  # type: ignore[no-untyped-def]
    """w and q ← q[t]; the reset counts as a constant."""
    for i in range(len(g)):
        w[i] = (keep * w[i] if u[i] >= threshold else w[i]) + g[i] * d[i]
        q[i] = w[i]


@numba.njit(inline="always")
def _back_attached(g, u, d, w, q, threshold, keep):  # type: ignore[no-untyped-def]
    """w and q ← q[t]; the height of the reset, θ or u, times w flows through the spike."""
    for i in range(len(g)):
        reset = threshold if keep else u[i]
        w[i] = (keep * w[i] if u[i] >= threshold else w[i]) + (g[i] - reset * w[i]) * d[i]
        q[i] = w[i]


@numba.njit(inline="always")
def _before(u, v0, v, t, threshold, keep, drop):  # type: ignore[no-untyped-def]
    """v ← v[t−1]: from u[t−1], or what the scan began with."""
    if t:
        for i in range(len(v)):
            v[i] = keep * u[i] - drop if u[i] >= threshold else u[i]
    else:
        load(v, v0)
