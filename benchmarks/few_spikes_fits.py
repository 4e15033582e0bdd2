"""Few-spikes fits: how well, how fast, and how fast the neurons are evaluated.

    python benchmarks/few_spikes_fits.py [--steps 4 8 12 16] [--starts 8] [--workers N] [--out FILE]

For Swish the exact fit and the full published procedure (20,000 epochs, then 20,000 from the tendency), from so many
starts, beside the table of the authors' repository; then a million values through K = 16 steps, by the compiled kernel,
by the staircase, and by a loop of tensor operations.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from picojoule.base.files import write_whole
from picojoule.codes.few_spikes import FUNCTIONS, Sequences, fit, published, quality, target_of
from picojoule.codes.few_spikes.tendency import EPOCHS, tbpi
from picojoule.kernels import successive
from timing import interleaved, machine, row

TABLE = {4: 0.038795, 8: 0.006295, 12: 0.001413, 16: 0.001246}


def one(job: tuple[int, int, int]) -> dict[str, float]:
    """An exact fit, and a TBPI run, from a seed."""
    steps, seed, epochs = job
    fit("silu", steps=2, tries=2, shakes=1)  # compiled before the clock starts
    started = time.perf_counter()
    exact = quality(fit("silu", steps=steps, seed=seed), *FUNCTIONS["silu"])
    middle = time.perf_counter()
    done = tbpi(target_of("silu"), steps, np.random.default_rng(seed), epochs)
    return {
        "exact": exact.error,
        "spikes": exact.spikes,
        "seconds": middle - started,
        "first": done.first.error,
        "tbpi": done.best.error,
        "tbpi seconds": time.perf_counter() - middle,
    }


def looped(x: Tensor, sequences: Sequences) -> Tensor:
    """K tensor operations a step, as the released code has them."""
    v, y, n = x.clone(), torch.zeros_like(x), torch.zeros_like(x)
    for T, h, d in zip(sequences.thresholds, sequences.resets, sequences.amplitudes, strict=True):
        z = (v > T).float()
        y += d * z
        v -= h * z
        n += z
    return y


def speed() -> list[str]:
    """The table of times."""
    sequences = published()["tbpi 16"]
    tables, stairs = sequences.tables(), sequences.staircase()
    rivals = {
        "compiled kernel, spikes counted": lambda x: successive.decode(x.clone(), tables)[0],
        "staircase (bucketize), spikes counted": lambda x: stairs(x)[0],
        "loop of tensor operations, spikes counted": lambda x: looped(x, sequences),
    }
    x = torch.linspace(-8, 12, 1_000_000)[None]
    times = interleaved(rivals, x, 1, 15)
    first = times["compiled kernel, spikes counted"]
    return [row(name, taken, first) for name, taken in times.items()]


def main() -> None:
    """Print both tables, and write them where asked."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--steps", type=int, nargs="+", default=list(TABLE))
    options.add_argument("--starts", type=int, default=8)
    options.add_argument("--epochs", type=int, default=EPOCHS)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--out", type=Path)
    options = options.parse_args()
    lines = [
        f"# Few-spikes fits of Swish on −8 … 12, {date.today()}\n\n{machine()}\n\n{options.starts} starts; squared"
        f" errors as the median and the least of them; TBPI: {options.epochs} epochs twice.\n",
        "| K | TBPI, README | TBPI, ours | of these from the random start | exact | spikes | s a fit | s a TBPI run |",
        "|---|---|---|---|---|---|---|---|",
    ]
    jobs = [(steps, seed, options.epochs) for steps in options.steps for seed in range(options.starts)]
    with ProcessPoolExecutor(options.workers) as pool:
        done = list(pool.map(one, jobs))
    for steps in options.steps:
        runs = [found for (K, _, _), found in zip(jobs, done, strict=True) if steps == K]
        by = {name: [run[name] for run in runs] for name in runs[0]}
        errors = (f"{np.median(by[name]):.6f}, {min(by[name]):.6f}" for name in ("tbpi", "first", "exact"))
        times = (f"{np.median(by[name]):.1f}" for name in ("seconds", "tbpi seconds"))
        lines.append(
            f"| {steps} | {TABLE[steps]} | {' | '.join(errors)} | {np.median(by['spikes']):.2f} | {' | '.join(times)} |"
        )
    lines += ["\n| 1,000,000 values, K = 16, one thread | ms (median) | min–max | × kernel |", "|---|---|---|---|"]
    torch.set_num_threads(1)
    lines += speed()
    print("\n".join(lines))
    if options.out:
        write_whole(options.out, ("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
