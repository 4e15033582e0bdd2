"""The same learning in a host that reads the same drive, with more memory or less."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch

from picojoule.base.progress import say
from picojoule.measurement.reading import read_pages
from picojoule.recipes.isp_ml.plan import Key
from picojoule.recipes.isp_ml.task import Task, choose, crossing, learn_in
from picojoule.sim import Outcome
from picojoule.sim.in_host import HostLog, expected_s
from picojoule.sim.ssd import fresh
from picojoule.sim.ssd import replay as serve
from picojoule.sim.ssd.requests import sequential
from picojoule.train.gradients import flat, gradient
from picojoule.train.rules import Synchronous


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class InHost:
    """Plain SGD, a page at a time, in a host with some memory.

    Attributes:
        memory_gb: of the host.
        times_s: expected time after each measurement of accuracy ``[times]``.
        accuracy: on the test images ``[times]``.
        rate: chosen as for the drive.
        seconds: T_total − T_IO + T_IOsim of all pages.
        pages: how many.
        outcome: of the simulated reads; None where there were none.
    """

    memory_gb: float
    times_s: np.ndarray
    accuracy: np.ndarray
    rate: float
    seconds: float
    pages: int
    outcome: Outcome | None

    @property
    def name(self) -> str:
        """Of its row."""
        return f"in-host {self.memory_gb:g} GB"

    def time_to(self, target: float) -> float | None:
        """Expected seconds until the test accuracy first reaches `target`."""
        return crossing(self.times_s, self.accuracy, target)


def run(task: Task) -> list[InHost]:
    """Every size of memory, smallest first, then one that holds everything before it begins."""
    plan = task.plan
    key = Key(rule="synchronous", channels=1, tau=1)
    events, outcome = task.simulate(key, Synchronous(), pages=plan.host_pages)
    times, held_out, test, pages = learn_in(
        task, events, Synchronous(), tau=1, span_ps=outcome.makespan_ps, stored=torch.float32
    )
    chosen = choose(times, held_out, plan.target)
    log = _log(task, pages, plan.rates[chosen])
    drive, _ = serve(
        fresh(task.drive(max(plan.channels))),
        sequential(len(task.pages), within=len(task.pages), writes=True),
        tier="max-plus",
    )
    at = np.clip((times / times[-1] * pages).astype(int) - 1, 0, pages - 1)
    found = []
    for memory in (*plan.memory_gb, np.inf):
        held = len(task.pages) if memory == np.inf else round(len(task.pages) * memory / plan.data_gb)
        ends, reads = expected_s(log, drive, memory_pages=max(1, held))
        if memory == np.inf:
            ends, reads = np.linspace(log.other_s / pages, log.other_s, pages), None
        found.append(
            InHost(
                memory_gb=memory,
                times_s=ends[at],
                accuracy=test[:, chosen],
                rate=plan.rates[chosen],
                seconds=float(ends[-1]),
                pages=pages,
                outcome=reads,
            )
        )
    return found


def _log(task: Task, pages: int, rate: float) -> HostLog:
    """Time this machine on some pages, and take the rest of the run to be like them."""
    say("timing the host")
    number = min(task.plan.timed_pages, pages)
    order = task.pages.order(1, pages, task.seed)[0]
    content = torch.hstack((task.pages.x.flatten(1), task.pages.y.to(torch.uint8))).numpy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages"
        path.write_bytes(content.tobytes())
        log = read_pages(path, order[:number], page_bytes=content.shape[1], work=_learner(task, rate))
    scale = pages / number
    return HostLog(pages=order, total_s=log.total_s * scale, io_s=log.io_s * scale)


def _learner(task: Task, rate: float) -> Callable[[bytes], None]:
    """What the host does with a page: a step of SGD on a model of its own."""
    model, step = flat(task.model)[None, None].clone(), gradient(task.model)
    samples = task.page_samples

    def work(content: bytes) -> None:
        page = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        x = page[:-samples].float().div(255).view(1, samples, -1)
        y = page[-samples:].long().view(1, samples)
        with torch.no_grad():
            model.sub_(rate * step(model, x, y))

    return work
