"""What goes into the encoders: words, their characters, the types of entities, and the entities themselves.

::

    word      w_t = sum of its hashed pieces' vectors / √pieces                    c_t = CNN(characters of the word)
    entity j  v_j = [CNN(w, c of its words) ; max of c over its words]            y = embedding of its type
    context   x_t = [w_t ; c_t ; y_t ; v of the entity that covers t]             e_j = [v_j ; y_j]

CNN: filters of several widths over a padded sequence, the largest value of each, leaky ReLU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from picojoule.data.language.relations.words import HashedWords
from picojoule.models.language.pointing.batch import CHARACTERS, Batch
from picojoule.models.language.small_encoders import SummedEmbedding


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """Sizes of a network that links entities.

    Attributes:
        kinds, labels: types of entities and relations that there are, without *none*.
        buckets: of hashed pieces of words.
        word, letter, type: width of their vectors.
        filters: of each width of a CNN.
        widths: of the filters.
        context: units of the encoder of the sentence, each direction.
        entity: units of the encoder of entities and of both decoders.
        heads: of attention.
        span: words of an entity that are looked at, from its beginning.
        dropout: share of inputs of encoders and decoders that is left out in training.
        forget: share of the pieces of words that is left out in training.
    """

    kinds: tuple[str, ...]
    labels: tuple[str, ...]
    buckets: int = 8192
    word: int = 64
    letter: int = 16
    type: int = 16
    filters: int = 16
    widths: tuple[int, ...] = (1, 2, 3)
    context: int = 64
    entity: int = 128
    heads: int = 4
    span: int = 6
    dropout: float = 0.4
    forget: float = 0.2

    @property
    def hashed(self) -> HashedWords:
        """How words are hashed."""
        return HashedWords(buckets=self.buckets)

    @property
    def spelt(self) -> int:
        """Width of c."""
        return self.filters * len(self.widths)

    @property
    def named(self) -> int:
        """Width of v."""
        return 2 * self.spelt

    @property
    def read(self) -> int:
        """Width of x."""
        return self.word + self.spelt + self.type + self.named


@final
class Windows(nn.Module):
    """The CNN: ``[..., length, inputs]`` to ``[..., filters · widths]``."""

    def __init__(self, inputs: int, filters: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.filters = nn.ModuleList(nn.Conv1d(inputs, filters, width) for width in widths)

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """The largest value of each filter over windows that begin at a place that is there.

        Args:
            x: ``[..., length, inputs]``.
            there: bool ``[..., length]``; with none in a row the row's values are 0.
        """
        flat = (x * there[..., None]).flatten(0, -3).transpose(1, 2)
        begins = there.flatten(0, -2)[:, None]
        found = []
        for each in self.filters:
            values = each(F.pad(flat, (0, each.kernel_size[0] - 1)))
            found.append(values.masked_fill(~begins, -torch.inf).amax(2))
        best = torch.cat(found, 1).unflatten(0, x.shape[:-2])
        return F.leaky_relu(torch.where(torch.isfinite(best), best, 0.0))


@final
class Reading(nn.Module):
    """A batch to the inputs x ``[batch, T, read]`` and e ``[batch, n, named + type]``."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        self.word = SummedEmbedding(form.buckets, form.word)
        self.letter = nn.Embedding(CHARACTERS + 1, form.letter, padding_idx=0)
        self.kind = nn.Embedding(len(form.kinds) + 1, form.type, padding_idx=0)
        self.letters = Windows(form.letter, form.filters, form.widths)
        self.names = Windows(form.word + form.spelt, form.filters, form.widths)
        self.drop = nn.Dropout(form.dropout)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """x and e."""
        spelt = self.letters(self.letter(batch.letters), batch.letters > 0)
        words = torch.cat([self.word(self._kept(batch.pieces)[None])[0], spelt], 1)[batch.spellings]
        names = self._names(words, batch)
        nobody = names.new_zeros(len(batch), 1, names.shape[2])
        rows = torch.arange(len(batch), device=words.device)[:, None]
        covering = torch.cat([nobody, names], 1)[rows, batch.owners]
        x = torch.cat([words, self.kind(batch.kinds), covering], 2)
        e = torch.cat([names, self.kind(batch.types)], 2)
        return self.drop(x), self.drop(e)

    def _kept(self, pieces: Tensor) -> Tensor:
        if not self.training:
            return pieces
        return pieces * (torch.rand(pieces.shape, device=pieces.device) >= self.form.forget)

    def _names(self, words: Tensor, batch: Batch) -> Tensor:
        """v ``[batch, n, named]``."""
        start, end = batch.spans.unbind(2)
        places = start[..., None] + torch.arange(self.form.span, device=words.device)
        inside = (places < end[..., None]) & batch.there[..., None]
        rows = torch.arange(len(batch), device=words.device)[:, None, None]
        own = words[rows, places.clamp(max=words.shape[1] - 1)]
        spelt = own[..., self.form.word :].masked_fill(~inside[..., None], -torch.inf).amax(2)
        return torch.cat([self.names(own, inside), torch.where(torch.isfinite(spelt), spelt, 0.0)], 2)
