"""MemN2N (``sukhbaatar2015``): a network that answers questions about sentences it keeps in memory.

::

    m_i = x_i·A      c_i = x_i·C      u¹ = x_q·B                    x: bags of words, with the age of a memory as a word
    p^k = softmax_i S(m_i, u^k)       o^k = Σ_i p^k_i c_i           S: the dot product, or another similarity
    u^{k+1} = o^k + H·u^k             (layer-wise tying: A, C, H the same in every hop)
    u^{k+1} = o^k + u^k               (adjacent tying: A^{k+1} = C^k, B = A¹, W = C^K)
    ŷ = W·u^{K+1}

A module holds g × s networks of one form: s lanes (restarts, formats) on each of g tasks, trained in one batch. A lane
learns exactly what it would learn alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.models.memory.arithmetic import Arithmetic, Float
from picojoule.models.memory.bags import Bags

TYINGS = ("layer-wise", "adjacent")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """The form of the networks.

    Attributes:
        tokens: V, words and answers.
        ages: columns for the age of a memory.
        embedding: E.
        hops: K.
        tying: ``layer-wise`` or ``adjacent``.
        positions: position encoding, or plain bags of words.
        std: deviation of the initial weights.

    Raises:
        InputError: an unknown tying, or a size below 1.
    """

    tokens: int
    ages: int
    embedding: int = 60
    hops: int = 3
    tying: str = "layer-wise"
    positions: bool = True
    std: float = 0.1

    def __post_init__(self) -> None:
        if self.tying not in TYINGS:
            raise InputError(f"the tying {self.tying!r}", where="MemN2N", remedy=f"give {' or '.join(TYINGS)}")
        if min(self.tokens, self.ages, self.embedding, self.hops) < 1:
            raise InputError("a size below 1", where="MemN2N", remedy="give at least one token, age, value and hop")


@final
class MemN2N(nn.Module):
    """The networks.

    Args:
        form: of all of them.
        tasks, lanes: g and s.
        generator: of the initial weights, N(0, std²). Lane i of every task begins alike.

    ``linear`` is a buffer ``[g, s]``: where it is set, the softmax is left out (the linear start of MemN2N).
    """

    def __init__(self, form: Form, *, tasks: int = 1, lanes: int = 1, generator: torch.Generator) -> None:
        super().__init__()
        self.form = form

        def weight(*shape: int) -> nn.Parameter:
            start = form.std * torch.randn(1, lanes, *shape, generator=generator)
            return nn.Parameter(start.repeat(tasks, 1, *(1 for _ in shape)))

        adjacent = form.tying == "adjacent"
        words, e = form.tokens, form.embedding
        self.embeddings = nn.ParameterList([weight(words, e) for _ in range(form.hops + 1 if adjacent else 3)])
        """A, C, B; adjacent: A¹ = B, A² = C¹, …, C^K."""
        self.times = nn.ParameterList([weight(form.ages, e) for _ in range(form.hops + 1 if adjacent else 2)])
        self.h = None if adjacent else weight(e, e)
        self.w = None if adjacent else weight(e, words)
        self.register_buffer("linear", torch.zeros(tasks, lanes, dtype=torch.bool))
        place = 0.5 - torch.arange(1, e + 1) / e
        self.register_buffer("place", place, persistent=False)

    def pick(self, lanes: Sequence[int]) -> MemN2N:
        """Copies of these lanes, in this order."""
        tasks = len(self.linear)
        net = MemN2N(self.form, tasks=tasks, lanes=len(lanes), generator=torch.Generator()).to(self.place.device)
        with torch.no_grad():
            for mine, theirs in zip(net.parameters(), self.parameters(), strict=True):
                mine.copy_(theirs[:, list(lanes)])
        net.linear.copy_(self.linear[:, list(lanes)])
        return net

    def forward(self, bags: Bags, arithmetic: Arithmetic = Float()) -> Tensor:  # noqa: B008 - a frozen value
        """Logits ``[g, b, s, tokens]``."""
        return self.answer(self.keys(bags, arithmetic)[-1])

    def keys(self, bags: Bags, arithmetic: Arithmetic) -> list[Tensor]:
        """u¹ … u^{K+1}, each ``[g, b, s, e]``."""
        formats = arithmetic.formats(self.form.hops)
        first = 0 if self.h is None else 2
        keys = [arithmetic.address(self._embed(arithmetic, bags.question, first, formats[0], "question"), "key")]
        linear = self.linear if bool(self.linear.any()) else None
        held: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
        for hop, format_ in enumerate(formats):
            which = (0 if self.h is not None else hop, format_)
            if which not in held:
                held[which] = self._remember(bags, arithmetic, *which)
            m, c = held[which]
            u = keys[-1]
            p = _attend(arithmetic.similarity(m, u), bags.told, linear)
            o = arithmetic.read(p, c)
            keys.append(arithmetic.add(o, u if self.h is None else arithmetic.transform(self.h, u, format_)))
        return keys

    def answer(self, u: Tensor) -> Tensor:
        """W·u ``[g, b, s, tokens]`` in floating point."""
        w = self.embeddings[-1].transpose(2, 3) if self.w is None else self.w
        return torch.matmul(u.transpose(1, 2), w).transpose(1, 2)

    def _remember(self, bags: Bags, arithmetic: Arithmetic, i: int, format_: int) -> tuple[Tensor, Tensor]:
        """Memories and contents ``[g, b, l, s, e]``."""
        m, c = (
            self._embed(arithmetic, bags.memory, i + k, format_, name).unflatten(1, bags.told.shape[1:])
            for k, name in enumerate(("memories", "contents"))
        )
        return arithmetic.address(m, "addresses"), c

    def _embed(self, arithmetic: Arithmetic, bags: Tensor, i: int, format_: int, name: str) -> Tensor:
        """Bags ``[g, …, d]`` by embedding i, ``[g, n, s, e]``; where they have ages, by its times too."""
        a = arithmetic.weight(self.embeddings[i].transpose(1, 2), format_, f"{name}: words")
        v = self.form.tokens
        rows, aged = bags.flatten(1, -2), bags.shape[-1] > 2 * v
        parts = [0.5 * a, a * self.place] if self.form.positions else [a]
        if aged:
            parts.append(arithmetic.weight(self.times[i].transpose(1, 2), format_, f"{name}: ages"))
        if not self.form.positions:
            rows = torch.cat([rows[..., :v], rows[..., 2 * v :]], 2) if aged else rows[..., :v]
        weights = torch.cat(parts, 1)
        x = torch.matmul(rows, weights.flatten(2)).unflatten(2, weights.shape[2:])
        return arithmetic.embedded(x, format_, name)


def _attend(z: Tensor, told: Tensor, linear: Tensor | None) -> Tensor:
    """p ``[g, b, l, s]``; where `linear` is set, z itself."""
    told = told.unsqueeze(-1)
    p = torch.softmax(z.masked_fill(~told, _NEVER), 2)
    return p if linear is None else torch.where(linear[:, None, None], z * told, p)


_NEVER = -1e9
