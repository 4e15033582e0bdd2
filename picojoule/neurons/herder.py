"""The herder: a membrane that emits quanta until less than half of one is left, in plain torch.

::

    φ ← φ + u
    s = sign(φ)·⌈|φ|/q − ½⌉       signed       or       max(0, ⌈φ/q − ½⌉)       rectified
    φ ← φ − q·s

Several quanta may leave in one step, and at exactly ½ none does. With φ₀ at the start, all steps together emit, with no
loop over time (``total``)::

    S = round(φ₀ + Σ u)                    signed, ties towards φ₀'s side excepted
    S = max(0, max_t ⌈(φ₀ + u_1 + … + u_t)/q − ½⌉)       rectified

so that a signed herder rounds and a rectified one is a ReLU that rounds. Source: O'Connor and Welling 2016, "Deep
Spiking Networks".
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from picojoule.kernels.herding import MOST


class Herded(NamedTuple):
    """Quanta ``s``, whole numbers in the dtype of the potential, and what is left of it."""

    s: Tensor
    phi: Tensor


def signed(phi: Tensor, u: Tensor | float, q: float = 1.0) -> Herded:
    """One step of signed herders, any shape, float or integer; at most :data:`MOST` quanta each."""
    phi = phi + u
    s = _above(phi, q).clamp_(0, MOST) - _above(-phi, q).clamp_(0, MOST)
    return Herded(s, phi - q * s)


def rectified(phi: Tensor, u: Tensor | float, q: float = 1.0) -> Herded:
    """One step of rectified herders: positive quanta only, and φ may fall without bound."""
    phi = phi + u
    s = _above(phi, q).clamp_(0, MOST)
    return Herded(s, phi - q * s)


def signed_total(total: Tensor, q: float = 1.0) -> Tensor:
    """All that signed herders emit, given φ₀ + Σ u: the nearest whole number of quanta, half of one being none."""
    return _above(total, q).clamp(min=0) - _above(-total, q).clamp(min=0)


def rectified_total(u_t: Tensor, phi: Tensor | float = 0.0, q: float = 1.0) -> Tensor:
    """All that rectified herders emit, given φ₀ and the input of every step.

    Args:
        u_t: ``[steps, ...]``.
        phi: φ₀.
        q: a quantum.
    """
    return _above(phi + u_t.cumsum(0), q).amax(0).clamp(min=0)


def _above(phi: Tensor, q: float) -> Tensor:
    """⌈φ/q − ½⌉, in whole numbers where φ is one (then q is even)."""
    if phi.is_floating_point():
        return torch.ceil(phi / q - 0.5)
    return -torch.div(int(q) // 2 - phi, int(q), rounding_mode="floor")
