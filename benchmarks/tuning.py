"""Is the front that ``tune`` finds as good as every setting tried by hand? ResNet-20 on CIFAR-10.

    PICOJOULE_DATA=folder python benchmarks/tuning.py --work DIR [--samples 500] [--drops 0.1 0.05 0.02] [--out FILE.md]

``tune`` chooses by the first test pictures, once for each drop; the settings by hand, those of `calibration.py` and the
best of `codes_cifar10.py`, run on the same ones. One by hand is matched where a row of the front is as accurate and as
cheap. What was chosen then runs on the other test pictures. What is done is kept in DIR; the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import os
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

import picojoule as pj
from calibration import CORRECTED, OURS, TTFS
from picojoule.base import pareto
from picojoule.base.files import write_whole
from picojoule.base.progress import say
from picojoule.base.units import si
from picojoule.codes import Burst, FewSpikes, Phase, Rate
from picojoule.result import Row
from picojoule.tuning.settings import Setting
from resnet20 import pictures, trained
from timing import machine

CALIBRATION = 500
"""Training pictures, as many as ``tune`` takes."""
NEAR = 0.005
"""A share of 500 pictures has a standard error of more than a point."""
MEMBRANE = ("membrane",)
BY_HAND = (
    *(Setting(code=Rate(steps=steps)) for steps in OURS),
    *(Setting(code=Rate(steps=steps), percentile=share, calibrate=MEMBRANE) for steps, share in OURS.items()),
    *(Setting(code=Rate(steps=steps), calibrate=("threshold", "membrane")) for steps in (32, 64)),
    *(
        Setting(code=Rate(steps=steps, corrected=True), percentile=CORRECTED, calibrate=calibrate)
        for steps in (8, 16, 32)
        for calibrate in ((), MEMBRANE)
    ),
    *(
        Setting(code=pj.codes.TTFS.nearest(steps=steps, tau=tau), calibrate=calibrate)
        for steps, tau in TTFS
        for calibrate in ((), ("kernel",))
    ),
    Setting(code=pj.codes.TTFS(steps=80), percentile=99.999),
    Setting(code=pj.codes.TTFS(steps=24), calibrate=("kernel",)),
    Setting(code=Phase(steps=128)),
    Setting(code=Burst(steps=128, threshold=0.5, initial=0.25)),
    Setting(code=FewSpikes(steps=8)),
)


class Found(NamedTuple):
    """What a setting does: the share of right decisions, and joules a picture."""

    name: str
    accuracy: float
    joules: float

    @classmethod
    def of(cls, row: Row) -> Found:
        """What a row says."""
        joules = row.energy[0].joules
        assert joules is not None
        return cls(row.system, float(row.metrics["accuracy"]), joules)  # type: ignore[arg-type]

    def matches(self, other: Found, but: float = 0.0) -> bool:
        """As cheap, and as accurate but for so much."""
        return self.accuracy >= other.accuracy - but - 1e-9 and self.joules <= other.joules

    @property
    def cells(self) -> str:
        """Of a table."""
        return f"{self.name} | {self.accuracy:.1%} | {si(self.joules, 'J')}"


class Pictures(NamedTuple):
    """Training pictures for calibration, those to choose by, and those to tell by."""

    calibration: Tensor
    chosen_by: tuple[Tensor, Tensor]
    unseen: tuple[Tensor, Tensor]


def measured(model: Any, setting: Setting, calibration: Tensor, pictures: tuple[Tensor, Tensor]) -> Found:
    """One setting, run."""
    network = pj.convert(model, calibration, **setting.options())
    network = network.evolve(network.nodes, name=setting.name)
    return Found.of(pj.measure(network, pictures, profiles=[pj.profiles.HOROWITZ_FP32]).rows[0])


def tuned(model: Any, data: Pictures, drop: float, samples: int) -> dict[str, Any]:
    """What ``tune`` finds for a drop: its rows, which ran on all pictures, its choice, and that on others."""
    found = pj.tune(model, data.calibration, data.chosen_by, max_drop=drop, limit=samples)
    rows = [Found.of(row) for row in found.result.rows]
    unseen = None
    if found.network is not None:
        unseen = Found.of(pj.measure(found.network, data.unseen, profiles=[pj.profiles.HOROWITZ_FP32]).rows[0])
    return {
        "drop": drop,
        "rows": rows,
        "chosen": found.setting.name if found.setting else None,
        "unseen": unseen,
        "told": found.told,
    }


def table(known: dict[str, Any], samples: int, unseen_ann: float) -> str:
    """What is known, in Markdown."""
    runs = sorted(known["tuned"].values(), key=lambda each: -each["drop"])
    every = [Found(*row) for run in runs for row in run["rows"]]
    anns = [row for row in dict.fromkeys(every) if row.name.startswith("ann ")]
    spiking = [row for row in every if row not in anns]
    rows = pareto.front(spiking, cost=lambda row: row.joules, quality=lambda row: row.accuracy)
    by_hand = [Found(*row) for row in known["by hand"].values()]
    lines = [
        f"# ResNet-20: the front of `tune` beside settings by hand, {date.today()}\n",
        f"{machine()}\n",
        f"{samples} test pictures to choose by, {CALIBRATION} training pictures to calibrate with. Joules are computed "
        f"(45 nm, fp32).\nThe ANN has {unseen_ann:.1%} of the other pictures right.\n",
    ]
    lines += ["| drop allowed | chosen | right | joules | right of the others |", "|---|---|---|---|---|"]
    for run in runs:
        taken = next((Found(*row) for row in run["rows"] if row[0] == run["chosen"]), None)
        cells = "– | – | – | –" if taken is None else f"{taken.cells} | {Found(*run['unseen']).accuracy:.1%}"
        lines.append(f"| {run['drop']:.1%} | {cells} |")
    lines += ["\n## ANNs, and the front of the spiking settings\n", "| system | right | joules |", "|---|---|---|"]
    lines += [f"| {each.cells} |" for each in (*anns, *rows)]
    lines += ["\n## By hand\n", "| setting | right | joules | matched by |", "|---|---|---|---|"]
    for each in by_hand:
        match = next((row.name for row in rows if row.matches(each)), "–")
        lines.append(f"| {each.cells} | {match} |")
    matched, nearly = (sum(any(row.matches(each, but) for row in rows) for each in by_hand) for but in (0.0, NEAR))
    lines.append(f"\n{matched} of {len(by_hand)} settings by hand are matched by the front,")
    lines.append(f"{nearly} but for {NEAR:.1%} at most.")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run what is missing and write the table after each."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--samples", type=int, default=500)
    options.add_argument("--drops", type=float, nargs="*", default=[0.1, 0.05, 0.02])
    options.add_argument("--out", type=Path)
    options = options.parse_args()
    torch.set_num_threads(1)
    folder, n = Path(os.environ["PICOJOULE_DATA"]), options.samples
    model, (train, test, labels) = trained(folder), pictures(folder)
    data = Pictures(train[:CALIBRATION], (test[:n], labels[:n]), (test[n:], labels[n:]))
    with torch.no_grad():
        unseen_ann = float((model(test[n:]).argmax(1) == labels[n:]).double().mean())
    options.work.mkdir(parents=True, exist_ok=True)
    kept = options.work / f"tuning {n}.json"
    known = json.loads(kept.read_text()) if kept.exists() else {"tuned": {}, "by hand": {}}
    tasks = [("tuned", f"{drop:g}", drop) for drop in options.drops]
    tasks += [("by hand", setting.name, setting) for setting in BY_HAND]
    for part, name, what in tasks:
        if name in known[part]:
            continue
        say(f"{part}: {name}")
        if part == "tuned":
            known[part][name] = tuned(model, data, what, n)
        else:
            known[part][name] = measured(model, what, data.calibration, data.chosen_by)
        write_whole(kept, json.dumps(known))
        if options.out:
            write_whole(options.out, table(known, n, unseen_ann))
    print(table(known, n, unseen_ann))


if __name__ == "__main__":
    main()
