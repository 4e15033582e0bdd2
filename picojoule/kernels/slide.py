"""Events where a convolution of 3 × 3 slides over its source: the outputs that a position reaches are in registers.

::

    v[o] ← v[o] + Σ amount·w      over the events in their own order

An event reaches nine neighbouring outputs. From one position to the next only three of them change: three are written
back and three are read, and all events of the position are added between. Each sum has the same terms in the same
order as in :func:`picojoule.kernels.projection.scatter`, so both give the same bits; this one is faster where most
positions have events. It reads half of what the windows of :mod:`picojoule.kernels.window` do, or less: these have
room for outputs that an event does not reach.

Numba keeps no block of sums in registers by itself, so :func:`_sliding` says in LLVM's terms that they are vectors.
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from picojoule.kernels.vectors import LANES, block, data, has_wide_registers, splat

SIDE = 3
"""Rows and columns of the kernel."""


class Slide(NamedTuple):
    """A convolution of 3 × 3 without stride, groups or dilation.

    Attributes:
        height, width: positions of the source; 0 where there is no such form.
        first, pitch: the membrane of the first output that the first position reaches, and membranes from one row to
            the next.
        outputs: channels, a multiple of 16.
        weights: for each of :func:`widths` one ``[channels of the source, SIDE, SIDE, width]``, outputs that lie behind
            come last.
    """

    height: int
    width: int
    first: int
    pitch: int
    outputs: int
    weights: np.ndarray


NO_SLIDE = Slide(*[0] * 5, np.zeros(0, np.float32))


def widths(outputs: int) -> list[int]:
    """How many channels of the outputs are summed together, one pass over the events after the other."""
    return [32] * (outputs // 32) + [16] * (outputs // 16 % 2)


def _row(rows: int, lanes: int) -> Any:
    """An intrinsic: the events from `e` on of one row of the source, to `lanes` channels of `rows` · SIDE outputs.

    The row has `width` positions of `channels` values, the first of them `base`. Position x reaches the outputs from
    v[o + x·outputs] on, in rows that are `pitch` apart; the weights of channel c begin at w[shift + c·SIDE²·lanes].
    All numbers are int64. Gives the first event of another row, or one that is not in order.
    """
    numbers = ("e", "stop", "base", "width", "channels", "o", "pitch", "outputs", "shift")

    def typed(context, v, w, where, amount, e, stop, base, width, channels, o, pitch, outputs, shift):  # type: ignore[no-untyped-def]
        return types.int64(v, w, where, amount, *[types.int64] * len(numbers)), _sliding(rows, lanes, numbers)

    return intrinsic(typed)


def _sliding(rows: int, lanes: int, numbers: tuple[str, ...]) -> Any:
    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        v, w, where, amount = (data(context, builder, signature, arguments, k) for k in range(4))
        at = dict(zip(numbers, arguments[4:], strict=True))
        dtype, word = signature.args[0].dtype, ir.IntType(64)
        vector, align = ir.VectorType(context.get_data_type(dtype), lanes), dtype.bitwidth // 8
        sums = [[cgutils.alloca_once(builder, vector) for _ in range(SIDE)] for _ in range(rows)]
        event = cgutils.alloca_once_value(builder, at["e"])

        def output(x, row):  # type: ignore[no-untyped-def]
            here = builder.add(at["o"], builder.mul(x, at["outputs"]))
            return block(builder, v, builder.add(here, builder.mul(word(row), at["pitch"])), vector)

        def read(x, column):  # type: ignore[no-untyped-def]
            for row in range(rows):
                builder.store(builder.load(output(x, row), align=align), sums[row][column])

        def pass_by(x):  # type: ignore[no-untyped-def]
            """The first output of each row is complete; the others move up."""
            for row in range(rows):
                builder.store(builder.load(sums[row][0]), output(x, row), align=align)
                for column in range(1, SIDE):
                    builder.store(builder.load(sums[row][column]), sums[row][column - 1])

        def add(e, channel):  # type: ignore[no-untyped-def]
            pitch = word(SIDE * SIDE * lanes)
            weights = builder.gep(w, [builder.add(at["shift"], builder.mul(channel, pitch))])
            factor = splat(builder, builder.load(builder.gep(amount, [e])), vector)
            for place, total in enumerate(each for row in sums for each in row):
                weight = builder.load(block(builder, weights, word(place * lanes), vector), align=align)
                builder.store(builder.fadd(builder.load(total), builder.fmul(factor, weight)), total)

        def add_all(x):  # type: ignore[no-untyped-def]
            """The events of a position: as long as there are some, and the next is of one of its channels."""
            base = builder.add(at["base"], builder.mul(x, at["channels"]))
            more, look, here, behind = (builder.append_basic_block(name) for name in ("more", "look", "here", "behind"))
            builder.branch(more)
            builder.position_at_end(more)
            e = builder.load(event)
            builder.cbranch(builder.icmp_signed("<", e, at["stop"]), look, behind)
            builder.position_at_end(look)
            channel = builder.sub(builder.sext(builder.load(builder.gep(where, [e])), word), base)
            builder.cbranch(builder.icmp_unsigned("<", channel, at["channels"]), here, behind)
            builder.position_at_end(here)
            add(e, channel)
            builder.store(builder.add(e, word(1)), event)
            builder.branch(more)
            builder.position_at_end(behind)

        for column in range(SIDE - 1):
            read(word(column), column)
        with cgutils.for_range_slice(builder, word(0), at["width"], word(1), word) as (x, _):
            read(builder.add(x, word(SIDE - 1)), SIDE - 1)
            add_all(x)
            pass_by(x)
        for column in range(SIDE - 1):
            pass_by(builder.add(at["width"], word(column)))
        return builder.load(event)

    return emit


_rows_16, _row_16, _row_32 = _row(SIDE, 16), _row(1, 16), _row(1, 32)


@intrinsic
def _rows_fit(typingctx) -> Any:  # type: ignore[no-untyped-def]
    """Whether the sums of :data:`_rows_16` fit into registers; known when code is made."""

    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return context.get_constant(types.boolean, has_wide_registers(context))

    return types.boolean(), emit


@intrinsic
def reach(typingctx, v, w, o, pitch, channel, outputs, amount) -> Any:  # type: ignore[no-untyped-def]
    """One event: v += amount·weights of its channel at all SIDE² outputs from v[o] on, `pitch` from row to row.

    w is ``[channels, SIDE, SIDE, outputs]``.
    """

    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        v, w = (data(context, builder, signature, arguments, k) for k in range(2))
        o, pitch, channel, outputs, amount = arguments[2:]
        dtype, word = signature.args[0].dtype, ir.IntType(64)
        vector, align = ir.VectorType(context.get_data_type(dtype), LANES), dtype.bitwidth // 8
        factor, run = splat(builder, amount, vector), builder.mul(outputs, word(SIDE))
        v, w = builder.gep(v, [o]), builder.gep(w, [builder.mul(channel, builder.mul(run, word(SIDE)))])

        with cgutils.for_range_slice(builder, word(0), run, word(SIDE * LANES), word) as (k, _):
            for row, at in product(range(SIDE), range(0, SIDE * LANES, LANES)):
                to, weight = (
                    block(builder, values, builder.add(k, builder.add(builder.mul(word(row), line), word(at))), vector)
                    for values, line in ((v, pitch), (w, run))
                )
                term = builder.fmul(factor, builder.load(weight, align=align))
                builder.store(builder.fadd(builder.load(to, align=align), term), to, align=align)
        return context.get_dummy_value()

    return types.void(v, w, types.uint64, types.int64, types.uint64, types.int64, amount), emit


@numba.njit(inline="always")
def slide(where, amount, start, stop, channels, form, v):  # type: ignore[no-untyped-def]
    """v += Σ amount·weights over the events from `start` on, as far as they are in the order of their positions.

    Returns the first that is not.
    """
    e, size, whole = start, channels * SIDE * SIDE, form.outputs // 32 * 32
    for row in range(SIDE - 1, -1, -1):  # a row of outputs meets the rows of the source from the top
        for lane in range(0, whole, 32):
            first, shift = form.first + lane + row * form.pitch, lane * size + row * SIDE * 32
            e = _over(_row_32, where, amount, start, stop, channels, form, first, shift, v)
        if form.outputs & 16 and not _rows_fit():
            first, shift = form.first + whole + row * form.pitch, whole * size + row * SIDE * 16
            e = _over(_row_16, where, amount, start, stop, channels, form, first, shift, v)
    if form.outputs & 16 and _rows_fit():
        e = _over(_rows_16, where, amount, start, stop, channels, form, form.first + whole, whole * size, v)
    return e


@numba.njit(error_model="numpy", _nrt=False)
def _over(row, where, amount, start, stop, channels, form, first, shift, v):  # type: ignore[no-untyped-def]
    """:func:`slide` to the outputs from v[first] on, with the weights from `shift` on: row by row of the source.

    A function of its own for each `row`: together they would have too few registers.
    """
    e, line = start, form.width * channels
    for y in range(form.height):
        o, pitch, outputs = first + y * form.pitch, form.pitch, form.outputs
        e = row(v, form.weights, where, amount, e, stop, y * line, form.width, channels, o, pitch, outputs, shift)
    return e
