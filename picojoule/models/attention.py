"""Attention and the layer around it, for pictures, events and text alike."""

from __future__ import annotations

from typing import Literal, final

import torch.nn.functional as F
from torch import Tensor, nn


@final
class Attention(nn.Module):
    """Attention of several heads, of tokens to each other or to those of another sequence (Vaswani 2017)::

        A = softmax(Q·Kᵀ/√d + mask),   out = mix(A·V),   d = width / heads

    Args:
        width: of a token.
        heads: they share the width.
        context: width of the other sequence's tokens; the same if None.
    """

    def __init__(self, width: int, heads: int, *, context: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.mix = nn.Linear(width, width), nn.Linear(width, width)
        self.key, self.value = (nn.Linear(context or width, width) for _ in range(2))

    def forward(self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """What each token ``[batch, tokens, width]`` takes from the context, or from its own sequence.

        Args:
            x: the tokens that ask.
            context: the tokens that answer ``[batch, others, width]``.
            mask: added to Q·Kᵀ/√d, or False where a token must not look; ``[..., tokens, others]``, a size may be 1.
        """
        q, k, v = self._heads_of(x, context)
        return self.mix(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2))

    def weights(self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """A ``[batch, heads, tokens, others]``, to look at."""
        return _masked(self.scores(x, context), mask).softmax(-1)

    def scores(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Q·Kᵀ/√d ``[batch, heads, tokens, others]``: what a pointer says before it decides."""
        return _scores(self._split(self.query(x)), self._split(self.key(x if context is None else context)))

    def with_scores(
        self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What :meth:`forward` gives, and :meth:`scores`, for one price."""
        q, k, v = self._heads_of(x, context)
        scores = _scores(q, k)
        return self.mix((_masked(scores, mask).softmax(-1) @ v).transpose(1, 2).flatten(2)), scores

    def _heads_of(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        source = x if context is None else context
        return self._split(self.query(x)), self._split(self.key(source)), self._split(self.value(source))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


def _scores(q: Tensor, k: Tensor) -> Tensor:
    return q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5


def _masked(scores: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return scores
    return scores + mask if mask.is_floating_point() else scores.masked_fill(~mask, -float("inf"))


@final
class TransformerLayer(nn.Module):
    """Attention, then a perceptron on every token, each added to what it read.

    Args:
        width: of a token.
        heads: of attention.
        inner: of the perceptron's hidden layer; 4·width if None.
        norm: where the layer norms are: ``before`` each part (Vision Transformer) or ``after`` each sum (BERT).
        eps: of the layer norms.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        inner: int | None = None,
        norm: Literal["before", "after"] = "before",
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        inner = inner or 4 * width
        self.first = norm == "before"
        self.norm1, self.attention, self.norm2 = (
            nn.LayerNorm(width, eps=eps),
            Attention(width, heads),
            nn.LayerNorm(width, eps=eps),
        )
        self.up, self.act, self.down = nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Tokens ``[batch, tokens, width]`` to tokens; the mask as in :class:`Attention`."""
        if self.first:
            x = x + self.attention(self.norm1(x), mask=mask)
            return x + self._perceptron(self.norm2(x))
        x = self.norm1(x + self.attention(x, mask=mask))
        return self.norm2(x + self._perceptron(x))

    def _perceptron(self, x: Tensor) -> Tensor:
        return self.down(self.act(self.up(x)))
