"""Early exit: a sample leaves as soon as the heads so far are sure, and later stages never see it.

It needs a design whose scales see only those before them (``ordered=True``). In the published one no head can answer
before the last stage has run: all class tokens come from there.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.models.vision.m2former.crossing import KeysValues
from picojoule.models.vision.m2former.network import M2Former
from picojoule.models.vision.mvit import STAGES


class Left(NamedTuple):
    """What each sample was told, ``[batch, classes]``, probabilities; and after which of the scales, ``[batch]``."""

    answers: Tensor
    after: Tensor


@torch.no_grad()
def run(model: M2Former, x: Tensor, *, sure: float, most: int = STAGES) -> Left:
    """Run a model in evaluation mode stage by stage, on the samples that are left.

    A sample leaves after scale i where the mean of softmax(z_1), …, softmax(z_i) has a maximum of at least `sure`.
    After the last scale the head of all is in the mean, so with sure > 1 the answers are those of the whole model.

    Args:
        model: of an ordered design.
        x: pictures.
        sure: the threshold.
        most: scales after which all are gone.

    Raises:
        InputError: a design that is not ordered, or whose score needs attention.
    """
    if not model.design.ordered or model.design.score == "attention":
        raise InputError(
            "its scales see later ones", where="early exit", remedy="use Design(ordered=True, transfer=False)"
        )
    tokens, alive = model.backbone.entering(x), torch.arange(len(x), device=x.device)
    answers, after = None, torch.zeros_like(alive)
    state = _State(model)
    for stage in range(STAGES):
        tokens = model.backbone.stage(stage, tokens)
        if stage not in model.design.scales:
            continue
        means = state.meet(stage, tokens)
        answers = torch.zeros(len(x), means.shape[1], device=x.device) if answers is None else answers
        answers[alive], after[alive] = means, state.number - 1
        if state.number == most:
            break
        stays = means.amax(1) < sure
        tokens, alive = tokens[stays], alive[stays]
        state.keep(stays)
        if not len(alive):
            break
    assert answers is not None
    return Left(answers, after)


class _State:
    """What is known of the samples that are left."""

    def __init__(self, model: M2Former) -> None:
        self.model, self.number = model, 0
        self.known: list[KeysValues] = []
        self.outputs: list[Tensor] = []
        self.sum: Tensor | float = 0.0

    def meet(self, stage: int, tokens: Tensor) -> Tensor:
        """The mean of all answers so far, after another scale."""
        model, number = self.model, self.number
        scale = torch.cat((tokens[:, :1], model.chosen(stage, tokens[:, 1:]).patches), dim=1)
        scale = scale if model.channel is None else model.channel.group(number, [scale])[0]
        if model.spatial is not None:
            q, k, v = model.spatial.project(number, scale)
            self.known.append((k, v))
            scale = model.spatial.attend(number, scale, q, self.known)
        self.outputs.append(model.output(number, scale))
        self.sum = self.sum + model.heads[number](self.outputs[-1]).softmax(-1)
        self.number += 1
        answers = self.number
        if self.number == len(model.design.scales) and model.head is not None:
            self.sum = self.sum + model.head(torch.cat(self.outputs, dim=1)).softmax(-1)
            answers += 1
        return self.sum / answers

    def keep(self, stays: Tensor) -> None:
        """Forget the samples that left."""
        self.known = [(k[stays], v[stays]) for k, v in self.known]
        self.outputs = [each[stays] for each in self.outputs]
        self.sum = self.sum[stays]
