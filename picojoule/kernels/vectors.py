"""What kernels say in LLVM's terms, since Numba has no words for it."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

LANES = 16
"""Numbers of a vector, and of a line of the cache."""


def has_wide_registers(context: Any) -> bool:
    """Whether code is made for a processor with 32 registers of 512 bits (AVX-512)."""
    return "+avx512f" in context.codegen().magic_tuple()[2].split(",")


def data(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any, k: int) -> Any:
    """Where the values of argument k, an array, begin."""
    return context.make_array(signature.args[k])(context, builder, arguments[k]).data


def block(builder: ir.IRBuilder, values: Any, index: Any, vector: ir.VectorType) -> Any:
    """The vector that begins at values[index], as a place to load from and to store to."""
    return builder.bitcast(builder.gep(values, [index]), vector.as_pointer())


def splat(builder: ir.IRBuilder, value: Any, vector: ir.VectorType) -> Any:
    """A vector that is `value` throughout."""
    number, undefined = ir.IntType(32), ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(number, 0))
    places = ir.Constant(ir.VectorType(number, vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, undefined, places)


@intrinsic
def _ask_for(typingctx, rows, t, i) -> Any:  # type: ignore[no-untyped-def]
    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        matrix = context.make_array(signature.args[0])(context, builder, arguments[0])
        number, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        steps = zip(cgutils.unpack_tuple(builder, matrix.strides), arguments[1:], strict=True)
        place = builder.bitcast(matrix.data, number)
        for stride, index in steps:
            place = builder.gep(place, [builder.mul(stride, index)])
        kind = ir.FunctionType(ir.VoidType(), [number, flag, flag, flag])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(prefetch, [place, flag(0), flag(2), flag(1)])  # to read, into the second cache, data
        return context.get_dummy_value()

    return types.void(rows, types.int64, types.int64), emit


@numba.njit(inline="always")
def fetch(rows, t, start, stop):  # type: ignore[no-untyped-def]
    """Ask for rows[t, start:stop] of a float32 matrix before it is used; nothing happens where there is no such row.

    Processors foresee neighbours, not the same place in the next row.
    """
    for i in range(start, stop, LANES):
        _ask_for(rows, t, i)
