"""Does a deep spiking network learn all of MNIST as well as the ReLU network of its layers, and how fast here?

    PICOJOULE_DATA=... python benchmarks/deep_spiking_mnist.py [--epochs 20] [--seed 0] [--only NAME ...]

784-200-200-10 without biases on 60,000 digits, tested on 10,000: the network in time, one sample after the other, by
compiled events (the published setting); all lanes of a batch at once in torch; without time; and the ReLU network. One
process, so the threads are those of ``OMP_NUM_THREADS``; the events use one.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import date
from functools import partial

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from picojoule.data.vision import Dataset, Images, load
from picojoule.herding import BackwardPotential, DeepSpikingNet, Form
from picojoule.metrics import correct
from picojoule.models.vision import perceptron
from picojoule.train import History, Shuffled, Validation, fit, loop
from picojoule.train.online import Online
from timing import machine

SIZES = (784, 200, 200, 10)
FORMS = {
    "events, carry, 1 sample": Form(sizes=SIZES),
    "events, uniform ½, 1 sample": Form(sizes=SIZES, potential=BackwardPotential.uniform()),
    "events, zero, 1 sample": Form(sizes=SIZES, potential=BackwardPotential.zero()),
    "lanes in torch, carry, 16 samples": Form(sizes=SIZES, lanes=16, engine="lanes"),
    "without time, carry, 16 samples": Form(sizes=SIZES, lanes=16, engine="collapsed"),
}
"""By name. The last two add up the changes of 16 samples at the same rate."""


def error(net: nn.Module, test: Images) -> float:
    """Share of wrong answers."""
    with torch.no_grad():
        return 1 - correct(net(test.images), test.labels) / len(test)


def spiking(form: Form, data: Dataset, epochs: int, seed: int) -> tuple[nn.Module, History]:
    """A deep spiking network, trained."""
    net = DeepSpikingNet(form, generator=torch.Generator().manual_seed(seed))
    watch = Validation(score=lambda model: -error(model, data.test), keep_best=False)
    source = Shuffled(samples=data.train, size=form.lanes * 32)
    return net, loop(Online(net), source, epochs=epochs, validation=watch, seed=seed)


def relu(data: Dataset, epochs: int, seed: int) -> tuple[nn.Module, History]:
    """The ReLU network by SGD, 16 samples a step at the same rate a sample."""
    torch.manual_seed(seed)
    net = perceptron(SIZES, bias=False)
    watch = Validation(score=lambda model: -error(model, data.test), keep_best=False)
    sgd = partial(torch.optim.SGD, lr=0.16)
    source = Shuffled(samples=data.train, size=16)
    return net, fit(net, entropy, source, epochs=epochs, optimiser=sgd, validation=watch, seed=seed)


def entropy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The loss of the ReLU network."""
    return cross_entropy(model(x), y)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--epochs", type=int, default=20)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--only", nargs="*")
    options = options.parse_args()
    data = load(f"{os.environ['PICOJOULE_DATA']}/mnist_full.npz")
    systems: dict[str, Callable[[Dataset, int, int], tuple[nn.Module, History]]] = {"ReLU, SGD": relu}
    systems |= {name: partial(spiking, form) for name, form in FORMS.items()}
    print(f"# Deep spiking networks on MNIST, {date.today()}\n\n{machine()}\n")
    print(f"{options.epochs} epochs, seed {options.seed}; CPU seconds are of all threads, tests included.\n")
    print("| system | test error after 1, 2, 4, last epoch | minutes | CPU minutes |\n|---|---|---|---|")
    for name in options.only or systems:
        wall, cpu = time.monotonic(), time.process_time()
        _, history = systems[name](data, options.epochs, options.seed)
        shown = [-history.scores[min(each, options.epochs) - 1] for each in (1, 2, 4, options.epochs)]
        minutes = ((time.monotonic() - wall) / 60, (time.process_time() - cpu) / 60)
        print(
            f"| {name} | {', '.join(f'{100 * each:.2f} %' for each in shown)} | {minutes[0]:.1f} | {minutes[1]:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
