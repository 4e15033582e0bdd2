"""Pools over events: a maximum changes where a running sum passes it; an average passes events on."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from picojoule.kernels.projection import Stream

_NONE = np.zeros(0, np.int64)


class Windows(NamedTuple):
    """Which windows of a pool a position is in.

    Attributes:
        channels: C; the value ``i`` is channel ``i mod C`` of position ``i div C``.
        bounds: int64 ``[positions + 1]``, the windows of a position.
        window: int64, the windows, by their own position.
        share: float32 ``[windows]``, what a window passes on of an amount (an average: 1 / its area).
        most: the most windows one position is in.
        inside: of a maximum, int64 ``[windows + 1]``: the positions of window o are
            ``position[inside[o]] … position[inside[o + 1] − 1]``.
        position: int64.
    """

    channels: int
    bounds: np.ndarray
    window: np.ndarray
    share: np.ndarray
    most: int
    inside: np.ndarray = _NONE
    position: np.ndarray = _NONE


def average(incoming: Stream, windows: Windows) -> Stream:
    """Every event once for each window it is in, its amount times the window's share."""
    out = Stream.room(incoming.samples, incoming.steps, len(incoming.where) * windows.most, incoming.amount.dtype)
    _average(incoming, windows, out)
    return out.trimmed()


def maximum(incoming: Stream, windows: Windows, sums: Tensor, largest: Tensor) -> Stream:
    """o(t) = max_i S_i(t) − max_i S_i(t−1) over the running sums S of each window.

    Args:
        incoming: the events; where all amounts are above zero no running sum falls, and no window is searched.
        windows: of the pool.
        sums: S, ``[samples, values]``; changed.
        largest: the maximum of each window so far, ``[samples, windows · channels]``; changed.
    """
    out = Stream.room(incoming.samples, incoming.steps, len(incoming.where) * windows.most, incoming.amount.dtype)
    scratch = np.zeros(largest.shape[1], np.bool_), torch.empty_like(largest[0]).numpy()
    work = _maximum_signed if (incoming.amount < 0).any() else _maximum
    work(incoming, windows, sums.numpy(), largest.numpy(), *scratch, out)
    return out.trimmed()


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _average(incoming, windows, out):  # type: ignore[no-untyped-def]
    found = 0
    for b in range(len(incoming.bounds)):
        out.bounds[b, 0] = found
        for t in range(incoming.bounds.shape[1] - 1):
            for e in range(incoming.bounds[b, t], incoming.bounds[b, t + 1]):
                i = incoming.where[e]
                p = i // windows.channels
                c = i - p * windows.channels
                for k in range(windows.bounds[p], windows.bounds[p + 1]):
                    window = windows.window[k]
                    out.where[found] = window * windows.channels + c
                    out.amount[found] = incoming.amount[e] * windows.share[window]
                    found += 1
            out.bounds[b, t + 1] = found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _maximum(incoming, windows, sums, largest, passed, before, out):  # type: ignore[no-untyped-def]
    found = 0
    for b in range(len(incoming.bounds)):
        out.bounds[b, 0] = found
        for t in range(incoming.bounds.shape[1] - 1):
            for e in range(incoming.bounds[b, t], incoming.bounds[b, t + 1]):
                i = incoming.where[e]
                p = i // windows.channels
                c = i - p * windows.channels
                sums[b, i] += incoming.amount[e]
                for k in range(windows.bounds[p], windows.bounds[p + 1]):
                    o = windows.window[k] * windows.channels + c
                    if sums[b, i] > largest[b, o]:
                        if not passed[o]:
                            passed[o], before[o] = True, largest[b, o]
                            out.where[found] = o
                            found += 1
                        largest[b, o] = sums[b, i]
            for e in range(out.bounds[b, t], found):
                o = out.where[e]
                passed[o] = False
                out.amount[e] = largest[b, o] - before[o]
            out.bounds[b, t + 1] = found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _maximum_signed(incoming, windows, sums, largest, passed, before, out):  # type: ignore[no-untyped-def]
    """Every window that something entered is searched once, at the end of the step."""
    found, channels = 0, windows.channels
    for b in range(len(incoming.bounds)):
        out.bounds[b, 0] = found
        for t in range(incoming.bounds.shape[1] - 1):
            start = found
            for e in range(incoming.bounds[b, t], incoming.bounds[b, t + 1]):
                i = incoming.where[e]
                p = i // channels
                sums[b, i] += incoming.amount[e]
                for k in range(windows.bounds[p], windows.bounds[p + 1]):
                    o = windows.window[k] * channels + i - p * channels
                    if not passed[o]:
                        passed[o] = True
                        out.where[found] = o
                        found += 1
            kept = start
            for e in range(start, found):
                o = out.where[e]
                passed[o] = False
                window = o // channels
                new = -np.inf
                for k in range(windows.inside[window], windows.inside[window + 1]):
                    new = max(new, sums[b, windows.position[k] * channels + o - window * channels])
                if new != largest[b, o]:
                    out.where[kept], out.amount[kept] = o, new - largest[b, o]
                    largest[b, o] = new
                    kept += 1
            found = kept
            out.bounds[b, t + 1] = found
