"""Systems over a data set by several processes: each is converted once, kept in a file, and run on parts of the data.

A benchmark hands over a `Problem`: how to get the model and the data (in every process anew), and its systems. Under a
condition a network or its input may be disturbed; counts and joules are those of the first condition.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import picojoule as pj
from picojoule.base.errors import PriceError
from picojoule.base.files import write_whole
from picojoule.base.units import si
from picojoule.cost import Counts, price
from picojoule.cost.counts import add_up
from picojoule.ir import Network
from timing import machine

_BATCH, _PART = 50, 50
"""Samples a run, and the samples a process takes at a time."""


_PROFILES = (pj.profiles.HOROWITZ_FP32, pj.profiles.HOROWITZ_INT8, pj.profiles.LOIHI)


class Data(NamedTuple):
    """A trained model, samples that set scales, and test samples with labels."""

    model: nn.Module
    calibration: Tensor
    images: Tensor
    labels: Tensor


def _clean(network: Network, images: Tensor) -> tuple[Network, Tensor]:
    return network, images


Condition = Callable[[Network, Tensor], tuple[Network, Tensor]]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is measured. Everything in it is a name that other processes can import.

    Attributes:
        load: the data of a folder.
        systems: each makes a network of the model and the calibration samples; the first is the ANN.
        conditions: by the name of their column of accuracies.
    """

    load: Callable[[Path], Data]
    systems: Sequence[Callable[[nn.Module, Tensor], Network]]
    conditions: Mapping[str, Condition] = field(default_factory=lambda: {"clean": _clean})


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a system did: decisions under each condition, and the counts under the first."""

    name: str
    decisions: dict[str, Tensor]
    counts: Counts

    @property
    def spikes(self) -> float:
        """Hidden ones, a sample."""
        return self.counts.spikes_per_sample

    def joules(self, profile: Any) -> str:
        """Of a sample; a dash where the profile has no price."""
        try:
            return si(price(self.counts, profile).joules, "J")
        except PriceError:
            return "–"


def measure(problem: Problem, folder: Path, *, workers: int, limit: int | None) -> tuple[list[Measured], Tensor]:
    """Every system, in order, and the labels."""
    data = problem.load(folder)
    labels = data.labels[:limit]
    numbers, names = range(len(problem.systems)), list(problem.conditions)
    parts = [slice(a, min(a + _PART, len(labels))) for a in range(0, len(labels), _PART)]
    tasks = [(i, name, part) for i in numbers for name in names for part in parts]
    with TemporaryDirectory() as kept, get_context("spawn").Pool(workers, _begin, (problem, folder, kept)) as pool:
        built = pool.map(_build, numbers, chunksize=1)
        _say(f"{len(built)} systems converted")
        done = {}
        for number, answer in enumerate(pool.imap(_run, tasks, chunksize=1), 1):
            system, condition, part = tasks[number - 1]
            done[system, condition, part.start] = answer
            if number % len(parts) == 0:
                _say(f"{built[system]}, {condition}: done")
        pool.close()
        pool.join()
    return [
        Measured(
            name=built[i],
            decisions={name: torch.cat([done[i, name, part.start][0] for part in parts]) for name in names},
            counts=add_up(done[i, names[0], part.start][1] for part in parts),
        )
        for i in numbers
    ], labels


_HERE: dict[str, Any] = {}
"""Of a worker: the problem, and where networks are kept."""


def _begin(problem: Problem, folder: Path, kept: str) -> None:
    torch.set_num_threads(1)
    _HERE.update(problem=problem, data=problem.load(folder), kept=Path(kept))


def _build(number: int) -> str:
    network = _HERE["problem"].systems[number](_HERE["data"].model, _HERE["data"].calibration)
    pj.save(network, _HERE["kept"] / f"{number}.safetensors")
    return network.name


@lru_cache(maxsize=2)
def _network(number: int) -> Network:
    return pj.load(_HERE["kept"] / f"{number}.safetensors")


def _run(task: tuple[int, str, slice]) -> tuple[Tensor, Counts]:
    number, name, part = task
    network, images = _HERE["problem"].conditions[name](_network(number), _HERE["data"].images[part])
    runs = [pj.run(network, x) for x in images.split(_BATCH)]
    return torch.cat([run.values.flatten(1).argmax(1) for run in runs]), add_up(run.counts for run in runs)


def table(found: Sequence[Measured], labels: Tensor) -> str:
    """A line a system, in Markdown."""
    conditions = list(found[0].decisions)
    heads = ["system", *(name if name != "clean" else "accuracy" for name in conditions), "agreement", "T", "spikes",
             "spikes/neuron", "spikes/neuron/step", "synops", "MACs", "45 nm fp32", "45 nm int8", "Loihi"]  # fmt: skip
    lines = [heads, ["---"] * len(heads)]
    for each in found:
        counts, right = each.counts, {name: chosen == labels for name, chosen in each.decisions.items()}
        spiking = counts.steps is not None
        cells = [
            *(f"{float(right[name].double().mean()):.2%}" for name in conditions),
            f"{agreement(each, found[0]):.2%}",
            *(
                (f"{counts.steps}", f"{each.spikes:,.0f}", f"{each.spikes / counts.neurons:.3f}")
                if spiking
                else ("–",) * 3
            ),
            f"{counts.density:.4f}" if spiking else "–",
            si(counts.per_sample("synops"), "") if spiking else "–",
            si(counts.per_sample("macs"), ""),
            *(each.joules(profile) for profile in _PROFILES),
        ]  # fmt: skip
        lines.append([each.name, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def agreement(each: Measured, ann: Measured) -> float:
    """Share of the ANN's decisions, under the first condition."""
    mine, theirs = (next(iter(one.decisions.values())) for one in (each, ann))
    return float((mine == theirs).double().mean())


def main(problem: Problem, title: str, about: str, more: Callable[[list[Measured]], str] | None = None) -> None:
    """Read the options, measure, print, and write the file asked for."""
    options = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workers", type=int, default=1, help="processes, of one thread each")
    options.add_argument("--limit", type=int, help="test samples used; all by default")
    options.add_argument("--out", type=Path, help="write the table to this file, too")
    options = options.parse_args()
    found, labels = measure(problem, Path(os.environ["PICOJOULE_DATA"]), workers=options.workers, limit=options.limit)
    told = f"# {title}, {date.today()}\n\n{machine()}\n\n{len(labels)} test samples. Counts and joules are a sample's."
    told += f" Joules are computed.\n\n{table(found, labels)}\n"
    told += f"\n{more(found)}\n" if more else ""
    print(told)
    if options.out:
        write_whole(options.out, told)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
