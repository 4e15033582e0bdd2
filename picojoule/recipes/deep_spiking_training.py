"""Deep spiking networks, and how the initial potential of the backward path decides their training (``park2016``).

The networks are those of O'Connor and Welling (``oconnor2016``): layers of herders that answer and learn by spikes.
Only the abstract of the paper was at hand. It says that this potential is important and proposes a simple control of
it, without naming one; the family of :class:`picojoule.herding.BackwardPotential` is our own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean, median, stdev
from typing import final

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from picojoule.base.environment import environment
from picojoule.conversion import quantise
from picojoule.cost import Counts, profiles
from picojoule.cost.counts import add_up
from picojoule.cost.training import dense_training
from picojoule.data.vision import Dataset, Images
from picojoule.herding import BackwardPotential, DeepSpikingNet, Form
from picojoule.herding.counting import answering, learning
from picojoule.herding.identities import engines_that_differ, rectified_that_differ, signed_that_differ
from picojoule.measurement import counted, observe, row
from picojoule.metrics import correct, wilson
from picojoule.models.vision import perceptron
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, ann
from picojoule.result import Claim, Result, Row, Series
from picojoule.train import Shuffled, Validation, fit, loop
from picojoule.train.online import Online

POTENTIALS: dict[str, BackwardPotential] = {
    "zero": BackwardPotential.zero(),
    "carry": BackwardPotential.carry(),
    "leaky carry κ=½": BackwardPotential.leaky_carry(0.5),
    "uniform ½": BackwardPotential.uniform(0.5),
    "uniform ¼": BackwardPotential.uniform(0.25),
    "normal 0.29": BackwardPotential.normal(0.29),
    "schedule ½·0.8^e": BackwardPotential.schedule(0.5, 0.8),
}
"""What is compared. ``carry`` is the default of O'Connor and Welling's code."""
MAIN = ("zero", "carry", "uniform ½")
"""Those that every condition is tried with."""
PUBLISHED = 0.01
"""Deviation of the initial weights in O'Connor and Welling's code."""
GOAL = 0.9
"""The accuracy to whose first epoch is counted."""
DENSE = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_INT8, profiles.HOROWITZ_FP32_NO_REUSE)
SPIKING = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE, profiles.LOIHI)
TRAINING = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE)
"""Loihi's prices here are of inference: a change of a synapse is not among them."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """What a network is trained with: potential, widths of the hidden layers, deviation of its weights, T."""

    potential: str
    hidden: tuple[int, ...] = (200, 200)
    std: float | None = PUBLISHED
    steps: int = 10

    def form(self, data: Dataset) -> Form:
        """The settings of the network."""
        sizes = (data.train.images[0].numel(), *self.hidden, data.classes)
        return Form(sizes=sizes, std=self.std, steps=self.steps, potential=POTENTIALS[self.potential])

    @property
    def system(self) -> str:
        """Its name in tables."""
        return f"herding T={self.steps} {self.potential}"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """How much of the grid a mode tries.

    Attributes:
        seeds: networks of each condition.
        epochs: of the main condition, and of the others.
        hidden: widths of the hidden layers.
    """

    seeds: int
    epochs: int
    short: int
    hidden: tuple[int, ...]


GRIDS = {
    "smoke": Grid(seeds=1, epochs=1, short=1, hidden=(20, 20)),
    "quick": Grid(seeds=3, epochs=6, short=1, hidden=(200, 200)),
    "full": Grid(seeds=3, epochs=20, short=4, hidden=(200, 200)),
}


@final
@dataclass(frozen=True, kw_only=True)
class Trained:
    """A condition's networks: test accuracy after every epoch ``[seeds][epochs]``, and what they did."""

    scores: tuple[tuple[float, ...], ...]
    answers: Counts
    lessons: Counts
    backward_spikes: float
    seconds_per_answer: float

    @property
    def mean(self) -> tuple[float, ...]:
        """Accuracy after every epoch, the mean over seeds."""
        return tuple(fmean(each) for each in zip(*self.scores, strict=True))


def build(settings: Settings) -> Result:
    """Train every condition, the ReLU network beside them, and check the identities."""
    data, grid = settings.dataset(), GRIDS[settings.mode]
    test = data.test.take(settings.limit or len(data.test))
    centre = Condition(potential="carry", hidden=grid.hidden)
    family = {each: replace(centre, potential=each) for each in POTENTIALS}
    plain = relu_network(centre.form(data).sizes, data.train, epochs=grid.epochs, seed=settings.seed)
    done = {c: train(c, data, test, settings, grid.seeds, grid.epochs) for c in family.values()}
    others = {c: None for conditions in axes(centre).values() for c in conditions if c not in done}
    tried = done | {c: train(c, data, test, settings, grid.seeds, grid.short) for c in others}
    return Result(
        recipe="deep-spiking-training",
        title=f"Deep spiking networks trained on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=_rows(plain, done, data, test, settings),
        series=(*_curves(done), *(each for axis, along in axes(centre).items() for each in _along(axis, along, tried))),
        claims=_not_tried(_claims(family, done, settings), settings),
        environment=environment(),
    )


def axes(centre: Condition) -> dict[str, tuple[Condition, ...]]:
    """The grid's other axes: one setting changes, every potential of `MAIN` is tried.

    Depth and T change at weights of deviation 1/√inputs, at which every potential learns.
    """
    wide = replace(centre, std=None)
    width = centre.hidden[0]
    return {
        "deviation of the initial weights": tuple(
            replace(centre, potential=p, std=std) for std in (0.01, 0.02, 0.05) for p in MAIN
        ),
        "hidden layers": tuple(replace(wide, potential=p, hidden=(width,) * n) for n in (1, 2, 3) for p in MAIN),
        "T": tuple(replace(wide, potential=p, steps=steps) for steps in (5, 10, 20) for p in MAIN),
    }


_PLACE: dict[str, Callable[[Condition], float]] = {
    "deviation of the initial weights": lambda c: c.std or 0.0,
    "hidden layers": lambda c: len(c.hidden),
    "T": lambda c: c.steps,
}


def train(c: Condition, data: Dataset, test: Images, settings: Settings, seeds: int, epochs: int) -> Trained:
    """Train networks of a condition. The test images are looked at after every epoch, and choose nothing."""
    form = c.form(data)
    scores, answers, lessons, seconds, errors = [], [], [], [], 0
    for seed in range(settings.seed, settings.seed + seeds):
        net = DeepSpikingNet(form, generator=torch.Generator().manual_seed(seed)).to(settings.device)
        watch = Validation(score=partial(_accuracy, test=test), keep_best=False)
        what = f"{c.system}, {len(c.hidden)} hidden, σ={c.std or '1/√n'}, seed {seed}"
        source = Shuffled(samples=data.train, size=min(250, len(data.train)))
        history = loop(Online(net), source, epochs=epochs, validation=watch, seed=seed, what=what)
        scores.append(tuple(float(each or 0) for each in history.scores))
        began = time.perf_counter()
        answer = net.answer(test.images.to(settings.device))
        seconds.append((time.perf_counter() - began) / len(test))
        answers.append(answering(form, answer.tally, len(test)))
        lessons.append(learning(form, net.tally, int(net.seen)))
        errors += int(net.tally[:, 2].sum())
    return Trained(
        scores=tuple(scores),
        answers=add_up(answers),
        lessons=add_up(lessons),
        backward_spikes=errors / sum(each.samples for each in lessons),
        seconds_per_answer=median(seconds),
    )


def relu_network(sizes: tuple[int, ...], images: Images, *, epochs: int, seed: int) -> nn.Module:
    """The ReLU network of the same layers, without biases, trained by SGD: 10 samples a step, η = 0.01 a sample."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = perceptron(sizes, bias=False)
    source = Shuffled(samples=images, size=10)
    sgd = partial(torch.optim.SGD, lr=0.1)
    fit(net, _entropy, source, epochs=epochs, optimiser=sgd, seed=seed, what="training the ReLU network")
    return net.eval()


def _entropy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return cross_entropy(model(x), y)


def _accuracy(net: nn.Module, test: Images) -> float:
    device = next(net.parameters()).device
    return correct(net(test.images.to(device)).cpu(), test.labels) / len(test)


def _rows(
    plain: nn.Module, done: dict[Condition, Trained], data: Dataset, test: Images, settings: Settings
) -> tuple[Row, ...]:
    """What answers (the ReLU network in fp32 and int8, the deep spiking networks), then what training steps take."""
    calibration = data.train.take(CALIBRATION)
    networks = [settings.place(each) for each in (ann(plain, calibration), quantise(plain, calibration, bits=8))]
    seen = [observe(each, test, batch=settings.batch) for each in networks]
    step = dense_training(seen[0].counts)
    steps = {"ann fp32": step, "ann fp32, zeros skipped": step.skipping_zeros()}
    return (
        *(row(each, DENSE) for each in seen),
        *(_answers(c, found, len(test)) for c, found in done.items()),
        *(counted(f"{name} {_LESSON}", each, TRAINING, hits=None, spiking=False) for name, each in steps.items()),
        *(_lessons(c, found) for c, found in done.items()),
    )


_LESSON = "(a training step)"


def _answers(c: Condition, found: Trained, samples: int) -> Row:
    """Accuracy is the mean over seeds, its interval that of one network on so many samples."""
    metrics: dict[str, float | None] = {
        "accuracy": found.mean[-1],
        "first_epoch_accuracy": found.mean[0],
        f"epochs_to_{100 * GOAL:.0f}_percent": _epochs_to(found.mean),
        "accuracy_deviation_of_seeds": _deviation(found, -1),
    }
    made = counted(
        c.system, found.answers, SPIKING, hits=None, spiking=True, metrics=metrics, seconds=found.seconds_per_answer
    )
    return replace(made, interval={"accuracy": wilson(round(found.mean[-1] * samples), samples)})


def _lessons(c: Condition, found: Trained) -> Row:
    made = counted(f"{c.system} {_LESSON}", found.lessons, TRAINING, hits=None, spiking=True)
    return replace(made, counts={**made.counts, "backward_spikes": found.backward_spikes})


def _epochs_to(mean: tuple[float, ...]) -> int | None:
    """The first epoch, from 1, after which the goal is reached."""
    return next((epoch for epoch, each in enumerate(mean, 1) if each >= GOAL), None)


def _deviation(found: Trained, epoch: int) -> float | None:
    values = [each[epoch] for each in found.scores]
    return stdev(values) if len(values) > 1 else None


def _curves(done: dict[Condition, Trained]) -> list[Series]:
    """Test accuracy after every epoch, and backward spikes a sample, by potential."""
    return [
        Series(
            name="test accuracy against epochs",
            system=c.system,
            x=tuple(range(1, len(found.mean) + 1)),
            y=found.mean,
            x_unit="epochs",
            y_unit="fraction",
        )
        for c, found in done.items()
    ]


def _along(axis: str, along: tuple[Condition, ...], tried: dict[Condition, Trained]) -> list[Series]:
    """Accuracy after the first epoch along an axis of the grid, a line a potential."""
    lines = []
    for potential in MAIN:
        points = sorted((_PLACE[axis](c), tried[c].mean[0]) for c in along if c.potential == potential)
        x, y = zip(*points, strict=True)
        name = f"accuracy after one epoch against {axis}"
        lines.append(Series(name=name, system=potential, x=x, y=y, x_unit=axis, y_unit="fraction"))
    return lines


def _claims(family: dict[str, Condition], done: dict[Condition, Trained], settings: Settings) -> tuple[Claim, ...]:
    found = {potential: done[c] for potential, c in family.items()}
    dither, carry, zero = (found[each] for each in ("uniform ½", "carry", "zero"))
    learns = min(dither.mean[-1], carry.mean[-1])
    decides = max(each.mean[-1] for each in found.values()) - zero.mean[-1]
    return (
        _structural("signed-rounds", "a signed herder emits round(φ₀ + Σu); herders that differ", signed_that_differ()),
        _structural(
            "rectified-is-cummax",
            "a rectified herder emits max(0, max_t ⌈φ₀ + Σu − ½⌉); herders that differ",
            rectified_that_differ(),
        ),
        _structural(
            "events-equal-steps",
            "in whole numbers, compiled events leave the weights that torch leaves; weights that differ",
            engines_that_differ(),
        ),
        Claim(
            id="no-learning",
            text=f"zero potential does not learn at σ=0.01 (carry and dither reach at least {learns:.3f}): test error",
            paper=0.8787,
            paper_source="O'Connor and Welling's code, MNIST after 4 epochs",
            measured=1 - zero.mean[-1],
            unit="fraction",
            status="reached" if zero.mean[-1] < 0.2 and learns > 0.8 else "not-reached",
        ),
        Claim(
            id="potential-matters",
            text="the backward potential is important: accuracy between the family's best and zero, same condition",
            paper=None,
            paper_source="abstract, without a number",
            measured=decides,
            unit="fraction",
            status="reached" if decides > 0.05 else "not-reached",
        ),
        _better(
            "control-converges-sooner",
            "controlling it converges sooner: accuracy after one epoch, uniform ½ less carry",
            [a[0] - b[0] for a, b in zip(dither.scores, carry.scores, strict=True)],
        ),
        _better(
            "control-more-accurate",
            "controlling it is more accurate: accuracy at the end, uniform ½ less carry",
            [a[-1] - b[-1] for a, b in zip(dither.scores, carry.scores, strict=True)],
        ),
        _mnist(
            "mnist-error",
            "test error of 784-200-200-10, T=10, carry, on MNIST after 20 epochs",
            0.0268,
            1 - carry.mean[-1],
            settings,
        ),
    )


def _structural(name: str, text: str, measured: int) -> Claim:
    return Claim(
        id=name,
        text=text,
        paper=0,
        paper_source="true by construction of the method",
        measured=measured,
        unit="count",
        status="reached" if measured == 0 else "not-reached",
    )


def _better(name: str, text: str, gains: list[float]) -> Claim:
    """Reached where the mean gain over seeds is above twice its standard error."""
    error = stdev(gains) / len(gains) ** 0.5 if len(gains) > 1 else float("inf")
    spread = f" (± {error:.4f}, one standard error over {len(gains)} seeds)" if len(gains) > 1 else ""
    return Claim(
        id=name,
        text=text + spread,
        paper=None,
        paper_source="abstract, without a number",
        measured=fmean(gains),
        unit="fraction",
        status="reached" if fmean(gains) > 2 * error else "not-reached",
    )


def _mnist(name: str, text: str, paper: float, measured: float, settings: Settings) -> Claim:
    """A number of the parent's code, which needs all of MNIST; reached within a third of it."""
    tried = settings.mode == "full"
    return Claim(
        id=name,
        text=text,
        paper=paper,
        paper_source="O'Connor and Welling's code",
        measured=measured if tried else None,
        unit="fraction",
        status="not-tried" if not tried else "reached" if measured <= paper * 4 / 3 else "not-reached",
        reason=None if tried else "needs MNIST: picojoule run deep-spiking-training --full --data mnist.npz",
    )


def _not_tried(claims: tuple[Claim, ...], settings: Settings) -> tuple[Claim, ...]:
    """The smoke mode runs the code and claims nothing."""
    if settings.mode != "smoke":
        return claims
    return tuple(
        replace(claim, measured=None, status="not-tried", reason=claim.reason or "smoke mode: generated data")
        for claim in claims
    )
