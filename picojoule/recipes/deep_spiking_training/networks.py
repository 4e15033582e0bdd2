"""Training the networks of a condition, and the ReLU network beside them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from statistics import fmean, median
from typing import final

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from picojoule.cost import Counts
from picojoule.cost.counts import add_up
from picojoule.data.vision import Dataset, Images
from picojoule.herding import DeepSpikingNet
from picojoule.herding.counting import answering, learning
from picojoule.metrics import correct
from picojoule.models.vision import perceptron
from picojoule.recipes.deep_spiking_training.conditions import Condition
from picojoule.recipes.settings import Settings
from picojoule.train import Shuffled, Validation, fit, loop
from picojoule.train.online import Online


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
