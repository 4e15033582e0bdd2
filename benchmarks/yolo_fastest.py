"""Yolo-Fastest 1.1 as a spiking network: its outputs beside the ANN's over T, for both signed neurons.

    PICOJOULE_DATA=folder python benchmarks/yolo_fastest.py [--steps 512] [--photos 8]

The network is `models/yolo_fastest_1.1_coco.npz`, the photos are `indoor_det.npz` of that folder, scaled to 320×320.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from datetime import date
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import picojoule as pj
from picojoule.engines.decoding import settled
from picojoule.engines.plan import macs
from picojoule.ir import Fire, Network, WeightLayer
from picojoule.models import load_darknet
from timing import machine

SYSTEMS = (("coded", 0.5, False), ("analogue", 0.0, False), ("analogue", 0.0, True))
"""Input, start of the membranes, and which of the signed neurons."""


def photos(folder: Path, number: int) -> Tensor:
    """Pictures ``[number, 3, 320, 320]`` in [0, 1]."""
    with np.load(folder / "indoor_det.npz") as file:
        jpeg, offsets = file["jpeg"].tobytes(), file["offsets"]
    opened = (Image.open(io.BytesIO(jpeg[offsets[k] : offsets[k + 1]])) for k in range(number))
    scaled = [np.asarray(each.convert("RGB").resize((320, 320), Image.Resampling.BILINEAR)) for each in opened]
    return torch.from_numpy(np.stack(scaled)).permute(0, 3, 1, 2).float() / 255


def correlation(values: Tensor, expected: Tensor) -> float:
    """Of all outputs of all photos, ``[photos, values]``; the mean over photos."""
    pairs = zip(values.double(), expected.double(), strict=True)
    return float(np.mean([float(torch.corrcoef(torch.stack(pair))[0, 1]) for pair in pairs]))


def trajectory(network: Network, x: Tensor) -> tuple[Tensor, float, float, float]:
    """Outputs after every step ``[steps, photos, values]``; spikes a neuron, synops and seconds a photo."""
    paths, spikes, synops, start = [], 0.0, 0.0, time.perf_counter()
    for photo in x.split(1):
        done = pj.run(network, photo, trajectory=True)
        paths.append(done.trajectory)
        spikes += done.counts.per_sample("spikes") / done.counts.neurons
        synops += done.counts.per_sample("synops")
    seconds = (time.perf_counter() - start) / len(x)
    return torch.cat(paths, 1), spikes / len(x), synops / len(x), seconds


def behind(path: Tensor, steps: int) -> Tensor:
    """What :func:`settled` gives for so many steps without the first quarter: a rate code takes the same in each."""
    start = steps // 4
    return (steps * path[steps - 1] - start * path[start - 1]) / (steps - start)


def line(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=512)
    parser.add_argument("--photos", type=int, default=8)
    options = parser.parse_args()
    folder = Path(os.environ["PICOJOULE_DATA"])
    model, x = load_darknet(folder / "models" / "yolo_fastest_1.1_coco.npz"), photos(folder, options.photos)
    with torch.no_grad():
        expected = torch.cat([each.flatten(1) for each in model(x)], 1)
    ann = pj.trace(model, x)
    total = sum(macs(layer, ann.source(layer)) for layer in ann.all(WeightLayer))
    print(f"# Yolo-Fastest 1.1 under rate coding, {date.today()}\n\n{machine()}\n")
    print(
        f"{options.photos} photos, 320×320, {total / 1e6:.0f} MMAC. Correlation of the outputs with the ANN's, mean of"
    )
    print("photos: of the mean of all steps, and (in brackets) of the steps behind the first quarter.\n")
    grid = [t for t in (16, 32, 64, 128, 256, 512, 1024) if t <= options.steps]
    heads = (f"T={t}" for t in grid)
    print(line("neuron", "input", "v₀", *heads, "spikes/neuron", "synops", "s a photo"))
    print(line(*["---"] * (6 + len(grid))))
    for source, initial, weighted in SYSTEMS:
        code = pj.codes.Rate(steps=options.steps, initial=initial, weighted=weighted)
        network = pj.convert(model, x, code=code, percentile=100, input=source)
        path, spikes, synops, seconds = trajectory(network, x)
        assert torch.allclose(settled(network, path, options.steps // 4), behind(path, options.steps), atol=1e-4)
        both = [(correlation(path[t - 1], expected), correlation(behind(path, t), expected)) for t in grid]
        cells = [f"{mean:.3f} ({late:.3f})" for mean, late in both]
        cells += [f"{spikes:.1f}", f"{synops / 1e9:.2f} G", f"{seconds:.1f}"]
        print(line("weighted" if weighted else "imbalanced", source, f"{initial:g}", *cells), flush=True)
    print(
        f"\n{len(list(network.all(Fire)))} populations of neurons; the largest values on these photos set the scales."
    )


if __name__ == "__main__":
    main()
