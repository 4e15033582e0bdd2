"""A careful loop over time in plain torch, as one would write it without any library.

No gradients, channels last, bias inside the convolution, the constant first part once, membranes updated in place,
nothing kept but the running sum of the output. A maximum pool passes on the change of its largest running sum, so
that it gives the spikes that our engines give.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from picojoule.benchmark.rivals.modules import FORMATS, Halves, cut
from picojoule.codes import Rate
from picojoule.ir import Network


def build(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """The loop in both memory formats."""
    return {name: _loop(cut(network, each, _Neurons, _own_pools)) for name, each in FORMATS.items()}


def _loop(net: Halves) -> Callable[[Tensor], Tensor]:
    remember = [part for part in net.below.parts if isinstance(part, _Neurons | _Pool)]

    @torch.inference_mode()
    def forward(images: Tensor) -> Tensor:
        for part in remember:
            part.forget()
        drive = net.drive(images)
        total = net.step(drive).clone()
        for _ in range(net.steps - 1):
            total += net.step(drive)
        return total / net.steps

    return forward


@final
class _Neurons(nn.Module):
    """v ← v + I;  s = [v ≥ 1];  v ← v − s."""

    def __init__(self, code: Rate) -> None:
        super().__init__()
        self.start = code.initial
        self.forget()

    def forget(self) -> None:
        self.v: Tensor | None = None
        self.spikes: Tensor | None = None

    def forward(self, current: Tensor) -> Tensor:
        if self.v is None or self.spikes is None:
            self.v, self.spikes = torch.full_like(current, self.start), torch.empty_like(current)
        self.v.add_(current)
        torch.ge(self.v, 1.0, out=self.spikes)
        self.v.sub_(self.spikes)
        return self.spikes


def _own_pools(part: nn.Module) -> nn.Module:
    return _Pool(part) if isinstance(part, nn.MaxPool1d | nn.MaxPool2d) else part


@final
class _Pool(nn.Module):
    """o(t) = max S(t) − max S(t−1) over the running sums S of each window."""

    def __init__(self, largest: nn.Module) -> None:
        super().__init__()
        self.largest = largest
        self.forget()

    def forget(self) -> None:
        self.sums: Tensor | None = None
        self.before: Tensor | None = None

    def forward(self, spikes: Tensor) -> Tensor:
        self.sums = spikes.clone() if self.sums is None else self.sums.add_(spikes)
        largest = self.largest(self.sums)
        change = largest if self.before is None else largest - self.before
        self.before = largest
        return change
