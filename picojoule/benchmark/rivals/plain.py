"""A careful loop over time in plain torch, as one would write it without any library.

No gradients, channels last, bias inside the convolution, the constant first part once, membranes updated in place,
nothing kept but the running sum of the output. A maximum pool passes on the change of its largest running sum, so
that it gives the spikes that our engines give.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from picojoule.benchmark.rivals.modules import FORMATS, Stages, arranged, stages
from picojoule.ir import Network

Step = Callable[[Tensor], Tensor]


def build(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """The loop in both memory formats."""
    return {name: _loop(stages(network), memory_format) for name, memory_format in FORMATS.items()}


def _loop(net: Stages, memory_format: torch.memory_format) -> Callable[[Tensor], Tensor]:
    first, *parts = (part.to(memory_format=memory_format) for part in net.parts)  # type: ignore[call-overload]

    @torch.inference_mode()
    def forward(images: Tensor) -> Tensor:
        x = images / net.scale
        drive = first(arranged(x, memory_format))
        steps: list[Step] = []
        for start, part in zip(net.starts, parts, strict=True):
            steps += [_neurons(start), *map(_step, part)]
        total: Tensor | None = None
        for _ in range(net.steps):
            x = drive
            for step in steps:
                x = step(x)
            total = x.clone() if total is None else total.add_(x)
        assert total is not None
        return total / net.steps

    return forward


def _neurons(start: float) -> Step:
    """v ← v + I;  s = [v ≥ 1];  v ← v − s. The membranes belong to one call of the loop."""
    v: Tensor | None = None
    spikes: Tensor | None = None

    def step(current: Tensor) -> Tensor:
        nonlocal v, spikes
        if v is None or spikes is None:
            v, spikes = torch.full_like(current, start), torch.empty_like(current)
        v.add_(current)
        torch.ge(v, 1.0, out=spikes)
        v.sub_(spikes)
        return spikes

    return step


def _step(layer: nn.Module) -> Step:
    return _pool(layer) if isinstance(layer, nn.MaxPool1d | nn.MaxPool2d) else layer


def _pool(layer: nn.Module) -> Step:
    """o(t) = max S(t) − max S(t−1) over the running sums S of each window."""
    sums: Tensor | None = None
    before: Tensor | None = None

    def step(spikes: Tensor) -> Tensor:
        nonlocal sums, before
        sums = spikes.clone() if sums is None else sums.add_(spikes)
        largest = layer(sums)
        change = largest if before is None else largest - before
        before = largest
        return change

    return step
