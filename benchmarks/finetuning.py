"""ResNet-20 on CIFAR-10 in few steps: converted, calibrated, and trained further on the 4,000 training pictures.

    PICOJOULE_DATA=folder python benchmarks/finetuning.py [--epochs 20] [--device cuda] [--system rate-8] [--out FILE]

The weights are `models/resnet20_cifar10.npz` and the pictures `cifar10_lossless_5k.npz` of that folder. Training looks
at no label: it imitates the ANN on training pictures, mirrored and shifted. Nothing was chosen by a test picture.
Corrected codes are trained by their closed form, the others by running their spikes.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

import picojoule as pj
from picojoule.base.files import write_whole
from picojoule.codes import TTFS, Code, Rate
from picojoule.data.vision import Images
from picojoule.train import Shuffled
from picojoule.train.augment import RandomFlip, RandomShift
from picojoule.train.distillation import distillation
from timing import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from zoo import cifar, resnet20

SYSTEMS: dict[str, tuple[Code, float, tuple[str, ...]]] = {
    "rate-4": (Rate(steps=4), 99.0, ("membrane",)),
    "rate-8": (Rate(steps=8), 99.0, ("membrane",)),
    "rate-16": (Rate(steps=16), 99.0, ("membrane",)),
    "rate-32": (Rate(steps=32), 99.9, ("membrane",)),
    "corrected-4": (Rate(steps=4, corrected=True), 99.9, ("membrane",)),
    "corrected-8": (Rate(steps=8, corrected=True), 99.9, ("membrane",)),
    "ttfs-8": (TTFS.nearest(steps=8, tau=4 / 3), 99.9, ("kernel",)),
    "ttfs-12": (TTFS.nearest(steps=12, tau=2.0), 99.9, ("kernel",)),
    "ttfs-24": (TTFS.nearest(steps=24, tau=4.0), 99.9, ("kernel",)),
}
"""Code, percentile, and what is calibrated before training."""


def augmented(x: Tensor, generator: torch.Generator) -> Tensor:
    """Mirrored and shifted pictures."""
    return RandomShift(pixels=2)(RandomFlip()(x, generator), generator)


def measured(network: pj.Network, x: Tensor, labels: Tensor) -> str:
    """Accuracy, spikes a neuron, synops and state updates a picture, as cells."""
    runs = [pj.run(network, part) for part in x.split(50)]
    right = sum(int((run.values.argmax(1) == y).sum()) for run, y in zip(runs, labels.split(50), strict=True))
    totals = {name: sum(run.counts.total(name) for run in runs) / len(x) for name in ("spikes", "synops")}
    spikes = totals["spikes"] / runs[0].counts.neurons
    return f"{right / len(x):.1%} | {spikes:.3f} | {totals['synops'] / 1e6:.1f}"


def rows(name: str, options: argparse.Namespace, model: torch.nn.Module, *data: Tensor) -> Iterator[str]:
    """The system as converted and calibrated, and trained further."""
    (train, test, labels), (code, percentile, calibrate) = data, SYSTEMS[name]
    network = pj.convert(model, train[:1000], code=code, percentile=percentile, calibrate=calibrate)
    yield f"{network.name} | {measured(network, test, labels)} | – | –"
    images = Images(images=train, labels=torch.zeros(len(train)).long())
    teacher = pj.trace(model, train[:1]).to(options.device, "float32")
    for kernels in (False, True) if isinstance(code, TTFS) else (False,):
        start = time.perf_counter()
        tuned = pj.finetune(
            network.to(options.device, "float32"),
            distillation(teacher),
            Shuffled(samples=images, size=options.batch),
            epochs=options.epochs,
            kernels=kernels,
            ideal=isinstance(code, Rate) and code.corrected,
            optimiser=partial(torch.optim.AdamW, lr=options.rate, weight_decay=1e-4),
            augment=augmented,
        ).to("cpu", "float32")
        took = time.perf_counter() - start
        told = dict(tuned.conversion.choices)["fine-tuned"].split("loss ")[1]
        yield f"{tuned.name}{', kernels' if kernels else ''} | {measured(tuned, test, labels)} | {told} | {took:.0f}"


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--epochs", type=int, default=20)
    options.add_argument("--batch", type=int, default=50)
    options.add_argument("--rate", type=float, default=5e-4)
    options.add_argument("--device", default="cpu")
    options.add_argument("--system", choices=SYSTEMS, action="append")
    options.add_argument("--samples", type=int, default=1000, help="test pictures")
    options.add_argument("--out", help="file for the table")
    options = options.parse_args()
    folder = os.environ["PICOJOULE_DATA"]
    model, (train, test, labels) = resnet20(folder), cifar(folder, True)
    test, labels = test[: options.samples], labels[: options.samples]
    device = torch.cuda.get_device_name() if options.device == "cuda" else "the same processor"
    lines = [f"# ResNet-20 trained further for its code, {date.today()}\n\n{machine()}; training on {device}\n"]
    lines += [f"{len(test)} test pictures; {options.epochs} epochs of {len(train)} training pictures.\n"]
    with torch.no_grad():
        lines += [f"ann: {float((model(test).argmax(1) == labels).float().mean()):.1%}\n"]
    lines += [
        "| system | right | spikes a neuron | synops a picture, 10⁶ | loss of the first and last epoch | s to train |"
    ]
    lines += ["|---|---|---|---|---|---|"]
    print(*lines, sep="\n", flush=True)
    for name in options.system or SYSTEMS:
        for row in rows(name, options, model, train, test, labels):
            lines.append(f"| {row} |")
            print(lines[-1], flush=True)
    if options.out:
        write_whole(Path(options.out), "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
