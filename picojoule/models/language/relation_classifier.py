"""Which relation holds between two marked entities: any encoder, and a small network on the states of the two marks.

::

    h = [H_s ; H_o]      z = W₂·dropout(max(0, W₁h + b₁)) + b₂

H are the encoder's states of all tokens, s and o the places of the first word of each mark (cite key ``zhou2022``).
With ``pooled`` the largest value of each state over the tokens is a third part of h: small encoders that begin from
nothing need it.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from picojoule.data.language.relations.encoding import NOTHING, OBJECT, SUBJECT

_LOWEST = -1e4


@final
class RelationClassifier(nn.Module):
    """Sentences as :mod:`picojoule.data.language.relations.encoding` has them to ``[batch, classes]``.

    Args:
        encoder: ``encoder(numbers [batch, tokens, pieces], there [batch, tokens])`` gives ``[batch, tokens, width]``.
        width: of its states.
        classes: relations.
        dropout: share of the hidden layer, and of h, that is left out in training.
        pooled: whether h has the largest values, too.
    """

    def __init__(
        self, encoder: nn.Module, width: int, classes: int, *, dropout: float = 0.1, pooled: bool = False
    ) -> None:
        super().__init__()
        self.encoder, self.pooled = encoder, pooled
        self.drop = nn.Dropout(dropout)
        self.hidden, self.act = nn.Linear((3 if pooled else 2) * width, width), nn.ReLU()
        self.out = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """z."""
        return self.out(self.drop(self.act(self.hidden(self.drop(self.features(x))))))

    def features(self, x: Tensor) -> Tensor:
        """h."""
        role, numbers = x[..., 0], x[..., 1:]
        there = role != NOTHING
        states = self.encoder(numbers, there)
        rows = torch.arange(len(x), device=x.device)
        parts = [states[rows, (role == which).int().argmax(1)] for which in (SUBJECT, OBJECT)]
        if self.pooled:
            parts.append(states.masked_fill(~there.unsqueeze(2), _LOWEST).amax(1))
        return torch.cat(parts, 1)
