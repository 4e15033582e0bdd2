"""Memory networks on the public bAbI tasks: floating point, the sweep of formats, and all tasks at the best formats.

    PICOJOULE_DATA=folder python benchmarks/memory_networks.py --device cuda --out FILE.md
    PICOJOULE_DATA=folder python benchmarks/memory_networks.py --workers 16 --out FILE.md
    PICOJOULE_DATA=folder python benchmarks/memory_networks.py --tasks 1,4 --swept 1 --questions 1000 --epochs 2,2

Restarts and formats are lanes of one batch. On a GPU the tasks are side by side in that batch too; on a CPU each task
is a job of a pool. Weights, restarts and formats are chosen on the last tenth of the training questions.

Each table is written as soon as it is there. What is done is kept in FILE.json, and the same command goes on from it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean

import torch

from picojoule.base.errors import InputError
from picojoule.base.files import write_whole
from picojoule.base.progress import say, set_quiet
from picojoule.data.language.babi import Questions, Vocabulary, encode, load
from picojoule.data.language.babi.stories import first_questions
from picojoule.models.memory import Arithmetic, Form, MemN2N, pack
from picojoule.recipes.q_mann.plan import CONTROLLED, DOT, FLOAT, HAMMING, IWLS, System, format_of
from picojoule.train.lanes import Recipe, errors, train_lanes
from timing import machine

SWEPT = (DOT, HAMMING)
PARTS = ("float", "sweep", "final")
Learned = dict[int, tuple[list[float], list[float]]]
"""Task → held-out and test error of each lane."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Networks to train, lanes side by side, on some tasks.

    Attributes:
        name: in tables.
        tasks: their numbers.
        system: what computes; None for floating point.
        iwls: formats of the system.
        restarts: lanes of each format.
        recipe: of the training.
        tying: of the networks.
        questions: of each task, at most.
        device: where.
    """

    name: str
    tasks: tuple[int, ...]
    system: System | None = None
    iwls: tuple[int, ...] = (0,)
    restarts: int
    recipe: Recipe
    tying: str = "layer-wise"
    questions: int
    device: str

    def arithmetic(self) -> Arithmetic:
        """What they compute with."""
        if self.system is None:
            return FLOAT
        return self.system.arithmetic(tuple(format_of(iwl) for iwl in self.iwls for _ in range(self.restarts)))

    def run(self) -> Learned:
        """Train, and test."""
        torch.set_num_threads(1)
        parts = [questions(number, self.questions) for number in self.tasks]
        learn, held_out, test = (pack(list(each)).to(self.device) for each in zip(*(p[:3] for p in parts), strict=True))
        ages = max(learn.story.shape[2], test.story.shape[2])
        form = Form(tokens=max(p[3] for p in parts), ages=ages, tying=self.tying)
        start = torch.Generator().manual_seed(0)
        net = MemN2N(form, tasks=len(self.tasks), lanes=self.restarts, generator=start)
        net = net.pick([*range(self.restarts)] * len(self.iwls)).to(self.device)
        done = train_lanes(net, learn, held_out, self.arithmetic(), self.recipe, what=self.name)
        wrong = errors(done.net, test, self.arithmetic())[0]
        return {number: (done.error[i].tolist(), wrong[i].tolist()) for i, number in enumerate(self.tasks)}


def questions(number: int, most: int) -> tuple[Questions, Questions, Questions, int]:
    """Training, held-out and test questions of a public task, and its tokens; 50 memories at most."""
    task = load(os.environ["PICOJOULE_DATA"], number)
    train = first_questions(task.train, most)
    words = Vocabulary.of(task.train)
    learn, held_out = encode(train, words).split(0.1)
    return learn, held_out, encode(task.test, words), len(words)


class Notes:
    """What is done, by the name of a job; in a file, where one is given, so that a run that was cut off goes on.

    Raises:
        InputError: the file is of other settings.
    """

    def __init__(self, path: Path | None, settings: dict[str, object]) -> None:
        self.path, self.settings = path, json.loads(json.dumps(settings))
        self.done: dict[str, Learned] = {}
        self.seconds = 0.0
        if path and path.exists():
            kept = json.loads(path.read_text())
            if kept["settings"] != self.settings:
                remedy = "delete it, or give another --out"
                raise InputError("what is done there has other settings", where=str(path), remedy=remedy)
            self.seconds = kept["seconds"]
            self.done = {name: {int(n): lanes for n, lanes in each.items()} for name, each in kept["done"].items()}

    def missing(self, job: Job) -> Job:
        """The job with the tasks that are not done."""
        done = self.done.get(job.name, {})
        return replace(job, tasks=tuple(task for task in job.tasks if task not in done))

    def keep(self, name: str, learned: Learned, seconds: float) -> None:
        """Add what a job found."""
        self.seconds += seconds
        self.done[name] = dict(sorted((self.done.get(name, {}) | learned).items()))
        if self.path:
            found = {"settings": self.settings, "seconds": self.seconds, "done": self.done}
            write_whole(self.path, json.dumps(found, indent=1))


def run_all(jobs: Sequence[Job], workers: int, notes: Notes) -> None:
    """What is missing of every job; on a GPU a job at a time with all its tasks, else task by task in processes."""
    jobs = [left for left in map(notes.missing, jobs) if left.tasks]
    begun = time.monotonic()

    def keep(job: Job, learned: Learned) -> None:
        nonlocal begun
        now = time.monotonic()
        notes.keep(job.name, learned, now - begun)
        say(f"{job.name}, tasks {', '.join(map(str, job.tasks))}: {now - begun:.0f} s")
        begun = now

    if all(job.device != "cpu" for job in jobs):
        for job in jobs:
            keep(job, job.run())
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        alone = [replace(job, tasks=(task,)) for job in jobs for task in job.tasks]
        running = {pool.submit(_quietly, job): job for job in alone}
        for each in as_completed(running):
            keep(running[each], each.result())


def _quietly(job: Job) -> Learned:
    set_quiet(True)
    return job.run()


def chosen(lanes: tuple[list[float], list[float]]) -> float:
    """Test error of the lane that was best on held-out questions."""
    held_out, test = lanes
    return test[held_out.index(min(held_out))]


def best_iwl(learned: Learned) -> int:
    """The format with the least held-out error, the mean over tasks."""
    means = [fmean(each) for each in zip(*(held_out for held_out, _ in learned.values()), strict=True)]
    return IWLS[means.index(min(means))]


def percent(x: float) -> str:
    """As a percentage."""
    return f"{100 * x:.1f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines) + "\n"


def float_table(found: dict[str, Learned]) -> str:
    """Every task in floating point."""
    (learned,) = found.values()
    rows = [[str(task), percent(chosen(lanes)), ", ".join(map(percent, lanes[1]))] for task, lanes in learned.items()]
    rows.append(["mean", percent(fmean(map(chosen, learned.values()))), ""])
    return "## Floating point: test error, %\n\n" + table(["task", "restart chosen on held-out", "every restart"], rows)


def sweep_table(swept: dict[str, Learned]) -> str:
    """Error against format."""
    rows = [
        [str(task), name, *map(percent, lanes[1])] for name, learned in swept.items() for task, lanes in learned.items()
    ]
    for name, learned in swept.items():
        means = [fmean(each) for each in zip(*(test for _, test in learned.values()), strict=True)]
        rows.append(["mean", f"{name} (best: IWL {best_iwl(learned)})", *map(percent, means)])
    return "## Eight bits, IWL bits before the point: test error, %\n\n" + table(
        ["task", "system", *(f"IWL {iwl}" for iwl in IWLS)], rows
    )


def final_table(found: dict[str, Learned]) -> str:
    """Every task at the best formats."""
    tasks = next(iter(found.values()))
    rows = [[str(task), *(percent(chosen(each[task])) for each in found.values())] for task in tasks]
    means = {name: fmean(map(chosen, each.values())) for name, each in found.items()}
    rows.append(["mean", *map(percent, means.values())])
    names = list(found)
    gains = [f"{1 - means[names[0]] / means[each]:+.1%} against {each}" for each in names[1:] if means[each]]
    return (
        "## Eight bits at the best formats: test error, %\n\n"
        + table(["task", *names], rows)
        + f"\nError saved by {names[0]}: {'; '.join(gains)}. The paper says 46 % against conventional quantisation.\n"
    )


def numbers(text: str) -> tuple[int, ...]:
    """Whole numbers with commas between."""
    return tuple(int(each) for each in text.split(","))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The jobs of the three parts."""

    options: argparse.Namespace

    @property
    def floating(self) -> Recipe:
        """Training in floating point."""
        options = self.options
        start = options.restarts - 1
        return Recipe(epochs=options.epochs[0], halve=options.halve[0], noise=True, linear_start=start)

    @property
    def eight(self) -> Recipe:
        """Training in eight bits."""
        return Recipe(epochs=self.options.epochs[1], halve=self.options.halve[1])

    def jobs(self, part: str, notes: Notes) -> list[Job]:
        """Those of a part; the last part takes its formats from the sweeps."""
        options = self.options
        common = {"questions": options.questions, "device": options.device}
        if part == "float":
            many = {"tasks": options.tasks, "restarts": options.restarts, "tying": options.tying}
            return [Job(name="float", recipe=self.floating, **many, **common)]
        if part == "sweep":
            many = {"tasks": options.swept, "restarts": 1, "iwls": IWLS, "recipe": self.eight}
            return [Job(name=_sweep_of(system), system=system, **many, **common) for system in SWEPT]
        many = {"tasks": options.tasks, "restarts": options.restarts, "recipe": self.eight}
        return [
            Job(name=name, system=system, iwls=(iwl,), **many, **common) for name, system, iwl in self.finals(notes)
        ]

    def finals(self, notes: Notes) -> list[tuple[str, System, int]]:
        """Name, system and format: Q-MANN, then dot in that format and in its own best one."""
        own, shared = (best_iwl(notes.done[_sweep_of(system)]) for system in SWEPT)
        dots = [(f"{DOT.name}, IWL {iwl}", DOT, iwl) for iwl in dict.fromkeys((shared, own))]
        return [(f"Q-MANN ({CONTROLLED.name}), IWL {shared}", CONTROLLED, shared), *dots]

    def text(self, notes: Notes) -> str:
        """The report of what is done."""
        return "\n".join(self._sections(notes))

    def _sections(self, notes: Notes) -> Iterator[str]:
        options, done = self.options, notes.done
        yield f"# Memory networks on bAbI en-10k, {date.today()}\n\n{machine()}{_gpu(options.device)}\n"
        yield (
            f"E=60, 3 hops, position and time encoding, 50 memories, {options.restarts} restarts, at most"
            f" {options.questions:,} training questions a task (task 3 has 1,000), a tenth of them held out.\n"
            f"Floating point: {options.tying} tying, {_told(self.floating)}, random noise,"
            f" linear start in {self.floating.linear_start} of the restarts."
            f" Eight bits: layer-wise tying, {_told(self.eight)}, one restart in the sweep."
            f" All of it took {notes.seconds:.0f} s.\n"
        )
        for part, shown in zip(PARTS, (float_table, sweep_table, final_table), strict=True):
            jobs = self.jobs(part, notes)
            if any(notes.missing(job).tasks for job in jobs):
                return
            yield shown({job.name: done[job.name] for job in jobs})


def _sweep_of(system: System) -> str:
    return f"{system.name} sweep"


def _told(recipe: Recipe) -> str:
    return f"{recipe.epochs} epochs, rate {recipe.rate} halved every {recipe.halve}"


def _gpu(device: str) -> str:
    return f", {torch.cuda.get_device_name()}" if device.startswith("cuda") else ""


def main() -> None:
    """Run what is missing, print and write after each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=numbers, default=tuple(range(1, 21)))
    parser.add_argument("--swept", type=numbers, default=(1, 4, 6, 12, 15), help="tasks of the sweep")
    parser.add_argument("--questions", type=int, default=10_000, help="training questions of a task, at most")
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--epochs", type=numbers, default=(40, 12), help="in floating point, and in eight bits")
    parser.add_argument("--halve", type=numbers, default=(10, 8), help="epochs to a rate of half, likewise")
    parser.add_argument("--tying", default="layer-wise", help="in floating point: layer-wise or adjacent")
    parser.add_argument("--until", choices=PARTS, default=PARTS[-1], help="the last part to run")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    beside = ("out", "workers", "device", "until")
    settings = {name: value for name, value in vars(options).items() if name not in beside}
    notes = Notes(options.out and options.out.with_suffix(".json"), settings)
    plan = Plan(options=options)
    for part in PARTS[: PARTS.index(options.until) + 1]:
        run_all(plan.jobs(part, notes), options.workers, notes)
        if options.out:
            write_whole(options.out, plan.text(notes))
    print(plan.text(notes))


if __name__ == "__main__":
    main()
