"""Attention and the layer around it, for pictures, events and text alike."""

from __future__ import annotations

from typing import Literal, final

import torch.nn.functional as F
from torch import Tensor, nn


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """softmax(Q·Kᵀ/√d + mask)·V of heads ``[batch, heads, tokens, d]``, side by side ``[batch, tokens, heads·d]``."""
    return together(F.scaled_dot_product_attention(q, k, v, attn_mask=mask))


def shares(q: Tensor, k: Tensor, mask: Tensor | None = None) -> Tensor:
    """softmax(Q·Kᵀ/√d + mask) ``[batch, heads, tokens, others]``; the mask is added, or False where none may look."""
    return masked(scores(q, k), mask).softmax(-1)


def scores(q: Tensor, k: Tensor) -> Tensor:
    """Q·Kᵀ/√d ``[batch, heads, tokens, others]``."""
    return q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5


def masked(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Scores with the mask added, or −∞ where it is False."""
    if mask is None:
        return scores
    return scores + mask if mask.is_floating_point() else scores.masked_fill(~mask, -float("inf"))


def apart(x: Tensor, heads: int) -> Tensor:
    """Tokens ``[batch, tokens, width]`` as heads ``[batch, heads, tokens, width / heads]``."""
    return x.unflatten(2, (heads, -1)).transpose(1, 2)


def together(x: Tensor) -> Tensor:
    """Heads ``[batch, heads, tokens, d]`` as tokens ``[batch, tokens, heads·d]``."""
    return x.transpose(1, 2).flatten(2)


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
        return self.mix(attend(q, k, v, mask))

    def weights(self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """A ``[batch, heads, tokens, others]``, to look at."""
        q, k, _ = self._heads_of(x, context)
        return shares(q, k, mask)

    def scores(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Q·Kᵀ/√d ``[batch, heads, tokens, others]``: what a pointer says before it decides."""
        return scores(
            *(apart(each, self.heads) for each in (self.query(x), self.key(x if context is None else context)))
        )

    def with_scores(
        self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What :meth:`forward` gives, and :meth:`scores`, for one price."""
        q, k, v = self._heads_of(x, context)
        said = scores(q, k)
        return self.mix(together(masked(said, mask).softmax(-1) @ v)), said

    def _heads_of(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        source = x if context is None else context
        return tuple(apart(each, self.heads) for each in (self.query(x), self.key(source), self.value(source)))


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
