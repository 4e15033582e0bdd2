"""Training the systems on a task: each measure in every format, and the other systems in the best of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import fmean
from typing import final

import torch

from picojoule.models.memory import Arithmetic, Bags, Form, MemN2N, Rounded, gather, pack
from picojoule.models.memory.counting import Load
from picojoule.quant import Gauge
from picojoule.recipes.q_mann.plan import (
    BINARIES,
    CONTROLLED,
    DOT,
    FLOAT,
    HAMMING,
    LAST,
    SWEPT,
    Plan,
    System,
    format_of,
)
from picojoule.recipes.settings import Settings
from picojoule.recipes.stories import Asked
from picojoule.train.lanes import Trained, errors, train_lanes

_FEW = 100
"""Questions that are enough to see what a format loses, and to time an answer."""


@final
@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A system on a task.

    Attributes:
        test: error on test questions of the restart that was best on held-out ones.
        held_out: its error there.
        restarts: test error of every restart.
        iwl: of its format; None in floating point.
        seconds: of an answer, where it was timed.
    """

    test: float
    held_out: float
    restarts: tuple[float, ...]
    iwl: int | None = None
    seconds: float | None = None

    @staticmethod
    def of(held_out: list[float], test: list[float], iwl: int | None = None) -> Outcome:
        """The outcome of restarts with these errors."""
        best = held_out.index(min(held_out))
        return Outcome(test=test[best], held_out=held_out[best], restarts=tuple(test), iwl=iwl)


Found = dict[str, Outcome]
"""By the name of a system."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """A system on a task in several formats.

    Attributes:
        kept: with the weights that were best on held-out questions, by IWL.
        last: with those at the end, by IWL.
        gauge: what the formats lose on a few held-out questions, with the weights that were kept; its lanes are the
            restarts of the first format, then those of the second, and so on.
        saturated: share of similarities out of range after each epoch, the mean over restarts, by IWL.
    """

    kept: dict[int, Outcome]
    last: dict[int, Outcome]
    gauge: Gauge
    saturated: dict[int, tuple[float, ...]]

    @property
    def best(self) -> int:
        """IWL of the format with the least held-out error."""
        return min(self.kept, key=lambda iwl: self.kept[iwl].held_out)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """A task and all that is trained on it."""

    plan: Plan
    asked: Asked
    settings: Settings

    @property
    def form(self) -> Form:
        """Of the networks."""
        ages = self.asked.train.story.shape[1]
        return Form(tokens=len(self.asked.vocabulary), ages=ages, embedding=self.plan.embedding)

    @property
    def load(self) -> Load:
        """What a question brings."""
        return Load.of(self.asked.test)

    def train(
        self,
        arithmetic: Arithmetic,
        what: str,
        *,
        formats: int = 1,
        watch: Callable[[MemN2N], dict[str, float]] = lambda net: {},
    ) -> Trained:
        """The restarts in each of so many formats; a restart begins alike in every system and format."""
        plan, settings = self.plan, self.settings
        start = MemN2N(self.form, lanes=plan.restarts, generator=torch.Generator().manual_seed(settings.seed))
        net = start.pick([*range(plan.restarts)] * formats).to(settings.device)
        parts = [pack([each]).to(settings.device) for each in (self.asked.train, self.asked.held_out)]
        number = self.asked.task.number
        folder = settings.on(self.asked.task.sha256).kept(f"task{number}-{what}")
        options = {"seed": settings.seed, "folder": folder, "what": f"task {number}, {what}", "watch": watch}
        return train_lanes(net, *parts, arithmetic, plan.recipe, **options)

    def judge(self, net: MemN2N, arithmetic: Arithmetic) -> tuple[list[float], list[float]]:
        """Held-out and test error of each lane."""
        found = []
        for part in (self.asked.held_out, self.asked.test):
            wrong, _ = errors(net, pack([part]).to(self.settings.device), arithmetic)
            found.append(wrong[0].tolist())
        return found[0], found[1]

    def few(self) -> Bags:
        """A few held-out questions."""
        task = pack([self.asked.held_out]).to(self.settings.device)
        index = torch.arange(min(_FEW, len(task)), device=self.settings.device)
        return gather(task, index[None], ages=self.form.ages)[0]


def in_floating_point(bench: Bench) -> Found:
    """``ann fp32``, and the same networks in few bits with wide accumulators: ``ann int8``, ``ann int4``."""
    trained = bench.train(FLOAT, "ann fp32")
    best = int(trained.error[0].argmin())
    found = {}
    for name, arithmetic in (("ann fp32", FLOAT), ("ann int8", Rounded(8)), ("ann int4", Rounded(4))):
        held_out, test = bench.judge(trained.net, arithmetic)
        found[name] = Outcome(test=test[best], held_out=held_out[best], restarts=tuple(test))
    return found | {"ann fp32": replace(found["ann fp32"], seconds=_seconds(bench, trained.net))}


def sweep(bench: Bench, system: System, iwls: tuple[int, ...]) -> Sweep:
    """The system in these formats, all restarts of all of them lanes of one batch."""
    restarts, bags = bench.plan.restarts, bench.few()
    arithmetic = system.arithmetic(tuple(format_of(iwl) for iwl in iwls for _ in range(restarts)))

    def losses(net: MemN2N, only: str | None = None) -> Gauge:
        gauge = Gauge(only)
        with torch.no_grad():
            net(bags, replace(arithmetic, gauge=gauge))
        return gauge

    def watch(net: MemN2N) -> dict[str, float]:
        shares = by_format(losses(net, "similarity").saturated("similarity"), restarts)
        return {f"saturated IWL={iwl}": share for iwl, share in zip(iwls, shares, strict=True)}

    def outcomes(net: MemN2N) -> dict[int, Outcome]:
        held_out, test = bench.judge(net, arithmetic)
        spans = {iwl: slice(i * restarts, (i + 1) * restarts) for i, iwl in enumerate(iwls)}
        return {iwl: Outcome.of(held_out[span], test[span], iwl) for iwl, span in spans.items()}

    what = f"{system.name} IWL={','.join(map(str, iwls))}"
    trained = bench.train(arithmetic, what, formats=len(iwls), watch=watch)
    kept, gauge = outcomes(trained.net), losses(trained.net)
    with torch.no_grad():
        for weights, end in zip(trained.net.parameters(), trained.last, strict=True):
            weights.copy_(end)
    metrics = [epoch.metrics for epoch in trained.history.epochs]
    saturated = {iwl: tuple(each[f"saturated IWL={iwl}"] for each in metrics) for iwl in iwls}
    return Sweep(kept=kept, last=outcomes(trained.net), gauge=gauge, saturated=saturated)


def by_format(lanes: list[float], restarts: int) -> list[float]:
    """The mean of each format's restarts."""
    return [fmean(lanes[i : i + restarts]) for i in range(0, len(lanes), restarts)]


def everything(bench: Bench) -> tuple[dict[str, Sweep], Found]:
    """A sweep of each measure, and every system: those of the sweeps each at its own best format, the others and once
    more dot at that of Hamming."""
    swept = {system.name: sweep(bench, system, bench.plan.iwls) for system in SWEPT}
    done = in_floating_point(bench)
    for system in SWEPT:
        done |= _at(swept[system.name], system, swept[system.name].best)
    shared = swept[HAMMING.name].best
    for system in (CONTROLLED, *BINARIES):
        done |= _at(sweep(bench, system, (shared,)), system, shared)
    return swept, done | {SAME: swept[DOT.name].kept[shared]}


SAME = "dot int8 in hamming's format"


def _at(found: Sweep, system: System, iwl: int) -> Found:
    """The system in one format, with early stopping and without."""
    return {system.name: found.kept[iwl], f"{system.name}{LAST}": found.last[iwl]}


def _seconds(bench: Bench, net: MemN2N) -> float:
    """Of an answer in floating point, a few questions at once, all lanes together over their number."""
    bags = bench.few()
    with torch.no_grad():
        begun = time.perf_counter()
        net(bags, FLOAT)
        return (time.perf_counter() - begun) / bags.told.shape[1] / net.linear.numel()
