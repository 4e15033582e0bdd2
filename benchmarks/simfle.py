"""Which parts of SimFLE help: every ablation, training from scratch and fine-tuning, over seeds of data and of weights.

    python benchmarks/simfle.py [--workers 2] [--seeds 3] [--epochs 8] [--work FOLDER] [--out FILE.md] [--only NAME ...]

The quick mode's generated faces and networks. A cell is a system and a seed; what a cell found is kept in the work
folder as JSON, so an interrupted run goes on, and so does one that asks for more seeds. Nothing is chosen on tests.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, stdev

import torch

from picojoule.base.files import write_whole
from picojoule.base.units import si
from picojoule.recipes.settings import Settings
from picojoule.recipes.simfle.material import gather
from picojoule.recipes.simfle.plan import ABLATIONS, BYOL, COMPARED, FULL, PLANS
from picojoule.recipes.simfle.pretraining import pretrain
from picojoule.recipes.simfle.probing import Judged, probe, supervised
from picojoule.recipes.simfle.rows import joules
from timing import machine

PROBED = {each.name: each for each in (*COMPARED, *ABLATIONS)}
TUNED = {f"{each.name}, fine-tuned": each for each in (BYOL, FULL)}
SCRATCH = "ann fp32"
SYSTEMS = (SCRATCH, *PROBED, *TUNED)
Cell = tuple[str, int]
Found = Mapping[str, float | None]


def found(judged: Judged) -> Found:
    """What is kept of a system."""
    marks = judged.landmarks
    return {
        **{f"accuracy {each.labels}": each.accuracy for each in judged.points},
        "neighbours": judged.neighbours,
        "actions": judged.actions,
        "landmark error": judged.distance,
        "kept": None if marks is None else marks.mean,
        "activated": None if marks is None else marks.activations,
        "joules": joules(judged.best),
    }


def run(cell: Cell, epochs: int, work: Path) -> tuple[Cell, Found]:
    """One cell, from its file where it has one."""
    name, seed = cell
    file = work / f"{name} {seed} {epochs}.json"
    if file.exists():
        return cell, json.loads(file.read_text())
    torch.set_num_threads(1)
    plan, settings = replace(PLANS["quick"], epochs=epochs), Settings(seed=seed, unfinished=str(work / "unfinished"))
    material = gather(settings, plan)
    if name == SCRATCH:
        judged = supervised(material, plan, settings)
    elif name in TUNED:
        judged = supervised(material, plan, settings, before=pretrain(TUNED[name], material, plan, settings))
    else:
        judged = probe(pretrain(PROBED[name], material, plan, settings), material, plan, settings)
    write_whole(file, json.dumps(found(judged)))
    return cell, found(judged)


def table(done: Mapping[Cell, Found], title: str) -> str:
    """Means over seeds ± their deviation, and the difference to the whole of SimFLE ± two standard errors."""
    names = [name for name in SYSTEMS if any(cell[0] == name for cell in done)]
    columns = list(dict.fromkeys(key for each in done.values() for key in each if key != "joules"))
    lines = [title, "", "| system | " + " | ".join(columns) + " | all labels, less simfle | joules of training |"]
    lines.append("|---" * (len(columns) + 3) + "|")
    last = [key for key in columns if key.startswith("accuracy")][-1]
    for name in names:
        cells = {seed: each for (system, seed), each in done.items() if system == name}
        shown = [spread([each.get(key) for each in cells.values()], percent="error" not in key) for key in columns]
        whole = {seed: done[FULL.name, seed] for seed in cells if (FULL.name, seed) in done}
        apart = [100 * (cells[seed][last] - each[last]) for seed, each in whole.items()]
        cost = si(fmean(each["joules"] for each in cells.values()), "J")
        lines.append(f"| {name} | " + " | ".join(shown) + f" | {difference(apart)} | {cost} |")
    return "\n".join(lines) + "\n"


def spread(values: Sequence[float | None], *, percent: bool) -> str:
    """Mean ± deviation."""
    known = [each * (100 if percent else 1) for each in values if each is not None]
    if not known:
        return "–"
    digits = 1 if percent else 3
    return f"{fmean(known):.{digits}f}" + (f" ± {stdev(known):.{digits}f}" if len(known) > 1 else "")


def difference(apart: Sequence[float]) -> str:
    """Mean ± two standard errors, of pairs with the same faces."""
    if not apart or not any(apart):
        return "–"
    return f"{fmean(apart):+.1f}" + (f" ± {2 * stdev(apart) / len(apart) ** 0.5:.1f}" if len(apart) > 1 else "")


def main() -> None:
    """Run the cells and write the table after each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--epochs", type=int, default=PLANS["quick"].epochs)
    options.add_argument("--work", type=Path, default=Path("simfle-cells"))
    options.add_argument("--out", type=Path)
    options.add_argument("--only", nargs="*", default=SYSTEMS, choices=SYSTEMS)
    options = options.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    plan = PLANS["quick"]
    title = (
        f"# Parts of SimFLE on generated faces, {date.today()}\n\n{machine()}\n\n"
        f"{dict(plan.faces)} faces of {plan.side}×{plan.side}, {options.epochs} epochs without labels. "
        "Accuracies, R² of action units and kept patches with a landmark in per cent; ± is the deviation over seeds, "
        "in the last difference two standard errors."
    )
    cells = [(name, seed) for seed in range(options.seeds) for name in options.only]
    done: dict[Cell, Found] = {}
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        for cell, each in pool.map(partial(run, epochs=options.epochs, work=options.work), cells):
            done[cell] = each
            if options.out:
                write_whole(options.out, table(done, title))
    print(table(done, title))


if __name__ == "__main__":
    main()
