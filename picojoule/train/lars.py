"""LARS: a rate of its own for each layer, so that batches of thousands can be learnt from (cite key ``you2017``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError


@final
class Lars(torch.optim.Optimizer):
    """SGD with momentum whose step in a layer is a given share of the layer's weights.

    ::

        λ = η‖w‖ / (‖g‖ + β‖w‖)
        v ← m·v + lr·λ·(g + β·w)
        w ← w − v

    Biases and the parameters of norms, which have one dimension, go by plain SGD: λ = 1, β = 0. So does a step at which
    ‖w‖ or ‖g‖ is 0, where λ would be 0 for ever.

    Args:
        parameters: to learn.
        lr: the global rate; a step moves a layer by about lr·η of its norm.
        trust: η.
        momentum: m.
        weight_decay: β.

    Raises:
        InputError: a negative number, or a momentum of 1 or more.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        lr: float,
        trust: float = 0.001,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        if min(lr, trust, momentum, weight_decay) < 0 or momentum >= 1:
            what = f"lr {lr}, trust {trust}, momentum {momentum}, weight decay {weight_decay}"
            raise InputError(what, where="Lars", remedy="give none below 0, and a momentum below 1")
        super().__init__(parameters, {"lr": lr, "trust": trust, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step for every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is not None:
                    w -= self._move(w, w.grad, group)
        return loss

    def _move(self, w: Tensor, g: Tensor, group: dict[str, Any]) -> Tensor:
        """The v of a parameter, after this step."""
        layer = w.dim() > 1
        decay = group["weight_decay"] if layer else 0.0
        local = local_rate(w, g, trust=group["trust"], weight_decay=decay) if layer else 1.0
        state = self.state[w]
        v = state.setdefault("momentum", torch.zeros_like(w))
        return v.mul_(group["momentum"]).add_(group["lr"] * local * (g + decay * w))


def local_rate(w: Tensor, g: Tensor, *, trust: float, weight_decay: float) -> Tensor:
    """λ = η‖w‖ / (‖g‖ + β‖w‖) of one layer; 1 where ‖w‖ or ‖g‖ is 0."""
    norm, slope = w.norm(), g.norm()
    rate = trust * norm / (slope + weight_decay * norm)
    return torch.where((norm > 0) & (slope > 0), rate, 1.0)
