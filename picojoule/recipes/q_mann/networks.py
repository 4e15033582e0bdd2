"""Training the systems on a task: a sweep of formats first, then every system at its format."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import torch

from picojoule.models.memory import Arithmetic, Form, MemN2N, Rounded, gather, pack
from picojoule.models.memory.counting import Load
from picojoule.quant import Gauge
from picojoule.recipes.q_mann.plan import (
    BINARIES,
    CONTROLLED,
    DOT,
    FLOAT,
    HAMMING,
    SWEPT,
    Plan,
    System,
    format_of,
    last,
)
from picojoule.recipes.settings import Settings
from picojoule.recipes.stories import Asked
from picojoule.train.lanes import Trained, errors, train_lanes


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

    def train(self, arithmetic: Arithmetic, lanes: int, what: str) -> Trained:
        """Networks that compute like this; lane i begins alike in every system."""
        settings = self.settings
        start = torch.Generator().manual_seed(settings.seed)
        net = MemN2N(self.form, lanes=lanes, generator=start).to(settings.device)
        parts = [pack([each]).to(settings.device) for each in (self.asked.train, self.asked.held_out)]
        number = self.asked.task.number
        folder = settings.unfinished and Path(settings.unfinished) / f"task{number}-{what.replace(' ', '-')}"
        options = {"seed": settings.seed, "folder": folder, "what": f"task {number}, {what}"}
        return train_lanes(net, *parts, arithmetic, self.plan.recipe, **options)

    def judge(self, net: MemN2N, arithmetic: Arithmetic) -> tuple[list[float], list[float]]:
        """Held-out and test error of each lane."""
        found = []
        for part in (self.asked.held_out, self.asked.test):
            wrong, _ = errors(net, pack([part]).to(self.settings.device), arithmetic)
            found.append(wrong[0].tolist())
        return found[0], found[1]


def in_floating_point(bench: Bench) -> dict[str, Outcome]:
    """``ann fp32``, and the same networks in few bits with wide accumulators: ``ann int8``, ``ann int4``."""
    trained = bench.train(FLOAT, bench.plan.restarts, "ann fp32")
    best = int(trained.error[0].argmin())
    found = {}
    for name, arithmetic in (("ann fp32", FLOAT), ("ann int8", Rounded(8)), ("ann int4", Rounded(4))):
        held_out, test = bench.judge(trained.net, arithmetic)
        found[name] = Outcome(test=test[best], held_out=held_out[best], restarts=tuple(test))
    found["ann fp32"] = replace(found["ann fp32"], seconds=_seconds(bench, trained.net))
    return found


def sweep(bench: Bench, system: System) -> dict[int, tuple[Outcome, Gauge]]:
    """The system in every format, all of them lanes of one batch; and what its formats lose."""
    plan = bench.plan
    lanes = tuple(format_of(iwl) for iwl in plan.iwls for _ in range(plan.swept))
    starts = bench.train(system.arithmetic(lanes), len(lanes), f"{system.name} sweep")
    held_out, test = bench.judge(starts.net, system.arithmetic(lanes))
    gauge = Gauge()
    bags, _ = gather(
        pack([bench.asked.held_out]).to(bench.settings.device),
        torch.arange(min(100, len(bench.asked.held_out)), device=bench.settings.device)[None],
        ages=bench.form.ages,
    )
    with torch.no_grad():
        starts.net(bags, replace(system.arithmetic(lanes), gauge=gauge))  # type: ignore[type-var]
    found = {}
    for i, iwl in enumerate(plan.iwls):
        span = slice(i * plan.swept, (i + 1) * plan.swept)
        found[iwl] = (_best(held_out[span], test[span], iwl), gauge)
    return found


def at_format(bench: Bench, system: System, iwl: int) -> dict[str, Outcome]:
    """The system in one format, with early stopping and without."""
    lanes = (format_of(iwl),) * bench.plan.restarts
    arithmetic = system.arithmetic(lanes)
    trained = bench.train(arithmetic, len(lanes), f"{system.name} IWL={iwl}")
    found = {system.name: _best(*bench.judge(trained.net, arithmetic), iwl)}
    with torch.no_grad():
        for each, value in zip(trained.net.parameters(), trained.last, strict=True):
            each.copy_(value)
    return found | {last(system).name: _best(*bench.judge(trained.net, arithmetic), iwl)}


def _best(held_out: list[float], test: list[float], iwl: int) -> Outcome:
    best = min(range(len(held_out)), key=held_out.__getitem__)
    return Outcome(test=test[best], held_out=held_out[best], restarts=tuple(test), iwl=iwl)


def _seconds(bench: Bench, net: MemN2N) -> float:
    """Of an answer in floating point, a hundred questions at once, all lanes together over their number."""
    task = pack([bench.asked.test]).to(bench.settings.device)
    index = torch.arange(min(100, len(bench.asked.test)), device=bench.settings.device)[None]
    with torch.no_grad():
        begun = time.perf_counter()
        bags, _ = gather(task, index, ages=bench.form.ages)
        net(bags, FLOAT)
        return (time.perf_counter() - begun) / index.numel() / net.linear.numel()


Sweeps = dict[str, dict[int, tuple[Outcome, Gauge]]]
Found = dict[str, Outcome]


def everything(bench: Bench) -> tuple[Sweeps, Found]:
    """All sweeps, and every system at the best format of its measure; dot also at that of Hamming."""
    swept = {system.name: sweep(bench, system) for system in SWEPT}
    best = {name: min(found, key=lambda iwl: found[iwl][0].held_out) for name, found in swept.items()}
    done = in_floating_point(bench)
    for system in SWEPT:
        done |= at_format(bench, system, best[system.name])
    shared = best[HAMMING.name]
    for system in (CONTROLLED, *BINARIES):
        done |= at_format(bench, system, shared)
    same = done[DOT.name] if best[DOT.name] == shared else at_format(bench, DOT, shared)[DOT.name]
    return swept, done | {SAME: same}


SAME = "dot int8 in hamming's format"
