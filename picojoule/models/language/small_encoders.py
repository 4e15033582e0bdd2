"""Encoders that begin from nothing: the sum of hashed pieces, then an LSTM in both directions or a transformer.

::

    e_t = Σ_i E[number_ti]      H = LSTM→(e), LSTM←(e)      or      H = blocks(e + place)
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from picojoule.models.attention import TransformerLayer


@final
class SummedEmbedding(nn.Module):
    """Numbers ``[batch, tokens, pieces]``, 0 where there is none, to the sum of their vectors divided by √pieces.

    Args:
        numbers: the largest number.
        width: of a vector.
    """

    def __init__(self, numbers: int, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(numbers + 1, width, padding_idx=0)
        nn.init.normal_(self.table.weight[1:], std=width**-0.5)

    def forward(self, numbers: Tensor) -> Tensor:
        """``[batch, tokens, width]``."""
        batch, tokens, pieces = numbers.shape
        bags = nn.functional.embedding_bag(numbers.reshape(-1, pieces), self.table.weight, mode="sum", padding_idx=0)
        counted = (numbers > 0).sum(-1, keepdim=True).clamp_min(1).to(bags.dtype).rsqrt()
        return bags.view(batch, tokens, -1) * counted


@final
class BothWays(nn.Module):
    """An LSTM in each direction; each sentence is read from its own end, and padding changes nothing.

    Args:
        width: of a token.
        hidden: of each direction; states have twice as many values.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.ahead, self.back = (nn.LSTM(width, hidden, batch_first=True) for _ in range(2))

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """Tokens ``[batch, tokens, width]`` to ``[batch, tokens, 2·hidden]``; 0 where there is no token."""
        turned = _turned(there)
        ahead, _ = self.ahead(x)
        back, _ = self.back(_placed(x, turned))
        return torch.cat([ahead, _placed(back, turned)], 2) * there.unsqueeze(2)


@final
class SmallTransformer(nn.Module):
    """Transformer layers on summed embeddings and learnt places.

    Args:
        numbers: the largest number of a piece.
        width: of a token.
        depth: layers.
        heads: of attention.
        most: tokens at most.
        dropout: share of the embeddings that is left out in training.
    """

    def __init__(
        self, numbers: int, *, width: int = 128, depth: int = 2, heads: int = 4, most: int = 128, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.width = width
        self.embed, self.places = SummedEmbedding(numbers, width), nn.Parameter(torch.randn(most, width) * 0.02)
        self.drop, self.norm = nn.Dropout(dropout), nn.LayerNorm(width)
        self.layers = nn.ModuleList(TransformerLayer(width, heads, inner=2 * width) for _ in range(depth))

    def forward(self, numbers: Tensor, there: Tensor) -> Tensor:
        """``[batch, tokens, width]``."""
        x, mask = self.drop(self.embed(numbers) + self.places[: numbers.shape[1]]), there[:, None, None]
        for layer in self.layers:
            x = layer(x, mask)
        return self.norm(x)


@final
class LSTMEncoder(nn.Module):
    """An LSTM in both directions on summed embeddings.

    Args:
        numbers: the largest number of a piece.
        width: of an embedding.
        hidden: of each direction; states have twice as many values.
        dropout: share of the embeddings that is left out in training.
        words: share of the words that is left out whole.
    """

    def __init__(
        self, numbers: int, *, width: int = 128, hidden: int = 128, dropout: float = 0.3, words: float = 0.0
    ) -> None:
        super().__init__()
        self.width = 2 * hidden
        self.embed, self.drop, self.words = SummedEmbedding(numbers, width), nn.Dropout(dropout), words
        self.read = BothWays(width, hidden)

    def forward(self, numbers: Tensor, there: Tensor) -> Tensor:
        """``[batch, tokens, 2·hidden]``; 0 where there is no token."""
        x = self.drop(self.embed(numbers))
        if self.training and self.words:
            x = x * (torch.rand_like(x[..., :1]) >= self.words)
        return self.read(x, there)


def _turned(there: Tensor) -> Tensor:
    """Places ``[batch, tokens]`` in the opposite order, those behind the end left where they are."""
    places, lengths = torch.arange(there.shape[1], device=there.device), there.sum(1, keepdim=True)
    return torch.where(places < lengths, lengths - 1 - places, places)


def _placed(x: Tensor, places: Tensor) -> Tensor:
    return x.gather(1, places.unsqueeze(2).expand_as(x))
