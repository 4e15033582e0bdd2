"""Fixed point: a sign, whole bits and bits behind the point.

::

    WL = 1 + IWL + FRAC        s = 2^−FRAC        Q(x) = s·clip(round(x/s), low, high)

    sign-magnitude   low = −(2^(WL−1) − 1), high = 2^(WL−1) − 1: symmetric, and zero has two codes
    two's complement low = −2^(WL−1),       high = 2^(WL−1) − 1

The released code of Q-MANN stores signs and magnitudes and truncates towards zero. Values in (−s, 0) become negative
zero there, whose sign bit still counts in a product of signs; a float's −0.0 carries it here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.quant.grid import ROUNDINGS, on_grid

CODES = ("sign-magnitude", "twos")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Fixed:
    """A format.

    Attributes:
        iwl: bits before the point, the sign not counted.
        frac: bits behind it.
        rounding: ``truncate``, ``floor`` or ``nearest``.
        code: ``sign-magnitude`` or ``twos``.

    Raises:
        InputError: fewer than one bit or more than 31, or an unknown rounding or code.
    """

    iwl: int
    frac: int
    rounding: str = "truncate"
    code: str = "sign-magnitude"

    def __post_init__(self) -> None:
        if min(self.iwl, self.frac) < 0 or not 1 <= self.iwl + self.frac <= 31:
            what = f"{self.iwl} bits before the point and {self.frac} behind it"
            raise InputError(what, where="Fixed", remedy="give 1 to 31 bits in all, none negative")
        if self.rounding not in ROUNDINGS or self.code not in CODES:
            what = f"rounding {self.rounding!r}, code {self.code!r}"
            remedy = f"rounding is one of {', '.join(ROUNDINGS)}, code one of {', '.join(CODES)}"
            raise InputError(what, where="Fixed", remedy=remedy)

    @property
    def bits(self) -> int:
        """WL, the sign counted."""
        return 1 + self.iwl + self.frac

    @property
    def step(self) -> float:
        """s, the distance of two numbers."""
        return 2.0**-self.frac

    @property
    def high(self) -> int:
        """The largest number in steps."""
        return 2 ** (self.iwl + self.frac) - 1

    @property
    def low(self) -> int:
        """The smallest number in steps."""
        return -self.high - (self.code == "twos")

    def __str__(self) -> str:
        return f"Q{self.iwl}.{self.frac}"

    def quantise(self, x: Tensor) -> Tensor:
        """Q(x), any shape."""
        return on_grid(x, self.step, self.low, self.high, self.rounding)

    def codes(self, x: Tensor) -> Tensor:
        """Q(x) as it is stored, int64: sign bit and magnitude, or two's complement, of WL bits."""
        q = (self.quantise(x) / self.step).long()
        if self.code == "twos":
            return q & (2**self.bits - 1)
        negative = torch.signbit(self.quantise(x)).long()
        return q.abs() | (negative << (self.bits - 1))

    def moved(self, by: int) -> Fixed:
        """The format with the point `by` bits further right, of as many bits.

        Raises:
            InputError: there are not so many bits on that side.
        """
        return Fixed(iwl=self.iwl + by, frac=self.frac - by, rounding=self.rounding, code=self.code)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """Formats of several lanes, for tensors ``[..., lanes, values]``.

    Attributes:
        step, low, high: ``[lanes, 1]``, or one number where all lanes have one format.
        rounding: common to all lanes.
        bits: common to all lanes.
    """

    step: Tensor | float
    low: Tensor | float
    high: Tensor | float
    rounding: str
    bits: int

    def quantise(self, x: Tensor) -> Tensor:
        """Q(x) of each lane."""
        return on_grid(x, self.step, self.low, self.high, self.rounding)

    def column(self) -> Grid:
        """The same for tensors ``[..., lanes]``, whose last axis are the lanes."""
        ends = {name: getattr(self, name) for name in ("step", "low", "high")}
        flat = {name: end[:, 0] if isinstance(end, Tensor) else end for name, end in ends.items()}
        return Grid(**flat, rounding=self.rounding, bits=self.bits)


def stack(formats: Sequence[Fixed], device: torch.device | str = "cpu") -> Grid:
    """The grid of lanes.

    Raises:
        InputError: formats of different widths, roundings or codes, or none.
    """
    if len({(each.bits, each.rounding, each.code) for each in formats}) != 1:
        what = f"lanes in {', '.join(map(str, dict.fromkeys(formats))) or 'no format'}"
        raise InputError(what, where="stack", remedy="lanes of a batch have one width, one rounding and one code")
    first = formats[0]

    def column(name: str) -> Tensor | float:
        values = [float(getattr(each, name)) for each in formats]
        return torch.tensor(values, device=device)[:, None] if len(set(values)) > 1 else values[0]

    ends = {name: column(name) for name in ("step", "low", "high")}
    return Grid(**ends, rounding=first.rounding, bits=first.bits)
