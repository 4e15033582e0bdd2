"""How much faster than a careful loop over steps is running a rate network layer by layer, or by events?

    python benchmarks/rate_layer_major.py [--repeats 5] [--samples 50] [--steps 64]

The loop is the library's own stepped engine: batched, channels last, no gradients, skipping what is silent.
"""

from __future__ import annotations

import argparse
from datetime import date

import picojoule as pj
from picojoule.data.vision import digits
from picojoule.models import embedded
from timing import interleaved, machine, row

BATCHES = (10, 50)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--samples", type=int, default=50)
    options.add_argument("--steps", type=int, default=64)
    options = options.parse_args()
    data, model = digits.load(), embedded()
    x = data.test.images[: options.samples]
    network = pj.convert(model, data.train.take(1000), code=pj.codes.Rate(steps=options.steps))
    ann = pj.trace(model, x)
    rivals = {
        "ann": lambda z: pj.run(ann, z, count=False),
        "stepped": lambda z: pj.run(network, z, engine="stepped", count=False),
        "layered": lambda z: pj.run(network, z, engine="layered", count=False),
        "layered, counting": lambda z: pj.run(network, z, engine="layered"),
        "event": lambda z: pj.run(network, z, engine="event", count=False),
        "event, counting": lambda z: pj.run(network, z, engine="event"),
    }
    print(f"# Rate coding layer by layer and by events beside a loop over steps, {date.today()}\n\n{machine()}\n")
    print(
        f"Embedded digit network (10.5 MMAC), T={options.steps}, {options.samples} digits, {options.repeats} turns.\n"
    )
    for batch in BATCHES:
        times = interleaved(rivals, x, batch, options.repeats)
        print(f"batch {batch}\n\n| system | ms an image (median) | min–max | × stepped |\n|---|---|---|---|")
        for name, each in times.items():
            print(row(name, each, times["stepped"]))
        print()


if __name__ == "__main__":
    main()
