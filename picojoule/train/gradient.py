"""The usual way to learn: a loss, its gradient, an optimiser's step."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.train.buckets import Buckets
from picojoule.train.loop import Moment
from picojoule.train.parallel import Processes
from picojoule.train.schedule import Schedule

Loss = Callable[[nn.Module, Tensor, Tensor], Tensor]
After = Callable[[Any], object]
"""What is done with the model after each step."""


@final
class Gradient:
    """A learner for :func:`picojoule.train.loop.loop`; arguments are those of :func:`picojoule.train.fit`."""

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        optimiser: torch.optim.Optimizer,
        schedule: Schedule,
        *,
        clip: float | None,
        autocast: torch.dtype | Literal["auto"] | None,
        processes: Processes,
        after: After | None = None,
    ) -> None:
        if clip is not None and not clip > 0:
            raise InputError(f"gradients clipped at {clip}", where="training", remedy="give a positive norm, or None")
        self.model, self.loss, self.optimiser, self.schedule = model, loss, optimiser, schedule
        self.clip, self.processes, self.stream, self.after = clip, processes, processes.rank, after
        self.buckets = Buckets(model.parameters()) if processes.size > 1 else None
        self.device, self.autocast = _place(model, autocast)
        self._rates = [group["lr"] for group in optimiser.param_groups]

    def learn(self, x: Tensor, y: Tensor, moment: Moment) -> float:
        """One step; the loss of the batch before it."""
        for group, rate in zip(self.optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * self.schedule(moment.fraction)
        x, y, weight = self.processes.share(x, y)
        with self._numbers():
            loss = self.loss(self.model, x.to(self.device), y.to(self.device))
        self.optimiser.zero_grad()
        if self.buckets is None:
            loss.backward()
        else:
            self.buckets.begin()
            (loss * weight).backward()
            self.buckets.finish()
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimiser.step()
        if self.after is not None:
            self.after(self.model)
        value = float(loss.detach())
        return value if self.buckets is None else self.processes.total(value * weight, self.device)

    def metrics(self) -> dict[str, float]:
        """The rate of the last step."""
        return {"rate": float(self.optimiser.param_groups[0]["lr"])}

    def _numbers(self) -> AbstractContextManager[object]:
        return nullcontext() if self.autocast is None else torch.autocast(self.device.type, self.autocast)


def _place(model: nn.Module, autocast: torch.dtype | Literal["auto"] | None) -> tuple[torch.device, torch.dtype | None]:
    """The model's device, and the numbers of its forward pass: bfloat16 for float32 weights on a GPU."""
    first = next(model.parameters())
    if autocast == "auto":
        mixed = first.device.type == "cuda" and first.dtype == torch.float32
        return first.device, torch.bfloat16 if mixed else None
    return first.device, autocast
