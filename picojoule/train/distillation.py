"""Learning from a teacher's outputs.

::

    p = softmax(z_T/τ_T)      q = softmax(z_S/τ_S)
    L = (1 − α)·CE(softmax(z_S), y) + α·τ_T·τ_S·KL(p ‖ q)          ∂KL-part/∂z_S = α·τ_T·(q − p)

z_T are the teacher's outputs and z_S the student's. With τ_S = τ_T this is the usual distillation; the student is best
where z_S = (τ_S/τ_T)·z_T + const, so τ_S < τ_T asks for smaller outputs, which a spiking student pays for with fewer
spikes. Heterogeneous temperatures are those of cite key ``lee2021``; its values are not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div

from picojoule.base.errors import InputError
from picojoule.engines.run import run
from picojoule.ir import Network
from picojoule.train.gradient import Loss


def distillation(
    teacher: nn.Module | Network,
    *,
    temperature: float = 1.0,
    student_temperature: float | None = None,
    weight: float = 1.0,
    per_step: bool = False,
) -> Loss:
    """L as a loss for :func:`picojoule.train.fit`.

    A student may give ``[batch, classes]``, or ``[steps, batch, classes]``, of which the sum over the steps is z_S.

    Args:
        teacher: gives ``[batch, classes]``; a module has to be in evaluation mode.
        temperature: τ_T.
        student_temperature: τ_S; τ_T if None.
        weight: α; with 1 no label is looked at.
        per_step: compare the teacher with every step of the student, as often as there are steps: z_S of step t is T
            times what it gives there. The mean over the steps is the loss.

    Raises:
        InputError: a temperature that is not positive, or a weight outside 0 … 1.
    """
    τ_T, τ_S, α = temperature, temperature if student_temperature is None else student_temperature, weight
    if not (τ_T > 0 and τ_S > 0):
        raise InputError(f"temperatures of {τ_T} and {τ_S}", where="distillation", remedy="give positive numbers")
    if not 0 <= α <= 1:
        raise InputError(f"a weight of {α}", where="distillation", remedy="give a number from 0 to 1")
    answer = _answer(teacher)

    def loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        z = model(x)
        z_S = summed(z)
        hard = cross_entropy(z_S, y) if α < 1 else 0.0
        if not α:
            return hard  # type: ignore[return-value]
        with torch.no_grad():
            p = (answer(x) / τ_T).log_softmax(-1)
        steps = z * len(z) if per_step and z.dim() == 3 else z_S.unsqueeze(0)
        soft = torch.stack([divergence(p, each / τ_S) for each in steps]).mean()
        return (1 - α) * hard + α * τ_T * τ_S * soft

    return loss


def divergence(p: Tensor, z: Tensor) -> Tensor:
    """KL(p ‖ softmax(z)), mean over the batch; `p` as logarithms, both ``[batch, classes]``."""
    return kl_div(z.log_softmax(-1), p, log_target=True, reduction="batchmean")


def summed(z: Tensor) -> Tensor:
    """A student's outputs ``[batch, classes]``, summed over its steps where it gives them step by step."""
    return z.sum(0) if z.dim() == 3 else z


def _answer(teacher: nn.Module | Network) -> Callable[[Tensor], Any]:
    if isinstance(teacher, nn.Module):
        return teacher
    return lambda x: run(teacher, x, count=False).values
