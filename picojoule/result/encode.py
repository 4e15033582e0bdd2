"""A `Result` as plain JSON values, schema 1."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from picojoule.result.plain import plain
from picojoule.result.values import SCHEMA, Energy, Result, Row


def encode(result: Result) -> dict[str, Any]:
    """See `Result.to_dict`."""
    content = _fields(result)
    del content["pictures"]  # files of their own
    content["rows"] = [_row(row) for row in result.rows]
    content["series"] = [_fields(series) for series in result.series]
    content["claims"] = [_fields(claim) for claim in result.claims]
    return {"schema": SCHEMA, **plain(content)}


def _row(row: Row) -> dict[str, Any]:
    return _fields(row) | {"energy": [_energy(energy) for energy in row.energy]}


def _energy(energy: Energy) -> dict[str, Any]:
    """The short form of DESIGN §3: a ratio names its reference, an unknown number its reason."""
    amount = "relative" if energy.is_relative else "joules"
    value = getattr(energy, amount)
    content = {"profile": energy.profile, amount: value, "evidence": energy.evidence}
    if energy.is_relative:
        content["reference"] = energy.reference
    if energy.reason is not None or value is None:
        content["reason"] = energy.reason
    return content


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
