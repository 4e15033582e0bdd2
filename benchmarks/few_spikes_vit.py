"""A GELU vision transformer on digits under few-spikes coding: what it keeps of its accuracy, and for how many spikes.

    python benchmarks/few_spikes_vit.py [--epochs 40] [--samples 1000] [--steps 6 8] [--folder DIR] [--out FILE]

It is trained here on the 4,000 embedded digits, a few minutes on one core; with --folder training goes on from its
checkpoint. Linear layers and GELUs are on spikes, and what layer norms and attention give is coded by identity
neurons; layer norm, softmax and products are analogue islands, which are counted and priced as such.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

import picojoule as pj
from picojoule.base.files import write_whole
from picojoule.codes import FewSpikes
from picojoule.cost import Counts, price, profiles
from picojoule.data.vision import Dataset, digits
from picojoule.ir import Network
from picojoule.measurement import observe
from picojoule.models.vision import VisionTransformer
from picojoule.train.augment import RandomAffine
from picojoule.train.fit import fit
from picojoule.train.schedule import one_cycle
from picojoule.train.source import Shuffled
from timing import machine

WEIGHTS = (0.0, 1e-3, 1e-2)
CALIBRATION = 500


def trained(data: Dataset, epochs: int, folder: Path | None) -> nn.Module:
    """The transformer, by AdamW in one cycle."""
    torch.manual_seed(0)
    model = VisionTransformer(patch=7, width=64, depth=3)
    fit(
        model,
        lambda model, x, y: cross_entropy(model(x), y, label_smoothing=0.1),
        Shuffled(samples=data.train, size=64),
        epochs=epochs,
        optimiser=partial(torch.optim.AdamW, lr=2e-3, weight_decay=0.05),
        schedule=one_cycle,
        augment=RandomAffine(),
        folder=folder,
        what="training the transformer",
    )
    return model.eval()


def systems(model: nn.Module, data: Dataset, steps: list[int]) -> Iterator[Network]:
    """The ANN in two widths, and few spikes for every K and every worth of a spike."""
    calibration = data.train.take(CALIBRATION)
    yield pj.trace(model, calibration.images[:1], islands=True)
    yield pj.quantise(model, calibration, bits=8, islands=True)
    for K in steps:
        for weight in WEIGHTS:
            yield pj.convert(model, calibration, code=FewSpikes(steps=K, spike_weight=weight), islands="coded")


def line(network: Network, data: Dataset) -> str:
    """A row of the table."""
    seen = observe(network, data.test, batch=50)
    counts = seen.counts
    accuracy = float((seen.decisions == data.test.labels).double().mean())
    spikes = counts.spikes_per_neuron if counts.neurons else float("nan")
    told = (f"{counts.per_sample(name):,.0f}" for name in ("synops", "macs"))
    return f"| {network.name} | {accuracy:.1%} | {spikes:.2f} | {' | '.join(told)} | {joules(counts) * 1e6:.2f} |"


def joules(counts: Counts) -> float:
    """Of a sample: layers of 8 bits at the prices of int8, all else (islands, too) at those of fp32."""
    narrow = {layer.name for layer in counts.layers if layer.weight_bits <= 8}
    parts = (
        ([each for each in counts.layers if each.name in narrow], profiles.HOROWITZ_INT8),
        ([each for each in counts.layers if each.name not in narrow], profiles.HOROWITZ_FP32),
    )
    return sum(price(replace(counts, layers=tuple(layers)), profile).joules for layers, profile in parts if layers)


def main() -> None:
    """Print the table, and write it where asked."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--epochs", type=int, default=40)
    options.add_argument("--samples", type=int, default=1000)
    options.add_argument("--steps", type=int, nargs="+", default=[6, 8])
    options.add_argument("--folder", type=Path)
    options.add_argument("--out", type=Path)
    options = options.parse_args()
    data = digits.load()
    data = Dataset(name=data.name, train=data.train, test=data.test.take(options.samples), sha256=data.sha256)
    model = trained(data, options.epochs, options.folder)
    head = [
        f"# A GELU vision transformer on digits, few spikes, {date.today()}",
        f"{machine()}",
        f"{options.epochs} epochs, {len(data.test)} test digits, joules computed: {profiles.HOROWITZ_FP32.name}, of"
        f" layers with 8 bits {profiles.HOROWITZ_INT8.name}.",
        "| system | accuracy | spikes a neuron | synops | MACs | µJ |\n|---|---|---|---|---|---|",
    ]
    print("\n\n".join(head))
    rows = []
    for network in systems(model, data, options.steps):
        rows.append(line(network, data))
        print(rows[-1], flush=True)
    if options.out:
        write_whole(options.out, ("\n\n".join(head) + "\n" + "\n".join(rows) + "\n").encode())


if __name__ == "__main__":
    main()
