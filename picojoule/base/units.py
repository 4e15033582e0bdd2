"""Numbers with units as people read them: ``1.2e-6 J`` is ``1.20 µJ``."""

from __future__ import annotations

import math

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


def si(value: float | None, unit: str = "", *, digits: int = 3) -> str:
    """`value` with an SI prefix and `digits` significant digits; an unknown value is a dash.

    >>> si(1.2e-6, "J")
    '1.20 µJ'
    >>> si(None, "J")
    '–'
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return f"0 {unit}".strip()
    exponent = min(12, max(-15, 3 * math.floor(math.log10(abs(value)) / 3)))
    scaled = value / 10.0**exponent
    if round(abs(scaled), digits - 1 - math.floor(math.log10(abs(scaled)))) >= 1000 and exponent < 12:
        exponent, scaled = exponent + 3, scaled / 1000
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(scaled))))
    return f"{scaled:.{decimals}f} {_PREFIXES[exponent]}{unit}".strip()


def percent(fraction: float | None, *, digits: int = 1) -> str:
    """A fraction as per cent; an unknown fraction is a dash."""
    return "–" if fraction is None else f"{100 * fraction:.{digits}f} %"
