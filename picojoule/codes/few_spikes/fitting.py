"""``fit``: the sequences of a few-spikes neuron for a function, by one of three methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.codes.few_spikes.exact import fit_exact
from picojoule.codes.few_spikes.functions import FUNCTIONS
from picojoule.codes.few_spikes.sequences import Sequences, on_grid
from picojoule.codes.few_spikes.tendency import EPOCHS, random_start, tbpi, train
from picojoule.kernels.segments import Target, target

_GRID, _FLOOR, _MOST = 20_001, 1e-3, 24
"""Points that a function is tabled at; share of a density that is uniform, so that every step is pulled somewhere;
the most steps."""


def fit(
    function: str | Callable[[Tensor], Tensor],
    low: float | None = None,
    high: float | None = None,
    *,
    steps: int = 8,
    density: Sequence[float] | None = None,
    method: Literal["random", "tbpi", "exact"] = "exact",
    spike_weight: float = 0.0,
    seed: int = 0,
    restarts: int = 1,
    epochs: int = EPOCHS,
    starts: Sequence[Sequences] = (),
    tries: int = 64,
    shakes: int = 48,
) -> Sequences:
    """The sequences with which a few-spikes neuron computes a function.

    Args:
        function: a name from :data:`FUNCTIONS`, or a function of a tensor.
        low, high: the range; that of the named function if None. Potentials saturate at its ends.
        steps: K.
        density: how often inputs are in equal parts of the range; all alike if None.
        method: ``exact``; ``tbpi`` and ``random`` as published, for a uniform density.
        spike_weight: μ: the error that one spike less is worth (``exact``).
        seed: of the starts.
        restarts: runs of ``tbpi`` or ``random``, of which the best is kept.
        epochs: of one training of these.
        starts: sequences to start from beside those of its own, and ``tries`` and ``shakes``: how long to search
            (``exact``).

    Raises:
        InputError: an unknown function or method, or a range, a density or steps that make no sense.
    """
    if method not in ("random", "tbpi", "exact"):
        raise InputError(f"method={method!r}", where="few_spikes.fit", remedy="choose random, tbpi or exact")
    if not isinstance(steps, int) or not 1 <= steps <= _MOST:
        raise InputError(f"steps={steps}", where="few_spikes.fit", remedy=f"use 1 to {_MOST} steps")
    if method != "exact" and (density is not None or spike_weight):
        raise InputError(
            f"method {method!r} with a density or a spike weight", where="few_spikes.fit", remedy='use method="exact"'
        )
    to, generator = target_of(function, low, high, density), np.random.default_rng(seed)
    if method == "exact":
        given = tuple(tuple(np.asarray(each) for each in (s.thresholds, s.resets, s.amplitudes)) for s in starts)
        search = {"spike_weight": spike_weight, "starts": given, "tries": tries, "shakes": shakes}
        found = fit_exact(to, steps, generator, **search)  # type: ignore[arg-type]
    elif method == "tbpi":
        runs = [tbpi(to, steps, generator, epochs).best for _ in range(restarts)]
        found = min(runs, key=lambda each: each.error).sequences
    else:
        trained = [train(to, random_start(steps, generator), epochs) for _ in range(restarts)]
        found = min(trained, key=lambda each: each.error).sequences
    T, h, d = (tuple(map(float, each)) for each in found)
    return Sequences(thresholds=T, resets=h, amplitudes=d, low=to.low, high=to.high)


def target_of(
    function: str | Callable[[Tensor], Tensor],
    low: float | None = None,
    high: float | None = None,
    density: Sequence[float] | None = None,
) -> Target:
    """What a fit is held to; arguments as for :func:`fit`."""
    compute = function
    if isinstance(function, str):
        if function not in FUNCTIONS:
            raise InputError(
                f"no function {function!r}",
                where="few_spikes.fit",
                remedy=f"choose {', '.join(FUNCTIONS)}, or give one",
            )
        compute, usual_low, usual_high = FUNCTIONS[function]
        low, high = usual_low if low is None else low, usual_high if high is None else high
    if low is None or high is None or not low < high or not isfinite(high - low):
        raise InputError(
            f"the range {low} … {high}", where="few_spikes.fit", remedy="give two numbers, the lower first"
        )
    x = torch.linspace(low, high, _GRID, dtype=torch.float64)
    values = compute(x)
    if not bool(torch.isfinite(values).all()):
        raise InputError("the function is not finite everywhere", where="few_spikes.fit", remedy="give another range")
    return target(float(low), float(high), values.numpy(), _weights(density, x.numpy()))


def _weights(density: Sequence[float] | None, x: np.ndarray) -> np.ndarray:
    if density is None:
        return np.ones_like(x)
    parts = np.asarray(density, float)
    if parts.ndim != 1 or not len(parts) or not np.isfinite(parts).all() or parts.min() < 0 or parts.sum() <= 0:
        raise InputError(
            "a density of numbers that are no weights", where="few_spikes.fit", remedy="give counts of equal parts"
        )
    return on_grid((1 - _FLOOR) * parts / parts.mean() + _FLOOR, len(x))
