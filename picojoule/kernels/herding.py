"""Deep spiking networks of herders, sample by sample and event by event: the compiled form of a presentation.

A herder adds its input to a potential and emits quanta q until |φ| ≤ q/2::

    φ ← φ + u
    s = sign(φ)·⌈|φ|/q − ½⌉       signed       or       max(0, ⌈φ/q − ½⌉)       rectified
    φ ← φ − q·s

Each of the T steps of a presentation goes forward, with W_l the weights of layer l and φ = 0 at its start::

    s_0 = signed(φ_0; x)        u_l = s_{l−1}·W_l        Z_l += u_l        s_l = rectified(φ_l; u_l)

and back, from the error e_L = s_L − [label], each e_l being stopped where Z_l < 0::

    e_{l−1} = signed(ψ_{l−1}; e_l·W_lᵀ)·[Z_{l−1} ≥ 0]

With c_l the sum of s_l and E_l that of e_l over the steps, the weights learn by W_l ← W_l − k·c_{l−1} ⊗ E_l. In whole
numbers (int32 throughout, q = T²/η, k = 1) nothing is multiplied: every product has a count of spikes as a factor.

Work grows with the spikes: a spike adds one row of weights, an error walks one column. The torch form, all samples of
a batch at once, is :mod:`picojoule.herding.lanes`. Layers lie one after the other in flat arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

MOST = 1024
"""The most quanta a herder emits in a step; one that wants more belongs to a network that has diverged."""

MODES = {"none": 0, "batch": 1, "smooth": 2, "fractional": 3}
"""What becomes of the errors: no backward path; an update after the batch, from counts or from the real-valued sums; or
an update within the presentation, after every step."""

TALLIED = ("events_in", "spikes", "errors", "update_adds")
"""What is counted of each layer, in this order: spikes in, spikes out, errors passed, additions to its weights."""


class Flat(NamedTuple):
    """Where layers 0 … L lie in flat arrays: their ``sizes``, and the first of their ``units`` and ``weights``."""

    sizes: np.ndarray
    units: np.ndarray
    weights: np.ndarray


def flat(sizes: tuple[int, ...]) -> Flat:
    """The layout of a network with these layers."""
    n = np.array(sizes, np.int64)
    return Flat(n, np.concatenate(([0], np.cumsum(n))), np.concatenate(([0, 0], np.cumsum(n[:-1] * n[1:]))))


def present(
    x: Tensor,
    labels: Tensor,
    weights: Tensor,
    layout: Flat,
    *,
    steps: int,
    quantum: float,
    mode: str,
    rate: float,
    psi: Tensor,
    keep: float,
    start: Tensor,
) -> tuple[Tensor, Tensor]:
    """Present samples one after the other; the weights and ψ change in place.

    Sample n is in lane n mod lanes. Samples of one round of lanes see the same weights, and their updates are added up.

    Args:
        x: drive of a step in quanta units, ``[samples, sizes[0]]``, float32 or int32.
        labels: int64 ``[samples]``.
        weights: all layers' ``[inputs, outputs]`` in a row, dtype of `x`.
        layout: where they lie.
        steps: T.
        quantum: q.
        mode: one of :data:`MODES`.
        rate: k.
        psi: backward potentials a lane ended with, ``[lanes, hidden units]``.
        keep: κ, the share of them a lane begins with.
        start: what is added to them, ``[samples, hidden units]``.

    Returns:
        Z_L ``[samples, sizes[L]]``, and the tally, int64 ``[L, 4]`` in the order of :data:`TALLIED`.
    """
    z = torch.empty(len(x), int(layout.sizes[-1]), dtype=x.dtype)
    tally = torch.zeros(len(layout.sizes) - 1, len(TALLIED), dtype=torch.int64)
    kind = weights.numpy().dtype.type
    arrays = (each.numpy() for each in (x, labels, weights, psi, start, z, tally))
    _present(*arrays, *layout, steps, kind(quantum), kind(quantum / 2), MODES[mode], kind(rate), float(keep))
    return z, tally


@numba.njit(inline="always")
def _signed(p, q, half):  # type: ignore[no-untyped-def]
    """How many quanta leave a herder at p, signed; for p > 0 as many as leave a rectified one."""
    k = 0
    while p > half and k < MOST:
        p -= q
        k += 1
    while p < -half and k > -MOST:
        p += q
        k -= 1
    return k


@numba.njit(cache=True, nogil=True)
def _present(x, labels, w, psi, start, out, tally, sizes, units, at, steps, q, half, mode, rate, keep):  # type: ignore[no-untyped-def]
    lanes, n = len(psi), units[-1]
    c, errors, phi = np.zeros((lanes, n), w.dtype), np.zeros((lanes, n), w.dtype), np.zeros((lanes, n), w.dtype)
    s, e, back = np.zeros(n, w.dtype), np.zeros(n, w.dtype), np.zeros(n, w.dtype)
    driven, who = np.empty(sizes[0], np.int64), np.empty(n, np.int64)
    last, inputs = units[-2], sizes[0]
    for sample in range(len(x)):
        lane = sample % lanes
        c[lane], errors[lane], phi[lane] = 0, 0, 0
        for i in range(psi.shape[1]):
            back[inputs + i] = keep * psi[lane, i]  # towards zero in whole numbers
            back[inputs + i] += start[sample, i]
        some = _list(x[sample], driven)
        for t in range(steps):
            _forward(x[sample], driven[:some], w, sizes, units, at, q, half, phi[lane], s, c[lane], who, tally)
            if mode:
                _error(labels[sample], last, q, phi[lane], c[lane], s, e)
                _backward(w, sizes, units, at, q, half, back, phi[lane], c[lane], e, errors[lane], who, tally, t == 0)
                if mode == 3:
                    _learn(w, sizes, units, at, rate, c[lane], e, tally)
        psi[lane] = back[inputs : inputs + psi.shape[1]]
        for i in range(last, n):
            out[sample, i - last] = phi[lane, i] + q * c[lane, i]
        if mode == 2:
            _real_valued(x[sample], steps, inputs, last, q, c[lane], phi[lane])
        if (mode == 1 or mode == 2) and (lane == lanes - 1 or sample == len(x) - 1):
            for each in range(lane + 1):
                _learn(w, sizes, units, at, rate, c[each], errors[each], tally)


@numba.njit(inline="always")
def _list(values, which):  # type: ignore[no-untyped-def]
    """which ← where values are not zero; how many."""
    n = 0
    for i in range(len(values)):
        if values[i] != 0:
            which[n] = i
            n += 1
    return n


@numba.njit(cache=True, nogil=True)
def _forward(x, driven, w, sizes, units, at, q, half, phi, s, c, who, tally):  # type: ignore[no-untyped-def]
    """One step; `who` lists the neurons of a layer that spike."""
    spiking = 0
    for i in driven:
        phi[i] += x[i]
        if phi[i] > half or phi[i] < -half:
            spiking = _spike(i, 0, phi, s, c, who, spiking, q, half)
    for layer in range(1, len(sizes)):
        first, stop, before = units[layer], units[layer + 1], units[layer - 1]
        tally[layer - 1, 0] += _drive(w, at[layer], s[before:first], who[:spiking], phi[first:stop])
        spiking = 0
        for j in range(first, stop):
            s[j] = 0
            if phi[j] > half:
                spiking = _spike(j, first, phi, s, c, who, spiking, q, half)
        for a in who[:spiking]:
            tally[layer - 1, 1] += int(s[first + a])


@numba.njit(inline="always")
def _spike(i, first, phi, s, c, who, spiking, q, half):  # type: ignore[no-untyped-def]
    """Neuron i emits what is too much, and is listed; how many are."""
    k = _signed(phi[i], q, half)
    phi[i] -= k * q
    s[i] = k
    c[i] += k
    who[spiking] = i - first
    return spiking + 1


@numba.njit(inline="always")
def _drive(w, at, s, who, u):  # type: ignore[no-untyped-def]
    """u ← u + s·W, a row for each that spiked, four at a time; how many spikes there were."""
    events, n, whole = 0, len(u), len(who) // 4 * 4
    for a in range(0, whole, 4):
        k, l, m, o = s[who[a]], s[who[a + 1]], s[who[a + 2]], s[who[a + 3]]
        one, two = w[at + who[a] * n :][:n], w[at + who[a + 1] * n :][:n]
        three, four = w[at + who[a + 2] * n :][:n], w[at + who[a + 3] * n :][:n]
        for j in range(n):
            u[j] += (k * one[j] + l * two[j]) + (m * three[j] + o * four[j])
    for a in range(whole, len(who)):
        k, row = s[who[a]], w[at + who[a] * n :][:n]
        for j in range(n):
            u[j] += k * row[j]
    for a in who:
        events += abs(int(s[a]))
    return events


@numba.njit(inline="always")
def _open(i, q, phi, c):  # type: ignore[no-untyped-def]
    """Z ≥ 0, where Z = φ + q·c, since φ began with 0."""
    return phi[i] + q * c[i] >= 0


@numba.njit(inline="always")
def _error(label, first, q, phi, c, s, e):  # type: ignore[no-untyped-def]
    """e_L ← s_L − [label], where the gate is open."""
    for i in range(first, len(e)):
        k = s[i] - 1 if i - first == label else s[i]
        e[i] = k if _open(i, q, phi, c) else 0


@numba.njit(cache=True, nogil=True)
def _backward(w, sizes, units, at, q, half, psi, phi, c, e, errors, which, tally, early):  # type: ignore[no-untyped-def]
    """One step; but in the first (`early`), herders without an error from above have nothing to send."""
    for layer in range(len(sizes) - 1, 0, -1):
        first, n, active = units[layer], sizes[layer], 0
        for j in range(n):
            if e[first + j] != 0:
                which[active] = j
                active += 1
                errors[first + j] += e[first + j]
                tally[layer - 1, 2] += abs(int(e[first + j]))
        if layer == 1 or (active == 0 and not early):
            e[:first] = 0
            return
        below, row = units[layer - 1], at[layer]
        for i in range(below, first):
            for a in which[:active]:
                psi[i] += e[first + a] * w[row + a]
            row += n
            e[i] = 0
            if psi[i] > half or psi[i] < -half:
                k = _signed(psi[i], q, half)
                psi[i] -= k * q
                e[i] = k if _open(i, q, phi, c) else 0


@numba.njit(cache=True, nogil=True)
def _learn(w, sizes, units, at, rate, c, errors, tally):  # type: ignore[no-untyped-def]
    """W_l ← W_l − k·c_{l−1} ⊗ E_l, and the additions it takes: c_{l−1} once for every error."""
    for layer in range(1, len(sizes)):
        n, before, first = sizes[layer], units[layer - 1], units[layer]
        wrong, active = 0, 0
        for j in range(n):
            wrong += abs(int(errors[first + j]))
        if wrong == 0:
            continue
        for i in range(sizes[layer - 1]):
            if c[before + i] != 0:
                active += 1
                by = rate * c[before + i]
                row = w[at[layer] + i * n : at[layer] + (i + 1) * n]
                for j in range(n):
                    row[j] -= by * errors[first + j]
        tally[layer - 1, 3] += wrong * active


@numba.njit(inline="always")
def _real_valued(x, steps, inputs, last, q, c, phi):  # type: ignore[no-untyped-def]
    """c ← what the quanta stood for: T·x of an input, max(0, Z) of a hidden unit."""
    for i in range(inputs):
        c[i] = steps * x[i]
    for i in range(inputs, last):
        c[i] = max(phi[i] + q * c[i], 0)
