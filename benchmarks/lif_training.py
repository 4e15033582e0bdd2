"""How much faster than a loop over steps do neurons in training run, forward and backward?

    python benchmarks/lif_training.py [--repeats 15] [--steps 16] [--largest 1048576]

Beside a plain PyTorch loop: SpikingJelly's LIF neuron over all steps and snnTorch's Leaky, where they are installed
(``pip install --no-deps spikingjelly snntorch`` and ``loguru pyyaml requests tqdm scipy``). Then a whole training step
of a small network, beside the same network with ReLU in place of its neurons.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.util import find_spec
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from picojoule.neurons import LIF, packed_spikes, surrogates
from timing import interleaved, machine, row

SIZES = (1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 20)
LEAK = 0.5
BYTES = 20
"""What must be moved for each neuron and step: x in and s out forward, x and ∂L/∂s in and ∂L/∂x out backward."""

Neurons = Callable[[Tensor], Tensor]


class Fire(torch.autograd.Function):
    """The step of the plain loop, with the derivative of an arctangent."""

    @staticmethod
    def forward(ctx, z: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(z)
        return (z >= 0).to(z.dtype)

    @staticmethod
    def backward(ctx, g: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        (z,) = ctx.saved_tensors
        return g / (1 + (torch.pi * z) ** 2)


def plain_loop(x: Tensor) -> Tensor:
    """LIF as one would write it by hand; soft reset, not detached."""
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        u = LEAK * v + current
        s = Fire.apply(u - 1.0)
        v = u - s
        spikes.append(s)
    return torch.stack(spikes)


def spikingjelly() -> Neurons:
    """The same equation in SpikingJelly: 1 − 1/τ = a, input not scaled, soft reset."""
    from spikingjelly.activation_based import functional, neuron, surrogate

    lif = neuron.LIFNode(1 / (1 - LEAK), False, 1.0, None, surrogate.ATan(2.0), step_mode="m")

    def run(x: Tensor) -> Tensor:
        functional.reset_net(lif)
        return lif(x)

    return run


def snntorch() -> Neurons:
    """The nearest in snnTorch, with its defaults: it resets one step late, by a detached θ."""
    import snntorch
    from snntorch import surrogate

    lif = snntorch.Leaky(beta=LEAK, spike_grad=surrogate.atan())

    def run(x: Tensor) -> Tensor:
        mem, spikes = torch.zeros_like(x[0]), []
        for current in x:
            spike, mem = lif(current, mem)
            spikes.append(spike)
        return torch.stack(spikes)

    return run


def neurons() -> dict[str, Neurons]:
    """What is compared, by name; the peers where they are installed."""
    found: dict[str, Neurons] = {"picojoule": LIF(LEAK), "plain loop": plain_loop}
    peers = {"spikingjelly": spikingjelly, "snntorch": snntorch}
    return found | {name: make() for name, make in peers.items() if find_spec(name)}


def both_ways(run: Neurons, g: Tensor, x: Tensor) -> None:
    """Forward and backward of one sample ``[1, steps, neurons]``."""
    leaf = x[0].detach().requires_grad_()
    run(leaf).backward(g)


def alone(steps: int, size: int, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of each, and of a copy into memory that is there, for `size` neurons; some calls in a row a turn."""
    calls = max(2, min(32, (1 << 19) // size))
    x, g, target = torch.randn(1, steps, size), torch.randn(steps, size), torch.empty(1, steps, size)
    x = x.expand(calls, -1, -1)
    rivals = {name: partial(both_ways, run, g) for name, run in neurons().items()}
    return interleaved(rivals | {"copy": target.copy_}, x, 1, repeats)


class Classifier(nn.Module):
    """784-512-256-10 over all steps at once; the mean over time decides."""

    def __init__(self, steps: int, first: Neurons, second: Neurons) -> None:
        super().__init__()
        self.steps, self.neurons = steps, (first, second)
        self.layers = nn.ModuleList([nn.Linear(784, 512), nn.Linear(512, 256), nn.Linear(256, 10)])

    def forward(self, x: Tensor) -> Tensor:
        """Scores ``[batch, 10]``."""
        x = x.expand(self.steps, *x.shape)
        for layer, run in zip(self.layers, self.neurons, strict=False):
            x = run(layer(x))
        return self.layers[-1](x).mean(0)


def training_step(steps: int, make: Callable[[], Neurons], labels: Tensor) -> Callable[[Tensor], None]:
    """Forward, backward and SGD."""
    torch.manual_seed(0)
    net = Classifier(steps, make(), make())
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)

    def step(x: Tensor) -> None:
        optimiser.zero_grad()
        cross_entropy(net(x), labels).backward()
        optimiser.step()

    return step


def with_packed_spikes(step: Callable[[Tensor], None]) -> Callable[[Tensor], None]:
    """The same step, keeping spikes as bits."""

    def packed(x: Tensor) -> None:
        with packed_spikes():
            step(x)

    return packed


def steps_of_a_network(steps: int, batch: int, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of a training step with each kind of neuron."""
    torch.manual_seed(0)
    x, labels = torch.rand(batch, 784), torch.randint(0, 10, (batch,))
    makers: dict[str, Callable[[], Neurons]] = {"ReLU": nn.ReLU}
    makers |= {name: (lambda name=name: neurons()[name]) for name in neurons()}
    makers |= {"picojoule, detached": lambda: LIF(LEAK, detach_reset=True)}
    makers |= {"picojoule, sigmoid": lambda: LIF(LEAK, surrogate=surrogates.sigmoid())}
    rivals = {name: training_step(steps, make, labels) for name, make in makers.items()}
    rivals["picojoule, packed"] = with_packed_spikes(training_step(steps, makers["picojoule"], labels))
    times = interleaved(rivals, x, batch, repeats)
    return {name: [each * batch for each in of] for name, of in times.items()}


def stream() -> float:
    """Gigabytes a second of a copy far beyond the cache, read and written; the median of nine."""
    x = torch.randn(1, 1 << 26)
    times = interleaved({"copy": torch.empty_like(x).copy_}, x, 1, 9)["copy"]
    return 2 * x.nbytes / median(times) / 1e6


def report(steps: int, size: int, repeats: int, rate: float) -> None:
    """One table: `size` neurons alone."""
    times = alone(steps, size, repeats)
    copy, ours = median(times.pop("copy")), median(times["picojoule"])
    moved = BYTES * steps * size
    print(f"{size:,} neurons\n\n| system | ms (median) | min–max | × picojoule |\n|---|---|---|---|")
    for name, each in times.items():
        print(row(name, each, times["picojoule"]))
    speed = moved / ours / 1e6
    print(f"\nAt least {moved / 1e6:.2f} MB to move, at {speed:.1f} GB/s: {speed / rate:.2f} of the stream beyond the")
    print(f"cache, {BYTES / 8 * copy / ours:.2f} of a copy of this size ({copy:.3f} ms).\n")


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=15)
    options.add_argument("--steps", type=int, default=16)
    options.add_argument("--largest", type=int, default=SIZES[-1])
    options = options.parse_args()
    rate = stream()
    print(f"# Neurons in training, forward and backward, {date.today()}\n\n{machine()}\n")
    print(f"T={options.steps}, {options.repeats} turns; a copy beyond the cache streams {rate:.1f} GB/s.\n")
    for size in SIZES:
        if size <= options.largest:
            report(options.steps, size, options.repeats, rate)
    times = steps_of_a_network(options.steps, 32, 4 * options.repeats)
    print("training step, 784-512-256-10, batch 32\n\n| neurons | ms (median) | min–max | × ReLU |\n|---|---|---|---|")
    for name, each in times.items():
        print(row(name, each, times["ReLU"]))


if __name__ == "__main__":
    main()
