"""ResNet-20 in few steps: our calibrations beside SpikingJelly's recipes, where installed. Accuracy and wall time.

    PICOJOULE_DATA=folder python benchmarks/calibration.py [--samples 500] [--calibration 1000] [--part corrected]

The weights are `models/resnet20_cifar10.npz` and the pictures `cifar10_lossless_5k.npz` of that folder. Nothing is
trained; calibration sees training pictures only. Times are of one run each on this machine: a ratio, at best.
"""

from __future__ import annotations

import argparse
import copy
import os
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import torch
from torch import Tensor, nn

import picojoule as pj
from resnet20 import Block, ResNet20, pictures, trained
from timing import machine

STEPS = (8, 16, 32, 64)
OURS = {8: 99.0, 16: 99.0, 32: 99.9, 64: 99.9}
"""The percentile for each number of steps: fewer steps, finer ones."""
CORRECTED = 99.9
"""The percentile of corrected rate codes, up to 32 steps; chosen on training pictures that calibration did not see."""
TTFS = ((6, 1.0), (8, 4 / 3), (12, 2.0), (24, 4.0), (80, 20.0))


class BlockOfModules(nn.Module):
    """A block that calls modules only, as SpikingJelly's converter wants it."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.conv1, self.bn1, self.conv2, self.bn2 = block.conv1, block.bn1, block.conv2, block.bn2
        self.shortcut, self.relu1, self.relu2 = block.shortcut, nn.ReLU(), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(out + self.shortcut(x))


class OfModules(nn.Module):
    """The same network in modules, its mean as a pool of eight."""

    def __init__(self, net: ResNet20) -> None:
        super().__init__()
        self.conv1, self.bn1, self.relu = net.conv1, net.bn1, nn.ReLU()
        stages = (net.layer1, net.layer2, net.layer3)
        self.blocks = nn.Sequential(*(BlockOfModules(block) for stage in stages for block in stage))
        self.pool, self.linear = nn.AvgPool2d(8), net.linear

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.blocks(self.relu(self.bn1(self.conv1(x)))))
        return self.linear(torch.flatten(x, 1))


def share(outputs: Tensor, labels: Tensor) -> str:
    """The share of right decisions."""
    return f"{float((outputs.argmax(1) == labels).float().mean()):.1%}"


def timed(outputs: Callable[[], Tensor], labels: Tensor) -> str:
    """Accuracy and milliseconds a picture, as cells."""
    start = time.perf_counter()
    found = outputs()
    return f"{share(found, labels)} | {(time.perf_counter() - start) / len(labels) * 1e3:.0f}"


def through(network: pj.Network, x: Tensor) -> Tensor:
    """The outputs of a network, fifty pictures at a time."""
    return torch.cat([pj.run(network, part, count=False).values for part in x.split(50)])


def rate(model: nn.Module, train: Tensor, x: Tensor, labels: Tensor) -> Iterator[str]:
    """Ours under rate coding: as before, and with membranes calibrated."""
    plain = pj.convert(model, train, code=pj.codes.Rate(steps=STEPS[-1]))
    path = torch.cat([pj.run(plain, part, trajectory=True, count=False).trajectory for part in x.split(50)], 1)
    for steps in STEPS:
        right = share(path[steps - 1], labels)
        yield f"picojoule, percentile 99.9 (after {steps} of {STEPS[-1]} steps) | {steps} | {right} | – | –"
    for steps, percentile in OURS.items():
        start = time.perf_counter()
        code = pj.codes.Rate(steps=steps)
        network = pj.convert(model, train, code=code, percentile=percentile, calibrate=("membrane",))
        took = time.perf_counter() - start
        cells = timed(lambda network=network: through(network, x), labels)
        yield f"picojoule, percentile {percentile:g}, membrane | {steps} | {cells} | {took:.0f}"


def corrected(model: nn.Module, train: Tensor, x: Tensor, labels: Tensor) -> Iterator[str]:
    """Ours under rate coding that takes back what came too early, alone and with membranes calibrated."""
    for steps in STEPS[:3]:
        for calibrate in ((), ("membrane",)):
            start = time.perf_counter()
            code = pj.codes.Rate(steps=steps, corrected=True)
            network = pj.convert(model, train, code=code, percentile=CORRECTED, calibrate=calibrate)
            took = time.perf_counter() - start
            cells = timed(lambda network=network: through(network, x), labels)
            name = ", ".join(["picojoule, corrected", f"percentile {CORRECTED:g}", *calibrate])
            yield f"{name} | {steps} | {cells} | {took:.0f}"


def ttfs(model: nn.Module, train: Tensor, x: Tensor, labels: Tensor) -> Iterator[str]:
    """Ours under time-to-first-spike coding: θ₀ to the nearest, and a kernel for each layer."""
    for steps, tau in TTFS:
        for calibrate in ((), ("kernel",)):
            start = time.perf_counter()
            network = pj.convert(model, train, code=pj.codes.TTFS.nearest(steps=steps, tau=tau), calibrate=calibrate)
            took = time.perf_counter() - start
            cells = timed(lambda network=network: through(network, x), labels)
            name = f"picojoule, TTFS {'kernel of each layer' if calibrate else f'nearest, τ={tau:.3g}'}"
            yield f"{name} | {steps} | {cells} | {took:.0f}"


def rival(model: ResNet20, train: Tensor, x: Tensor, labels: Tensor) -> Iterator[str]:
    """SpikingJelly's recipes; its output after t of 64 steps is its output with T = t."""
    from spikingjelly.activation_based import ann2snn, functional

    batches = [(part, torch.zeros(len(part))) for part in train.split(50)]
    recipes = {
        "SpikingJelly, 99.9 %, by channel, half threshold": lambda: ann2snn.RateCodingRecipe(
            dataloader=batches, mode="99.9%", channel_wise=True, half_threshold=True
        ),
        "SpikingJelly, local threshold balancing": lambda: ann2snn.LocalThresholdBalancingRecipe(dataloader=batches),
    }
    for name, recipe in recipes.items():
        start = time.perf_counter()
        try:
            network = ann2snn.FXConverter(recipe=recipe(), device="cpu").convert(copy.deepcopy(OfModules(model)).eval())
        except Exception as error:
            yield f"{name} | – | {type(error).__name__}: {str(error)[:60]} | – | –"
            continue
        took, start = time.perf_counter() - start, time.perf_counter()
        totals = {steps: [] for steps in STEPS}
        with torch.no_grad():
            for part in x.split(50):
                functional.reset_net(network)
                total = torch.zeros(len(part), 10)
                for step in range(1, STEPS[-1] + 1):
                    total = total + network(part)
                    if step in totals:
                        totals[step].append(total)
        ran = (time.perf_counter() - start) / len(x) * 1e3 / STEPS[-1]
        for steps, outputs in totals.items():
            yield f"{name} | {steps} | {share(torch.cat(outputs), labels)} | {ran * steps:.0f} | {took:.0f}"


PARTS = {"rate": rate, "corrected": corrected, "ttfs": ttfs, "rival": rival}


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--samples", type=int, default=500)
    options.add_argument("--calibration", type=int, default=1000)
    options.add_argument("--part", choices=PARTS, action="append")
    options = options.parse_args()
    torch.set_num_threads(1)
    folder = Path(os.environ["PICOJOULE_DATA"])
    model, (train, test, labels) = trained(folder), pictures(folder)
    train, x, labels = train[: options.calibration], test[: options.samples], labels[: options.samples]
    print(f"# ResNet-20 in few steps, {date.today()}\n\n{machine()}\n")
    print(f"{len(x)} test pictures, calibration on {len(train)} training pictures, one thread.\n")
    with torch.no_grad():
        print(f"ann: {share(model(x), labels)}\n\n| system | T | right | ms a picture | s to convert |")
        print("|---|---|---|---|---|")
        for part in options.part or PARTS:
            for line in PARTS[part](model, train, x, labels):
                print(f"| {line} |", flush=True)


if __name__ == "__main__":
    main()
