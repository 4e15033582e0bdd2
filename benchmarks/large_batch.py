"""Growing batches on the whole of MNIST: LARS beside SGD, each with the rate that is best on held-out digits.

    PICOJOULE_DATA=folder python benchmarks/large_batch.py [--epochs 3] [--limit N] [--work FOLDER] [--out FILE]

Each optimiser and batch is a cell that is kept in FOLDER when it is done; another call goes on with the rest.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import torch

from picojoule.base.files import write_whole
from picojoule.data.vision import Dataset, load
from picojoule.recipes.smartphone_cluster.large_batch import OPTIMISERS, learn
from picojoule.recipes.smartphone_cluster.plan import PLANS, Plan
from timing import machine

BATCHES = (512, 2048, 4096, 8192, 16384)
RATES = {"sgd": (0.06, 0.2, 0.6, 2.0), "lars": (3.0, 10.0, 30.0, 100.0)}


def cell(plan: Plan, data: Dataset, optimiser: str, batch: int, work: Path) -> dict[str, Any]:
    """One optimiser at one batch, from its file if it is there."""
    path = work / f"{optimiser} {batch} {plan.learnt_epochs} {len(data.train)}.json"
    if not path.exists():
        own = replace(plan, learnt_batches=(batch,), rates={optimiser: plan.rates[optimiser]})
        (found,) = learn(own, data, seed=0, optimisers=(optimiser,))
        kept = {name: getattr(found, name) for name in ("rate", "accuracy", "steps", "steps_to_target")}
        write_whole(path, json.dumps({"optimiser": optimiser, "batch": batch, **kept}))
    return json.loads(path.read_text())


def table(cells: Sequence[dict[str, Any]], plan: Plan, data: Dataset) -> str:
    """The accuracies as a table, with where they were made."""
    by_key = {(each["optimiser"], each["batch"]): each for each in cells}
    lines = [
        f"# Large batches on MNIST, {date.today()}",
        "",
        f"{machine()}; {plan.learnt_epochs} epochs of {len(data.train) - plan.held_out} digits, "
        f"{len(data.test)} test digits, one seed; warm-up, cosine, label smoothing 0.1; the best of "
        f"{len(RATES['sgd'])} rates on {plan.held_out} held-out digits (in brackets).",
        "",
        "| batch | steps | SGD | LARS |",
        "|---|---|---|---|",
    ]
    for batch in sorted({batch for _, batch in by_key}):
        row = [by_key.get((name, batch)) for name in OPTIMISERS]
        shown = ["–" if each is None else f"{100 * each['accuracy']:.2f} % ({each['rate']:g})" for each in row]
        steps = next(each["steps"] for each in row if each is not None)
        lines.append(f"| {batch} | {steps} | {shown[0]} | {shown[1]} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Run what is missing, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--limit", type=int, help="so many training digits only")
    parser.add_argument("--work", type=Path, default=Path("out/large_batch"))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = load(str(Path(os.environ["PICOJOULE_DATA"]) / "mnist_full.npz"))
    data = replace(data, train=data.train.take(options.limit or len(data.train)))
    plan = replace(PLANS["full"], learnt_epochs=options.epochs, rates=RATES)
    options.work.mkdir(parents=True, exist_ok=True)
    cells = []
    for batch in reversed(BATCHES):
        for optimiser in OPTIMISERS:
            cells.append(cell(plan, data, optimiser, batch, options.work))
            text = table(cells, plan, data)
            if options.out:
                write_whole(options.out, text)
    print(text)


if __name__ == "__main__":
    main()
