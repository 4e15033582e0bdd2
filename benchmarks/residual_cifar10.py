"""ResNet-20 and MLPerf Tiny's ResNet-8 on CIFAR-10: the ANN and its conversions, nothing trained.

    PICOJOULE_DATA=folder python benchmarks/residual_cifar10.py [--samples 1000] [--system "corrected"]

The networks are those of `tests/zoo.py` with the weights of that folder's `models`, the pictures its
`cifar10_lossless_5k.npz`. Scales come from 1,000 training pictures.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path

from torch import Tensor

import picojoule as pj
from timing import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from zoo import cifar, resnet8, resnet20

SYSTEMS = (
    (pj.codes.TTFS(steps=80), 99.999, ()),
    (pj.codes.TTFS.nearest(steps=80), 99.999, ()),
    (pj.codes.TTFS(steps=24), 99.9, ("kernel",)),
    (pj.codes.TTFS(steps=12), 99.9, ("kernel",)),
    (pj.codes.Rate(steps=32), 99.9, ()),
    (pj.codes.Rate(steps=32), 99.9, ("threshold", "membrane")),
    *((pj.codes.Rate(steps=steps, corrected=True), 99.9, ("membrane",)) for steps in (8, 16, 32)),
)
"""Code, percentile, and what else is calibrated. Percentiles of corrected codes were chosen on training pictures."""


def measured(network: object, x: Tensor, labels: Tensor) -> tuple[float, float, float]:
    """Accuracy, spikes a neuron, and synops a picture."""
    right, spikes, synops = 0, 0.0, 0.0
    for start in range(0, len(x), 50):
        done = pj.run(network, x[start : start + 50])
        right += int((done.values.argmax(1) == labels[start : start + 50]).sum())
        spikes += done.counts.total("spikes") / max(done.counts.neurons, 1)
        synops += done.counts.total("synops")
    return right / len(x), spikes / len(x), synops / len(x)


def line(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--system", default="", help="only those with this in the name of the code")
    options = parser.parse_args()
    print(f"# Residual networks on CIFAR-10 without training, {date.today()}\n\n{machine()}")
    folder = os.environ["PICOJOULE_DATA"]
    for build, standardised in ((resnet20, True), (resnet8, False)):
        train, test, labels = (each[: options.samples] for each in cifar(folder, standardised))
        model = build(folder)
        print(f"\n## {build.__name__}, {len(test)} test pictures\n")
        print(line("system", "percentile", "accuracy", "spikes/neuron", "synops"))
        print(line(*["---"] * 5))
        print(line("ann fp32", "-", f"{measured(pj.trace(model, test), test, labels)[0]:.1%}", "-", "-"), flush=True)
        for code, percentile, calibrate in (each for each in SYSTEMS if options.system in each[0].label):
            options_of = {"percentile": percentile, "calibrate": calibrate, "input": "analogue"}
            network = pj.convert(model, train, code=code, **options_of)
            accuracy, spikes, synops = measured(network, test, labels)
            cells = (f"{accuracy:.1%}", f"{spikes:.3f}", f"{synops / 1e6:.1f} M")
            print(line(network.name, f"{percentile:g}", *cells), flush=True)


if __name__ == "__main__":
    main()
