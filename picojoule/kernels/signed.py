"""The scans of :mod:`picojoule.kernels.membrane` for neurons that fire both ways.

::

    s = [u ≥ θ] − [u ≤ −θ⁻]        v = u − θ·[u ≥ θ] + θ⁻·[u ≤ −θ⁻]   or   u·(1 − |s|)

With d⁺ = σ'(u − θ) and d⁻ = σ'(u + θ⁻) for the derivatives of the two steps::

    subtract:  q = w + g·(d⁺ + d⁻) − w·(θ·d⁺ + θ⁻·d⁻)
    zero:      q = w·(1 − |s|) + g·(d⁺ + d⁻) − w·u·(d⁺ − d⁻)

A detached reset leaves the last term out. The imbalanced threshold of a leaky ReLU of slope α is θ⁻ = θ/α.
"""

from __future__ import annotations

import numba
import numpy as np

from picojoule.kernels.blocks import BLOCK, dot, load
from picojoule.kernels.pulse import fill
from picojoule.kernels.vectors import fetch


@numba.njit(cache=True, nogil=True, error_model="numpy")
def forward(x, v0, leak, threshold, keep, spikes, last, bottom, low, high):  # type: ignore[no-untyped-def]
    """Neurons low … high − 1, all steps; arguments are the rows of :func:`picojoule.kernels.membrane.forward`."""
    potential = np.empty(BLOCK, np.float32)
    for start in range(low, high, BLOCK):
        stop = min(high, start + BLOCK)
        v = potential[: stop - start]
        load(v, v0[start:stop])
        fetch(x, 0, stop, stop + BLOCK)
        fetch(spikes, 0, stop, stop + BLOCK)
        for t in range(len(x)):
            fetch(x, t + 1, start, stop)
            fetch(spikes, t + 1, start, stop)
            _fire(x[t, start:stop], v, spikes[t, start:stop], leak, threshold, bottom, keep)
        if len(last):
            last[start:stop] = v
    return 0.0


@numba.njit(inline="always")
def _fire(x, v, s, leak, threshold, bottom, keep):  # type: ignore[no-untyped-def]
    for i in range(len(x)):
        u = leak * v[i] + x[i]
        up, down = u >= threshold, u <= -bottom
        v[i] = keep * u - keep * threshold if up else (keep * u + keep * bottom if down else u)
        s[i] = np.float32(1) if up else (np.float32(-1) if down else np.float32(0))


@numba.njit(inline="always")
def _recompute(x, v, u, leak, threshold, bottom, keep):  # type: ignore[no-untyped-def]
    for i in range(len(x)):
        u[i] = leak * v[i] + x[i]
    _settle(u, v, threshold, bottom, keep)


@numba.njit(inline="always")
def _settle(u, v, threshold, bottom, keep):  # type: ignore[no-untyped-def]
    """v ← what is left of u."""
    for i in range(len(u)):
        up, down = u[i] >= threshold, u[i] <= -bottom
        v[i] = keep * u[i] - keep * threshold if up else (keep * u[i] + keep * bottom if down else u[i])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def backward(x, v0, g, w_end, q, dv, leak, threshold, k, h, kind, keep, attached, learns, bottom, low, high):  # type: ignore[no-untyped-def]
    """The gradient of :func:`forward`, and Σ q·v of the leak."""
    steps, leaks = len(x), 0.0
    potentials = np.empty((steps, BLOCK), np.float32)
    lane, above, below = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for start in range(low, high, BLOCK):
        stop = min(high, start + BLOCK)
        n = stop - start
        v, d, e = lane[:n], above[:n], below[:n]
        load(v, v0[start:stop])
        fetch(x, 0, stop, stop + BLOCK)
        fetch(g, steps - 1, start, stop)
        fetch(q, steps - 1, start, stop)
        for t in range(steps):
            fetch(x, t + 1, start, stop)
            _recompute(x[t, start:stop], v, potentials[t, :n], leak, threshold, bottom, keep)
        w = lane[:n]
        load(w, w_end[start:stop])
        for t in range(steps - 1, -1, -1):
            fetch(g, t - 1, start, stop)
            fetch(q, t - 1, start, stop)
            u = potentials[t, :n]
            fill(kind, u, threshold, k, h, d)
            fill(kind, u, -bottom, k, h, e)
            _back(g[t, start:stop], u, d, e, w, q[t, start:stop], threshold, bottom, keep, attached)
            if learns:
                if t:
                    _settle(potentials[t - 1, :n], d, threshold, bottom, keep)
                else:
                    load(d, v0[start:stop])
                leaks += dot(w, d)
            for i in range(n):
                w[i] *= leak
        if len(dv):
            dv[start:stop] = w
    return leaks


@numba.njit(inline="always")
def _back(g, u, d, e, w, q, threshold, bottom, keep, attached):  # type: ignore[no-untyped-def]
    """w and q ← q[t]."""
    for i in range(len(g)):
        fires = u[i] >= threshold or u[i] <= -bottom
        reset = threshold * d[i] + bottom * e[i] if keep else u[i] * (d[i] - e[i])
        through = w[i] * reset if attached else np.float32(0)
        w[i] = (keep * w[i] if fires else w[i]) + g[i] * (d[i] + e[i]) - through
        q[i] = w[i]
