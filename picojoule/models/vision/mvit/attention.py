"""Pooling attention with decomposed relative positions."""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from picojoule.models.attention import apart, attend, shares, together

EPS = 1e-6
"""Of every LayerNorm here."""


@final
class PoolingAttention(nn.Module):
    """Attention whose queries, keys and values are pooled on their grid by depth-wise convolutions.

    Per head, with pools P that leave the class token alone::

        q, k, v  = LN(P_q(x·W_q)), LN(P_k(x·W_k)), LN(P_v(x·W_v))
        A_ij     = q_i·k_j / √d + q_i·(R^h[h(i) − h(j)] + R^w[w(i) − w(j)])        (patches only)
        y        = (softmax(A)·v + q)·W_o                                            (residual pooling)

    Distances are counted in cells of the finer of the two grids.

    Args:
        inputs, outputs: channels.
        heads: of attention.
        side: tokens along a side of the grid that enters.
        stride: of queries.
        shrink: stride of keys and values.
        class_token: whether the first token is none of the grid.
    """

    def __init__(
        self, inputs: int, outputs: int, heads: int, side: int, *, stride: int, shrink: int, class_token: bool
    ) -> None:
        super().__init__()
        self.heads, self.first, width = heads, int(class_token), outputs // heads
        self.qkv, self.mix = nn.Linear(inputs, 3 * outputs), nn.Linear(outputs, outputs)
        for name, step in (("q", stride), ("k", shrink), ("v", shrink)):
            pool = nn.Conv2d(width, width, 3, step, 1, groups=width, bias=False)
            self.add_module(f"pool_{name}", pool)
            self.add_module(f"norm_{name}", nn.LayerNorm(width, EPS))
        self.grids = -(-side // stride), -(-side // shrink)
        rows = 2 * max(self.grids) - 1
        self.rel_h, self.rel_w = (nn.Parameter(nn.init.trunc_normal_(torch.empty(rows, width), std=0.02)) for _ in "hw")
        self.register_buffer("distances", distances(*self.grids), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens ``[batch, tokens, inputs]`` to ``[batch, pooled tokens, outputs]``."""
        q, k, v = self._queries_keys_values(x)
        return self.mix(attend(q, k, v, self._positions(q)) + together(q))

    def of_class_token(self, x: Tensor) -> Tensor:
        """What the class token attends to, mean over heads, ``[batch, rows, columns]`` of the keys' grid; sums to 1."""
        q, k, _ = self._queries_keys_values(x)
        side = self.grids[1]
        return shares(q[:, :, :1], k[:, :, self.first :])[:, :, 0].mean(1).unflatten(1, (side, side))

    def _queries_keys_values(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        split = self.qkv(x).chunk(3, dim=2)
        q, k, v = (self._pooled(apart(each, self.heads), name) for each, name in zip(split, "qkv", strict=True))
        return q, k, v

    def _pooled(self, x: Tensor, name: str) -> Tensor:
        """Pool and normalise ``[batch, heads, tokens, width]``."""
        pool, norm = getattr(self, f"pool_{name}"), getattr(self, f"norm_{name}")
        return norm(on_grid(x.flatten(0, 1), pool, self.first).unflatten(0, x.shape[:2]))

    def _positions(self, q: Tensor) -> Tensor:
        """The part of A that depends on places, 0 for the class token."""
        of_queries, of_keys = self.grids
        grid = q[:, :, self.first :].unflatten(2, (of_queries, of_queries))
        rel_h, rel_w = self.rel_h[self.distances], self.rel_w[self.distances]
        down = torch.einsum("byhwc,hkc->byhwk", grid, rel_h)
        across = torch.einsum("byhwc,wkc->byhwk", grid, rel_w)
        both = down[..., :, None] + across[..., None, :]
        return F.pad(both.reshape(*q.shape[:2], of_queries**2, of_keys**2), (self.first, 0, self.first, 0))


def distances(queries: int, keys: int) -> Tensor:
    """Which row of a table of relative positions belongs to query i and key j on a line, int64 ``[queries, keys]``."""
    of_query, of_key = max(keys / queries, 1.0), max(queries / keys, 1.0)
    i, j = torch.arange(queries)[:, None] * of_query, torch.arange(keys)[None] * of_key
    return (i - j + (keys - 1) * of_key).long()


def on_grid(x: Tensor, pool: nn.Module, first: int) -> Tensor:
    """Pool tokens ``[batch, tokens, channels]`` as a square picture; the first `first` of them stay as they are."""
    side = round((x.shape[1] - first) ** 0.5)
    grid = x[:, first:].transpose(1, 2).unflatten(2, (side, side))
    pooled = pool(grid).flatten(2).transpose(1, 2)
    return torch.cat((x[:, :first], pooled), dim=1)
