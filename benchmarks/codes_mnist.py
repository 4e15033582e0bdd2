"""MNIST's 10,000 test digits under every code, and how few spikes first-spike coding needs beside rate and burst.

    PICOJOULE_DATA=folder python benchmarks/codes_mnist.py [--workers 1] [--limit N] [--out FILE]

The network is the embedded one, which has seen 4,000 training digits of MNIST and none of these; the digits are the
test part of that folder's `mnist_full.npz`, and the first 1,000 of its training part set the scales.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from codes_cifar10 import compared, real
from picojoule.codes import TTFS, Burst, FewSpikes, Hybrid, Phase, Poisson, Rate
from picojoule.models import embedded
from pooled import Data, Measured, Problem, agreement, main

EQUAL = 0.995
"""Agreement with the ANN from which on systems count as equally good."""
SYSTEMS = (
    (real(Rate(steps=1000, initial=0.0)), {"norm": "layer"}),
    *((Rate(steps=steps), {}) for steps in (4, 8, 16, 32)),
    *((Rate(steps=steps, corrected=True), {}) for steps in (2, 4)),
    *((real(Rate(steps=steps)), {}) for steps in (4, 8)),
    (Hybrid(input=Poisson(steps=64), hidden=Rate(steps=64)), {}),
    (Phase(steps=16), {}),
    (Burst(steps=64), {}),
    (real(Burst(steps=16, period=16)), {}),
    *((Hybrid(input=Phase(steps=steps), hidden=Burst(steps=steps)), {}) for steps in (8, 16, 32)),
    (Hybrid(input=Phase(steps=8), hidden=Burst(steps=8, threshold=0.25, initial=0.125)), {}),
    (Hybrid(input=TTFS(steps=80), hidden=Burst(steps=80, threshold=2.0**-5, initial=2.0**-6)), {}),
    (TTFS(steps=80), {}),
    (TTFS.nearest(steps=12, tau=2.0), {}),
    (TTFS.nearest(steps=24, tau=12.0), {}),
    (TTFS.nearest(steps=66, tau=24.0), {}),
    (TTFS.nearest(steps=60, tau=24.0), {"calibrate": ("bias",)}),
    *((FewSpikes(steps=steps), {}) for steps in (3, 4)),
)


def load(folder: Path) -> Data:
    """The embedded network and MNIST."""
    with np.load(folder / "mnist_full.npz") as data:
        train, test = (torch.tensor(data[name]).float()[:, None] / 255 for name in ("x_train", "x_test"))
        return Data(embedded(), train[:1000], test, torch.tensor(data["y_test"]).long())


def ratios(found: list[Measured]) -> str:
    """The spikes of the best first-spike system over those of the others, at equal agreement with the ANN."""
    equal = {each.name: each for each in found if each.counts.steps and agreement(each, found[0]) >= EQUAL}
    old = next(each for each in found if each.name.endswith("(layer norm)"))

    def best(word: str) -> Measured | None:
        chosen = [each for name, each in equal.items() if word in name.partition(" ")[0] and each is not old]
        return min(chosen, key=lambda each: each.spikes, default=None)

    first = min(
        (each for name, each in equal.items() if name.startswith("ttfs T")), key=lambda e: e.spikes, default=None
    )
    if first is None:
        return f"No first-spike system agrees with the ANN in {EQUAL:.1%}."
    lines = [f"Spikes of {first.name}, of the systems that agree with the ANN in at least {EQUAL:.1%}:"]
    for what, other in (
        ("rate as in the papers", old),
        ("the best rate", best("rate")),
        ("the best burst", best("burst")),
    ):
        told = f"{first.spikes / other.spikes:.2%} of {other.name}'s" if other else "none agrees"
        lines.append(f"- beside {what}: {told}")
    return "\n".join(lines)


PROBLEM = Problem(load=load, systems=compared(SYSTEMS))

if __name__ == "__main__":
    main(PROBLEM, "MNIST under every code", __doc__, ratios)
