"""Claims that recipes share the form of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from picojoule.recipes.settings import Settings
from picojoule.result import Claim


def judged(
    name: str,
    text: str,
    *,
    measured: float | None,
    reached: bool | None,
    source: str,
    paper: float | None = None,
    unit: str = "fraction",
    reason: str | None = None,
) -> Claim:
    """A claim and what became of it.

    Args:
        name: its id.
        text: what is claimed.
        measured: our number.
        reached: whether it holds; None where it was not tried.
        source: how it is known that the paper says so.
        paper: the paper's number.
        unit: of both numbers.
        reason: why it was not tried, or what else there is to say.
    """
    return Claim(
        id=name,
        text=text,
        paper=paper,
        paper_source=source,
        measured=measured,
        unit=unit,
        status="not-tried" if reached is None else "reached" if reached else "not-reached",
        reason=reason,
    )


def structural(name: str, text: str, *, target: float, measured: float, unit: str) -> Claim:
    """What is true by construction of the method, and therefore exactly `target`."""
    source = "true by construction of the method"
    return judged(name, text, measured=measured, reached=measured == target, source=source, paper=target, unit=unit)


def at_least(name: str, text: str, *, paper: float, source: str, measured: float, unit: str) -> Claim:
    """What the paper has at `paper`: reached within a tenth of it, or beyond it."""
    reached = measured >= 0.9 * paper
    return judged(name, text, measured=measured, reached=reached, source=source, paper=paper, unit=unit)


def unless_smoke(claims: Iterable[Claim], settings: Settings) -> tuple[Claim, ...]:
    """The claims as they are; in the smoke mode, which runs the code and claims nothing, none is tried."""
    if settings.mode != "smoke":
        return tuple(claims)
    return tuple(
        replace(claim, measured=None, status="not-tried", reason=claim.reason or "smoke mode: generated data")
        for claim in claims
    )
