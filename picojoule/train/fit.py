"""The training loop. It knows no paper: loss, data, augmentation, optimiser and schedule are handed in."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.base.progress import track
from picojoule.train import checkpoint as checkpoints
from picojoule.train.schedule import constant

Loss = Callable[[nn.Module, Tensor, Tensor], Tensor]
OptimiserFactory = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
Augment = Callable[[Tensor, torch.Generator], Tensor]
Schedule = Callable[[float], float]


class Source(Protocol):
    """Batches of one epoch: their number, and themselves in an order that the generator alone decides."""

    def __len__(self) -> int: ...

    def __call__(self, generator: torch.Generator) -> Iterable[tuple[Tensor, Tensor]]: ...


@final
@dataclass(frozen=True, kw_only=True)
class History:
    """What a training did.

    Attributes:
        losses: mean loss of each epoch.
        steps: optimiser steps, those before a resumption included.
        seconds: wall time of this call.
    """

    losses: tuple[float, ...]
    steps: int
    seconds: float


def fit(
    model: nn.Module,
    loss: Loss,
    source: Source,
    *,
    epochs: int,
    optimiser: OptimiserFactory,
    schedule: Schedule = constant,
    augment: Augment | None = None,
    seed: int = 0,
    folder: Path | str | None = None,
    seconds_between_checkpoints: float = 30.0,
    what: str = "training",
) -> History:
    """Train `model` in place.

    The order of epoch e and the augmentation of step s come from generators seeded by (`seed`, e) and (`seed`, s), and
    the rate of step s is schedule(s / steps) times the optimiser's own. Layers that draw from torch's global generator
    (dropout) draw from a copy seeded by `seed`; the caller's own state is left alone. A run that is interrupted or
    killed therefore continues from its last checkpoint and ends, on the CPU, bit for bit like one that was not.

    Args:
        model: put into training mode; left in it.
        loss: ``loss(model, x, y)``, a scalar; it calls the model.
        source: the batches.
        epochs: passes through the source.
        optimiser: makes the optimiser from the parameters, e.g. ``partial(torch.optim.AdamW, lr=1e-3)``.
        schedule: fraction of the steps done to a factor of the learning rate.
        augment: ``augment(x, generator)``, applied to each batch.
        seed: of all randomness here.
        folder: where the checkpoint is kept; training goes on from the one found there. None keeps none.
        seconds_between_checkpoints: a checkpoint is written at the start, after each epoch, and this often.
        what: name shown in the progress.

    Returns:
        The history, with the epochs before a resumption.

    Raises:
        InputError: the folder cannot be written, its checkpoint is of another run or damaged, the source gives fewer
            batches than its length, or the loss is not finite.
        KeyboardInterrupt: passed on; the last checkpoint is whole.
    """
    started = time.monotonic()
    run = _Run(model, loss, optimiser(model.parameters()), source, epochs, schedule, augment, seed)
    keeper = _Keeper(run, Path(folder), seconds_between_checkpoints) if folder is not None else None
    model.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        done = start = keeper.resume() if keeper else checkpoints.Done()
        for done in track(run.steps(start), what, total=run.total - start.steps):
            if keeper:
                keeper.keep(done)
    return History(losses=done.losses, steps=done.steps, seconds=time.monotonic() - started)


@final
@dataclass(frozen=True)
class _Run:
    model: nn.Module
    loss: Loss
    optimiser: torch.optim.Optimizer
    source: Source
    epochs: int
    schedule: Schedule
    augment: Augment | None
    seed: int

    @property
    def total(self) -> int:
        return self.epochs * len(self.source)

    def steps(self, done: checkpoints.Done) -> Iterator[checkpoints.Done]:
        """Go on from `done`; yield what is done after each step."""
        rates = [group["lr"] for group in self.optimiser.param_groups]
        for epoch in range(done.steps // len(self.source), self.epochs):
            batches = self.source(_generator(self.seed, 2 * epoch))
            for x, y in islice(batches, done.steps % len(self.source), len(self.source)):
                self._set_rates(rates, done.steps)
                done = replace(done, steps=done.steps + 1, loss_sum=done.loss_sum + self._step(x, y, done.steps))
                if done.steps % len(self.source) == 0:
                    done = self._end_epoch(done)
                yield done
            if done.steps != (epoch + 1) * len(self.source):
                what = f"the source gave {done.steps % len(self.source)} batches but its length is {len(self.source)}"
                raise InputError(what, where="training", remedy="make its length the number of its batches")

    def _set_rates(self, rates: list[float], step: int) -> None:
        for group, rate in zip(self.optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * self.schedule(step / self.total)

    def _step(self, x: Tensor, y: Tensor, step: int) -> float:
        if self.augment is not None:
            x = self.augment(x, _generator(self.seed, 2 * step + 1))
        loss = self.loss(self.model, x, y)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return float(loss.detach())

    def _end_epoch(self, done: checkpoints.Done) -> checkpoints.Done:
        mean = done.loss_sum / len(self.source)
        if not math.isfinite(mean):
            raise InputError(
                f"the loss is {mean} in epoch {len(done.losses) + 1}",
                where="training",
                remedy="lower the learning rate, or check the data and the loss",
            )
        return replace(done, losses=(*done.losses, mean), loss_sum=0.0)


@final
class _Keeper:
    """Writes a run's checkpoint at the start, after each epoch and every few seconds."""

    def __init__(self, run: _Run, folder: Path, seconds: float) -> None:
        self.run, self.folder, self.seconds = run, folder, seconds
        self.fingerprint = checkpoints.fingerprint(run.model, seed=run.seed, epochs=run.epochs, batches=len(run.source))
        self.last = time.monotonic()

    def resume(self) -> checkpoints.Done:
        done = checkpoints.load(self.folder, self.run.model, self.run.optimiser, self.fingerprint)
        if done is None:
            done = checkpoints.Done()
            self._write(done)
        return done

    def keep(self, done: checkpoints.Done) -> None:
        epoch_ends = done.steps % len(self.run.source) == 0
        if epoch_ends or time.monotonic() - self.last >= self.seconds:
            self._write(done)

    def _write(self, done: checkpoints.Done) -> None:
        checkpoints.save(self.folder, self.run.model, self.run.optimiser, self.fingerprint, done)
        self.last = time.monotonic()


def _generator(seed: int, stream: int) -> torch.Generator:
    """A generator of its own for each pair; the mixing keeps neighbouring seeds from sharing streams."""
    return torch.Generator().manual_seed((seed * 0x9E3779B97F4A7C15 + stream * 0xBF58476D1CE4E5B9) % 2**63)
