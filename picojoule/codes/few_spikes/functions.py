"""The functions that few-spikes neurons are fitted to, by name, and the range each is published or shipped for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor


class Function(NamedTuple):
    """A function of one number: ``compute`` takes any tensor; ``low`` and ``high`` are the usual range of a fit."""

    compute: Callable[[Tensor], Tensor]
    low: float
    high: float


FUNCTIONS: dict[str, Function] = {
    "silu": Function(F.silu, -8.0, 12.0),
    "gelu": Function(F.gelu, -10.0, 10.0),
    "gelu tanh": Function(lambda x: F.gelu(x, approximate="tanh"), -10.0, 10.0),
    "sigmoid": Function(lambda x: x.sigmoid(), -10.0, 10.0),
    "tanh": Function(lambda x: x.tanh(), -10.0, 10.0),
    "softplus": Function(F.softplus, -8.0, 12.0),
    "mish": Function(F.mish, -8.0, 12.0),
    "hardswish": Function(F.hardswish, -8.0, 12.0),
}
"""Every function by its name; SiLU with β = 1 is Swish."""
