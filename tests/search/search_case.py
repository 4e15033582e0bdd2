"""A small supernet of spiking networks with samples, and a space whose values are known."""

import os
import signal
import time

import torch
from torch import nn

from picojoule.models.spiking import Macro
from picojoule.search import Evaluation, Score, Supernet

CANDIDATES = ("skip", "SCB3", "SRB3")
MACRO = Macro(channels=3, shape=(1, 8, 8), steps=3, layout=(1, "down", 2, 2))


def supernet() -> Supernet:
    torch.manual_seed(0)
    positions = [[MACRO.stage(i, block) for block in CANDIDATES] for i in range(len(MACRO.places))]
    made = Supernet(MACRO.front(), positions, MACRO.head())
    for each in made.modules():
        if isinstance(each, nn.Conv2d):
            each.weight.data *= 6  # so that they fire before norms are calibrated
    return made


def samples(n: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 1, 8, 8, generator=generator) * 3, torch.randint(10, (n,), generator=generator)


def evaluation(**changed) -> Evaluation:
    (x, y), (calibration, _) = samples(20, 1), samples(16, 2)
    options = {"supernet": supernet(), "x": x, "y": y, "calibration": calibration} | changed
    return Evaluation(**options)


class Dies:
    """An evaluation whose process dies the first so many times that it begins."""

    def __init__(self, folder, deaths: int = 1):
        self.folder, self.deaths, self.evaluation = folder, deaths, evaluation()

    def __call__(self, genomes):
        for number in range(self.deaths):
            try:
                (self.folder / f"died{number}").touch(exist_ok=False)
            except FileExistsError:
                continue
            os.kill(os.getpid(), signal.SIGKILL)
        return self.evaluation(genomes)


class CountsItsCalls:
    """Writes into a tensor, and fails if anybody else does; begins when so many processes are there."""

    def __init__(self, folder, processes: int):
        self.folder, self.processes = folder, processes
        self.calls, self.written = 0, torch.zeros(1)

    def __call__(self, genomes):
        (self.folder / f"{os.getpid()}.here").touch()
        while len(list(self.folder.glob("*.here"))) < self.processes:
            time.sleep(0.05)
        assert float(self.written) == self.calls
        self.calls += 1
        time.sleep(0.01)
        self.written += 1
        return [known(genome) for genome in genomes]


def known(genome) -> Score:
    """Better with larger genes, and dearer, with a hole."""
    worth = sum(g * (i + 1) for i, g in enumerate(genome)) / 50
    cost = 100.0 + sum(g * g for g in genome) * 40
    return Score(
        accuracy=0.5 + worth - 0.2 * (genome[0] == genome[-1]), spikes=cost, synops=9 * cost, joules=cost * 1e-9
    )
