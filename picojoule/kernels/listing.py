"""Which of many neurons are meant, as a list: without a branch, since which ones are is noise to a branch predictor.

LANES are looked at together; the places of those that are meant are written side by side behind the list, and the next
overwrite what was written too much: so much room there must be behind the last place. A processor that can (AVX-512)
moves them together in one instruction; for others eight bits of the answer are looked up in a table of places.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from picojoule.kernels.vectors import LANES, block, data, has_wide_registers, splat

_BYTE = 8
_PLACES = np.zeros((1 << _BYTE, _BYTE), np.int32)
"""For the bits of a byte: the places of those that are set."""
for _row, _set in zip(_PLACES, np.arange(1 << _BYTE)[:, None] >> np.arange(_BYTE) & 1, strict=True):
    _row[: _set.sum()] = _set.nonzero()[0]


def _append(context, builder, mask, start, where, at, places):  # type: ignore[no-untyped-def]
    """Emit where[at …] ← start + the places of the set lanes; gives how many there are."""
    i32, word, bits = ir.IntType(32), ir.IntType(64), builder.bitcast(mask, ir.IntType(LANES))
    first = builder.trunc(start, i32)
    if has_wide_registers(context):  # these processors move the lanes of a mask together
        vector = ir.VectorType(i32, LANES)
        all_places = builder.add(ir.Constant(vector, list(range(LANES))), splat(builder, first, vector))
        kind = ir.FunctionType(vector, [vector, vector, mask.type])
        compress = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx512.mask.compress.v16i32")
        listed = builder.call(compress, [all_places, ir.Constant(vector, ir.Undefined), mask])
        builder.store(listed, block(builder, where, at, vector), align=4)
    else:
        with builder.if_then(builder.icmp_unsigned("!=", bits, bits.type(0))):
            vector = ir.VectorType(i32, _BYTE)
            for lane in range(0, LANES, _BYTE):
                byte = builder.and_(builder.lshr(bits, bits.type(lane)), bits.type((1 << _BYTE) - 1))
                row = builder.mul(builder.zext(byte, word), word(_BYTE))
                listed = builder.load(block(builder, places, row, vector), align=4)
                listed = builder.add(listed, splat(builder, builder.add(first, i32(lane)), vector))
                builder.store(listed, block(builder, where, at, vector), align=4)
                at = builder.add(at, builder.zext(builder.ctpop(byte), word))
    return builder.zext(builder.ctpop(bits), word)


@intrinsic
def _append_set(typingctx, flags, start, where, at, places) -> Any:  # type: ignore[no-untyped-def]
    """where[at …] ← start + i for every flags[start + i] that is not 0, of LANES; how many."""

    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        flags, where, places = (data(context, builder, signature, arguments, k) for k in (0, 2, 4))
        vector = ir.VectorType(ir.IntType(8), LANES)
        loaded = builder.load(block(builder, flags, arguments[1], vector), align=1)
        mask = builder.icmp_unsigned("!=", loaded, ir.Constant(vector, [0] * LANES))
        return _append(context, builder, mask, arguments[1], where, arguments[3], places)

    return types.uint64(flags, types.uint64, where, types.uint64, places), emit


@intrinsic
def _append_reaching(typingctx, v, start, limit, where, at, places) -> Any:  # type: ignore[no-untyped-def]
    """where[at …] ← start + i for every v[start + i] ≥ limit, of LANES; how many."""

    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        values, where, places = (data(context, builder, signature, arguments, k) for k in (0, 3, 5))
        number = signature.args[0].dtype
        vector = ir.VectorType(context.get_data_type(number), LANES)
        loaded = builder.load(block(builder, values, arguments[1], vector), align=number.bitwidth // 8)
        least = splat(builder, context.cast(builder, arguments[2], signature.args[2], number), vector)
        mask = builder.fcmp_ordered(">=", loaded, least)
        return _append(context, builder, mask, arguments[1], where, arguments[4], places)

    return types.uint64(v, types.uint64, limit, where, types.uint64, places), emit


@numba.njit(inline="always")
def list_set(flags, where, found):  # type: ignore[no-untyped-def]
    """Write the place of every flag that is not 0 behind the `found` places so far; how many there are then.

    `flags` are of one byte each, whole LANES of them. Unsigned indices: none can mean "from the end", which would cost
    a test for each.
    """
    at = np.uint64(found)
    for start in range(np.uint64(0), np.uint64(len(flags)), np.uint64(LANES)):
        at += _append_set(flags, start, where, at, _PLACES)
    return np.int64(at)


@numba.njit(inline="always")
def list_reaching(v, first, last, limit, where, found):  # type: ignore[no-untyped-def]
    """Write every i in first … last − 1 with v[i] ≥ limit behind the `found` places so far; how many there are then."""
    at, start, end = np.uint64(found), np.uint64(first), np.uint64(last)
    while start + np.uint64(LANES) <= end:
        at += _append_reaching(v, start, limit, where, at, _PLACES)
        start += np.uint64(LANES)
    for i in range(start, end):
        where[at] = i
        at += np.uint64(v[i] >= limit)
    return np.int64(at)
