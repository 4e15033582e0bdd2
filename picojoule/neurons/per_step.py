"""Modules without time inside networks with it."""

from __future__ import annotations

from typing import final

import torch
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


@final
class StepByStep(nn.Module):
    """Applies modules that know no time to one step after the other.

    Args:
        *modules: as for :class:`PerStep`.

    ``[steps, batch, ...]`` in and out. A batch norm inside takes its statistics over each step's batch by itself, and
    its running statistics move once a step.
    """

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*modules)

    def forward(self, x: Tensor) -> Tensor:
        """The outputs ``[steps, batch, ...]`` of inputs ``[steps, batch, ...]``."""
        return torch.stack([self.inner(each) for each in x])


@final
class Held(nn.Module):
    """Applies modules to an input without time, once, and holds what they give in every step.

    Args:
        steps: how many.
        *modules: as for :class:`PerStep`.

    ``[batch, ...]`` in, ``[steps, batch, ...]`` out: the analogue current of direct coding.
    """

    def __init__(self, steps: int, *modules: nn.Module) -> None:
        super().__init__()
        self.steps, self.inner = steps, nn.Sequential(*modules)

    def forward(self, x: Tensor) -> Tensor:
        """The same outputs in every step ``[steps, batch, ...]`` of inputs ``[batch, ...]``."""
        held = self.inner(x)
        return held.expand(self.steps, *held.shape)


@final
class Join(nn.Module):
    """A sum into the same membranes, as a module, so that who watches the modules sees the spikes that take part."""

    def forward(self, currents: Tensor, others: Tensor) -> Tensor:
        """`currents` and `others`, which are currents or spikes that join them with weight 1."""
        return currents + others
