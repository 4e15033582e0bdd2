"""Make the shipped fits again: ``python -m picojoule.codes.few_spikes.make``; about ten minutes on one core.

Of some searches the best is kept, on each function's usual range and for a uniform density.
"""

from __future__ import annotations

import json

from picojoule.base.files import write_whole
from picojoule.base.progress import say
from picojoule.codes.few_spikes.fitting import fit
from picojoule.codes.few_spikes.functions import FUNCTIONS
from picojoule.codes.few_spikes.sequences import Sequences, quality
from picojoule.codes.few_spikes.shipped import FITTED, STEPS

_SEEDS = 4


def main() -> None:
    """Fit every function for every K, and write the file."""
    sets = {}
    for name, (compute, low, high) in FUNCTIONS.items():
        for steps in STEPS:
            found = [fit(name, steps=steps, seed=seed) for seed in range(_SEEDS)]
            best = min(found, key=lambda each: quality(each, compute, low, high).error)
            error, _, spikes = quality(best, compute, low, high)
            sets[f"{name} {steps}"] = _described(best)
            say(f"{name} K={steps}: error {error:.3e}, {spikes:.2f} spikes")
    told = "few-spikes sequences fitted by picojoule; python -m picojoule.codes.few_spikes.make writes this file"
    write_whole(FITTED, (json.dumps({"about": told, "sets": sets}, indent=1) + "\n").encode())


def _described(sequences: Sequences) -> dict[str, list[float]]:
    return {
        "T": [float(f"{each:.9g}") for each in sequences.thresholds],
        "h": [float(f"{each:.9g}") for each in sequences.resets],
        "d": [float(f"{each:.9g}") for each in sequences.amplitudes],
        "range": [sequences.low, sequences.high],
    }


if __name__ == "__main__":
    main()
