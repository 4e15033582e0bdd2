"""How much faster than a loop over steps do neurons in training run, forward and backward?

    python benchmarks/lif_training.py [--repeats 15] [--steps 16] [--largest 1048576]

Beside a plain PyTorch loop: SpikingJelly's LIF neuron over all steps and snnTorch's Leaky, where they are installed
(``pip install --no-deps spikingjelly snntorch`` and ``loguru pyyaml requests tqdm scipy``). Whole training steps are in
``training_step.py``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.util import find_spec
from statistics import median

import torch
from torch import Tensor

from picojoule.neurons import LIF
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


if __name__ == "__main__":
    main()
