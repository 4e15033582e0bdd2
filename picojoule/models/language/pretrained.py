"""Pretrained encoders of text as encoders of marked sentences: the packaged sentence encoder, and those of a folder.

Both give the states of all tokens, ``encoder(numbers [batch, tokens, 1], there [batch, tokens])``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import MissingExtra, WeightsError
from picojoule.data.language.relations.encoding import Encoding
from picojoule.models.language.sentence_encoder import Loaded


@final
class SentenceStates(nn.Module):
    """The packaged sentence encoder, with its table of words.

    Args:
        loaded: the encoder; its weights are learnt on, unless they are frozen.
        words: whether its vectors of words are learnt, too.
    """

    def __init__(self, loaded: Loaded, *, words: bool = False) -> None:
        super().__init__()
        self.table = nn.Embedding.from_pretrained(loaded.vectors.clone(), freeze=not words)
        self.register_buffer("places", loaded.places)
        self.inner = loaded.model
        self.width = loaded.vectors.shape[1]

    def forward(self, numbers: Tensor, there: Tensor) -> Tensor:
        """``[batch, tokens, width]``."""
        looked_up = self.table(numbers[..., 0]) + self.places[: numbers.shape[1]]
        return self.inner.states(torch.cat([looked_up, there.unsqueeze(2).to(looked_up.dtype)], 2))


def sentence_encoding(loaded: Loaded, *, form: str = "punctuation", most: int = 128) -> Encoding:
    """How sentences become numbers for :class:`SentenceStates`."""
    pieces = loaded.pieces
    return Encoding(
        pieces=lambda word: [(number,) for number in pieces.of(word)],
        form=form,
        first=pieces.first,
        last=pieces.last,
        most=most,
    )
