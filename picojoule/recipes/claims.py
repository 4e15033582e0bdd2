"""Claims that recipes share the form of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from picojoule.recipes.settings import Settings
from picojoule.result import Claim


def structural(name: str, text: str, *, target: float, measured: float, unit: str) -> Claim:
    """What is true by construction of the method, and therefore exactly `target`."""
    return Claim(
        id=name,
        text=text,
        paper=target,
        paper_source="true by construction of the method",
        measured=measured,
        unit=unit,
        status="reached" if measured == target else "not-reached",
        reason=None,
    )


def at_least(name: str, text: str, *, paper: float, source: str, measured: float, unit: str) -> Claim:
    """What the paper has at `paper`: reached within a tenth of it, or beyond it."""
    return Claim(
        id=name,
        text=text,
        paper=paper,
        paper_source=source,
        measured=measured,
        unit=unit,
        status="reached" if measured >= 0.9 * paper else "not-reached",
    )


def unless_smoke(claims: Iterable[Claim], settings: Settings) -> tuple[Claim, ...]:
    """The claims as they are; in the smoke mode, which runs the code and claims nothing, none is tried."""
    if settings.mode != "smoke":
        return tuple(claims)
    return tuple(
        replace(claim, measured=None, status="not-tried", reason=claim.reason or "smoke mode: generated data")
        for claim in claims
    )
