"""How far are the event kernels from what a C compiler makes of the same loop, and from a dense convolution?

    python benchmarks/event_kernels.py [--repeats 15] [--steps 16]

A layer of neurons over some steps, one image, one thread: events in, events out. The C is `event_kernels.c`, built
with `cc -O3 -march=native` into a temporary folder; both walk the same tables and must emit the same events. Dense is
torch's convolution of the same steps and the compiled scan.
"""

from __future__ import annotations

import argparse
import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import torch

from picojoule.engines.projecting import channels_innermost, conv_projection, layout_of, margins
from picojoule.ir import Conv
from picojoule.ir.dense import without_bias
from picojoule.kernels.advance import advance
from picojoule.kernels.projection import Stream, from_frames
from picojoule.kernels.scan import Tables, scan
from timing import machine

SOURCE = Path(__file__).with_suffix(".c")
LAYERS = ((16, 32, 28), (48, 48, 14), (16, 16, 32), (32, 32, 16), (64, 64, 8))
"""Channels in, channels out, width: of the digit network and of ResNet-20."""
ACTIVE = (0.01, 0.03, 0.1)


class Problem:
    """One layer and its events."""

    def __init__(self, channels: int, outputs: int, width: int, active: float, steps: int) -> None:
        generator = torch.Generator().manual_seed(0)
        one = (1, 1)
        self.node = Conv(
            name="c", inputs=("x",), shape=(outputs, width, width), bias=torch.zeros(outputs), groups=1,
            weight=torch.randn(outputs, channels, 3, 3, generator=generator) / (30 * channels * active) ** 0.5,
            stride=one, padding=one, dilation=one,
        )  # fmt: skip
        shape = (channels, width, width)
        around = margins(self.node, shape)
        self.projection, self.layout = conv_projection(self.node, shape, around), layout_of(self.node, around)
        self.frames = (torch.rand(steps, *shape, generator=generator) < active).float()
        self.events = from_frames(channels_innermost(self.frames, channels)[None])
        self.constant = torch.full((1, self.node.size), 0.01)
        self.tables = Tables.unsigned(*(np.ones(steps, np.float32) for _ in range(4)))

    def membranes(self) -> torch.Tensor:
        return torch.zeros(1, self.layout.size)

    def compiled(self, v: torch.Tensor) -> Stream:
        return advance((self.events,), (self.projection,), self.layout, v, self.constant, self.tables, 1.0)

    def dense(self, v: torch.Tensor) -> torch.Tensor:
        drive = without_bias(self.node, self.frames.contiguous(memory_format=torch.channels_last))
        drive = drive.permute(0, 2, 3, 1).reshape(len(drive), 1, -1)
        neurons = self.layout.neurons_of(v).reshape(1, -1).contiguous()
        return scan(drive, self.constant, self.tables, 1.0, neurons, np.zeros(self.node.size, np.int64))[0]


def built(folder: Path) -> ctypes.CDLL | None:
    """The C loop; None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    library = folder / "event_kernels.so"
    subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", str(SOURCE), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def in_c(library: ctypes.CDLL, problem: Problem, v: torch.Tensor) -> Stream:
    """The same work by the C loop."""
    p, layout, steps = problem.projection, problem.layout, len(problem.tables.thresholds)
    out = Stream.room(1, steps, steps * problem.node.size, np.dtype(np.float32))
    events = problem.events

    def at(array: np.ndarray) -> ctypes.c_void_p:
        return ctypes.c_void_p(array.ctypes.data)

    library.advance(
        at(events.bounds), at(events.where), at(events.amount), ctypes.c_long(steps), at(p.weights),
        ctypes.c_long(p.channels), at(p.target), at(p.offset), ctypes.c_long(len(p.offset)),
        ctypes.c_long(int(p.length[0])), at(v.numpy()), *map(ctypes.c_long, layout[:4]), at(problem.constant.numpy()),
        *(ctypes.c_float(1.0) for _ in range(3)), *map(at, out),
    )  # fmt: skip
    return out.trimmed()


def milliseconds(problem: Problem, rivals: dict[str, Callable[[torch.Tensor], object]], repeats: int) -> dict:
    """Each rival in turn."""
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for turn in range(repeats + 1):
        for name, run in rivals.items():
            v = problem.membranes()
            start = time.perf_counter()
            run(v)
            if turn:
                times[name].append((time.perf_counter() - start) * 1e3)
    return times


def check(problem: Problem, library: ctypes.CDLL) -> None:
    """Both emit the same events, up to a spike at a rounded tie."""
    ours, theirs = problem.compiled(problem.membranes()), in_c(library, problem, problem.membranes())
    different = abs(len(ours.where) - len(theirs.where))
    assert 1000 * different <= len(ours.where) > 0, "the C loop does something else"


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeats", type=int, default=15)
    options.add_argument("--steps", type=int, default=16)
    options = options.parse_args()
    torch.set_num_threads(1)
    print(f"# Event kernels beside C and a dense convolution, {date.today()}\n\n{machine()}\n")
    print(f"{options.steps} steps of a 3×3 layer, one image, one thread, {options.repeats} turns; medians.\n")
    print("| layer | active | events in | ms | ns a synop | × C | × dense + scan |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        library = built(Path(folder))
        for layer in LAYERS:
            for active in ACTIVE:
                problem = Problem(*layer, active, options.steps)
                rivals: dict[str, Callable] = {"ours": problem.compiled, "dense": problem.dense}
                if library:
                    check(problem, library)
                    rivals["C"] = lambda v, problem=problem: in_c(library, problem, v)
                print(row(layer, active, problem, milliseconds(problem, rivals, options.repeats)))
    if library is None:
        print("\nNo C compiler was found: the column × C is empty.")


def row(layer: tuple[int, int, int], active: float, problem: Problem, times: dict[str, list[float]]) -> str:
    """A row of the table: the median of the ratios turn by turn."""
    ours = times["ours"]
    ratio = {name: median(a / b for a, b in zip(ours, each, strict=True)) for name, each in times.items()}
    synops = len(problem.events.where) * 9 * layer[1]
    in_c_text = f"{ratio['C']:.2f}" if "C" in ratio else ""
    return (
        f"| {layer[0]}→{layer[1]}, {layer[2]}×{layer[2]} | {active:.0%} | {len(problem.events.where):,} | "
        f"{median(ours):.3f} | {median(ours) * 1e6 / synops:.3f} | {in_c_text} | {ratio['dense']:.2f} |"
    )


if __name__ == "__main__":
    main()
