"""The dual pointer network (cite key ``dualpointer2021``): who is whose object, and who is whose subject.

::

    h = BiLSTM(x);   g, S = LSTM(e)                                   h: context, g: entities, S: state after the last
    m_j = leaky(W·[attention(g_j, h) ; g_j])                          memory M = [none ; m_1 … m_n]
    o_j = LSTM_obj([e_j ; m_j]),  s_j = LSTM_sub([e_j ; m_j])         both begin at S
    P_j = Σ_heads q(o_j)·k(M)/√d                                      who the object of j is, or none
    R_j = leaky(W·[attention(o_j, M) ; o_j])                          and by which relation

and alike for subjects from s. Two pointers for each of n entities take the place of n(n−1) pairs; a subject may have
several objects, since each object points back at it, and an object several subjects.

The extension ``many`` points with a sigmoid at any number of entities, and names a relation for each of them::

    P_jk = Σ_heads q(o_j)·k(m_k)/√d + b                               R_jk = W·tanh(A·o_j + B·m_k)

The extension ``placed`` takes h̄_j, the mean of h over the entity's own words, into m_j. Without it g knows a name and
its type but not where it stands, and attention has to find that out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from picojoule.models.attention import Attention
from picojoule.models.language.pointing.batch import Batch
from picojoule.models.language.pointing.encoding import Recurrent
from picojoule.models.language.pointing.reading import Form, Reading
from picojoule.models.language.small_encoders import BothWays


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Pointers:
    """What one decoder says.

    Attributes:
        at: logits ``[batch, n, n + 1]`` over none and the entities, −∞ where there is no entity; with ``many``
            ``[batch, n, n]``, one decision each.
        relation: logits ``[batch, n, relations + 1]``, 0 being none; with ``many`` ``[batch, n, n, relations]``.
    """

    at: Tensor
    relation: Tensor


@final
class DualPointer(nn.Module):
    """The network.

    Args:
        form: sizes.
        context: entities look at the sentence; without, they know only themselves and each other.
        placed: entities also take h of their own words; the published network has to find them by attention.
        many: point at any number of entities.
    """

    def __init__(self, form: Form, *, context: bool = True, placed: bool = False, many: bool = False) -> None:
        super().__init__()
        self.form, self.placed = form, context and placed
        width, entity = form.entity, form.named + form.type
        self.reading = Reading(form)
        self.entities = Recurrent(entity, width)
        self.sentence = BothWays(form.read, form.context) if context else None
        self.look = Attention(width, form.heads, context=2 * form.context) if context else None
        self.join = nn.Linear(width + context * width + self.placed * 2 * form.context, width)
        self.none = nn.Parameter(torch.zeros(width))
        self.objects, self.subjects = (_Decoder(form, entity + width, many=many) for _ in range(2))
        self.drop = nn.Dropout(form.dropout)

    def forward(self, batch: Batch) -> tuple[Pointers, Pointers]:
        """To objects and to subjects."""
        x, e = self.reading(batch)
        g, start = self.entities(e, batch.there.sum(1))
        m = F.leaky_relu(self.join(self._in_context(x, g, batch)))
        given = (self.drop(torch.cat([e, m], 2)), m, self.none, batch.there, start)
        return self.objects(*given), self.subjects(*given)

    def _in_context(self, x: Tensor, g: Tensor, batch: Batch) -> Tensor:
        """[attention ; g], with h of the entity's words or without; or g alone."""
        if self.sentence is None or self.look is None:
            return g
        h = self.drop(self.sentence(x, batch.read))
        own = (batch.inside @ h,) if self.placed else ()
        return torch.cat([self.look(g, h, batch.read[:, None, None]), g, *own], 2)


@final
class _Decoder(nn.Module):
    """Steps over the entities, and a pointer at each."""

    def __init__(self, form: Form, inputs: int, *, many: bool) -> None:
        super().__init__()
        width = form.entity
        self.lstm = nn.LSTM(inputs, width, batch_first=True)
        self.point = Attention(width, form.heads)
        self.drop = nn.Dropout(form.dropout)
        self.many = many
        if many:
            self.bias = nn.Parameter(torch.zeros(()))
            self.own, self.other = nn.Linear(width, width), nn.Linear(width, width, bias=False)
            self.name = nn.Linear(width, len(form.labels))
        else:
            self.name = nn.Linear(2 * width, len(form.labels) + 1)

    def forward(self, steps: Tensor, m: Tensor, none: Tensor, there: Tensor, start: tuple[Tensor, Tensor]) -> Pointers:
        o = self.drop(self.lstm(steps, start)[0])
        if self.many:
            at = self.point.scores(o, m).sum(1) + self.bias
            hidden = torch.tanh(self.own(o)[:, :, None] + self.other(m)[:, None])
            return Pointers(at=at.masked_fill(~there[:, None], -torch.inf), relation=self.name(hidden))
        memory = torch.cat([none.expand(len(m), 1, -1), m], 1)
        seen = F.pad(there, (1, 0), value=True)[:, None]
        attended, scores = self.point.with_scores(o, memory, seen[:, None])
        at = scores.sum(1).masked_fill(~seen, -torch.inf)
        return Pointers(at=at, relation=F.leaky_relu(self.name(torch.cat([attended, o], 2))))
