"""Numbers with units as people read them: ``1.2e-6 J`` is ``1.20 µJ``."""

from __future__ import annotations

from math import floor, isfinite, log10

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


def si(value: float | None, unit: str = "", *, digits: int = 3) -> str:
    """`value` with an SI prefix and `digits` significant digits; an unknown value is a dash.

    >>> si(1.2e-6, "J")
    '1.20 µJ'
    >>> si(None, "J")
    '–'
    """
    if value is None or not isfinite(value):
        return "–"
    if value == 0:
        return f"0 {unit}".strip()
    exponent = min(12, max(-15, 3 * floor(log10(abs(value)) / 3)))
    text = _digits(value / 10.0**exponent, digits)
    if abs(float(text)) >= 1000 and exponent < 12:
        exponent += 3
        text = _digits(value / 10.0**exponent, digits)
    return f"{text} {_PREFIXES[exponent]}{unit}".strip()


def _digits(value: float, digits: int) -> str:
    """`value` rounded to so many significant digits, trailing zeros kept."""
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:.{max(0, digits - 1 - floor(log10(abs(rounded))))}f}"


def percent(fraction: float | None, *, digits: int = 1) -> str:
    """A fraction as per cent; an unknown fraction is a dash."""
    return "–" if fraction is None else f"{100 * fraction:.{digits}f} %"
