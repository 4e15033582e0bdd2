"""All of MNIST: networks trained through the surrogate, beside the ANN and its plain conversion, on 10,000 digits.

    PICOJOULE_DATA=folder python benchmarks/ttfs_training.py [--train 60000] [--epochs 3] [--workers 2] [--out FILE]

The digits are `mnist_full.npz` of that folder. Conditions are those of the recipe `ttfs-training`.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, stdev

import torch
from torch import nn

from picojoule.base.files import write_whole
from picojoule.data.vision import Dataset
from picojoule.measurement import observe
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import ann
from picojoule.recipes.ttfs_training.conditions import COMPARED, SIZES, Condition
from picojoule.recipes.ttfs_training.networks import plain, source_network, train
from timing import machine


def digits(options: argparse.Namespace) -> Dataset:
    """The digits asked for; all of the test digits."""
    data = Settings(data=str(Path(os.environ["PICOJOULE_DATA"]) / "mnist_full.npz")).dataset()
    return replace(data, train=data.train.take(options.train), test=data.test.take(options.test))


def trained(options: argparse.Namespace, model: nn.Module, job: tuple[Condition, int]) -> tuple[float, float]:
    """Accuracy and spikes a neuron of one network."""
    torch.set_num_threads(1)
    condition, seed = job
    data = digits(options)
    found = train(condition, model, data, data.test, Settings(seed=seed), epochs=options.epochs, seeds=1)
    return found.accuracies[0], found.spikes_per_neuron[0]


def row(name: str, accuracies: list[float], spikes: list[float]) -> str:
    """Means over seeds, and the deviation of the accuracy."""
    spread = f" ± {stdev(accuracies):.2%}" if len(accuracies) > 1 else ""
    return f"| {name} | {fmean(accuracies):.2%}{spread} | {fmean(spikes):.3f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=60000)
    parser.add_argument("--test", type=int, default=10000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", help="file for the table")
    options = parser.parse_args()
    data, settings = digits(options), Settings(mode="quick")
    size = replace(SIZES["quick"], first=options.epochs)
    model = source_network(data, size, settings)
    lines = [
        f"# Trained through the surrogate, {date.today()}\n\n{machine()}\n",
        f"{len(data.train)} training and {len(data.test)} test digits, {options.epochs} epochs for the ANN and each "
        f"network; {options.seeds} seeds, ± their deviation.\n",
        "| system | right | spikes a neuron |",
        "|---|---|---|",
    ]
    dense = observe(ann(model, data.train.take(1000)), data.test, batch=250)
    lines.append(f"| ann fp32 | {dense.accuracy:.2%} | – |")
    converted = observe(plain(model, COMPARED[0], data, settings), data.test, batch=250)
    lines.append(
        row(f"{converted.network.name}, converted", [converted.accuracy or 0.0], [converted.counts.spikes_per_neuron])
    )
    jobs = [(condition, seed) for condition in COMPARED for seed in range(options.seeds)]
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(partial(trained, options, model), jobs))
    for condition in COMPARED:
        of_it = [each for job, each in zip(jobs, found, strict=True) if job[0] is condition]
        lines.append(row(condition.system, *map(list, zip(*of_it, strict=True))))
    print(*lines, sep="\n")
    if options.out:
        write_whole(Path(options.out), "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
