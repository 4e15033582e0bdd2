"""Which of many flags are set, as a list: without a branch, since which ones are is noise to a branch predictor.

Eight flags, a byte each, are one word; their eight bits are gathered by one multiplication and looked up in a table of
places. Eight places are always written, and the next word overwrites those that were not meant.
"""

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

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
def reaching(typingctx, v, first, limit):  # type: ignore[no-untyped-def]
    """Bit i: v[first + i] ≥ limit, of :data:`CHUNK` values. Numba would not compare them as one vector by itself."""

    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array, number, (values, at, least) = signature.args[0], signature.args[0].dtype, arguments
        vector = ir.VectorType(context.get_data_type(number), CHUNK)
        places = ir.Constant(ir.VectorType(ir.IntType(32), CHUNK), [0] * CHUNK)
        undefined = ir.Constant(vector, ir.Undefined)
        data = context.make_array(array)(context, builder, values).data
        loaded = builder.load(builder.bitcast(builder.gep(data, [at]), vector.as_pointer()))
        loaded.align = number.bitwidth // 8
        least = context.cast(builder, least, signature.args[2], number)
        least = builder.insert_element(undefined, least, ir.Constant(ir.IntType(32), 0))
        least = builder.shuffle_vector(least, undefined, places)
        return builder.bitcast(builder.fcmp_ordered(">=", loaded, least), ir.IntType(CHUNK))

    return types.uint64(v, types.uint64, limit), emit


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
                first = np.int32(before) + np.int32(WORD) * np.int32(word)
                for i in range(np.uint64(WORD)):
                    where[at + i] = first + _PLACES[gathered, i]
                at += _NUMBER[gathered]
    return np.int64(at)
