"""Data parallelism under ``torchrun``: what a training step asks of the other processes.

Each process takes its share of every batch. A loss that is a mean over samples, weighted by the size of the share, and
gradients that are added up, make a step of N processes the step of one process with the whole batch::

    ∇L = Σ_r (n_r/n)·∇L_r

A loss or a layer that mixes the samples of a batch (batch norm in training) sees its own share only; the running
statistics that count in the end are those of the first process.
"""

from __future__ import annotations

import atexit
import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, distributed, nn

from picojoule.base.errors import InputError
from picojoule.train.meeting import launcher_store, meet


@final
@dataclass(frozen=True, slots=True)
class Processes:
    """Which of how many processes this is. With one, everything here does nothing.

    Attributes:
        rank, size: which, of how many.
        shares: how much of a batch each takes, relative to the others, as of machines of unlike speed; alike if empty.

    Raises:
        InputError: not one positive share for each process.
    """

    rank: int = 0
    size: int = 1
    shares: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.shares and (len(self.shares) != self.size or min(self.shares) <= 0):
            raise InputError(
                f"shares {self.shares} of {self.size} processes",
                where="torchrun",
                remedy="give one positive number for each process",
            )

    def share(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, float]:
        """This process's part of a batch, and the part's weight n_r/n.

        Raises:
            InputError: there is nothing for some process.
        """
        if self.size == 1:
            return x, y, 1.0
        shares = self.shares or (1,) * self.size
        edges = [int(len(x) * sum(shares[:each]) / sum(shares) + 1e-9) for each in range(self.size + 1)]
        if any(low == high for low, high in pairwise(edges)):
            raise InputError(
                f"a batch of {len(x)} for {self.size} processes leaves one without a sample",
                where="torchrun",
                remedy="use larger batches",
            )
        low, high = edges[self.rank : self.rank + 2]
        return x[low:high], y[low:high], (high - low) / len(x)

    def total(self, number: float, device: torch.device) -> float:
        """The sum of a number over all processes."""
        if self.size == 1:
            return number
        value = torch.tensor([number], dtype=torch.float64, device=device)
        distributed.all_reduce(value)
        return value.item()

    def agree(self, number: float, device: torch.device) -> float:
        """The first process's number."""
        if self.size == 1:
            return number
        value = torch.tensor([number], dtype=torch.float64, device=device)
        distributed.broadcast(value, 0)
        return value.item()

    def align(self, model: nn.Module, *, parameters: bool) -> None:
        """The first process's buffers, and with `parameters` its weights, on all."""
        if self.size > 1:
            for each in (*(model.parameters() if parameters else ()), *model.buffers()):
                distributed.broadcast(each.data, 0)

    def collect(self, state: Tensor, device: torch.device) -> list[Tensor]:
        """A small tensor of every process, in order."""
        if self.size == 1:
            return [state]
        mine = state.to(device)
        found = [torch.empty_like(mine) for _ in range(self.size)]
        distributed.all_gather(found, mine)
        return [each.to(state.device) for each in found]


def _join() -> None:
    """Meet the others; after a restart those that live, not the addresses of those that died.

    torch gives the functions of `torch.distributed.nn` the group of the moment as a default. Loaded later, as the first
    optimiser does, they would hold the group, and its threads would outlive it: now and then one aborts the interpreter
    as it ends, and the launcher starts all again.
    """
    importlib.import_module("torch.distributed.nn.functional")
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    store = launcher_store()
    if store is None:
        distributed.init_process_group(backend)
        return
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    own = distributed.PrefixStore(meet(store, rank, size), store)
    distributed.init_process_group(backend, store=own, rank=rank, world_size=size)


def processes(shares: Sequence[float] = ()) -> Processes:
    """Those that ``torchrun`` started, which find each other here; else this one alone.

    Args:
        shares: how much of a batch each takes; alike if empty.

    Raises:
        InputError: shares that are not one for each process.
    """
    size = int(os.environ.get("WORLD_SIZE", 1)) if "RANK" in os.environ else 1
    if size == 1:
        return Processes(shares=tuple(shares))
    if not distributed.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        _join()
        atexit.register(distributed.destroy_process_group)
    return Processes(distributed.get_rank(), distributed.get_world_size(), tuple(shares))
