"""A few-spikes neuron as a staircase, and how well its steps fit a function, with the exact gradient.

Between two breakpoints the neurons that a potential x passes through fire in one pattern z(1) … z(K). A step t splits
a segment at x = T(t) + Σ_{i<t} h(i)·z(i). With what is to be decoded weighted by a density ρ::

    L = Σ_segments ∫ (f(x) − o)²·ρ dx,   o = Σ_t d(t)·z(t);     N = Σ_segments ∫ Σ_t z(t)·ρ dx
    ∂L/∂x_b = ρ(x_b)·[(f(x_b) − o_left)² − (f(x_b) − o_right)²]       ∂x_b/∂T(t) = 1,  ∂x_b/∂h(i) = z(i)

All integrals are differences of running ones. Its reference is the loop over x, in the tests.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

_MOST = 1 << 15
"""Segments a neuron may have; what a fit comes by with more is not split further."""


class Segments(NamedTuple):
    """Segments of [low, high] from left to right.

    Attributes:
        edges: where each begins, and the end of the last, ``[segments + 1]``.
        fired: which steps fire in it, a bit a step, int64 ``[segments]``.
        owner: the step whose threshold makes its left edge, −1 of the first.
        before: which steps before the owner had fired at that edge.
    """

    edges: np.ndarray
    fired: np.ndarray
    owner: np.ndarray
    before: np.ndarray


class Target(NamedTuple):
    """A function on a uniform grid from low to high: values, density, and running integrals of ρ, ρ·f and ρ·f²."""

    low: float
    high: float
    values: np.ndarray
    density: np.ndarray
    mass: np.ndarray
    first: np.ndarray
    second: np.ndarray


def target(low: float, high: float, values: np.ndarray, density: np.ndarray) -> Target:
    """The target of a function that was evaluated on a grid, the density made to integrate to 1."""
    width = (high - low) / (len(values) - 1)

    def running(y: np.ndarray) -> np.ndarray:
        return np.concatenate([[0.0], np.cumsum((y[1:] + y[:-1]) / 2 * width)])

    density = density / running(density)[-1]
    return Target(low, high, values, density, running(density), running(density * values), running(density * values**2))


def segments(thresholds: np.ndarray, resets: np.ndarray, low: float, high: float) -> Segments:
    """The segments of a neuron of float64 tables ``[K]``, at most 32768 of them."""
    edges, fired, owner, before = _split(thresholds, resets, low, high)
    return Segments(np.append(edges, high), fired, owner, before)


class Loss(NamedTuple):
    """How well a neuron fits: squared error and mean number of spikes, both integrals over the density; the d that fit
    best for the given T and h; and the gradient of error + μ·spikes."""

    error: float
    spikes: float
    amplitudes: np.ndarray
    by_threshold: np.ndarray
    by_reset: np.ndarray


def loss(thresholds: np.ndarray, resets: np.ndarray, to: Target, spike_weight: float = 0.0) -> Loss:
    """The loss L + μ·N of the best amplitudes, and its exact gradient.

    Args:
        thresholds, resets: T and h, float64 ``[K]``.
        to: what to fit.
        spike_weight: μ.
    """
    return Loss(*_loss(thresholds, resets, to, spike_weight))


def descend(
    thresholds: np.ndarray, resets: np.ndarray, to: Target, spike_weight: float, turns: int, rate: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """Adam with a rate that falls to zero; the smallest L + μ·N on the way, and its T and h.

    Args:
        thresholds, resets, to, spike_weight: as for :func:`loss`.
        turns: of Adam.
        rate: of its first step.
    """
    return _descend(thresholds.astype(np.float64), resets.astype(np.float64), to, float(spike_weight), turns, rate)


@numba.njit(cache=True, nogil=True)
def _descend(thresholds, resets, to, spike_weight, turns, rate):  # type: ignore[no-untyped-def]
    T, h, K = thresholds.copy(), resets.copy(), len(thresholds)
    mean, square = np.zeros(2 * K), np.zeros(2 * K)
    best, best_T, best_h = np.inf, T.copy(), h.copy()
    for turn in range(turns):
        error, spikes, _, by_threshold, by_reset = _loss(T, h, to, spike_weight)
        if error + spike_weight * spikes < best:
            best = error + spike_weight * spikes
            best_T[:], best_h[:] = T, h
        now = rate * (1 + np.cos(np.pi * turn / turns)) / 2
        for k in range(2 * K):
            slope = by_threshold[k] if k < K else by_reset[k - K]
            mean[k] = 0.9 * mean[k] + 0.1 * slope
            square[k] = 0.999 * square[k] + 0.001 * slope * slope
            root = np.sqrt(square[k] / (1 - 0.999 ** (turn + 1))) + 1e-12
            change = now * mean[k] / (1 - 0.9 ** (turn + 1)) / root
            if k < K:
                T[k] -= change
            else:
                h[k - K] -= change
    return best, best_T, best_h


@numba.njit(cache=True, nogil=True)
def _loss(thresholds, resets, to, spike_weight):  # type: ignore[no-untyped-def]
    found = _split(thresholds, resets, to.low, to.high)
    gram, moments, masses, firsts, total = _moments(len(thresholds), found, to)
    spikes = np.trace(gram)
    for t in range(len(gram)):
        gram[t, t] += 1e-9 * max(spikes, 1e-3)
    amplitudes = _solved(gram, moments)
    error, by_threshold, by_reset = _gradient(found, to, amplitudes, masses, firsts, total, spike_weight)
    return error, spikes, amplitudes, by_threshold, by_reset


@numba.njit(cache=True, nogil=True)
def _solved(matrix, right):  # type: ignore[no-untyped-def]
    """x of A·x = b, A symmetric and positive, by Cholesky's factors, which take A's place."""
    n, x = len(right), right.copy()
    for j in range(n):
        for i in range(j, n):
            for k in range(j):
                matrix[i, j] -= matrix[i, k] * matrix[j, k]
        root = np.sqrt(max(matrix[j, j], 1e-300))
        for i in range(j, n):
            matrix[i, j] /= root
    for i in range(n):
        for k in range(i):
            x[i] -= matrix[i, k] * x[k]
        x[i] /= matrix[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            x[i] -= matrix[k, i] * x[k]
        x[i] /= matrix[i, i]
    return x


@numba.njit(cache=True, nogil=True)
def _split(thresholds, resets, low, high):  # type: ignore[no-untyped-def]
    left, shift = np.empty((2, _MOST)), np.empty((2, _MOST))
    marks = np.empty((2, 3, _MOST), np.int64)  # fired, owner, before
    left[0, 0], shift[0, 0], count, old = low, 0.0, 1, 0
    marks[0, 0, 0], marks[0, 1, 0], marks[0, 2, 0] = 0, -1, 0
    for t in range(len(thresholds)):
        new, made = 1 - old, 0
        for j in range(count):
            start, stop = left[old, j], left[old, j + 1] if j + 1 < count else high
            at = thresholds[t] + shift[old, j]
            if at > start and made < _MOST:  # what stays below the threshold
                left[new, made], shift[new, made] = start, shift[old, j]
                marks[new, :, made] = marks[old, :, j]
                made += 1
            if at < stop and made < _MOST:  # what fires
                left[new, made], shift[new, made] = max(at, start), shift[old, j] + resets[t]
                marks[new, :, made] = marks[old, :, j]
                if at > start:
                    marks[new, 1, made], marks[new, 2, made] = t, marks[old, 0, j]
                marks[new, 0, made] = marks[old, 0, j] | (np.int64(1) << t)
                made += 1
        count, old = made, new
    fired, owner, before = marks[old, 0, :count].copy(), marks[old, 1, :count].copy(), marks[old, 2, :count].copy()
    return left[old, :count].copy(), fired, owner, before


@numba.njit(inline="always")
def _at(x, table, low, high):  # type: ignore[no-untyped-def]
    """A table on a uniform grid, linear between its points."""
    place = (x - low) / (high - low) * (len(table) - 1)
    k = min(max(int(place), 0), len(table) - 2)
    return table[k] + (table[k + 1] - table[k]) * (place - k)


@numba.njit(cache=True, nogil=True)
def _moments(steps, found, to):  # type: ignore[no-untyped-def]
    """Σ ∫ z·zᵀ·ρ, Σ ∫ z·f·ρ, ∫ ρ and ∫ f·ρ of every segment, and ∫ f²·ρ in all."""
    edges, fired = found[0], found[1]
    gram, moments = np.zeros((steps, steps)), np.zeros(steps)
    masses, firsts = np.empty(len(edges)), np.empty(len(edges))
    on = np.empty(steps, np.int64)
    for j in range(len(edges)):
        stop = edges[j + 1] if j + 1 < len(edges) else to.high
        masses[j] = _at(stop, to.mass, to.low, to.high) - _at(edges[j], to.mass, to.low, to.high)
        firsts[j] = _at(stop, to.first, to.low, to.high) - _at(edges[j], to.first, to.low, to.high)
        count = 0
        for t in range(steps):
            if fired[j] >> t & 1:
                on[count] = t
                count += 1
                moments[t] += firsts[j]
        for a in range(count):
            for b in range(count):
                gram[on[a], on[b]] += masses[j]
    return gram, moments, masses, firsts, to.second[-1]


@numba.njit(cache=True, nogil=True)
def _gradient(found, to, amplitudes, masses, firsts, total, spike_weight):  # type: ignore[no-untyped-def]
    """The error, and the gradient of error and spikes by T and h."""
    edges, fired, owner, before = found
    by_threshold, by_reset = np.zeros(len(amplitudes)), np.zeros(len(amplitudes))
    error, last, last_number = total, 0.0, 0
    for j in range(len(edges)):
        out, number = 0.0, 0
        for t in range(len(amplitudes)):
            if fired[j] >> t & 1:
                out += amplitudes[t]
                number += 1
        error += out * out * masses[j] - 2 * out * firsts[j]
        if owner[j] >= 0:
            f = _at(edges[j], to.values, to.low, to.high)
            gain = (f - last) ** 2 - (f - out) ** 2 + spike_weight * (last_number - number)
            gain *= _at(edges[j], to.density, to.low, to.high)
            by_threshold[owner[j]] += gain
            for t in range(owner[j]):
                if before[j] >> t & 1:
                    by_reset[t] += gain
        last, last_number = out, number
    return error, by_threshold, by_reset
