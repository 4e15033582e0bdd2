"""A ResNet-20 for CIFAR-10 under rate coding: our engines beside a loop over steps and SpikingJelly, where installed.

    PICOJOULE_DATA=folder python benchmarks/resnet20.py [--steps 32] [--samples 20] [--repeats 5]

The weights are `models/resnet20_cifar10.npz` and the pictures `cifar10_lossless_5k.npz` of that folder. A shortcut
that halves the picture and adds zero channels is written as the 1×1 convolution that does the same.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import picojoule as pj
from picojoule.ir import Fire, Input, Network
from picojoule.ir.dense import evaluate
from timing import interleaved, machine, row

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCHES = (1, 10, 20)


class Block(nn.Module):
    """conv-bn-relu-conv-bn, plus the shortcut, relu."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity() if stride == 1 else _halved(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + self.shortcut(x))


def _halved(inputs: int, outputs: int) -> nn.Conv2d:
    """Every second pixel, zero channels on both sides."""
    layer = nn.Conv2d(inputs, outputs, 1, 2, bias=False)
    weight, before = torch.zeros(outputs, inputs, 1, 1), (outputs - inputs) // 2
    weight[torch.arange(inputs) + before, torch.arange(inputs)] = 1
    layer.weight = nn.Parameter(weight)
    return layer


class ResNet20(nn.Module):
    """Three stages of three blocks, 16, 32 and 64 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16, 1), Block(16, 16, 1), Block(16, 16, 1))
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1))
        self.layer3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.pool, self.linear = nn.AdaptiveAvgPool2d(1), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        return self.linear(torch.flatten(self.pool(self.layer3(self.layer2(self.layer1(x)))), 1))


def trained(folder: Path) -> nn.Module:
    """The network with its weights; those of the fixed shortcuts are not in the file."""
    with np.load(folder / "models" / "resnet20_cifar10.npz") as weights:
        missing = ResNet20().load_state_dict(
            {name: torch.tensor(weights[name]) for name in weights.files}, strict=False
        )
        assert all("shortcut" in name for name in missing.missing_keys) and not missing.unexpected_keys
        model = ResNet20()
        model.load_state_dict({name: torch.tensor(weights[name]) for name in weights.files}, strict=False)
    return model.eval()


def pictures(folder: Path) -> tuple[Tensor, Tensor, Tensor]:
    """Standardised training and test pictures, and the test labels."""
    with np.load(folder / "cifar10_lossless_5k.npz") as data:
        train, test = (
            (torch.tensor(data[name]).permute(0, 3, 1, 2) / 255 - torch.tensor(MEAN).view(3, 1, 1))
            / torch.tensor(STD).view(3, 1, 1)
            for name in ("x_train", "x_test")
        )
        return train, test, torch.tensor(data["y_test"]).long()


def spikingjelly(network: Network, *, multi: bool) -> Callable[[Tensor], Tensor]:
    """The same nodes with SpikingJelly's neurons; what does not change is computed once."""
    from spikingjelly.activation_based.functional import reset_net
    from spikingjelly.activation_based.neuron import IFNode

    neurons = nn.ModuleDict()
    for fire in network.all(Fire):
        neuron = fire.code.neuron()
        node = IFNode(v_threshold=neuron.thresholds[0], v_reset=None, step_mode="m" if multi else "s")
        node.set_reset_value("v", neuron.initial)
        neurons[fire.name.replace(".", "_")] = node
    steps = next(network.all(Fire)).code.steps

    def step(x: Tensor, repeats: int) -> Tensor:
        values: dict[str, Tensor] = {}
        for node in network.nodes:
            sources = [values[name] for name in node.inputs]
            if isinstance(node, Input):
                values[node.name] = x
            elif isinstance(node, Fire):
                neuron, drive = neurons[node.name.replace(".", "_")], sources[0]
                if multi:
                    folded = (repeats, -1, *drive.shape[1:])
                    held = drive.expand(repeats, *drive.shape) if len(drive) == len(x) else drive.view(folded)
                    values[node.name] = neuron(held).flatten(0, 1)
                else:
                    values[node.name] = neuron(drive)
            else:
                values[node.name] = evaluate(node, *sources)
        return values[network.output.name]

    @torch.inference_mode()
    def forward(x: Tensor) -> Tensor:
        reset_net(neurons)
        x = (x / network.input.scale).contiguous(memory_format=torch.channels_last)
        if multi:
            return step(x, steps).view(steps, len(x), -1).mean(0)
        return sum(step(x, 1) for _ in range(steps)) / steps

    return forward


def rivals(network: Network, ann: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """What is timed, by name."""
    found: dict[str, Callable] = {"ann": lambda x: pj.run(ann, x, count=False).values}
    for engine in ("stepped", "layered", "event"):
        found[engine] = lambda x, engine=engine: pj.run(network, x, engine=engine, count=False).values
    try:
        found["SpikingJelly, multi-step"] = spikingjelly(network, multi=True)
        found["SpikingJelly, single-step"] = spikingjelly(network, multi=False)
    except ImportError as error:
        print(f"Without SpikingJelly ({error}).\n")
    return found


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--steps", type=int, default=32)
    options.add_argument("--samples", type=int, default=20)
    options.add_argument("--repeats", type=int, default=5)
    options = options.parse_args()
    folder = Path(os.environ["PICOJOULE_DATA"])
    model, (train, test, labels) = trained(folder), pictures(folder)
    network = pj.convert(model, train[:1000], code=pj.codes.Rate(steps=options.steps))
    ann = pj.trace(model, test[:1])
    print(f"# ResNet-20 under rate coding, {date.today()}\n\n{machine()}\n")
    print(f"T={options.steps}, {options.samples} pictures, {options.repeats} turns.\n")
    with torch.inference_mode():
        each = {"ann": ann, "rate": network}
        for name, system in each.items():
            outputs = torch.cat([pj.run(system, x, count=False).values for x in test[:200].split(50)])
            print(f"{name}: {float((outputs.argmax(1) == labels[:200]).float().mean()):.1%} of 200 pictures right\n")
        timed = rivals(network, ann)
        for batch in (batch for batch in BATCHES if batch <= options.samples):
            times = interleaved(timed, test[: options.samples], batch, options.repeats)
            print(f"batch {batch}\n\n| system | ms a picture (median) | min–max | × event |\n|---|---|---|---|")
            for name, taken in times.items():
                print(row(name, taken, times["event"]))
            print()


if __name__ == "__main__":
    main()
