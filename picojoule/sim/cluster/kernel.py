"""The loop over the steps of a training, compiled; :mod:`picojoule.sim.cluster.training` says what it does."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

DONE, TAKEN, SAVED, FAILED, KEPT = range(5)
"""Places in `State.count`: steps done, taken, done at the last checkpoint, failures, samples kept."""


class Plan(NamedTuple):
    """What stays the same during a training, for the compiled loop."""

    ready_ps: NDArray[np.int64]
    reduce_ps: NDArray[np.int64]
    compute_ps: int
    update_ps: int
    steps: int
    every_ps: int
    sigma: float
    memory: float
    restart_ps: int
    checkpoint_steps: int
    checkpoint_ps: int
    replaced: bool
    idle_w: float
    more_w: float
    k_per_w: NDArray[np.float64]
    heat_j_per_k: float
    ambient_c: float
    trip_c: float
    hysteresis_k: float
    levels: NDArray[np.float64]


class State(NamedTuple):
    """What changes; arrays ``[N]``, or of one number, or of samples and failures, which grow from the front."""

    now: NDArray[np.int64]
    next_failure: NDArray[np.float64]
    count: NDArray[np.int64]
    alive: NDArray[np.bool_]
    temperature: NDArray[np.float64]
    level: NDArray[np.int64]
    slow: NDArray[np.float64]
    joules: NDArray[np.float64]
    busy: NDArray[np.int64]
    wires: NDArray[np.int64]
    times: NDArray[np.int64]
    temperatures: NDArray[np.float64]
    clocks: NDArray[np.float64]
    failed_at: NDArray[np.int64]
    failed: NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def advance(plan, state, noise, lives, chances):  # type: ignore[no-untyped-def]
    """Take a step for each row of `noise` ``[steps, N]``, or as many as are left to do.

    `lives` are exponential times of one node alone ``[steps]``, `chances` say which node fails ``[steps]``.
    """
    count, now = state.count, state.now
    for row in range(len(noise)):
        if count[DONE] == plan.steps:
            return
        own = _computing(plan, state, noise[row])
        length = _length(plan, own)
        saves = (count[DONE] + 1) % plan.checkpoint_steps == 0
        length += plan.checkpoint_ps if saves else 0
        count[TAKEN] += 1
        if now[0] + length > state.next_failure[0]:
            _pass(plan, state, max(0, np.int64(state.next_failure[0]) - now[0]), own)
            _fail(plan, state, lives[row], chances[row])
            continue
        _pass(plan, state, length, own)
        _govern(plan, state)
        state.wires[0] += plan.reduce_ps.sum()
        count[DONE] += 1
        if saves:
            count[SAVED] = count[DONE]


@numba.njit(cache=True, nogil=True)
def _computing(plan, state, noise):  # type: ignore[no-untyped-def]
    """How long each node computes in this step, picoseconds ``[N]``; 0 where it is gone."""
    own = np.zeros(len(noise), np.int64)
    share = len(noise) / state.alive.sum()
    fresh = np.sqrt(1 - plan.memory**2) * plan.sigma
    for i in range(len(noise)):
        if state.alive[i]:
            state.slow[i] = plan.memory * state.slow[i] + fresh * noise[i]
            slowness = np.exp(state.slow[i] - plan.sigma**2 / 2)
            own[i] = np.int64(np.rint(plan.compute_ps * (slowness * share / plan.levels[state.level[i], 0])))
    return own


@numba.njit(cache=True, nogil=True)
def _length(plan, own):  # type: ignore[no-untyped-def]
    """e_k = max(r_k, e_{k−1}) + a_k with the r of the slowest node; the step ends then, and after the update."""
    slowest = own.max()
    factor = slowest / plan.compute_ps
    end = np.int64(0)
    for k in range(len(plan.ready_ps)):
        ready = np.int64(np.rint(plan.ready_ps[k] * factor))
        end = max(ready, end) + plan.reduce_ps[k]
    return max(slowest, end) + plan.update_ps


@numba.njit(cache=True, nogil=True)
def _pass(plan, state, length, own):  # type: ignore[no-untyped-def]
    """Time passes: energy is drawn, bodies warm, and they are looked at when it is time."""
    seconds = length * 1e-12
    for i in range(len(own)):
        if not state.alive[i] or length == 0:
            continue
        busy = min(own[i], length)
        clock, volts = plan.levels[state.level[i]]
        watts = plan.idle_w + plan.more_w * clock * volts**2 * (busy / length)
        end = plan.ambient_c + plan.k_per_w[i] * watts
        kept = np.exp(-seconds / (plan.k_per_w[i] * plan.heat_j_per_k))
        state.temperature[i] = end + (state.temperature[i] - end) * kept
        state.joules[i] += watts * seconds
        state.busy[i] += busy
    state.now[0] += length
    kept_so_far = state.count[KEPT]
    if kept_so_far < len(state.times) and state.now[0] >= kept_so_far * plan.every_ps:
        _look(plan, state, kept_so_far)


@numba.njit(cache=True, nogil=True)
def _look(plan, state, place):  # type: ignore[no-untyped-def]
    """Keep time, temperatures and clocks."""
    state.times[place] = state.now[0]
    for i in range(len(state.alive)):
        there = state.alive[i]
        state.temperatures[place, i] = state.temperature[i] if there else np.nan
        state.clocks[place, i] = plan.levels[state.level[i], 0] if there else np.nan
    state.count[KEPT] += 1


@numba.njit(cache=True, nogil=True)
def _govern(plan, state):  # type: ignore[no-untyped-def]
    """A level down where it is too hot, up where it is cool again."""
    for i in range(len(state.alive)):
        if state.temperature[i] > plan.trip_c:
            state.level[i] = max(0, state.level[i] - 1)
        elif state.temperature[i] < plan.trip_c - plan.hysteresis_k:
            state.level[i] = min(len(plan.levels) - 1, state.level[i] + 1)


@numba.njit(cache=True, nogil=True)
def _fail(plan, state, life, chance):  # type: ignore[no-untyped-def]
    """One of those that live fails; all go back to the last checkpoint. The last one is always replaced."""
    living = np.flatnonzero(state.alive)
    who = living[min(len(living) - 1, np.int64(chance * len(living)))]
    place = state.count[FAILED]
    if place < len(state.failed):
        state.failed[place], state.failed_at[place] = who, state.now[0]
    state.count[FAILED] += 1
    state.count[DONE] = state.count[SAVED]
    if plan.replaced or len(living) == 1:
        state.temperature[who], state.level[who], state.slow[who] = plan.ambient_c, len(plan.levels) - 1, 0.0
    else:
        state.alive[who] = False
    _pass(plan, state, plan.restart_ps, np.zeros(len(state.alive), np.int64))
    state.next_failure[0] = state.now[0] + life / state.alive.sum()
