"""Real gradients in simulated time: an ordered table of events is replayed, each event as what it does to the models.

A gradient is worked out when it is first needed, together with all others whose models are settled by then; a worker's
model does not change while it computes, so this changes nothing but the speed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from picojoule.base.errors import DataError, InputError
from picojoule.sim import Events
from picojoule.train.gradients import flat, gradient
from picojoule.train.rules import Models, Rule


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Pages:
    """Training samples as they lie on the pages of a drive: page p belongs to worker p mod n.

    Attributes:
        x: ``[pages, samples of a page, ...]``; bytes, as flash has them, count as fractions of 255.
        y: int64 ``[pages, samples of a page]``.
    """

    x: Tensor
    y: Tensor

    @staticmethod
    def of(x: Tensor, y: Tensor, size: int) -> Pages:
        """Samples in their order, `size` a page; an incomplete last page is left out.

        Raises:
            DataError: there is not one whole page.
        """
        pages = len(x) // size if size > 0 else 0
        if not pages:
            raise DataError(f"{len(x)} samples do not fill a page of {size}", where="pages", remedy="give more samples")
        return Pages(x=x[: pages * size].unflatten(0, (pages, size)), y=y[: pages * size].unflatten(0, (pages, size)))

    def __len__(self) -> int:
        return len(self.y)

    def values(self, page: Tensor) -> Tensor:
        """What a model sees of the pages numbered `page` ``[m]``: ``[m, samples of a page, ...]``."""
        x = self.x[page]
        return x.to(torch.get_default_dtype()) / 255 if x.dtype == torch.uint8 else x

    def order(self, workers: int, rounds: int, seed: int) -> NDArray[np.int64]:
        """The page of each worker in each round ``[workers, rounds]``: all of its own once an epoch, shuffled anew.

        Raises:
            DataError: a worker has no page.
        """
        if workers > len(self):
            what = f"{len(self)} pages for {workers} workers"
            raise DataError(what, where="pages", remedy="give at least one page a worker")
        drawn = np.random.default_rng(seed)
        rows = []
        for worker in range(workers):
            own = np.arange(worker, len(self), workers)
            epochs = -(-rounds // len(own))
            rows.append(np.concatenate([drawn.permutation(own) for _ in range(epochs)])[:rounds])
        return np.array(rows)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """Where a replay ended.

    Attributes:
        models: all copies.
        measured: what `measure` gave at each of the times asked for.
        pages: how many pages were worked on.
    """

    models: Models
    measured: tuple[Tensor, ...]
    pages: int


def replay(
    events: Events,
    rule: Rule,
    model: nn.Module,
    pages: Pages,
    *,
    rates: Sequence[float],
    tau: int,
    seed: int = 0,
    times_ps: Sequence[int] = (),
    measure: Callable[[Tensor], Tensor] | None = None,
    stored: torch.dtype = torch.float32,
) -> Replay:
    """Learn in the order of the events.

    Args:
        events: of the rule's protocol, as the simulator ordered them.
        rule: what the legs do.
        model: form and start of all copies; not changed.
        pages: the data.
        rates: learning rates, side by side.
        tau: rounds between exchanges, as in the events.
        seed: of the order of the pages.
        times_ps: rising times at which the master's model is measured, in picoseconds.
        measure: of the master's models ``[rates, parameters]``.
        stored: the type in which workers and messages keep numbers.

    Raises:
        InputError: no rate, or events of another protocol.
        DataError: fewer pages than workers.
    """
    if not rates or rule.settles not in events.stages:
        what = f"{len(rates)} rates, events {', '.join(events.stages)}"
        raise InputError(what, where="replay", remedy=f"give a rate, and events of the protocol {rule.protocol}")
    workers, rounds = int(events.client.max()) + 1, int(events.round.max()) + 1
    start = flat(model)
    table = torch.tensor(list(rates), dtype=start.dtype)
    run = _Run(
        rule=rule,
        models=Models.start(start, table, workers, stored),
        gradients=_Gradients(gradient(model), pages, pages.order(workers, rounds, seed), workers),
        tau=tau,
        workers=workers,
    )
    with torch.no_grad():
        measured = run.through(events, times_ps, measure)
    return Replay(models=run.models, measured=tuple(measured), pages=run.gradients.used)


@final
class _Gradients:
    """The gradient of each worker's present round, worked out for all that are settled at once."""

    def __init__(self, of: Callable[..., Tensor], pages: Pages, order: NDArray[np.int64], workers: int) -> None:
        self.of, self.pages, self.order = of, pages, order
        self.settled = np.ones(workers, np.bool_)
        self.fresh: dict[int, Tensor] = {}
        self.round = np.zeros(workers, np.int64)
        self.used = 0

    def take(self, models: Models, i: int) -> Tensor:
        """Worker i's gradient ``[rates, parameters]``; its round is over."""
        if i not in self.fresh:
            self._refresh(models)
        self.round[i] += 1
        self.used += 1
        self.settled[i] = False
        return self.fresh.pop(i)

    def _refresh(self, models: Models) -> None:
        last = self.order.shape[1]
        chosen = [j for j in np.flatnonzero(self.settled).tolist() if j not in self.fresh and self.round[j] < last]
        page = torch.from_numpy(self.order[chosen, self.round[chosen]])
        copies = models.own if len(chosen) == models.own.shape[1] else models.own[:, chosen]
        found = self.of(copies, self.pages.values(page), self.pages.y[page])
        self.fresh |= dict(zip(chosen, found.unbind(1), strict=True))


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    rule: Rule
    models: Models
    gradients: _Gradients
    tau: int
    workers: int

    def through(self, events: Events, times: Sequence[int], measure: Callable[[Tensor], Tensor] | None) -> list[Tensor]:
        """Every event in turn; the measurements."""
        rule, models = self.rule, self.models
        legs: dict[str, Callable[[int, int], None]] = {
            "compute": self._compute,
            "merge": lambda i, _: rule.merge(models, i),
            "barrier": self._barrier,
            "pull": lambda i, _: rule.pull(models, i),
            "part": lambda i, _: rule.part(models, i),
        }
        does = [legs.get(name) for name in events.stages]
        settling = events.stages.index(rule.settles)
        columns = (events.end_ps, events.stage, events.client, events.round)
        found: list[Tensor] = []
        for end, stage, client, turn in zip(*(column.tolist() for column in columns), strict=True):
            while measure and len(found) < len(times) and end > times[len(found)]:
                found.append(measure(models.master))
            if (leg := does[stage]) is not None:
                leg(client, turn)
            if stage == settling:
                self.gradients.settled[client] = True
        while measure and len(found) < len(times):
            found.append(measure(models.master))
        return found

    def _compute(self, i: int, turn: int) -> None:
        self.rule.compute(self.models, i, self.gradients.take(self.models, i))
        self.gradients.settled[i] = (turn + 1) % self.tau != 0

    def _barrier(self, i: int, turn: int) -> None:
        if i == 0:  # one row a worker, one update for all
            self.rule.barrier(self.models, self.workers * self.tau)
