"""A descending staircase: the first level a value reaches, and what a receiver decodes from it.

::

    k(u) = min { k : u ≥ θ_k },  K where there is none        θ_0 > θ_1 > … > θ_{K−1}
    Q(u) = values[k],  0 where there is none

The compiled form looks ``k`` up on the upper sixteen bits of the float (its sign, exponent and seven bits of
mantissa) and corrects it against the table, so it makes exactly the comparisons u ≥ θ_k and takes no logarithm.
A scale on the output costs nothing: it is in the table of values.

Where no two levels have the same upper sixteen bits, one subtraction makes the comparison: see :func:`_jumps`.
A bfloat16 number *is* sixteen such bits, so for those there is one table of what is decoded and one of the step.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from picojoule.kernels.listing import list_reaching
from picojoule.kernels.vectors import LANES

_BUCKETS = 1 << 16
_NO_WEIGHTS, _NO_VALUES, _NO_JUMPS = np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.uint32)


class Table(NamedTuple):
    """The staircase as arrays.

    Attributes:
        levels, values: of length K+1, the last of them: not reached.
        lookup: k of the largest number with the same upper sixteen bits.
        jumps: where k changes among them; empty where it changes twice.
    """

    levels: np.ndarray
    values: np.ndarray
    lookup: np.ndarray
    jumps: np.ndarray

    @property
    def steps(self) -> int:
        """K, the number of levels."""
        return len(self.levels) - 1


class Reached(NamedTuple):
    """Counts per sample of one quantised tensor, int64 arrays of length batch.

    ``spikes`` values that reached a level; ``index_sum`` Σ k with k = K where none was reached;
    ``weighted`` Σ of `weights` over the values that reached a level.
    """

    spikes: np.ndarray
    index_sum: np.ndarray
    weighted: np.ndarray


@functools.lru_cache(maxsize=256)
def table(levels: tuple[float, ...], values: tuple[float, ...]) -> Table:
    """The tables of a staircase.

    Args:
        levels: θ_0 > θ_1 > … > θ_{K−1} > 0.
        values: what is decoded at each level; same length.
    """
    rounded = np.asarray(levels, np.float32)
    if len(levels) != len(values) or (np.diff(rounded) > 0).any() or rounded[-1] <= 0:
        raise ValueError("levels must be positive, not increasing, and as many as values")
    ends = (np.arange(_BUCKETS, dtype=np.uint32) << np.uint32(16) | np.uint32(0xFFFF)).view(np.float32)
    lookup = np.searchsorted(-rounded, -np.nan_to_num(ends, nan=np.inf, posinf=np.inf))
    lookup[np.signbit(ends) | (np.isnan(ends) & ~_holds_infinity(ends))] = len(levels)
    return Table(
        levels=np.append(rounded, np.float32(-np.inf)),
        values=np.append(np.asarray(values, np.float32), np.float32(0)),
        lookup=lookup.astype(np.int16 if len(levels) < 2**15 else np.int32),
        jumps=_jumps(rounded, lookup),
    )


def _jumps(levels: np.ndarray, lookup: np.ndarray) -> np.ndarray:
    """For the bits of every upper half a number j, so that k = (j − bits) >> 16 in 32 bits, without a branch.

    With k of the largest number of the bucket and c the lower half of θ_k, j = first bits of the bucket + (k+1)·2¹⁶ +
    c − 1: a lower half below c leaves k+1. c is 0 where the whole bucket reaches θ_k. (A signalling NaN may pass for
    infinity.)
    """
    steps, begins = len(levels), np.arange(_BUCKETS, dtype=np.int64) << 16
    smallest, reaches = begins.astype(np.uint32).view(np.float32), lookup < steps
    two = np.searchsorted(-levels, -smallest[reaches]) - lookup[reaches] > 1
    if two.any() or steps >= 2**15:
        return _NO_JUMPS
    k = np.where(reaches, lookup, steps - 1).astype(np.int64)
    cut = np.where(reaches, np.maximum(levels[k].view(np.uint32) - begins, 0), 1 << 16)
    return (begins + (k + 1 << 16) + cut - 1).astype(np.uint32)


def _holds_infinity(ends: np.ndarray) -> np.ndarray:
    """The bucket whose first value is +∞ (its other values are NaN, which the comparison below rejects)."""
    return ends.view(np.uint32) >> np.uint32(16) == np.uint32(0x7F80)


def quantise(u: Tensor, staircase: Table, weights: np.ndarray | None = None) -> tuple[Tensor, Reached]:
    """What a receiver decodes for `u`, and the counts.

    Args:
        u: ``[batch, n]``. A contiguous float32 or bfloat16 tensor on the CPU is quantised in place by a compiled
            kernel; any other by plain torch, into a new tensor.
        staircase: from :func:`table`.
        weights: int64 ``[n]``, what to sum over the values that reached a level (the fan-out); nothing if None.
    """
    if not _compiled(u):
        return quantise_reference(u, staircase, np.zeros(u.shape[1], np.int64) if weights is None else weights)
    counts, fan = np.zeros((3, len(u)), np.int64), _NO_WEIGHTS if weights is None else weights
    if u.dtype == torch.bfloat16:
        _quantise_short(u.detach().view(torch.uint16).numpy(), *_short(*map(bytes, staircase[:2])), fan, counts)
    elif len(staircase.jumps):
        _quantise_apart(u.detach().numpy(), staircase.levels, staircase.values, staircase.jumps, fan, counts)
    else:
        _quantise(u.detach().numpy(), staircase.levels, staircase.values, staircase.lookup, fan, counts)
    return u, Reached(*counts)


def evaluate(u: Tensor, staircase: Table) -> Tensor:
    """The values of :func:`quantise` alone, which takes less."""
    if not _compiled(u) or u.dtype == torch.bfloat16 or not len(staircase.jumps):
        return quantise(u, staircase)[0]
    _evaluate(u.detach().numpy(), staircase.values, staircase.jumps)
    return u


@functools.lru_cache(maxsize=64)
def _short(levels: bytes, values: bytes) -> tuple[np.ndarray, np.ndarray]:
    """For every bfloat16 number, the bits of what is decoded (rounded to one) and k."""
    numbers = (np.arange(_BUCKETS, dtype=np.uint32) << np.uint32(16)).view(np.float32)
    staircase = Table(np.frombuffer(levels, np.float32).copy(), _NO_VALUES, _NO_WEIGHTS, _NO_JUMPS)
    k = index(torch.from_numpy(numbers), staircase)
    decoded = torch.from_numpy(np.frombuffer(values, np.float32).copy()).bfloat16()[k]
    return decoded.view(torch.uint16).numpy(), k.numpy().astype(np.int32)


def survey(u: Tensor, staircase: Table) -> Reached:
    """The counts of :func:`quantise` alone; `u` stays as it is and ``weighted`` is 0."""
    if not _compiled(u) or u.dtype == torch.bfloat16:
        return quantise_reference(u, staircase, np.zeros(u.shape[1], np.int64))[1]
    counts = np.zeros((3, len(u)), np.int64)
    _survey(u.detach().numpy(), staircase.levels, staircase.lookup, counts)
    return Reached(*counts)


def quantise_reference(u: Tensor, staircase: Table, weights: np.ndarray) -> tuple[Tensor, Reached]:
    """:func:`quantise` in plain torch, for every device and dtype."""
    k = index(u, staircase)
    reached = k < staircase.steps
    weighted = (reached * torch.as_tensor(weights, device=u.device)).sum(1)
    counts = (reached.sum(1), k.sum(1), weighted)
    return decode(k, staircase, u.dtype), Reached(*(each.cpu().numpy() for each in counts))


def magnitude(u: Tensor, slope: float) -> Tensor:
    """What a signed neuron compares with its levels: u, or −α·u below zero; u itself where α = 0."""
    return torch.where(u < 0, -slope * u, u) if slope else u


def index(u: Tensor, staircase: Table) -> Tensor:
    """k(u) as int64, any shape; K where no level is reached. Short numbers are compared with the float32 levels."""
    u = u.float() if u.dtype in (torch.bfloat16, torch.float16) else u
    levels = torch.as_tensor(staircase.levels[:-1], device=u.device).to(u.dtype)
    return torch.searchsorted(-levels, -u.nan_to_num(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf).contiguous())


def decode(k: Tensor, staircase: Table, dtype: torch.dtype) -> Tensor:
    """values[k], 0 where k = K."""
    return torch.as_tensor(staircase.values, device=k.device).to(dtype)[k]


def repeats(staircase: Table, dtype: torch.dtype) -> bool:
    """True where Q(Q(u)) = Q(u) for every u, in numbers of a type."""
    values = torch.from_numpy(staircase.values).to(dtype)
    return bool((decode(index(values, staircase), staircase, dtype) == values).all())


def _compiled(u: Tensor) -> bool:
    return u.dtype in (torch.float32, torch.bfloat16) and u.device.type == "cpu" and u.is_contiguous()


@numba.njit(inline="always")
def find_step(u, levels, lookup):  # type: ignore[no-untyped-def]
    """k(u) of a number that reaches a level."""
    return np.int64(_find(u, np.float32(u).view(np.int32), levels, lookup))


@numba.njit(inline="always")
def _find(value, bits, levels, lookup):  # type: ignore[no-untyped-def]
    """k of a value that reaches a level, so a positive one. Unsigned, as an index is cheapest."""
    k = np.uint64(lookup[np.uint32(bits) >> np.uint32(16)])
    k += np.uint64(value < levels[k])
    while value < levels[k]:  # only where levels are closer than the look-up's buckets
        k += np.uint64(1)
    return k


@numba.njit(cache=True, nogil=True)
def _quantise(u, levels, values, lookup, weights, counts):  # type: ignore[no-untyped-def]
    """In place: u[b, i] ← values[k(u[b, i])]; counts per row b. List the few that reach, zero the rest, look up."""
    steps, n = len(levels) - 1, u.shape[1]
    reaching = np.empty(n + LANES, np.int32)
    for b in range(u.shape[0]):
        row, bits = u[b], u[b].view(np.int32)
        found = list_reaching(row, 0, n, levels[steps - 1], reaching, 0)
        for i in range(n):
            row[i] = row[i] if row[i] >= levels[steps - 1] else np.float32(0)
        indices, total = np.uint64(0), 0
        for j in range(np.uint64(found)):
            i = np.uint64(reaching[j])
            k = _find(row[i], bits[i], levels, lookup)
            row[i] = values[k]
            indices += k
        for j in range(np.uint64(found if len(weights) else 0)):
            total += weights[np.uint64(reaching[j])]
        counts[0, b], counts[1, b], counts[2, b] = found, np.int64(indices) + steps * (n - found), total


@numba.njit(inline="always")
def _jump(bits, jumps):  # type: ignore[no-untyped-def]
    """k of a number, where no two levels share a bucket."""
    return np.uint32(jumps[bits >> np.uint32(16)] - bits) >> np.uint32(16)


@numba.njit(cache=True, nogil=True)
def _evaluate(u, values, jumps):  # type: ignore[no-untyped-def]
    """In place: u[b, i] ← values[k(u[b, i])], where no two levels share a bucket."""
    for b in range(u.shape[0]):
        row, bits = u[b], u[b].view(np.uint32)
        for i in range(len(row)):
            row[i] = values[_jump(bits[i], jumps)]


@numba.njit(cache=True, nogil=True)
def _quantise_apart(u, levels, values, jumps, weights, counts):  # type: ignore[no-untyped-def]
    """_quantise, where no two levels share a bucket."""
    last = levels[len(levels) - 2]
    for b in range(u.shape[0]):
        row, bits = u[b], u[b].view(np.uint32)
        found, indices, total = 0, 0, 0
        for i in range(len(row)):
            found += 1 if row[i] >= last else 0
        for i in range(len(weights)):
            total += weights[i] if row[i] >= last else 0
        for i in range(len(row)):
            k = _jump(bits[i], jumps)
            row[i] = values[k]
            indices += k
        counts[0, b], counts[1, b], counts[2, b] = found, indices, total


@numba.njit(cache=True, nogil=True)
def _quantise_short(u, decoded, steps, weights, counts):  # type: ignore[no-untyped-def]
    """In place: the bits of u[b, i] ← decoded[u[b, i]]; the counts of _quantise."""
    silent = steps[0]  # the step of the number 0
    for b in range(u.shape[0]):
        row, found, indices, total = u[b], 0, 0, 0
        for i in range(len(row)):
            k = steps[row[i]]
            indices += k
            found += 1 if k < silent else 0
            total += weights[i] if len(weights) and k < silent else 0
            row[i] = decoded[row[i]]
        counts[0, b], counts[1, b], counts[2, b] = found, indices, total


@numba.njit(cache=True, nogil=True)
def _survey(u, levels, lookup, counts):  # type: ignore[no-untyped-def]
    """The counts of _quantise, without writing."""
    steps, n = len(levels) - 1, u.shape[1]
    reaching = np.empty(n + LANES, np.int32)
    for b in range(u.shape[0]):
        row, bits = u[b], u[b].view(np.int32)
        found = list_reaching(row, 0, n, levels[steps - 1], reaching, 0)
        indices = np.uint64(0)
        for j in range(np.uint64(found)):
            i = np.uint64(reaching[j])
            indices += _find(row[i], bits[i], levels, lookup)
        counts[0, b], counts[1, b] = found, np.int64(indices) + steps * (n - found)
