"""A slow copy of a network that learns: its parameters follow, it has no gradient.

::

    ξ ← m·ξ + (1 − m)·θ        after every step
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, final

import torch
from torch import nn

from picojoule.base.errors import InputError


@final
class Target(nn.Module):
    """ξ: a copy of a module, called without a gradient.

    Only parameters follow. The statistics of batch norms are its own, since it sees batches in training mode as the
    module does.

    Args:
        online: θ; it is copied, not kept.
        momentum: m, from 0 (a copy) to 1 (never moves).

    Raises:
        InputError: a momentum outside 0 … 1.
    """

    def __init__(self, online: nn.Module, *, momentum: float = 0.99) -> None:
        super().__init__()
        if not 0 <= momentum <= 1:
            raise InputError(f"a momentum of {momentum}", where="Target", remedy="give a number from 0 to 1")
        self.inner, self.momentum = deepcopy(online).requires_grad_(False), momentum

    @torch.no_grad()
    def forward(self, *inputs: Any) -> Any:
        """What the copy says."""
        return self.inner(*inputs)

    @torch.no_grad()
    def follow(self, online: nn.Module) -> None:
        """One step towards `online`, of the same form as at the start."""
        pairs = zip(self.inner.parameters(), online.parameters(), strict=True)
        for slow, fast in pairs:
            slow.lerp_(fast, 1 - self.momentum)


def targets_of(model: nn.Module) -> Iterator[Target]:
    """All targets within a module."""
    return (each for each in model.modules() if isinstance(each, Target))
