"""What intrinsics say in LLVM's terms where Numba makes no vector by itself."""

from __future__ import annotations

from typing import Any

from llvmlite import ir


def splat(builder: ir.IRBuilder, value: Any, vector: ir.VectorType) -> Any:
    """A vector that is `value` throughout."""
    number, undefined = ir.IntType(32), ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(number, 0))
    places = ir.Constant(ir.VectorType(number, vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, undefined, places)
