"""Which relation holds between two marked entities: any encoder, and a small network on the states of the two marks.

::

    h = [H_s ; H_o]      z = W₂·dropout(max(0, W₁h + b₁)) + b₂

H are the encoder's states of all tokens, s and o the places of the first word of each mark (cite key ``zhou2022``).
With ``pooled`` the largest value of each state over the tokens is a third part of h: small encoders that begin from
nothing need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from picojoule.data.language.relations.encoding import NOTHING, OBJECT, SUBJECT, Encoding, Pairs
from picojoule.data.language.relations.sentences import Sentence

_LOWEST = -1e4
_TOGETHER = 100
"""Sentences that a frozen encoder meets at a time."""


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
        there = x[..., 0] != NOTHING
        states = self.encoder(x[..., 1:], there)
        parts = [at_marks(states, x).flatten(1)]
        if self.pooled:
            parts.append(states.masked_fill(~there.unsqueeze(2), _LOWEST).amax(1))
        return torch.cat(parts, 1)


def at_marks(states: Tensor, x: Tensor) -> Tensor:
    """H_s and H_o, ``[batch, 2, width]``."""
    rows = torch.arange(len(x), device=x.device)
    places = [(x[..., 0] == which).int().argmax(1) for which in (SUBJECT, OBJECT)]
    return torch.stack([states[rows, place] for place in places], 1)


@final
class Given(nn.Module):
    """The encoder of tokens whose numbers are their states already."""

    def forward(self, numbers: Tensor, there: Tensor) -> Tensor:
        """``[batch, tokens, width]``."""
        return numbers


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class MarkedStates:
    """Sentences as a frozen encoder sees them, once: of each the two marks, whose numbers are their states.

    ::

        x  float32 [sentences, 2, 1 + width]      x[…, 0]: the role      x[…, 1:]: H_s, H_o

    A classifier of :class:`Given` learns on them what it would on the encoder itself.

    Attributes:
        encoding: what the encoder reads.
        encoder: what gives the states.
    """

    encoding: Encoding
    encoder: nn.Module

    def __call__(self, sentences: Sequence[Sentence], labels: Sequence[str]) -> Pairs:
        """The states of sentences; labels by their place in `labels`.

        Raises:
            DataError: as :class:`~picojoule.data.language.relations.encoding.Encoding`.
        """
        pairs = self.encoding(sentences, labels)
        self.encoder.eval()
        with torch.no_grad():
            states = pairs.through(self._seen, _TOGETHER, "states of a frozen encoder")
        roles = states.new_tensor([SUBJECT, OBJECT]).view(1, 2, 1).expand(len(states), -1, -1)
        return Pairs(x=torch.cat([roles, states], 2), y=pairs.y)

    def _seen(self, x: Tensor) -> Tensor:
        return at_marks(self.encoder(x[..., 1:], x[..., 0] != NOTHING), x)
