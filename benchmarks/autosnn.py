"""AutoSNN's search space, whole: the trie against path by path, regrets, and two networks on N-MNIST.

    PICOJOULE_DATA=folder python benchmarks/autosnn.py [--workers 2] [--seeds 200] [--epochs 10] [--out FILE]

The search is the recipe's quick one (625 networks, 1,500 embedded digits), but every network is also evaluated path by
path. The recordings are `nmnist_small.npz` of that folder; that part is left out where the folder is not given.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, median, stdev

import torch

from picojoule.base.files import write_whole
from picojoule.models.spiking import LAYOUT
from picojoule.models.spiking.found import AUTOSNN
from picojoule.recipes.autosnn.conditions import LAMBDA, SIZES, Entrant, Size
from picojoule.recipes.autosnn.material import gather
from picojoule.recipes.autosnn.networks import architecture, train, train_supernet
from picojoule.recipes.autosnn.searching import Searched, searches
from picojoule.recipes.settings import Settings
from picojoule.search import Evaluation, Here, Processes, evaluate, front
from timing import machine


def supernet_and_evaluation(size: Size) -> Evaluation:
    """The trained supernet with the samples networks are scored on."""
    material = gather(Settings(), size)
    samples, held = material.split(size.validation)
    net = train_supernet(material, samples, size, Settings()).eval()
    x, y = held.pick(torch.arange(len(held)))
    return Evaluation(supernet=net, x=x, y=y, calibration=samples.pick(torch.arange(size.calibration))[0])


def evaluated(evaluation: Evaluation, options: argparse.Namespace) -> tuple[Searched, list[str]]:
    """All networks in three ways, and the lines that say how long each took."""
    genomes = list(evaluation.supernet.choices)
    ways = {
        "common beginnings once": (evaluation, Here()),
        "path by path": (replace(evaluation, shared=False), Here()),
        f"common beginnings once, {options.workers} processes": (evaluation, Processes(options.workers)),
    }
    found, seconds = {}, {}
    for name, (do, workers) in ways.items():
        began = time.perf_counter()
        found[name] = evaluate(do, genomes, workers)
        seconds[name] = time.perf_counter() - began
    table, alone, _ = found.values()
    first = next(iter(seconds.values()))
    lines = [
        "| evaluation of 625 networks | seconds | times the first | scores that differ | front |",
        "|---|---|---|---|---|",
    ]
    for name, each in found.items():
        differ = sum(table[genome] != each[genome] for genome in genomes)
        same = "the same" if front(each) == front(table) else "another"
        lines.append(f"| {name} | {seconds[name]:.1f} | {seconds[name] / first:.2f} | {differ} | {same} |")
    searched = Searched(
        choices=evaluation.supernet.choices, table=table, alone=alone, seconds=first,
        seconds_alone=seconds["path by path"], trails={},
    )  # fmt: skip
    return searched, lines


def regrets(searched: Searched, size: Size) -> list[str]:
    """Median, quartiles and share of searches that found the best."""
    found = replace(searched, trails=searches(searched, size, LAMBDA)).regrets(LAMBDA)
    lines = [
        f"| searcher, {size.budget} evaluations | median regret | quartiles | found the best |",
        "|---|---|---|---|",
    ]
    for name, each in found.items():
        low, high = (sorted(each)[len(each) * quarter // 4] for quarter in (1, 3))
        hit = sum(value == 0 for value in each) / len(each)
        lines.append(f"| {name} | {median(each):.4f} | {low:.4f} … {high:.4f} | {hit:.0%} of {len(each)} |")
    return lines


def fronts(searched: Searched) -> list[str]:
    """The exact front."""
    lines = ["| on the exact front | accuracy | spikes | synops | nJ |", "|---|---|---|---|---|"]
    for genome in searched.front:
        score, blocks = searched.table[genome], " ".join(architecture(genome))
        lines.append(
            f"| {blocks} | {score.accuracy:.1%} | {score.spikes:.0f} | {score.synops:.0f} | {score.joules * 1e9:.0f} |"
        )
    return lines


def size_for(entrant: Entrant, train: int | None) -> Size:
    """Of a training on N-MNIST: the quick mode's, on four or five positions, the image halved thrice."""
    layout = LAYOUT if len(entrant.architecture) == 5 else (*SIZES["quick"].layout, "down")
    return replace(SIZES["quick"], layout=layout, batch=20, rate=5e-3, samples=train)


def on_recordings(options: argparse.Namespace, job: tuple[Entrant, int]) -> tuple[float, float]:
    """Accuracy and spikes of one network on N-MNIST."""
    torch.set_num_threads(1)
    entrant, seed = job
    size = size_for(entrant, options.train)
    settings = Settings(data=str(Path(os.environ["PICOJOULE_DATA"]) / "nmnist_small.npz"), seed=seed)
    material = gather(settings, size)
    found = train(entrant, material.macro, material, size, settings, epochs=options.epochs)
    return found.accuracy, fmean(found.spikes)


def recordings(searched: Searched, options: argparse.Namespace) -> list[str]:
    """What was found on digits, the published architecture, and the same of plain and of residual blocks."""
    entrants = [
        Entrant(name="found on digits", architecture=architecture(searched.best(LAMBDA))),
        Entrant(name="as published", architecture=AUTOSNN),
        *(Entrant(name=f"{block} everywhere", architecture=(block,) * 4) for block in ("SCB3", "SRB5")),
    ]
    jobs = [(entrant, seed) for entrant in entrants for seed in range(options.repeats)]
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        found = dict(zip(jobs, pool.map(partial(on_recordings, options), jobs), strict=True))
    lines = ["| N-MNIST, C=8, T=4 | right | spikes a recording |", "|---|---|---|"]
    for entrant in entrants:
        accuracies, spikes = zip(*(each for (who, _), each in found.items() if who == entrant), strict=True)
        spread = f" ± {stdev(accuracies):.1%}" if len(accuracies) > 1 else ""
        blocks = " ".join(entrant.architecture)
        lines.append(f"| {entrant.name} ({blocks}) | {fmean(accuracies):.1%}{spread} | {fmean(spikes):.0f} |")
    return lines


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=200, help="searches of each searcher")
    parser.add_argument("--supernet", type=int, default=SIZES["quick"].supernet, help="epochs of the supernet")
    parser.add_argument("--epochs", type=int, default=10, help="epochs on N-MNIST")
    parser.add_argument("--repeats", type=int, default=3, help="seeds on N-MNIST")
    parser.add_argument("--train", type=int, default=1000, help="recordings to train on")
    parser.add_argument("--out", help="file for the tables")
    options = parser.parse_args()
    torch.set_num_threads(1)
    size = replace(SIZES["quick"], seeds=options.seeds, seeds_tpe=options.seeds, supernet=options.supernet)
    searched, lines = evaluated(supernet_and_evaluation(size), options)
    tables = [lines, regrets(searched, size), fronts(searched)]
    if "PICOJOULE_DATA" in os.environ:
        tables.append(recordings(searched, options))
    text = f"# AutoSNN's search space, {date.today()}\n\n{machine()}\n\n" + "\n\n".join(map("\n".join, tables)) + "\n"
    print(text)
    if options.out:
        write_whole(Path(options.out), text)


if __name__ == "__main__":
    main()
