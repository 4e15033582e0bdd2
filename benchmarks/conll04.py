"""Relations between given entities on CoNLL04: pointers beside classifiers of pairs and a rule, three seeds.

    PICOJOULE_DATA=folder python benchmarks/conll04.py --out FILE.md
    PICOJOULE_DATA=folder python benchmarks/conll04.py --networks pointers,"placed pointers" --most 1 --out FILE.md

Networks begin from nothing: no pretrained vectors. Weights are those of the epoch that was best on validation
sentences; test sentences are looked at once a network. Every network that is done is kept in FILE.json and the table is
written anew; the same command goes on from there. `--most N` stops after N more.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import fmean, stdev

import torch

from picojoule.base.files import write_whole
from picojoule.base.progress import say
from picojoule.data.language.relations.order import ceiling
from picojoule.recipes.dual_pointer.curves import growth
from picojoule.recipes.dual_pointer.material import Task, obtain
from picojoule.recipes.dual_pointer.networks import Bench, Judged, train_one
from picojoule.recipes.dual_pointer.plan import APART, GIVEN, NETWORKS, POINTERS, SYSTEMS, TOGETHER
from picojoule.recipes.dual_pointer.rows import RULES, rules
from picojoule.recipes.settings import Settings
from picojoule.train.linker import form_of
from picojoule.train.linking import Material
from timing import machine

Scores = dict[str, dict[str, float]]
"""System → F1 and what belongs to it, of one network."""


def scores(bench: Bench, name: str) -> dict[str, Scores]:
    """What each system of a network reaches on validation and on test sentences."""
    found: dict[str, Scores] = {}
    for part in ("valid", "test"):
        sentences = getattr(bench.task.corpus, part)
        material = bench.material(sentences)
        for system in SYSTEMS:
            if system.network == name:
                judged = Judged.of(bench.answers(system, material), sentences)
                found.setdefault(part, {})[system.name] = {
                    "f1": judged.score.f1,
                    "precision": judged.score.precision,
                    "recall": judged.score.recall,
                    "other": judged.other.f1,
                }
    return found


def run(task: Task, names: Sequence[str], seeds: int, most: int, done: dict[str, dict[str, Scores]]) -> Iterator[None]:
    """Train what is missing; a pause after each network."""
    form = form_of(task.corpus, **GIVEN.sizes)
    learnt, valid = (Material.of(part, form) for part in (task.corpus.train, task.corpus.valid))
    settings = Settings(data=os.environ["PICOJOULE_DATA"])
    left = [(name, seed) for seed in range(seeds) for name in names if f"{name}, seed {seed}" not in done]
    for name, seed in left[:most]:
        begun = time.monotonic()
        net = train_one(name, learnt, valid, GIVEN, settings, seed)
        done[f"{name}, seed {seed}"] = scores(Bench(task=task, form=form, networks={name: [net]}), name)
        say(f"{name}, seed {seed}: {time.monotonic() - begun:.0f} s")
        yield


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(each)} |" for each in [head, ["---"] * len(head), *lines]) + "\n"


def report(task: Task, done: dict[str, dict[str, Scores]]) -> str:
    """All tables of what is done."""
    test = task.corpus.test
    lines = []
    for system in SYSTEMS:
        seeds = [each for name, each in done.items() if name.rpartition(", seed ")[0] == system.network]
        if seeds:
            lines.append([system.name, str(len(seeds)), *_cells([each["test"][system.name] for each in seeds]),
                          _mean([each["valid"][system.name]["f1"] for each in seeds])])  # fmt: skip
    for name, rule in zip(RULES, rules(Bench(task=task, form=form_of(task.corpus), networks={})), strict=True):
        tests, valid = (Judged.of([rule(part)], part) for part in (test, task.corpus.valid))
        score = {"f1": tests.score.f1, "precision": tests.score.precision, "recall": tests.score.recall}
        lines.append([name, "–", *_cells([score | {"other": tests.other.f1}]), _mean([valid.score.f1])])
    head = ["system", "seeds", "F1", "precision", "recall", "F1 with other", "F1 on validation"]
    top = {part: ceiling(getattr(task.corpus, part)) for part in ("train", "valid", "test")}
    ceilings = [[part, *(f"{100 * each[which]:.1f}" for which in ("forward", "backward", "union"))]
                for part, each in top.items()]  # fmt: skip
    return (
        f"# CoNLL04, relations between given entities, {date.today()}\n\n{machine()}\n\n"
        f"{len(task.corpus.train)} / {len(task.corpus.valid)} / {len(test)} sentences. Per cent; means over seeds,"
        f" ± the deviation. {GIVEN.teaching}, {GIVEN.apart} epochs for pairs apart; {GIVEN.sizes}.\n\n"
        f"{table(head, lines)}\n"
        f"Recall of perfect pointers:\n\n{table(['', 'forward', 'backward', 'union'], ceilings)}\n{_growth(task)}"
    )


def _cells(seeds: Sequence[dict[str, float]]) -> list[str]:
    return [_mean([each[name] for each in seeds]) for name in ("f1", "precision", "recall", "other")]


def _mean(values: Sequence[float]) -> str:
    spread = f" ± {100 * stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * fmean(values):.1f}{spread}"


def _growth(task: Task) -> str:
    """Work and time of one sentence of 60 words, by its entities; weights do not matter for that."""
    form = form_of(task.corpus, **GIVEN.sizes)
    networks = {name: [NETWORKS[name](form).eval()] for name in (APART, TOGETHER, POINTERS)}
    found = growth(Bench(task=task, form=form, networks=networks), GIVEN.entities)
    lines = [
        [system, *(f"{macs / 1e6:.2f} M, {1e3 * seconds:.1f} ms" for macs, _, seconds in points.values())]
        for system, points in found.items()
    ]
    return "MACs and time of a sentence of 60 words, by its entities:\n\n" + table(
        ["", *map(str, GIVEN.entities)], lines
    )


def main() -> None:
    """Run what is missing, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default=",".join(NETWORKS), help="names with commas between")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most", type=int, default=1000, help="networks to train in this run")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = obtain(Settings(data=os.environ["PICOJOULE_DATA"]), replace(GIVEN))
    kept = options.out.with_suffix(".json")
    done = json.loads(kept.read_text()) if kept.exists() else {}
    for _ in run(task, options.networks.split(","), options.seeds, options.most, done):
        write_whole(kept, json.dumps(done, indent=1))
    told = report(task, done)
    write_whole(options.out, told)
    print(told)


if __name__ == "__main__":
    main()
