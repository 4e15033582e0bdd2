"""The job on the drive, and one cell of the grid: simulate its events, replay them with gradients, choose a rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from picojoule.base.errors import DataError
from picojoule.data.vision import Dataset, Images
from picojoule.data.vision.elastic import amplify
from picojoule.recipes.isp_ml.plan import RULES, Key, Plan
from picojoule.recipes.settings import Settings
from picojoule.sim import Events, Outcome
from picojoule.sim.clock import SECOND
from picojoule.sim.near_data import ISP_ML as CONTROLLERS
from picojoule.sim.near_data import Job, learn, most_pages_per_s, samples_of_a_page
from picojoule.sim.ssd import ISP_ML as DRIVE
from picojoule.sim.ssd import Device
from picojoule.train.gradients import outputs
from picojoule.train.replay import Pages, replay
from picojoule.train.rules import Rule

_INSTRUCTIONS_OF_A_CLASS = 10
"""Of softmax and its gradient: exponential, sum, division, difference. An assumption; it is under 1 % of the rest."""
STORED = torch.float16
"""What `CONTROLLERS.value_bytes` = 2 bytes hold."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """Softmax regression on pages of images.

    Attributes:
        plan: sizes.
        model: form and start: all zeros.
        job: what a sample costs.
        pages: the training data as it lies in the drive.
        held_out, test: what chooses the rate, and what is reported.
        seed: of the order of the pages.
    """

    plan: Plan
    model: nn.Linear
    job: Job
    pages: Pages
    held_out: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    seed: int

    @staticmethod
    def of(plan: Plan, data: Dataset, settings: Settings) -> Task:
        """The task on a data set.

        Raises:
            InputError: the model does not fit the controllers' memory, or a sample no page.
            DataError: pixels outside 0 to 1, or fewer samples than a page has.
        """
        features, classes = data.train.images[0].numel(), data.classes
        model = nn.Linear(features, classes)
        nn.init.zeros_(model.weight)
        nn.init.zeros_(model.bias)
        parameters = (features + 1) * classes
        job = Job(
            parameters=parameters,
            macs=2 * parameters,
            others=_INSTRUCTIONS_OF_A_CLASS * classes,
            sample_bytes=features + 1,
        )
        CONTROLLERS.require_room(DRIVE, job)
        held_out = min(plan.held_out, len(data.train) // 4)
        train, chooser = data.train.images[held_out:], data.train.take(held_out)
        more = amplify(Images(images=train, labels=data.train.labels[held_out:]), plan.copies, seed=settings.seed)
        test = data.test.take(settings.limit or len(data.test))
        return Task(
            plan=plan,
            model=model,
            job=job,
            pages=Pages.of(_bytes(more.images).flatten(1), more.labels, samples_of_a_page(DRIVE, job)),
            held_out=(chooser.images.flatten(1), chooser.labels),
            test=(test.images.flatten(1), test.labels),
            seed=settings.seed,
        )

    @property
    def page_samples(self) -> int:
        """Samples of a page."""
        return self.pages.y.shape[1]

    def drive(self, channels: int) -> Device:
        """The drive with so many channels."""
        return replace(DRIVE, channels=channels)

    def simulate(self, key: Key, rule: Rule, *, pages: int | None = None) -> tuple[Events, Outcome]:
        """The events of a cell: so many pages of each worker, or about as many as the plan's horizon has room for."""
        shape = {"protocol": rule.protocol, "tau": key.tau}
        drive = self.drive(key.channels)
        if pages is None:
            fastest = most_pages_per_s(drive, CONTROLLERS, self.job, **shape)
            # whole exchanges, so that no worker ends with steps that nobody else gets to know
            pages = max(1, int(self.plan.horizon_s * fastest / key.channels) // key.tau) * key.tau
        return learn(drive, CONTROLLERS, self.job, pages=pages, **shape)

    def accuracies(self, masters: Tensor) -> Tensor:
        """Accuracy of each master on held-out and test images, ``[2, rates]``."""
        return torch.stack(
            [(outputs(self.model, masters, x).argmax(-1) == y).double().mean(-1) for x, y in (self.held_out, self.test)]
        )


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """What one algorithm did.

    Attributes:
        key: which one.
        events, outcome: of the simulation.
        times_s: when accuracy was measured ``[times]``.
        accuracy: of the master on the test images, at the chosen rate ``[times]``.
        rate: the learning rate that was first to reach the target on held-out images, else the most accurate there.
        pages: pages worked on.
    """

    key: Key
    events: Events
    outcome: Outcome
    times_s: np.ndarray
    accuracy: np.ndarray
    rate: float
    pages: int

    @staticmethod
    def run(task: Task, key: Key) -> Cell:
        """Simulate and learn."""
        rule = RULES[key.rule]
        events, outcome = task.simulate(key, rule)
        times, held_out, test, pages = learn_in(task, events, rule, tau=key.tau, span_ps=outcome.makespan_ps)
        chosen = choose(times, held_out, task.plan.target)
        return Cell(
            key=key,
            events=events,
            outcome=outcome,
            times_s=times,
            accuracy=test[:, chosen],
            rate=task.plan.rates[chosen],
            pages=pages,
        )

    def time_to(self, target: float) -> float | None:
        """Simulated seconds until the test accuracy first reaches `target`."""
        return crossing(self.times_s, self.accuracy, target)


def learn_in(
    task: Task, events: Events, rule: Rule, *, tau: int, span_ps: int, stored: torch.dtype = STORED
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Replay events with all rates: times in seconds, accuracy held out and tested ``[times, rates]``, and pages."""
    plan = task.plan
    times = [round(span_ps * ((i + 1) / plan.times) ** 2) for i in range(plan.times)]
    done = replay(
        events,
        rule,
        task.model,
        task.pages,
        rates=plan.rates,
        tau=tau,
        seed=task.seed,
        times_ps=times,
        measure=task.accuracies,
        stored=stored,
    )
    held_out, test = torch.stack(done.measured, 1).numpy()
    return np.array(times) / SECOND, held_out, test, done.pages


def choose(times: np.ndarray, held_out: np.ndarray, target: float) -> int:
    """The rate that reaches the target first, of several alike or of none the one with the best accuracy in the end."""
    reached = [crossing(times, column, target) for column in held_out.T]
    last = held_out[-1]
    return min(range(len(last)), key=lambda i: (np.inf if reached[i] is None else reached[i], -last[i]))


def crossing(times: np.ndarray, accuracy: np.ndarray, target: float) -> float | None:
    """When a curve that is measured now and then first reaches a level, by straight lines between; None if never."""
    above = np.flatnonzero(accuracy >= target)
    if not len(above):
        return None
    i = int(above[0])
    if i == 0:
        return float(times[0])
    share = (target - accuracy[i - 1]) / (accuracy[i] - accuracy[i - 1])
    return float(times[i - 1] + share * (times[i] - times[i - 1]))


def _bytes(images: Tensor) -> Tensor:
    """Images in [0, 1] as the bytes that a drive has."""
    if float(images.min()) < 0 or float(images.max()) > 1:
        raise DataError(
            "pixels outside 0 to 1", where="isp-ml", remedy="give data without --mean and --std: flash has bytes"
        )
    return (images * 255).round().to(torch.uint8)
