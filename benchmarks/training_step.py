"""What does a training step cost with spiking neurons, beside the same network with ReLU in their place?

    python benchmarks/training_step.py [--repeats 40] [--steps 16] [--memory-steps 64]

Forward, backward and SGD at batch 32, for 784-512-256-10 and for two convolutions of 28×28 digits, with our LIF
neurons, SpikingJelly's and snnTorch's where they are installed (see ``lif_training.py``), all between the same layers.
Then the peak memory of a step, each in a process of its own: by how much its resident memory grows over what it was
after the step before.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lif_training import LEAK, Neurons, neurons
from picojoule.benchmark.memory import _status, _trimmed
from picojoule.neurons import LIF, PerStep, packed_spikes, surrogates
from timing import interleaved, machine, row

BATCH = 32


class Network(nn.Module):
    """Layers over all steps at once, neurons between them; the mean over time decides."""

    def __init__(self, steps: int, layers: list[nn.Module], make: Callable[[], Neurons]) -> None:
        super().__init__()
        self.steps, self.layers = steps, nn.ModuleList(layers)
        self.neurons = [make() for _ in layers[:-1]]

    def forward(self, x: Tensor) -> Tensor:
        """Scores ``[batch, 10]`` of a constant input ``[batch, ...]``."""
        x = x.expand(self.steps, *x.shape)
        for layer, run in zip(self.layers, self.neurons, strict=False):
            x = run(layer(x))
        return self.layers[-1](x).mean(0)


def perceptron() -> list[nn.Module]:
    """784-512-256-10."""
    return [nn.Linear(784, 512), nn.Linear(512, 256), nn.Linear(256, 10)]


def convolutions() -> list[nn.Module]:
    """Two convolutions 3×3 with 16 and 32 channels, neurons after each, then an average pool; and a linear layer."""
    return [
        PerStep(nn.Conv2d(1, 16, 3, padding=1)),
        PerStep(nn.AvgPool2d(2), nn.Conv2d(16, 32, 3, padding=1)),
        PerStep(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(32 * 7 * 7, 10)),
    ]


NETWORKS = {"784-512-256-10": (perceptron, (784,)), "two convolutions": (convolutions, (1, 28, 28))}
PACKED = "picojoule, packed"


def makers() -> dict[str, Callable[[], Neurons]]:
    """Kinds of neurons by name."""
    found: dict[str, Callable[[], Neurons]] = {"ReLU": nn.ReLU}
    found |= {name: (lambda name=name: neurons()[name]) for name in neurons()}
    found |= {"picojoule, detached": lambda: LIF(LEAK, detach_reset=True)}
    found |= {"picojoule, sigmoid": lambda: LIF(LEAK, surrogate=surrogates.sigmoid())}
    return found | {PACKED: lambda: LIF(LEAK)}


def training_step(network: str, kind: str, steps: int) -> Callable[[Tensor], None]:
    """Forward, backward and SGD."""
    layers, _ = NETWORKS[network]
    torch.manual_seed(0)
    net = Network(steps, layers(), makers()[kind])
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)

    def step(x: Tensor) -> None:
        optimiser.zero_grad()
        with packed_spikes() if kind == PACKED else nullcontext():
            loss = cross_entropy(net(x), torch.arange(len(x)) % 10)
        loss.backward()
        optimiser.step()

    return step


def times(network: str, steps: int, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of a step with each kind of neuron, in turn."""
    x = torch.rand(BATCH, *NETWORKS[network][1])
    rivals = {kind: training_step(network, kind, steps) for kind in makers()}
    found = interleaved(rivals, x, BATCH, repeats)
    return {name: [each * BATCH for each in of] for name, of in found.items()}


def grown(network: str, kind: str, steps: int) -> int:
    """Bytes by which this process grows at its highest in a step."""
    step = training_step(network, kind, steps)
    x = torch.rand(BATCH, *NETWORKS[network][1])
    step(x)
    before = _trimmed()
    step(x)
    highest = _status("VmHWM")
    assert before is not None and highest is not None, "this needs Linux"
    return max(0, highest - before)


def peak(network: str, kind: str, steps: int) -> list[float]:
    """The same in processes of their own, megabytes, three times."""
    command = [sys.executable, __file__, "--grown", network, kind, str(steps)]
    # large blocks go back to the system when they are freed, so that the allocator's habits are not what is measured
    here = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    found = [subprocess.run(command, env=here, capture_output=True, text=True, check=True).stdout for _ in range(3)]
    return [int(each.split()[-1]) / 1e6 for each in found]


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=40)
    options.add_argument("--steps", type=int, default=16)
    options.add_argument("--memory-steps", type=int, default=64)
    options.add_argument("--grown", nargs=3, help=argparse.SUPPRESS)
    options = options.parse_args()
    if options.grown:
        network, kind, steps = options.grown
        print(grown(network, kind, int(steps)))
        return
    print(f"# A training step, {date.today()}\n\n{machine()}\n\nBatch {BATCH}, T={options.steps}.")
    for network in NETWORKS:
        found = times(network, options.steps, options.repeats)
        print(f"\n{network}\n\n| neurons | ms (median) | min–max | × ReLU |\n|---|---|---|---|")
        for name, each in found.items():
            print(row(name, each, found["ReLU"]), flush=True)
    print(f"\nPeak memory of a step at T={options.memory_steps}, the median of three processes.")
    for network in NETWORKS:
        print(f"\n{network}\n\n| neurons | MB | × spikingjelly |\n|---|---|---|")
        found = {kind: peak(network, kind, options.memory_steps) for kind in makers()}
        rival = median(found.get("spikingjelly", [float("nan")]))
        for name, each in found.items():
            print(f"| {name} | {median(each):.1f} | {median(each) / rival:.2f} |", flush=True)


if __name__ == "__main__":
    main()
