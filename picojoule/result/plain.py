"""Any number, mapping or sequence as plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from picojoule.base.errors import InputError


def plain(value: Any, path: str = "") -> Any:
    """`value` made of dict, list, str, int, float, bool and None only; not-finite numbers become None.

    Args:
        value: nested mappings and sequences; numpy and torch scalars and arrays are allowed.
        path: where the value stands, for the error.

    Raises:
        InputError: a value has no JSON form.
    """
    if hasattr(value, "tolist"):  # numpy and torch, neither of which this floor imports
        value = value.tolist()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{path}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [plain(item, f"{path}[{i}]") for i, item in enumerate(value)]
    raise InputError(f"{type(value).__name__} has no JSON form", where=path or "result", remedy="give a number or text")
