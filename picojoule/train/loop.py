"""The training loop. It knows no paper and no gradient: a learner is handed in, and it decides what a step is."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice
from pathlib import Path
from typing import Protocol, final, runtime_checkable

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.base.files import alone_in, require_writable
from picojoule.base.progress import track
from picojoule.train import checkpoint as checkpoints
from picojoule.train.checkpoint import Done
from picojoule.train.journal import Epoch, Journal
from picojoule.train.parallel import Processes
from picojoule.train.validation import Validation, best

Augment = Callable[[Tensor, torch.Generator], Tensor]


class Source(Protocol):
    """Batches of one epoch: their number, and themselves in an order that the generator alone decides."""

    def __len__(self) -> int: ...

    def __call__(self, generator: torch.Generator) -> Iterable[tuple[Tensor, Tensor]]: ...


@runtime_checkable
class Course(Protocol):
    """Other batches in each epoch, and perhaps another number of them: a curriculum."""

    def at(self, epoch: int) -> Source:
        """The source of an epoch, from 0; the same whenever it is asked for."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Moment:
    """When a step happens: after `step` of `total` steps, in this epoch, all from 0."""

    step: int
    total: int
    epoch: int

    @property
    def fraction(self) -> float:
        """The fraction of the steps done."""
        return self.step / self.total


class Learner(Protocol):
    """What learns.

    Attributes:
        model: whose state is everything there is to know, besides that of the optimiser.
        optimiser: None where there is none.
        processes: those that learn together.
        stream: which stream of torch's global generator its random numbers are from.
    """

    model: nn.Module
    optimiser: torch.optim.Optimizer | None
    processes: Processes
    stream: int

    def learn(self, x: Tensor, y: Tensor, moment: Moment) -> float:
        """Learn from a batch, in place; how bad it was before."""
        ...

    def metrics(self) -> dict[str, float]:
        """More to report after an epoch."""
        ...


@final
@dataclass(frozen=True, kw_only=True)
class History:
    """What a training did.

    Attributes:
        epochs: one entry for each.
        steps: optimiser steps, those before a resumption included.
        seconds: wall time of this call.
    """

    epochs: tuple[Epoch, ...]
    steps: int
    seconds: float

    @property
    def losses(self) -> tuple[float, ...]:
        """Mean loss of each epoch."""
        return tuple(each.loss for each in self.epochs)

    @property
    def scores(self) -> tuple[float | None, ...]:
        """Validation score after each epoch."""
        return tuple(each.score for each in self.epochs)

    @property
    def best(self) -> int | None:
        """The epoch, from 0, of the highest score; None without validation."""
        return best(self.scores) if any(each is not None for each in self.scores) else None


def loop(
    learner: Learner,
    source: Source | Course,
    *,
    epochs: int,
    validation: Validation | None = None,
    augment: Augment | None = None,
    seed: int = 0,
    folder: Path | str | None = None,
    seconds_between_checkpoints: float = 30.0,
    what: str = "training",
) -> History:
    """Let `learner` learn; arguments, promises and errors are those of :func:`picojoule.train.fit`."""
    started = time.monotonic()
    run = _Run(learner, source, epochs, validation, augment, seed)
    keeper = _Keeper(run, Path(folder), seconds_between_checkpoints) if folder is not None else None
    learner.model.train()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed((seed + learner.stream * _STREAMS) % 2**63)
            done = start = keeper.resume() if keeper else Done()
            for done in track(run.steps(start), what, total=run.total - start.steps):
                if keeper:
                    keeper.keep(done)
    finally:
        if keeper:
            keeper.close()
    run.finish()
    return History(epochs=done.epochs, steps=done.steps, seconds=time.monotonic() - started)


@final
@dataclass
class _Run:
    learner: Learner
    source: Source | Course
    epochs: int
    validation: Validation | None
    augment: Augment | None
    seed: int
    best: dict[str, Tensor] = field(default_factory=dict)
    """The model's state at its highest score, where it is to be kept."""
    ends: tuple[int, ...] = ()
    """Steps done when each epoch ends."""

    def __post_init__(self) -> None:
        self.ends = tuple(accumulate(len(self.at(epoch)) for epoch in range(self.epochs)))

    @property
    def total(self) -> int:
        return self.ends[-1] if self.ends else 0

    @property
    def batches(self) -> int:
        """What tells a run's epochs from those of another: batches an epoch, or of all where they differ."""
        return self.total if isinstance(self.source, Course) else len(self.source)

    def at(self, epoch: int) -> Source:
        return self.source.at(epoch) if isinstance(self.source, Course) else self.source

    def ended(self, done: Done) -> bool:
        """Whether an epoch has just ended, or nothing has begun."""
        return done.steps in (0, *self.ends)

    def steps(self, done: Done) -> Iterator[Done]:
        """Go on from `done`; yield what is done after each step."""
        for epoch in range(bisect_right(self.ends, done.steps), self.epochs):
            if self.validation and self.validation.stops(done.scores):
                return
            begun, source = time.monotonic(), self.at(epoch)
            first = self.ends[epoch] - len(source)
            for x, y in islice(source(_generator(self.seed, 2 * epoch)), done.steps - first, len(source)):
                loss = self._step(x, y, Moment(done.steps, self.total, epoch))
                done = replace(done, steps=done.steps + 1, loss_sum=done.loss_sum + loss)
                if done.steps == self.ends[epoch]:
                    done = self._end_epoch(done, begun, len(source))
                yield done
            if done.steps != self.ends[epoch]:
                what = f"the source gave {done.steps - first} batches but its length is {len(source)}"
                raise InputError(what, where="training", remedy="make its length the number of its batches")

    def _step(self, x: Tensor, y: Tensor, moment: Moment) -> float:
        if self.augment is not None:
            x = self.augment(x, _generator(self.seed, 2 * moment.step + 1))
        return self.learner.learn(x, y, moment)

    def _end_epoch(self, done: Done, begun: float, batches: int) -> Done:
        mean = done.loss_sum / batches
        if not math.isfinite(mean):
            raise InputError(
                f"the loss is {mean} in epoch {len(done.epochs) + 1}",
                where="training",
                remedy="lower the learning rate, or check the data and the loss",
            )
        score, metrics = self._score(), self.learner.metrics()
        epoch = Epoch(steps=done.steps, loss=mean, score=score, metrics=metrics, seconds=time.monotonic() - begun)
        done = replace(done, epochs=(*done.epochs, epoch), loss_sum=0.0)
        if self.validation and self.validation.keep_best and best(done.scores) == len(done.epochs) - 1:
            self.best = {key: value.detach().clone() for key, value in self.learner.model.state_dict().items()}
        return done

    def _score(self) -> float | None:
        if self.validation is None:
            return None
        model, processes = self.learner.model, self.learner.processes
        processes.align(model, parameters=False)
        model.eval()
        with torch.no_grad():
            score = float(self.validation.score(model))
        model.train()
        return processes.agree(score, _device(model))

    def finish(self) -> None:
        """The best weights into the model, where they are to be kept."""
        if self.best:
            self.learner.model.load_state_dict(self.best)


@final
class _Keeper:
    """Writes a run's checkpoint at the start, after each epoch and every few seconds, and its journal."""

    def __init__(self, run: _Run, folder: Path, seconds: float) -> None:
        self.run, self.folder, self.seconds = run, folder, seconds
        self.processes = run.learner.processes
        settings = {"seed": run.seed, "epochs": run.epochs, "batches": run.batches}
        self.fingerprint = checkpoints.fingerprint(run.learner.model, **settings)
        self.last = time.monotonic()
        self.journal: Journal | None = None
        self._held = ExitStack()

    def resume(self) -> Done:
        learner = self.run.learner
        if self.processes.rank == 0:
            self._held.enter_context(alone_in(require_writable(self.folder)))
        found = checkpoints.load(
            self.folder, learner.model, learner.optimiser, self.fingerprint, rank=self.processes.rank
        )
        done = Done() if found is None else found.done
        self._all_found(done)
        if found is None:
            self._write(done)
        else:
            self.run.best = found.best
        if self.processes.rank == 0:
            self.journal = Journal(self.folder, len(done.epochs))
            self.journal.write(done.epochs)  # it may have been killed between a checkpoint and its report
        return done

    def _all_found(self, done: Done) -> None:
        first = self.processes.agree(done.steps, _device(self.run.learner.model))
        if done.steps != first:
            raise InputError(
                f"process {self.processes.rank} finds {done.steps} steps done, the first one {first:g}",
                where=str(self.folder),
                remedy="use a folder that all hosts see",
            )

    def keep(self, done: Done) -> None:
        epoch_ends = self.run.ended(done)
        late = time.monotonic() - self.last >= self.seconds
        if epoch_ends or self.processes.agree(late, _device(self.run.learner.model)):
            self._write(done)
        if epoch_ends and self.journal:
            self.journal.write(done.epochs)

    def close(self) -> None:
        if self.journal:
            self.journal.close()
        self._held.close()

    def _write(self, done: Done) -> None:
        learner = self.run.learner
        random = self.processes.collect(torch.get_rng_state(), _device(learner.model))
        if self.processes.rank == 0:
            checkpoints.save(
                self.folder, learner.model, learner.optimiser, self.fingerprint, done, random=random, best=self.run.best
            )
        self.last = time.monotonic()


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def _generator(seed: int, stream: int) -> torch.Generator:
    """A generator of its own for each pair; the mixing keeps neighbouring seeds from sharing streams."""
    return torch.Generator().manual_seed((seed * _STREAMS + stream * 0xBF58476D1CE4E5B9) % 2**63)


_STREAMS = 0x9E3779B97F4A7C15
