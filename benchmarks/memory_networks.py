"""Memory networks on the public bAbI tasks: floating point, the sweep of formats, and all tasks at the best formats.

    PICOJOULE_DATA=folder python benchmarks/memory_networks.py --device cuda --out FILE.md
    PICOJOULE_DATA=folder python benchmarks/memory_networks.py --workers 16 --out FILE.md
    PICOJOULE_DATA=folder python benchmarks/memory_networks.py --tasks 1,4 --swept 1 --questions 1000 --epochs 2,2

Restarts and formats are lanes of one batch. On a GPU the tasks are side by side in that batch too; on a CPU each task
is a job of a pool. Weights, restarts and formats are chosen on the last tenth of the training questions.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean

import torch

from picojoule.base.files import write_whole
from picojoule.base.progress import say, set_quiet
from picojoule.data.language.babi import Questions, Vocabulary, encode, load
from picojoule.data.language.babi.stories import first_questions
from picojoule.models.memory import Arithmetic, Float, Form, MemN2N, Quantised, pack
from picojoule.quant import Fixed
from picojoule.train.lanes import Recipe, errors, train_lanes
from timing import machine

BITS = 8
IWLS = (1, 2, 3, 4, 5, 6)
Learned = dict[int, tuple[list[float], list[float]]]
"""Task → held-out and test error of each lane."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Networks to train, lanes side by side, on some tasks.

    Attributes:
        name: of the system.
        tasks: their numbers.
        iwls: of each lane; None for floating point.
        measure, control: of the arithmetic.
        recipe: of the training.
        tying: of the networks.
        questions: of each task, at most.
        device: where.
    """

    name: str
    tasks: tuple[int, ...]
    iwls: tuple[int, ...] | None
    lanes: int
    measure: str = "dot"
    control: bool = False
    recipe: Recipe
    tying: str = "layer-wise"
    questions: int
    device: str

    def arithmetic(self) -> Arithmetic:
        """What they compute with."""
        if self.iwls is None:
            return Float()
        formats = tuple(Fixed(iwl=iwl, frac=BITS - 1 - iwl) for iwl in self.iwls)
        return Quantised(lanes=formats, measure=self.measure, control=self.control)

    def run(self) -> Learned:
        """Train, and test."""
        torch.set_num_threads(1)
        parts = [questions(number, self.questions) for number in self.tasks]
        learn, held_out, test = (pack(list(each)).to(self.device) for each in zip(*(p[:3] for p in parts), strict=True))
        ages = max(learn.story.shape[2], test.story.shape[2])
        form = Form(tokens=max(p[3] for p in parts), ages=ages, tying=self.tying)
        start = torch.Generator().manual_seed(0)
        net = MemN2N(form, tasks=len(self.tasks), lanes=self.lanes, generator=start).to(self.device)
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


def run_all(jobs: Sequence[Job], workers: int) -> list[Learned]:
    """Every job; those of a GPU one after the other with all tasks at once, others task by task in processes."""
    if jobs[0].device != "cpu":
        return [timed(job) for job in jobs]
    alone = [(i, Job(**{**vars(job), "tasks": (task,)})) for i, job in enumerate(jobs) for task in job.tasks]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found: list[Learned] = [{} for _ in jobs]
        for (i, _), learned in zip(alone, pool.map(_quietly, [job for _, job in alone]), strict=True):
            found[i] |= learned
    return found


def _quietly(job: Job) -> Learned:
    set_quiet(True)
    return job.run()


def timed(job: Job) -> Learned:
    """Run, and say how long it took."""
    begun = time.monotonic()
    found = job.run()
    say(f"{job.name}: {time.monotonic() - begun:.0f} s")
    return found


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


def float_table(learned: Learned) -> str:
    """Every task in floating point."""
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
        ["task", "similarity", *(f"IWL {iwl}" for iwl in IWLS)], rows
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
        "## All tasks in eight bits at the best formats: test error, %\n\n"
        + table(["task", *names], rows)
        + f"\nError saved by {names[0]}: {'; '.join(gains)}. The paper says 46 % against conventional quantisation.\n"
    )


def numbers(text: str) -> tuple[int, ...]:
    """Whole numbers with commas between."""
    return tuple(int(each) for each in text.split(","))


def main() -> None:
    """Run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=numbers, default=tuple(range(1, 21)))
    parser.add_argument("--swept", type=numbers, default=(1, 4, 6, 12, 15), help="tasks of the sweep")
    parser.add_argument("--questions", type=int, default=10_000, help="training questions of a task, at most")
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--epochs", type=numbers, default=(40, 12), help="in floating point, and in eight bits")
    parser.add_argument("--tying", default="layer-wise", help="in floating point: layer-wise or adjacent")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    began = time.monotonic()
    common = {"questions": options.questions, "device": options.device}
    lanes = options.restarts
    floating, eight = (Recipe(epochs=n, halve=max(1, n // 4)) for n in options.epochs)
    noisy = Recipe(epochs=floating.epochs, halve=floating.halve, noise=True, linear_start=lanes - 1)
    floats = {"tasks": options.tasks, "iwls": None, "lanes": lanes, "tying": options.tying}
    jobs = [Job(name="float", recipe=noisy, **floats, **common)]
    for measure in ("dot", "hamming"):
        swept = {"measure": measure, "iwls": IWLS, "lanes": len(IWLS), "tasks": options.swept}
        jobs.append(Job(name=f"{measure} sweep", recipe=eight, **swept, **common))
    in_float, *sweeps = run_all(jobs, options.workers)
    swept_by = dict(zip(("dot", "hamming"), sweeps, strict=True))
    own, shared = best_iwl(swept_by["dot"]), best_iwl(swept_by["hamming"])
    last = [(f"Q-MANN (Hamming, MQ, IWL {shared})", "hamming", True, shared)]
    last += [(f"dot, IWL {iwl}", "dot", False, iwl) for iwl in dict.fromkeys((shared, own))]
    finals = [
        Job(
            name=n, tasks=options.tasks, iwls=(iwl,) * lanes, lanes=lanes, measure=m, control=mq, recipe=eight, **common
        )
        for n, m, mq, iwl in last
    ]
    found = dict(zip((job.name for job in finals), run_all(finals, options.workers), strict=True))
    parts: list[Callable[[], str]] = [
        lambda: f"# Memory networks on bAbI en-10k, {date.today()}\n\n{machine()}{_gpu(options.device)}\n",
        lambda: _settings(options, noisy, eight, time.monotonic() - began),
        lambda: float_table(in_float),
        lambda: sweep_table(swept_by),
        lambda: final_table(found),
    ]
    text = "\n".join(part() for part in parts)
    print(text)
    if options.out:
        write_whole(options.out, text)


def _settings(options: argparse.Namespace, floating: Recipe, eight: Recipe, seconds: float) -> str:
    return (
        f"E=60, 3 hops, position and time encoding, 50 memories, {options.restarts} restarts, at most"
        f" {options.questions} training questions a task (task 3 has 1,000), a tenth of them held out.\n"
        f"Floating point: {options.tying} tying, {floating.epochs} epochs, rate {floating.rate}, random noise,"
        f" {floating.linear_start} restarts with linear start."
        f" Eight bits: layer-wise tying, {eight.epochs} epochs, rate {eight.rate}. All of it took {seconds:.0f} s.\n"
    )


def _gpu(device: str) -> str:
    return f", {torch.cuda.get_device_name()}" if device.startswith("cuda") else ""


if __name__ == "__main__":
    main()
