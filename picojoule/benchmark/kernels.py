"""Our kernels against the machine: how much of the peak does each reach on the work it must at least do?

The least time of a kernel is the larger of (bytes it must move)/(bandwidth) and (operations)/(rate of a matrix
product). Bandwidth is measured with as many bytes as the kernel works on, since a layer may fit into a cache; both
peaks are of one thread, since our kernels are serial. To add a kernel, add a function to `KERNELS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np
import torch

from picojoule.benchmark import peaks
from picojoule.benchmark.findings import KernelRow
from picojoule.codes import TTFS, Rate
from picojoule.engines.plan import tables_of
from picojoule.engines.projecting import conv_projection, layout_of, margins
from picojoule.ir import Conv
from picojoule.kernels import staircase
from picojoule.kernels.advance import Layout, advance
from picojoule.kernels.once import fire_once
from picojoule.kernels.projection import Projection, from_frames
from picojoule.kernels.scan import scan

_FLOAT, _COUNT = 4, 8
"""Bytes of a value and of a fan-out."""
_CACHED, _LARGE = 1 << 18, 1 << 24
"""Values of a layer that stays in the cache, and of one that does not."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """One run of a kernel.

    Attributes:
        kernel: its name.
        shape: what it works on, in words.
        call: runs it; the same work every time.
        moved: bytes that must be read or written at least once.
        working_set: bytes of the arrays it works on.
        operations: additions, multiplications and comparisons it cannot do without.
        threads: it runs on.
    """

    kernel: str
    shape: str
    call: Callable[[], object]
    moved: int
    working_set: int
    operations: int
    threads: int = 1


def scan_works() -> Iterator[Work]:
    """The scan of rate coding over 16 steps: drive in, spikes out in its place; potentials in and out once."""
    code = Rate(steps=16)
    tables = tables_of(code)
    for values in (_CACHED, _LARGE):
        n = values // code.steps
        drive, constant, v = torch.rand(code.steps, 1, n), torch.rand(1, n), torch.full((1, n), 0.5)
        yield Work(
            kernel="scan",
            shape=f"{code.steps} steps × {n:,} neurons",
            call=partial(scan, drive, constant, tables, 1.0, v, np.ones(n, np.int64)),
            moved=_FLOAT * (2 * values + 3 * n) + _COUNT * n,
            working_set=_FLOAT * (values + 2 * n) + _COUNT * n,
            operations=4 * values,  # v + I, + c, ≥ θ, − r·s; leak and share are 1
        )


def quantise_works() -> Iterator[Work]:
    """The staircase of TTFS, in place; half of the values reach a level."""
    table = TTFS(steps=80).staircase()
    for values in (_CACHED, _LARGE):
        # Decoded once before: a value that is a level stays as it is, so that the work is the same every time.
        u = staircase.quantise(torch.rand(1, values) - 0.5, table)[0]
        yield Work(
            kernel="staircase.quantise",
            shape=f"{values:,} values, half reach a level",
            call=partial(staircase.quantise, u, table, np.ones(values, np.int64)),
            moved=_FLOAT * 2 * values + _COUNT * values // 2,
            working_set=(_FLOAT + _COUNT) * values,
            operations=2 * values,  # ≥ the last level; for one that reaches it, the look-up and a comparison
        )
    short = staircase.quantise(torch.rand(1, _LARGE) - 0.5, table)[0].bfloat16()
    yield Work(
        kernel="staircase.quantise",
        shape=f"{_LARGE:,} bfloat16 numbers, half reach a level",
        call=partial(staircase.quantise, short, table),
        moved=_FLOAT * _LARGE,
        working_set=_FLOAT * _LARGE,
        operations=_LARGE,  # a look-up each
    )


def advance_works() -> Iterator[Work]:
    """Neurons driven by the events of a 3×3 convolution over 16 steps, at the share of active values of a rate code."""
    code, (channels, width), active = Rate(steps=16), (32, 16), 0.03
    frames = (
        torch.rand(1, code.steps, channels * width**2, generator=torch.Generator().manual_seed(0)) < active
    ).float()
    projection, layout = _three_by_three(channels, width)
    events, neurons = from_frames(frames), channels * width**2
    synops = len(events.where) * 9 * channels
    still = (torch.zeros(1, layout.size), torch.zeros(1, neurons), tables_of(code), 1.0)
    yield Work(
        kernel="advance",
        shape=f"{code.steps} steps × {neurons:,} neurons, {active:.0%} active",
        call=partial(advance, (events,), (projection,), layout, *still),
        moved=_FLOAT
        * (3 * synops + 3 * neurons * code.steps),  # weight in, membrane in and out; and to look for spikes
        working_set=_FLOAT * _CACHED,  # fewer bytes, but torch's own call would be most of a smaller copy's time
        operations=2 * synops + 2 * neurons * code.steps,
    )


def fire_once_works() -> Iterator[Work]:
    """Neurons that fire once, by early firing: a tenth of the values of a 3×3 convolution, each at some step."""
    code, (channels, width), active = TTFS(steps=80, start=40), (32, 16), 0.1
    generator, neurons = torch.Generator().manual_seed(0), channels * width**2
    at = torch.randint(code.steps, (1, 1, neurons), generator=generator)
    fires = torch.rand(1, 1, neurons, generator=generator) < active
    events = from_frames(torch.zeros(1, code.steps, neurons).scatter_(1, at, fires.float()))
    projection, layout = _three_by_three(channels, width)
    synops, staircase_of = len(events.where) * 9 * channels, code.staircase()
    still = (layout, 1, np.zeros((1, neurons), np.float32), tables_of(code), staircase_of)
    yield Work(
        kernel="fire_once",
        shape=f"{code.steps} steps, {neurons:,} neurons, {active:.0%} active, S={code.start}",
        call=partial(fire_once, (events,), (code.start,), (projection,), *still),
        moved=_FLOAT * 3 * (synops + neurons),  # weight in, membrane in and out; every neuron once
        working_set=_FLOAT * _CACHED,
        operations=2 * synops + 2 * neurons,
    )


def _three_by_three(channels: int, width: int) -> tuple[Projection, Layout]:
    """A convolution with weights so small that no neuron ever fires: the work is the same every time."""
    weight, one = torch.full((channels, channels, 3, 3), 1e-12), (1, 1)
    shape = (channels, width, width)
    settings = {"stride": one, "padding": one, "dilation": one, "groups": 1}
    node = Conv(name="conv", inputs=("x",), shape=shape, weight=weight, bias=torch.zeros(channels), **settings)
    around = margins(node, shape)
    return conv_projection(node, shape, around), layout_of(node, around)


KERNELS: tuple[Callable[[], Iterator[Work]], ...] = (
    scan_works,
    advance_works,
    fire_once_works,
    quantise_works,
)
"""Every kernel in the table."""


def against_the_peak(gemm_rate: float) -> Iterator[KernelRow]:
    """Time every kernel.

    Args:
        gemm_rate: operations a second of a matrix product on one thread.
    """
    for make in KERNELS:
        for work in make():
            seconds = peaks.best_seconds(work.call)
            bandwidth = peaks.stream(work.working_set, work.threads)
            yield KernelRow(
                kernel=work.kernel,
                shape=work.shape,
                bytes=work.moved,
                operations=work.operations,
                seconds=seconds,
                stream_bytes_per_second=bandwidth,
                share_of_stream=work.moved / seconds / bandwidth,
                share_of_gemm=work.operations / seconds / gemm_rate,
            )
