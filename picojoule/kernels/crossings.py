"""Pixels of an event camera: an event whenever log intensity has moved by a threshold since the last one.

Between two samples L rises or falls in a straight line. A crossed level gives an event at the time the line meets it,
unless the pixel's last event was too short a time before; the level moves all the same::

    pol = sign(L − L_prev)
    while ref + pol·C lies in (L_prev, L]  (or [L, L_prev)):   ref += pol·C
        t_e = t_prev + (ref − L_prev)/(L − L_prev)·(t − t_prev);   emit unless t_e − t_last < refractory

Samples are the outer loop, so events come out interval by interval; a counting sort over whole microseconds puts them
in order. The least the compiled form must move: L once, and an event three times (counted, written, put in place).
"""

from __future__ import annotations

import numba
import numpy as np
import torch
from torch import Tensor

LEAST = 1e-6
"""A smaller change of L is none."""
_NEVER = -1e300


def crossings(
    levels: Tensor, times: Tensor, thresholds: tuple[float, float], refractory: float, noise: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Events in the order of their time; at one time in the order of samples, then of pixels.

    Args:
        levels: L, float64 ``[samples, pixels]``.
        times: of the samples in microseconds, float64 ``[samples]``, rising.
        thresholds: C of a brighter and of a darker event.
        refractory: microseconds.
        noise: added to C, float64 ``[samples − 1, pixels]``; C is 0.01 at least then.

    Returns:
        pixel int32, polarity uint8 (1: brighter), time int64 in microseconds.
    """
    wander = noise.numpy() if noise is not None else np.zeros((0, 0))
    given = levels.contiguous().numpy(), times.numpy(), thresholds[0], thresholds[1], wander
    number = _count(*given) if noise is not None else _most(given[0], min(thresholds))
    room = np.empty(number, np.int32), np.empty(number, np.uint8), np.empty(number, np.int64)
    number = _fill(*given, refractory, *room)
    pixel, polarity, time = (torch.from_numpy(each) for each in _sorted(*(each[:number] for each in room)))
    return pixel, polarity, time


def crossings_reference(
    levels: Tensor, times: Tensor, thresholds: tuple[float, float], refractory: float, noise: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`crossings` in plain torch: a loop over samples and over crossings, all pixels at once."""
    ref, last = levels[0].clone(), torch.full_like(levels[0], _NEVER)
    found = []
    for k in range(1, len(levels)):
        before, now = levels[k - 1], levels[k]
        rises = now > before
        step = torch.where(rises, thresholds[0], -thresholds[1]).double()
        if noise is not None:
            step = torch.where(rises, 1.0, -1.0) * (step.abs() + noise[k - 1]).clamp_min(0.01)
        moves = (now - before).abs() > LEAST
        while True:
            level = ref + step
            up, down = (level > before) & (level <= now), (level < before) & (level >= now)
            crossed = moves & torch.where(rises, up, down)
            if not crossed.any():
                break
            ref = torch.where(crossed, level, ref)
            at = times[k - 1] + (level - before) / (now - before) * (times[k] - times[k - 1])
            fires = crossed & (at - last >= refractory)
            last = torch.where(fires, at, last)
            pixel = fires.nonzero()[:, 0]
            found.append(
                (pixel, rises[pixel].to(torch.uint8), (at[pixel] + 0.5).floor().long(), torch.full_like(pixel, k))
            )
    if not found:
        return torch.zeros(0, dtype=torch.int32), torch.zeros(0, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64)
    pixel, polarity, time, sample = (torch.cat(each) for each in zip(*found, strict=True))
    pixels = levels.shape[1]
    order = torch.argsort(sample * pixels + pixel, stable=True)
    order = order[torch.argsort(time[order], stable=True)]
    return pixel[order].to(torch.int32), polarity[order], time[order]


@numba.njit(inline="always")
def _threshold(rises, positive, negative, wander, k, p):  # type: ignore[no-untyped-def]
    c = positive if rises else negative
    return max(0.01, c + wander[k - 1, p]) if len(wander) else c


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _most(levels, smallest):  # type: ignore[no-untyped-def]
    """No fewer than all crossings: the reference level travels no farther than L, and a threshold."""
    travelled = 0.0
    for k in range(1, len(levels)):
        for p in range(levels.shape[1]):
            travelled += abs(levels[k, p] - levels[k - 1, p])
    return int(travelled / smallest) + levels.shape[1]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _count(levels, times, positive, negative, wander):  # type: ignore[no-untyped-def]
    """Crossings, those in the refractory time included."""
    ref, found = levels[0].copy(), 0
    for k in range(1, len(levels)):
        for p in range(levels.shape[1]):
            before, now = levels[k - 1, p], levels[k, p]
            if abs(now - before) > LEAST:
                step = _threshold(now > before, positive, negative, wander, k, p)
                level = ref[p]
                if now > before:
                    while level + step > before and level + step <= now:
                        level += step
                        found += 1
                else:
                    while level - step < before and level - step >= now:
                        level -= step
                        found += 1
                ref[p] = level
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _fill(levels, times, positive, negative, wander, refractory, pixel, polarity, time):  # type: ignore[no-untyped-def]
    ref, found = levels[0].copy(), 0
    last = np.full(len(ref), _NEVER)
    for k in range(1, len(levels)):
        for p in range(levels.shape[1]):
            before, now = levels[k - 1, p], levels[k, p]
            if abs(now - before) > LEAST:
                rises = now > before
                step = _threshold(rises, positive, negative, wander, k, p)
                step = step if rises else -step
                level, previous = ref[p] + step, last[p]
                while (level > before and level <= now) if rises else (level < before and level >= now):
                    at = times[k - 1] + (level - before) / (now - before) * (times[k] - times[k - 1])
                    if at - previous >= refractory:
                        previous = at
                        pixel[found] = p
                        polarity[found] = rises
                        time[found] = np.int64(np.floor(at + 0.5))
                        found += 1
                    ref[p] = level
                    level += step
                last[p] = previous
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sorted(pixel, polarity, time):  # type: ignore[no-untyped-def]
    """A stable counting sort by microsecond; a plain stable sort where there are far fewer events than microseconds."""
    n = len(time)
    if n == 0:
        return pixel, polarity, time
    first, last = time.min(), time.max()
    if last - first > 8 * n + 1024:
        order = np.argsort(time, kind="mergesort")
        return pixel[order], polarity[order], time[order]
    starts = np.zeros(last - first + 2, np.int64)
    for e in range(n):
        starts[time[e] - first + 1] += 1
    starts = np.cumsum(starts)
    pixels, polarities, times = np.empty_like(pixel), np.empty_like(polarity), np.empty_like(time)
    for e in range(n):
        at = starts[time[e] - first]
        starts[time[e] - first] += 1
        pixels[at], polarities[at], times[at] = pixel[e], polarity[e], time[e]
    return pixels, polarities, times
