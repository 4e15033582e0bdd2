"""What the machine can do: bytes a second through memory, and operations a second in a matrix product."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from picojoule.measurement.threads import on_threads

_SECONDS, _LEAST_RUNS = 0.3, 3
_GEMM = 1024
_FLOAT = 4
BEYOND_CACHE = 1 << 28
"""Bytes that no cache holds."""


def best_seconds(call: Callable[[], object], seconds: float = _SECONDS) -> float:
    """The least time of one call among those of a fraction of a second: a peak is what the machine can do at best."""
    call()
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < _LEAST_RUNS or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def stream(working_set: int, threads: int) -> float:
    """Bytes a second of the fastest of copy, a ← b; triad, a ← b + x·c; and triad in place, a ← a + x·b.

    Only what must be read and written is counted, not what a cache reads before it overwrites.

    Args:
        working_set: bytes of all arrays together.
        threads: of torch.
    """
    n = max(1024, working_set // (3 * _FLOAT))
    a, b, c = (torch.full((n,), value) for value in (1.0, 2.0, 3.0))
    calls: list[tuple[int, Callable[[], object]]] = [
        (2, lambda: a.copy_(b)),
        (3, lambda: torch.add(b, c, alpha=0.5, out=a)),
        (3, lambda: a.add_(b, alpha=0.5)),
    ]
    with on_threads(threads):
        return max(moved * _FLOAT * n / best_seconds(call, _SECONDS / len(calls)) for moved, call in calls)


def gemm(threads: int, n: int = _GEMM) -> float:
    """Operations a second of an fp32 product of two n×n matrices: n³ multiplications and as many additions."""
    a, b, out = torch.rand(n, n), torch.rand(n, n), torch.empty(n, n)
    with on_threads(threads):
        return 2 * n**3 / best_seconds(lambda: torch.matmul(a, b, out=out))
