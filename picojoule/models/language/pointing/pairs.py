"""The pointers' rivals: every ordered pair of entities is classified, n(n−1) of them.

::

    apart     h^ij = BiLSTM([x ; role of each word in the pair])        R_ij = W·tanh(A·[h̄_i ; h̄_j ; max_t h])
    together  h = BiLSTM(x),  p_i = [h̄_i ; e_i]                         R_ij = W·tanh(A·p_i + B·p_j)

h̄_i: mean over the words of entity i. *Apart* reads the sentence anew for every pair; *together* reads it once, and A
and B are applied to each entity once, so a pair costs a sum, a tanh and W.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from picojoule.models.language.pointing.batch import Batch
from picojoule.models.language.pointing.reading import Form, Reading
from picojoule.models.language.small_encoders import BothWays

_ROLES = 3
"""Neither, subject, object."""


@final
class PairsTogether(nn.Module):
    """Logits ``[batch, n, n, labels + 1]`` from subject (row) to object, 0 being none; the sentence is read once."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        self.reading = Reading(form)
        self.sentence = BothWays(form.read, form.context)
        width = 2 * form.context + form.named + form.type
        self.subject, self.object = nn.Linear(width, form.entity), nn.Linear(width, form.entity, bias=False)
        self.name = nn.Linear(form.entity, len(form.labels) + 1)
        self.drop = nn.Dropout(form.dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Of every pair; an entity has no relation to itself."""
        x, e = self.reading(batch)
        h = self.drop(self.sentence(x, batch.read))
        p = torch.cat([batch.inside @ h, e], 2)
        hidden = torch.tanh(self.subject(p)[:, :, None] + self.object(p)[:, None])
        return _never_itself(self.name(self.drop(hidden)))


@final
class PairsApart(nn.Module):
    """The same logits; the sentence is read once for every pair."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        self.reading = Reading(form)
        self.role = nn.Embedding(_ROLES, form.type)
        self.sentence = BothWays(form.read + form.type, form.context)
        self.join = nn.Linear(6 * form.context, form.entity)
        self.name = nn.Linear(form.entity, len(form.labels) + 1)
        self.drop = nn.Dropout(form.dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Of every pair; an entity has no relation to itself."""
        x, _ = self.reading(batch)
        inside, n = batch.inside, batch.types.shape[1]
        both = batch.there[:, :, None] & batch.there[:, None] & ~torch.eye(n, dtype=torch.bool, device=x.device)
        row, subject, object = both.nonzero().unbind(1)
        logits = x.new_zeros(*both.shape, len(self.form.labels) + 1)
        if len(row):
            logits[row, subject, object] = self._of(x, batch, inside, row, subject, object)
        return _never_itself(logits)

    def _of(self, x: Tensor, batch: Batch, inside: Tensor, row: Tensor, subject: Tensor, object: Tensor) -> Tensor:
        """Logits of these pairs ``[pairs, labels + 1]``."""
        shares = inside[row, subject], inside[row, object]
        roles = (shares[0] > 0).long() + 2 * (shares[1] > 0).long()
        given = torch.cat([x[row], self.role(roles.clamp(max=_ROLES - 1))], 2)
        h = self.drop(self.sentence(given, batch.read[row]))
        means = [(share[:, None] @ h)[:, 0] for share in shares]
        best = h.masked_fill(~batch.read[row][..., None], -torch.inf).amax(1)
        return self.name(self.drop(torch.tanh(self.join(torch.cat([*means, best], 1)))))


def _never_itself(logits: Tensor) -> Tensor:
    """None for certain, on the diagonal."""
    itself = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)[..., None]
    certain = torch.zeros_like(logits)
    certain[..., 1:] = -torch.inf
    return torch.where(itself, certain, logits)
