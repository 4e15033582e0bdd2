"""What is claimed: the paper's ratios, all from memory, and what is true by construction of the method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from picojoule.recipes.claims import judged
from picojoule.recipes.isp_ml.host import InHost
from picojoule.recipes.isp_ml.plan import RULES, Key
from picojoule.recipes.isp_ml.task import Cell, Task
from picojoule.result import Claim
from picojoule.sim.near_data import ISP_ML as CONTROLLERS
from picojoule.sim.near_data import most_pages_per_s
from picojoule.train.gradients import flat, gradient
from picojoule.train.replay import replay
from picojoule.train.rules import Downpour, Elastic, Rule, Synchronous

_MEMORY = "from memory, not read: high to medium confidence"
_BUILT = "true by construction of the method"
_PAGES = 12


def claims(task: Task, cells: Sequence[Cell], hosts: Sequence[InHost]) -> tuple[Claim, ...]:
    """All claims; in the smoke mode none is tried."""
    by_key = {cell.key: cell for cell in cells}
    found = (*_of_the_paper(task, by_key, hosts), *_by_construction(task, cells))
    if len(task.plan.taus) == 4:
        return found
    untried = {"measured": None, "status": "not-tried", "reason": "smoke mode: generated data"}
    return tuple(replace(claim, **untried) for claim in found)


def _of_the_paper(task: Task, by_key: dict[Key, Cell], hosts: Sequence[InHost]) -> tuple[Claim, ...]:
    channels, taus = task.plan.channels, task.plan.taus

    def time(rule: str, n: int, tau: int = 1) -> float | None:
        return by_key[Key(rule=rule, channels=n, tau=tau)].time_to(task.plan.target)

    over_sync = _mean([_ratio(time("synchronous", n), time("easgd", n)) for n in channels])
    over_downpour = _mean([_ratio(time("downpour", n), time("easgd", n)) for n in channels])
    scaling = _ratio(time("synchronous", channels[-2]), time("synchronous", channels[-1]))
    widest = channels[-1]
    easgd_tau = _ratio(time("easgd", widest, taus[-1]), time("easgd", widest, taus[0]))
    fall = _last(by_key, widest, taus[-1]) - _last(by_key, widest, taus[0])
    drive = by_key[Key(rule="easgd", channels=widest, tau=1)]
    least, *_, half, most, _ = [host.pages / host.seconds for host in hosts]
    to = f"time to {100 * task.plan.target:g} % accuracy"
    mean = "mean of 4, 8, 16 channels"
    rate = "pages learned a second"
    small = drive.pages / drive.outcome.seconds / least
    return (
        _remembered("easgd-vs-synchronous", f"{to}, synchronous over EASGD, {mean}", 5.24, over_sync),
        _remembered("easgd-vs-downpour", f"{to}, Downpour over EASGD, {mean}", 1.96, over_downpour),
        _remembered("synchronous-8-to-16", f"{to}, synchronous with 8 channels over 16", 1.48, scaling),
        _remembered("easgd-worse-with-tau", f"{to}, EASGD at τ = 64 over τ = 1, above 1", 1.0, easgd_tau, _above),
        _remembered(
            "downpour-unstable-with-tau", "accuracy of Downpour at τ = 64 less τ = 1, below 0", 0.0, fall, _falls
        ),
        _remembered(
            "drive-beats-small-host", f"{rate}, EASGD on 16 channels over host of 2 GB, above 1", 1.0, small, _above
        ),
        _remembered(
            "memory-that-suffices", f"{rate}, host of 16 GB over 32 GB, within 5 % of 1", 1.0, half / most, _alike
        ),
    )


def _last(by_key: dict[Key, Cell], channels: int, tau: int) -> float:
    return float(by_key[Key(rule="downpour", channels=channels, tau=tau)].accuracy[-1])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above and below else None


def _close(value: float, paper: float) -> bool:
    """Within a tenth of the paper's ratio, or beyond it."""
    return value >= 0.9 * paper


def _above(value: float, paper: float) -> bool:
    return value > paper


def _alike(value: float, paper: float) -> bool:
    return abs(value - paper) <= 0.05


def _falls(value: float, paper: float) -> bool:
    """By more than five points: further than the interval of 1,000 test images reaches."""
    return value < paper - 0.05


def _remembered(
    name: str, text: str, paper: float, measured: float | None, holds: Callable[[float, float], bool] = _close
) -> Claim:
    """A claim of the paper: a number of its own, or an order for which `paper` is only the limit."""
    return judged(
        name,
        text,
        measured=measured,
        reached=measured is not None and holds(measured, paper),
        source=_MEMORY,
        paper=paper if holds is _close else None,
        unit="difference" if holds is _falls else "ratio",
        reason="one of the systems never reaches this accuracy" if measured is None else None,
    )


def _by_construction(task: Task, cells: Sequence[Cell]) -> tuple[Claim, ...]:
    return (
        _built(
            "one-channel-is-sgd",
            "largest difference between a parameter of each algorithm on one channel and of plain SGD",
            0.0,
            max(_one_channel(task, rule) for rule in (Synchronous(), Downpour(), Elastic(alpha=0.0))),
            "parameter",
            lambda value: value == 0,
        ),
        _built(
            "synchronous-is-minibatch",
            "largest difference between a parameter of synchronous learning and of SGD with n pages a minibatch, below",
            1e-5,
            _minibatch(task),
            "parameter",
            lambda value: value < 1e-5,
        ),
        _built(
            "no-run-beats-its-bound",
            "the fastest run's pages a second over min(n / t_page, link, master), at most",
            1.0,
            max(_speed(task, cell) for cell in cells),
            "ratio",
            lambda value: value <= 1,
        ),
    )


def _built(name: str, text: str, target: float, measured: float, unit: str, holds: Callable[[float], bool]) -> Claim:
    return judged(name, text, measured=measured, reached=holds(measured), source=_BUILT, paper=target, unit=unit)


def _speed(task: Task, cell: Cell) -> float:
    shape = {"protocol": RULES[cell.key.rule].protocol, "tau": cell.key.tau}
    bound = most_pages_per_s(task.drive(cell.key.channels), CONTROLLERS, task.job, **shape)
    return cell.pages / cell.outcome.seconds / bound


def _learned(task: Task, rule: Rule, channels: int) -> tuple[Tensor, np.ndarray, float]:
    """The model after a few pages in fp32, the order of the pages, and the learning rate."""
    rate = task.plan.rates[-2]
    events, _ = task.simulate(Key(rule="", channels=channels, tau=1), rule, pages=_PAGES)
    models = replay(events, rule, task.model, task.pages, rates=[rate], tau=1, seed=task.seed).models
    model = models.own[0, 0] if isinstance(rule, Elastic) else models.master[0]
    return model, task.pages.order(channels, _PAGES, task.seed), rate


def _one_channel(task: Task, rule: Rule) -> float:
    model, order, rate = _learned(task, rule, 1)
    return float((model - _sgd(task, order.T, rate)).abs().max())


def _minibatch(task: Task) -> float:
    model, order, rate = _learned(task, Synchronous(), task.plan.channels[0])
    return float((model - _sgd(task, order.T, rate)).abs().max())


def _sgd(task: Task, batches: np.ndarray, rate: float) -> Tensor:
    """θ ← θ − η·g(θ; B) for minibatches of the pages of each row."""
    model, step = flat(task.model)[None, None], gradient(task.model)
    for batch in torch.from_numpy(batches):
        x, y = task.pages.values(batch).flatten(0, 1)[None], task.pages.y[batch].flatten()[None]
        model = model - rate * step(model, x, y)
    return model[0, 0]
