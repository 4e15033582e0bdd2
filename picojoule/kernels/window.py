"""Events where a convolution gathers them: every output walks the events of its window, its sums in registers.

::

    v[o] ← v[o] + Σ amount·w      over the events of the window of o, in their own order

Events in the order of their positions lie, for one row of a window, behind one another in the list, and with the
channels of the outputs innermost each adds one row of weights. What :func:`picojoule.kernels.projection.scatter`
reads and writes for every event is then read and written once for each row of a window. Each sum has the same terms in
the same order, so both give the same bits; this one is faster where events are many.

Numba keeps no block of sums in registers by itself, so the functions `_add_…` say in LLVM's terms that the sums
are a vector. Neighbouring outputs share a walk, since what a walk costs is its end, which no processor foresees.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from picojoule.kernels.vectors import block, data, splat

MOST = 64
"""Sums are kept in whole vectors, at most so many sums at a time: what the registers hold."""


class Window(NamedTuple):
    """A convolution without groups or dilation, by the windows of its outputs.

    Attributes:
        height, width: positions of the source; 0 where there is no such form.
        down, across: positions of the outputs.
        rows, columns: size of the kernel.
        top, left: padding.
        stride_down, stride_across: from one window to the next.
        group: neighbouring outputs of one row that are summed together.
        lanes: their sums, group · channels of the outputs, whole vectors.
        first, pitch: the membrane of the first output, and membranes from one row of outputs to the next.
        weights: ``[rows · span · channels · lanes]``, 0 where an output's window does not reach; the windows of a group
            span columns + (group − 1) · stride_across positions.
    """

    height: int
    width: int
    down: int
    across: int
    rows: int
    columns: int
    top: int
    left: int
    stride_down: int
    stride_across: int
    group: int
    lanes: int
    first: int
    pitch: int
    weights: np.ndarray


NO_WINDOW = Window(*[0] * 14, np.zeros(0, np.float32))


def _add_rows(lanes: int) -> Any:
    """An intrinsic: ``lanes`` sums from v[o] on, over the rows `first` … `last` − 1 of a window.

    Row r has the events starts[low + r·line] … starts[high + r·line] − 1; the event e adds amount[e] times the weights
    from (where[e] − base − r·stride)·pitch + shift on. All numbers are int64.
    """
    numbers = ("o", "shift", "pitch", "first", "last", "low", "high", "line", "base", "stride")

    def typed(context, v, w, where, amount, starts, o, shift, pitch, first, last, low, high, line, base, stride):  # type: ignore[no-untyped-def]
        return types.void(v, w, where, amount, starts, *[types.int64] * len(numbers)), _summing(lanes, numbers)

    return intrinsic(typed)


def _summing(lanes: int, numbers: tuple[str, ...]) -> Any:
    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        v, w, where, amount, starts = (data(context, builder, signature, arguments, k) for k in range(5))
        at = dict(zip(numbers, arguments[5:], strict=True))
        dtype = signature.args[0].dtype
        vector = ir.VectorType(context.get_data_type(dtype), lanes)
        one = ir.Constant(ir.IntType(64), 1)

        def loaded(values, index):  # type: ignore[no-untyped-def]
            return builder.load(block(builder, values, index, vector), align=dtype.bitwidth // 8)

        sums = cgutils.alloca_once(builder, vector)
        builder.store(loaded(v, at["o"]), sums)
        with cgutils.for_range_slice(builder, at["first"], at["last"], one, one.type) as (row, _):
            line, base = builder.mul(row, at["line"]), builder.add(at["base"], builder.mul(row, at["stride"]))
            start, stop = (builder.load(builder.gep(starts, [builder.add(at[end], line)])) for end in ("low", "high"))
            with cgutils.for_range_slice(builder, start, stop, one, one.type) as (e, _):
                index = builder.sub(builder.sext(builder.load(builder.gep(where, [e])), one.type), base)
                weights = loaded(w, builder.add(builder.mul(index, at["pitch"]), at["shift"]))
                factor = splat(builder, builder.load(builder.gep(amount, [e])), vector)
                builder.store(builder.fadd(builder.load(sums), builder.fmul(factor, weights)), sums)
        builder.store(builder.load(sums), block(builder, v, at["o"], vector), align=dtype.bitwidth // 8)
        return context.get_dummy_value()

    return emit


_add_16, _add_32, _add_64 = (_add_rows(lanes) for lanes in (16, 32, 64))


@numba.njit(inline="always")
def position(i, share):  # type: ignore[no-untyped-def]
    """i div channels, by a share of 1 / channels: cheaper, and too far from a whole number to round to it."""
    return np.uint64((i + 0.5) * share)


@numba.njit(inline="always")
def begins(where, start, stop, channels, starts):  # type: ignore[no-untyped-def]
    """starts[p] ← the first event at position p or behind it; False where the events are not in the order of theirs."""
    starts[:] = start
    last, ordered, share = -1, True, 1 / channels
    for e in range(start, stop):
        i = where[e]
        ordered &= i >= last
        last = i
        starts[position(i, share) + np.uint64(1)] = e + 1
    for p in range(1, len(starts)):
        starts[p] = max(starts[p], starts[p - 1])
    return ordered


@numba.njit(inline="always")
def gather(where, amount, channels, window, starts, v):  # type: ignore[no-untyped-def]
    """v += Σ amount·weights over the events whose positions begin at `starts`."""
    lanes, line, across = window.lanes, window.width, window.group * window.stride_across
    span = window.columns + across - window.stride_across
    stride, whole, weights = (line - span) * channels, lanes // 64 * 64, window.weights
    for y in range(window.down):
        top = y * window.stride_down - window.top
        first, last = max(0, -top), min(window.rows, window.height - top)
        for group in range(window.across // window.group):
            o, left = window.first + y * window.pitch + group * lanes, group * across - window.left
            low = top * line + min(max(left, 0), line)
            high = top * line + max(0, min(left + span, line))
            base = (top * line + left) * channels
            for k in range(0, whole, 64):
                _add_64(v, weights, where, amount, starts, o + k, k, lanes, first, last, low, high, line, base, stride)
            if lanes & 32:
                _add_32(
                    v, weights, where, amount, starts, o + whole, whole, lanes, first, last, low, high, line, base,
                    stride,
                )  # fmt: skip
            if lanes & 16:
                k = lanes - 16
                _add_16(v, weights, where, amount, starts, o + k, k, lanes, first, last, low, high, line, base, stride)
