"""How much longer than the ANN's own forward does TTFS take, in closed form and with early firing?

    python benchmarks/ttfs_closed_form.py [--repeats 31] [--samples 200]

Rivals: the embedded network with its batch norms folded by torch, in both memory formats, under inference_mode.
"""

from __future__ import annotations

import argparse
import copy
from datetime import date
from statistics import median

import torch
from torch import nn

import picojoule as pj
from picojoule.data.vision import digits
from picojoule.ir import Fire
from picojoule.kernels import staircase
from picojoule.models import embedded
from timing import interleaved, machine, row

BATCHES = (1, 10, 50, 100)
ANNS = ("ann folded, channels first", "ann folded, channels last")
"""In float32; the faster one is what everything is compared with."""


def folded(model: nn.Module) -> nn.Module:
    """The module with torch's own fusion of each convolution and its batch norm."""
    model = copy.deepcopy(model)
    for number in range(1, 5):
        fused = nn.utils.fusion.fuse_conv_bn_eval(getattr(model, f"conv{number}"), getattr(model, f"norm{number}"))
        setattr(model, f"conv{number}", fused)
        setattr(model, f"norm{number}", nn.Identity())
    return model.eval()


def with_searchsorted(network: pj.Network):  # type: ignore[no-untyped-def]
    """The same closed form with torch.searchsorted in place of the compiled quantiser."""
    from picojoule.ir.dense import evaluate

    def forward(x: torch.Tensor) -> torch.Tensor:
        for node in network.nodes[1:]:
            if isinstance(node, Fire):
                table = node.code.staircase()
                x = staircase.decode(staircase.index(x, table), table, x.dtype)
            else:
                x = evaluate(node, x)
        return x

    return torch.inference_mode()(forward)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=31)
    options.add_argument("--samples", type=int, default=200)
    options = options.parse_args()
    data, model = digits.load(), embedded()
    x = data.test.images[: options.samples]
    network = pj.convert(model, data.train.take(1000), code=pj.codes.TTFS(steps=80))
    early = pj.convert(model, data.train.take(1000), code=pj.codes.TTFS(steps=80, start=40))
    ann = folded(model)
    last = copy.deepcopy(ann).to(memory_format=torch.channels_last)
    short, ann_short = network.to("cpu", "bfloat16"), copy.deepcopy(last).bfloat16()
    infer = torch.inference_mode()
    rivals = {
        "ann folded, channels first": infer(lambda z: ann(z)),
        "ann folded, channels last": infer(lambda z: last(z.contiguous(memory_format=torch.channels_last))),
        "ttfs closed form": lambda z: pj.run(network, z, count=False),
        "ttfs closed form, counting": lambda z: pj.run(network, z),
        "ann folded, bfloat16": infer(lambda z: ann_short(z.bfloat16().contiguous(memory_format=torch.channels_last))),
        "ttfs closed form, bfloat16": lambda z: pj.run(short, z, count=False),
        "ttfs early firing, S=40": lambda z: pj.run(early, z, count=False),
        "ttfs by torch.searchsorted": with_searchsorted(network),
    }
    print(f"# TTFS closed form beside the ANN's own forward, {date.today()}\n\n{machine()}\n")
    print(
        f"Embedded digit network (10.5 MMAC), T=80, {options.samples} digits, {options.repeats} turns, interleaved.\n"
    )
    best: dict[str, list[float]] = {}
    for batch in BATCHES:
        times = interleaved(rivals, x, batch, options.repeats)
        rival = min((name for name in times if name in ANNS), key=lambda name: median(times[name]))
        print(f"batch {batch}\n\n| system | ms an image (median) | min–max | × {rival} |\n|---|---|---|---|")
        for name, each in times.items():
            print(row(name, each, times[rival]))
            best[name] = min(best.get(name, each), each, key=median)
        print()
    fastest = min((times for name, times in best.items() if name in ANNS), key=median)
    print("each at its best batch size\n\n| system | ms an image (median) | min–max | × the faster ANN |")
    print("|---|---|---|---|")
    for name, each in best.items():
        print(row(name, each, fastest))
    told(network, short, data.test)


def told(network: pj.Network, short: pj.Network, test) -> None:  # type: ignore[no-untyped-def]
    """What bfloat16 changes: accuracy, and the steps at which neurons fire."""
    layers = [node.layer for node in network.all(Fire)]
    full, less = (pj.run(each, test.images[:100], record=layers).trains for each in (network, short))
    steps = [(full[layer].first - less[layer].first).abs() for layer in layers]
    moved, far = (sum(int((each >= least).sum()) for each in steps) for least in (1, 2))
    spikes = sum(int((full[layer].first < full[layer].steps).sum()) for layer in layers)
    right = [
        float((pj.run(each, test.images).values.argmax(1) == test.labels).float().mean()) for each in (network, short)
    ]
    print(
        f"\nbfloat16 (weights, decoded values and potentials, each rounded by at most 2⁻⁹): {right[1]:.1%} of "
        f"{len(test)} right, float32 {right[0]:.1%}. For 100 spikes {100 * moved / spikes:.1f} neurons fire at another "
        f"step or not at all, {100 * far / spikes:.2f} of them by more than one step."
    )


if __name__ == "__main__":
    main()
