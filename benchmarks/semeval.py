"""SemEval-2010 task 8: encoders from nothing and a pretrained one; and orders of learning under wrong labels.

    PICOJOULE_DATA=folder python benchmarks/semeval.py --work DIR [--only TEXT] [--seeds 5] [--out FILE]

Official macro-F1 on the 2,717 test sentences. An eighth of the 8,000 training sentences validates. Every cell (encoder,
order, share of wrong labels, seed) leaves a file in DIR; a cell that was killed goes on where it was, and the table has
what is there. `--only` names cells, as in `--only "lstm / "` or `--only "sentence"`; `--table` trains nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from statistics import fmean, stdev

import torch

from picojoule.base.files import write_whole
from picojoule.data.language.relations import Corpus, semeval
from picojoule.data.language.relations.semeval import turned
from picojoule.metrics.relation_classes import confusion, groups_of, macro_f1
from picojoule.metrics.resampling import paired_difference
from picojoule.recipes.curriculum_re.conditions import ANNEALING, BABY_STEP, CAUTIOUS, RANDOM, SIZES, Arm, Size
from picojoule.recipes.curriculum_re.encoders import encoder
from picojoule.recipes.curriculum_re.material import mislabelled, task_of, with_validation
from picojoule.recipes.curriculum_re.reviewing import everything, in_buckets, review
from picojoule.recipes.curriculum_re.training import learn
from timing import machine

ARMS = (RANDOM, ANNEALING, BABY_STEP, CAUTIOUS)
NOISES = (0.0, 0.15, 0.3)
GROUPS = groups_of(semeval.LABELS, negative=semeval.OTHER)
BASE = replace(SIZES["quick"], batch=32)
SIZE_OF: dict[str, Size] = {
    "lstm of words": replace(BASE, epochs=7, rate=2e-3),
    "lstm": replace(BASE, epochs=12, rate=5e-3),
    "transformer": replace(BASE, epochs=12, rate=2e-3),
    "sentence": replace(BASE, epochs=3, rate=1e-4),
    "sentence, frozen": replace(BASE, epochs=20, rate=1e-3, batch=64),
}
"""Epochs and rates; those of `lstm of words` by validation scores, the others as a first guess."""
TURNED = ("lstm of words", "transformer")
"""Encoders that also see every training sentence from its other nominal; not where teachers review."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One training."""

    encoder: str
    arm: Arm
    noise: float
    seed: int

    @property
    def name(self) -> str:
        """In files and for `--only`."""
        return f"{self.encoder} / {self.arm.name} / {self.noise:.0%} / seed {self.seed}"

    def file(self, work: Path) -> Path:
        """Where it is kept."""
        return work / (self.name.replace(" / ", "__").replace(" ", "_").replace(",", "").replace("%", "") + ".json")


def cells(seeds: int) -> Iterator[Cell]:
    """All of them, single trainings first."""
    for name in ("lstm of words", "sentence", "sentence, frozen", "transformer"):
        yield from (Cell(encoder=name, arm=RANDOM, noise=0.0, seed=seed) for seed in range(seeds))
    for seed in range(seeds):
        for noise in NOISES:
            yield from (Cell(encoder="lstm", arm=arm, noise=noise, seed=seed) for arm in ARMS)


def train(cell: Cell, corpus: Corpus, work: Path) -> None:
    """Do a cell, or go on with it."""
    size, folder = SIZE_OF[cell.encoder], cell.file(work).with_suffix("")
    sentences = mislabelled(corpus.train, corpus.labels, cell.noise, cell.seed)
    if cell.encoder in TURNED:
        sentences += tuple(map(turned, sentences))
    network = encoder(cell.encoder, corpus)
    task = task_of(replace(corpus, train=sentences), network)
    parts = everything(task)
    if cell.arm.reviewed:
        parts = in_buckets(task, review(task, network, size, cell.seed, folder=work / "reviews"), cell.seed)
    found = learn(cell.arm, task, network, parts, size, cell.seed, what=cell.name, folder=folder)
    record = {
        name: value.tolist() if isinstance(value, torch.Tensor) else value for name, value in asdict(found).items()
    }
    write_whole(cell.file(work), json.dumps(record))
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Train what is missing, and print the tables of what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of the cells")
    parser.add_argument("--only", default="", help="cells whose name has this in it")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--out", type=Path, help="write the tables to this file, too")
    given = parser.parse_args()
    torch.set_num_threads(1)
    corpus = with_validation(semeval.load(os.environ["PICOJOULE_DATA"]), seed=0)
    every = list(cells(given.seeds))
    for cell in () if given.table else every:
        if given.only in cell.name and not cell.file(given.work).exists():
            train(cell, corpus, given.work)
            print(cell.name, "done", flush=True)
    told = tables(every, given.work, corpus)
    print(told)
    if given.out:
        write_whole(given.out, told)


def tables(every: list[Cell], work: Path, corpus: Corpus) -> str:
    """What is there, in Markdown."""
    true = torch.tensor([corpus.labels.index(each.label) for each in corpus.test])
    done = {cell: json.loads(cell.file(work).read_text()) for cell in every if cell.file(work).exists()}
    lines = [
        f"# SemEval-2010 task 8, {date.today()}",
        "",
        machine(),
        "",
        *_encoders(done, true),
        "",
        *_orders(done, true),
    ]
    return "\n".join(lines) + "\n"


def _encoders(done: dict[Cell, dict], true: torch.Tensor) -> Iterator[str]:
    yield "| encoder, random order | seeds | macro-F1, early-stopped | after the last step | validation |"
    yield "|---|---|---|---|---|"
    for name in SIZE_OF:
        mine = [found for cell, found in done.items() if (cell.encoder, cell.arm, cell.noise) == (name, RANDOM, 0.0)]
        if mine:
            f1 = {key: [score(torch.tensor(found[key]), true) for found in mine] for key in ("stopped", "last")}
            valid = [max(found["scores"]) for found in mine]
            yield f"| {name} | {len(mine)} | {_told(f1['stopped'])} | {_told(f1['last'])} | {_told(valid)} |"


def _orders(done: dict[Cell, dict], true: torch.Tensor) -> Iterator[str]:
    if not any(cell.encoder == "lstm" for cell in done):
        return
    yield "Orders of learning, `lstm`. Behind each its difference to random order, and where 95 % of it lies."
    yield ""
    yield "| wrong labels | order | seeds | F1, early-stopped | beside random | after the last step | beside random |"
    yield "|---|---|---|---|---|---|---|"
    for noise in NOISES:
        random = _of(done, RANDOM, noise)
        for arm in ARMS:
            found = _of(done, arm, noise)
            seeds = sorted(found.keys() & random.keys())
            if seeds:
                columns = [_pair([each[s][key] for each in (found, random) for s in seeds], true, arm)
                           for key in ("stopped", "last")]  # fmt: skip
                yield f"| {noise:.0%} | {arm.name} | {len(seeds)} | {' | '.join(columns)} |"


def _of(done: dict[Cell, dict], arm: Arm, noise: float) -> dict[int, dict]:
    """The cells of an arm, by their seed."""
    wanted = ("lstm", arm, noise)
    return {cell.seed: found for cell, found in done.items() if (cell.encoder, cell.arm, cell.noise) == wanted}


def _pair(both: list[list[int]], true: torch.Tensor, arm: Arm) -> str:
    """An arm's score, and its difference to random order: first its decisions of every seed, then those of random."""
    mine, random = torch.tensor(both).chunk(2)
    told = _told([score(each, true) for each in mine])
    if arm is RANDOM:
        return f"{told} | –"
    mean, low, high = paired_difference(mine, random, true, official, classes=len(semeval.LABELS))
    return f"{told} | {100 * mean:+.1f} ({100 * low:+.1f} … {100 * high:+.1f})"


def official(M: torch.Tensor) -> float:
    """The official score of confusions."""
    return macro_f1(M, GROUPS)


def score(called: torch.Tensor, true: torch.Tensor) -> float:
    """The official score of decisions."""
    return official(confusion(true, called, len(semeval.LABELS)))


def _told(f1: list[float]) -> str:
    spread = f" ± {100 * stdev(f1):.1f}" if len(f1) > 1 else ""
    return f"{100 * fmean(f1):.1f}{spread}"


if __name__ == "__main__":
    main()
