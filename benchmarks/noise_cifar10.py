"""Codes under noise: ResNet-20 on CIFAR-10, or the digit network on MNIST's 10,000 test digits. Nothing is trained.

    PICOJOULE_DATA=folder python benchmarks/noise_cifar10.py [--data cifar10|mnist] [--limit 1000] [--noisy 300]
        [--seeds 3] [--workers 1] [--out FILE]

Weights and pictures are those of that folder (`models/resnet20_cifar10.npz`, `cifar10_lossless_5k.npz`,
`mnist_full.npz`); the digit network's own weights come with the package, and saw none of MNIST's test digits. Inputs
are currents and stay whole. `+ws`: weights that expect the noise. With MNIST also kernel optimisation and early firing.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

import picojoule as pj
from picojoule.base.files import write_whole
from picojoule.codes import TTAS, TTFS, Burst, Code, Phase, Rate
from picojoule.ir import Fire
from picojoule.measurement.robustness import scores
from picojoule.models import embedded
from resnet20 import pictures, trained
from timing import machine

ROUNDS = TTFS.nearest(steps=24, tau=4.0).threshold
CODES: dict[str, dict[str, Code]] = {
    "cifar10": {
        "rate T=64": Rate(steps=64),
        "phase T=64": Phase(steps=64),
        "burst T=128 θ=0.5 v₀=0.25": Burst(steps=128, threshold=0.5, initial=0.25),
        "ttfs T=24": TTFS(steps=24, tau=4.0, threshold=ROUNDS),
        "ttas(1) T=24": TTAS(steps=24, tau=4.0, threshold=ROUNDS, further=1),
        "ttas(5) T=24": TTAS(steps=24, tau=4.0, threshold=ROUNDS, further=5),
    },
    "mnist": {
        "rate T=32": Rate(steps=32),
        "phase T=32": Phase(steps=32),
        "burst T=32": Burst(steps=32),
        "ttfs T=12": TTFS(steps=12, tau=2.0, threshold=0.8),
        "ttas(1) T=12": TTAS(steps=12, tau=2.0, threshold=0.8, further=1),
        "ttas(5) T=12": TTAS(steps=12, tau=2.0, threshold=0.8, further=5),
    },
}
"""Systems by name; another code is another line."""
LEVELS = {"deletion": (0.05, 0.1, 0.2, 0.35, 0.5, 0.8), "jitter": (0.5, 1.0, 2.0, 4.0), "weights": (0.1, 0.2)}
IN_STEPS = {"deletion": (0.1, 0.2, 0.5), "jitter": (1.0, 4.0), "weights": ()}
"""Levels of each noise: of codes with a closed form, and of those in steps, which take as many seeds."""
KERNELS = {
    "ttfs T=80": TTFS(steps=80),
    "ttfs T=80 go": TTFS(steps=80),
    "ttfs T=80 ef": TTFS(steps=80, start=40),
    "ttfs T=80 go ef": TTFS(steps=80, start=40),
    "rate T=8": Rate(steps=8),
    "rate T=16": Rate(steps=16),
    "rate T=32": Rate(steps=32),
}


@final
@dataclass(frozen=True, kw_only=True)
class Job:
    """Some pictures through one system under one noise."""

    data: str
    system: str
    noise: pj.Noise
    compensated: bool
    start: int
    stop: int


@lru_cache(maxsize=2)
def loaded(data: str) -> tuple[nn.Module, Tensor, Tensor, Tensor]:
    """The trained model, calibration pictures, test pictures, and their labels."""
    folder = Path(os.environ["PICOJOULE_DATA"])
    if data == "cifar10":
        train, test, labels = pictures(folder)
        return trained(folder), train[:1000], test, labels
    with np.load(folder / "mnist_full.npz") as each:
        train, test = (torch.tensor(each[name]).view(-1, 1, 28, 28).float() / 255 for name in ("x_train", "x_test"))
        return embedded(), train[:1000], test, torch.tensor(each["y_test"]).long()


@lru_cache(maxsize=32)
def network(data: str, system: str) -> pj.Network:
    """A system by its name."""
    model, train, test, _ = loaded(data)
    if system == "ann fp32":
        return pj.trace(model, test[:1])
    if system.startswith("ann int"):
        return pj.quantise(model, train, bits=int(system.removeprefix("ann int")))
    if system == "rate T=1000 v₀=0 by layer":
        return pj.convert(model, train, code=Rate(steps=1000, initial=0.0), norm="layer")
    if system in KERNELS:
        calibrate = ("gradient",) if " go" in system else ()
        return pj.convert(model, train, code=KERNELS[system], calibrate=calibrate)
    return pj.convert(model, train, code=CODES[data][system], input="analogue")


def accuracy(job: Job) -> int:
    """How many of its pictures a job decides rightly."""
    torch.set_num_threads(1)
    x, y = (each[job.start : job.stop] for each in loaded(job.data)[2:])
    options = {"seeds": (job.noise.seed,), "compensated": job.compensated}
    return round(scores(network(job.data, job.system), (x, y), job.noise, **options).mean * len(x))


def jobs(data: str, seeds: int, limit: int, part: int) -> Iterator[tuple[tuple[str, str], Job]]:
    """Every job, under the line and the column of its table."""
    anns = ("ann fp32", "ann int8")
    for system in (*anns, *CODES[data]):
        in_steps = system in CODES[data] and CODES[data][system].staircase() is None
        for kind, levels in (IN_STEPS if in_steps else LEVELS).items():
            noises = [pj.Noise(**{kind: level}) for level in levels if kind == "weights" or system not in anns]
            for noise, expects in product(noises, (False, True) if kind != "weights" else (False,)):
                for seed, start in product(range(seeds), range(0, limit, part)):
                    line = system + (" +ws" if expects else "")
                    drawn, stop = replace(noise, seed=seed), min(start + part, limit)
                    job = {"data": data, "system": system, "compensated": expects, "start": start, "stop": stop}
                    yield (line, noise.label), Job(noise=drawn, **job)


def tables(found: dict[tuple[str, str], dict[int, int]], limit: int) -> Iterator[str]:
    """A table for each noise: the mean over seeds, and their lowest and highest."""
    for kind in ("deletion", "jitter", "weights"):
        columns = list(dict.fromkeys(label for _, label in found if label.startswith(kind)))
        columns.sort(key=lambda label: float(label.replace("σ=", "").replace("±", "").split()[1]))
        lines = list(dict.fromkeys(line for line, label in found if label in columns))
        yield f"\n## {kind}\n\n| system | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}"
        for line in lines:
            cells = [_cell([right / limit for right in found.get((line, label), {}).values()]) for label in columns]
            yield f"| {line} | {' | '.join(cells)} |"


def _cell(each: list[float]) -> str:
    return f"{sum(each) / len(each):.1%} ({min(each):.1%}–{max(each):.1%})" if each else "–"


def clean(data: str, limit: int, system: str, few: int | None = None) -> str:
    """A line of the table without noise."""
    torch.set_num_threads(1)
    x, y = (each[: min(limit, few or limit)] for each in loaded(data)[2:])
    net, ann = network(data, system), network(data, "ann fp32")
    right = same = 0
    spikes, steps = 0.0, None
    for part, labels in zip(x.split(50), y.split(50), strict=True):
        done = pj.run(net, part)
        decided = done.values.argmax(1)
        right += int((decided == labels).sum())
        same += int((decided == pj.run(ann, part, count=False).values.argmax(1)).sum())
        spikes, steps = spikes + done.counts.hidden_spikes, done.counts.steps
    fires = any(net.all(Fire))
    cells = (
        f"{right / len(x):.2%}",
        f"{same / len(x):.2%}",
        str(steps or "–"),
        f"{spikes / len(x):,.0f}" if fires else "–",
    )
    return f"| {system} | {len(x):,} | {' | '.join(cells)} |"


def main() -> None:
    """Print the tables, and write them."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", choices=CODES, default="cifar10")
    options.add_argument("--limit", type=int, default=None, help="test pictures; all by default")
    options.add_argument("--noisy", type=int, default=300, help="of them, how many under noise")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--few", type=int, default=200, help="pictures for rate coding with T=1000")
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--out", type=Path)
    options = options.parse_args()
    limit = min(options.limit or 10**9, len(loaded(options.data)[3]))
    noisy = min(options.noisy, limit)
    names = ["ann fp32", "ann int8", "ann int4", *CODES[options.data], *(KERNELS if options.data == "mnist" else ())]
    told = [f"# Codes under noise, {options.data}, {date.today()}\n\n{machine()}\n"]
    told.append(f"{noisy:,} test pictures under noise, {options.seeds} seeds: mean (lowest–highest).\n")
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        told.append("| system | pictures | right | as the ANN | steps | hidden spikes |\n|---|---|---|---|---|---|")
        told += pool.map(partial(clean, options.data, limit), names)
        if options.data == "mnist":
            told.append(pool.submit(clean, options.data, limit, "rate T=1000 v₀=0 by layer", options.few).result())
        print("\n".join(told), flush=True)
        keyed = list(jobs(options.data, options.seeds, noisy, 100))
        found: dict[tuple[str, str], dict[int, int]] = {}
        for (key, job), right in zip(keyed, pool.map(accuracy, [job for _, job in keyed]), strict=True):
            by_seed = found.setdefault(key, {})
            by_seed[job.noise.seed] = by_seed.get(job.noise.seed, 0) + right
    tabled = list(tables(found, noisy))
    print("\n".join(tabled))
    if options.out:
        write_whole(options.out, "\n".join([*told, *tabled, ""]).encode())


if __name__ == "__main__":
    main()
