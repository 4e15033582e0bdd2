"""Which of many flags are set, as a list: without a branch, since which ones are is noise to a branch predictor.

Eight flags, a byte each, are one word; their eight bits are gathered by one multiplication and looked up in a table of
places. Eight places are always written, and the next word overwrites those that were not meant.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from picojoule.kernels.vectors import splat

WORD, CHUNK = 8, 64
"""Flags that are looked at together, and that are passed over together: flags come in whole chunks, and behind the last
place there must be room for a word."""

_GATHER = np.uint64(0x0102040810204080)


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """For the gathered bits of a word: how many flags are set, and where."""
    flags = (np.arange(256)[:, None] >> np.arange(WORD) & 1).astype(np.uint8)
    gathered = flags.view(np.uint64).ravel() * _GATHER >> np.uint64(56)
    number, places = np.zeros(256, np.uint64), np.zeros((256, WORD), np.int32)
    number[gathered] = flags.sum(1)
    for row, index in zip(flags, gathered, strict=True):
        places[index, : row.sum()] = row.nonzero()[0]
    return number, places


_NUMBER, _PLACES = _tables()


_SEQUENCE = np.uint64(0x03F79D71B4CB0A89)
"""Its 64 stretches of six bits are all different, so a shift by a place is known from the upper six bits."""
_PLACE = np.zeros(64, np.int64)
_PLACE[[(int(_SEQUENCE) << place & (1 << 64) - 1) >> 58 for place in range(64)]] = np.arange(64)


@numba.njit(inline="always")
def lowest(bits):  # type: ignore[no-untyped-def]
    """The place of the lowest bit that is set."""
    return _PLACE[(bits & (~bits + np.uint64(1))) * _SEQUENCE >> np.uint64(58)]


@intrinsic
def reaching(typingctx, v, first, limit) -> Any:  # type: ignore[no-untyped-def]
    """Bit i: v[first + i] ≥ limit, of :data:`CHUNK` values. Numba would not compare them as one vector by itself."""

    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array, number, (values, at, least) = signature.args[0], signature.args[0].dtype, arguments
        vector = ir.VectorType(context.get_data_type(number), CHUNK)
        data = builder.gep(context.make_array(array)(context, builder, values).data, [at])
        loaded = builder.load(builder.bitcast(data, vector.as_pointer()), align=number.bitwidth // 8)
        least = splat(builder, context.cast(builder, least, signature.args[2], number), vector)
        return builder.bitcast(builder.fcmp_ordered(">=", loaded, least), ir.IntType(CHUNK))

    return types.uint64(v, types.uint64, limit), emit


@intrinsic
def _write_places(typingctx, where, at, places, row, first):  # type: ignore[no-untyped-def]
    """where[at …] ← first + places[row], a word of them, as one vector: Numba would write them one by one."""

    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        vector = ir.VectorType(ir.IntType(32), WORD)
        to, table = (context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in (0, 2))
        start = builder.mul(arguments[3], ir.Constant(ir.IntType(64), WORD))
        listed = builder.load(builder.bitcast(builder.gep(table, [start]), vector.as_pointer()), align=4)
        listed = builder.add(listed, splat(builder, arguments[4], vector))
        builder.store(listed, builder.bitcast(builder.gep(to, [arguments[1]]), vector.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(where, types.uint64, places, types.uint64, types.int32), emit


@numba.njit(inline="always")
def list_set(words, before, where, found):  # type: ignore[no-untyped-def]
    """Write ``before`` + the place of every set flag behind the `found` places so far; how many there are then.

    `words` are flags of one byte each, 0 or 1, seen as uint64; eight words without a flag are passed over at once.
    Unsigned indices: none can mean "from the end", which would cost a test for each.
    """
    at = np.uint64(found)
    for start in range(np.uint64(0), np.uint64(len(words)), np.uint64(8)):
        some = np.uint64(0)
        for word in range(start, start + np.uint64(8)):
            some |= words[word]
        if some != 0:
            for word in range(start, start + np.uint64(8)):
                gathered = words[word] * _GATHER >> np.uint64(56)
                _write_places(where, at, _PLACES, gathered, np.int32(before) + np.int32(WORD) * np.int32(word))
                at += _NUMBER[gathered]
    return np.int64(at)
