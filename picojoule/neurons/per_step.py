"""Modules without time inside networks with it."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from picojoule.base.errors import InputError


@final
class PerStep(nn.Module):
    """Applies modules that know no time to every step, all steps in one call: time is folded into the batch.

    Args:
        *modules: convolutions, norms, poolings, linear layers, applied one after the other.

    ``[steps, batch, ...]`` in and out. A batch norm inside takes its statistics over steps and batch together.
    """

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*modules)

    def forward(self, x: Tensor) -> Tensor:
        """The outputs ``[steps, batch, ...]`` of inputs ``[steps, batch, ...]``."""
        if x.ndim < 3:
            raise InputError(
                f"inputs of shape {list(x.shape)}", where="PerStep", remedy="give [steps, batch, ...], time first"
            )
        return self.inner(x.flatten(0, 1)).unflatten(0, x.shape[:2])
