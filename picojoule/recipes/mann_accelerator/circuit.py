"""A trained network on a task: in the circuit, thresholded, and on this machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from picojoule.data.language.babi import Questions
from picojoule.models.memory import Float, Form, MemN2N, gather, pack
from picojoule.recipes.mann_accelerator.plan import Plan
from picojoule.recipes.settings import Settings
from picojoule.recipes.stories import Asked
from picojoule.sim.accelerator import Answered, Clock, Cycles, Threshold, Weights, run
from picojoule.sim.accelerator.numbers import TREE_STAGES, value
from picojoule.sim.accelerator.packets import count
from picojoule.train.lanes import train_lanes


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A task's questions through the circuit: once for its test questions, once for those it was trained on.

    Attributes:
        asked: the task.
        net: one network, in floating point.
        weights: the same in the circuit's memories.
    """

    asked: Asked
    net: MemN2N
    weights: Weights

    @staticmethod
    def train(plan: Plan, asked: Asked, settings: Settings) -> Run:
        """Train lanes and put the best one into the circuit."""
        ages = asked.train.story.shape[1]
        form = Form(tokens=len(asked.vocabulary), ages=ages, embedding=plan.embedding, positions=False)
        start = torch.Generator().manual_seed(settings.seed)
        net = MemN2N(form, lanes=plan.restarts, generator=start).to(settings.device)
        parts = [pack([each]).to(settings.device) for each in (asked.train, asked.held_out)]
        number = asked.task.number
        folder = settings.on(asked.task.sha256).kept(f"task{number}")
        what = f"training on task {number}"
        done = train_lanes(net, *parts, Float(), plan.recipe, seed=settings.seed, folder=folder, what=what)
        alone = done.net.pick([int(done.error[0].argmin())]).to("cpu")
        return Run(asked=asked, net=alone.eval(), weights=weights_of(alone))

    @cached_property
    def tested(self) -> Answered:
        """The test questions in the circuit."""
        return answer(self.weights, self.asked.test)

    @cached_property
    def training_logits(self) -> NDArray[np.float64]:
        """Of all training questions, those held out too, as numbers."""
        parts = [answer(self.weights, each).logits for each in (self.asked.train, self.asked.held_out)]
        return value(np.concatenate(parts) << TREE_STAGES)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Answers of all training questions."""
        return torch.cat([self.asked.train.answer, self.asked.held_out.answer]).numpy()

    @property
    def logits(self) -> NDArray[np.float64]:
        """Of the test questions, as numbers."""
        return value(self.tested.logits << TREE_STAGES)

    def threshold(self, rho: float = 1.0, *, ordered: bool = True) -> Threshold:
        """Thresholds of the circuit's own logits of training questions."""
        return Threshold.fit(self.training_logits, self.labels, rho=rho, ordered=ordered)

    @cached_property
    def test_labels(self) -> NDArray[np.int64]:
        """Right answers of the test questions."""
        return self.asked.test.answer.numpy()

    def cycles(self, visited: NDArray[np.int64]) -> Cycles:
        """Cycles of the test questions when so many rows of the output are looked at."""
        test = self.asked.test
        told = (test.story > 0).sum(1).numpy()
        words = (test.lengths[test.story] * (test.story > 0)).sum(1).numpy()
        packets = count(words, told, test.lengths[test.question].numpy())
        return Clock(hops=self.weights.hops).of(packets, told, visited)

    @property
    def rows(self) -> int:
        """Of the output."""
        return self.weights.answer.shape[0]

    def in_floating_point(self) -> NDArray[np.int64]:
        """Decisions of the network itself on the test questions."""
        task = pack([self.asked.test])
        with torch.no_grad():
            bags, _ = gather(task, torch.arange(len(self.asked.test))[None], ages=self.net.form.ages)
            return self.net(bags)[0, :, 0].argmax(1).numpy()

    def seconds(self, questions: int, at_once: int) -> float:
        """Of an answer on this machine, so many questions at once, the median of ten."""
        task = pack([self.asked.test])
        n = min(questions, len(self.asked.test))
        times = []
        with torch.no_grad():
            for index in torch.arange(n).split(at_once):
                begun = time.perf_counter()
                bags, _ = gather(task, index[None], ages=self.net.form.ages)
                self.net(bags)
                times.append((time.perf_counter() - begun) / len(index))
        return float(np.median(times))


def weights_of(net: MemN2N) -> Weights:
    """The memories of the circuit for one network without position encoding."""

    def rows(*parts: torch.Tensor) -> NDArray[np.floating]:
        return torch.cat([part[0, 0].detach() for part in parts]).numpy()

    a, c, b = net.embeddings
    assert net.h is not None and net.w is not None and not net.form.positions
    return Weights.of(
        rows(a, net.times[0]),
        rows(c, net.times[1]),
        rows(b),
        net.h[0, 0].detach().T.numpy(),
        net.w[0, 0].detach().T.numpy(),
        net.form.hops,
    )


def answer(weights: Weights, questions: Questions) -> Answered:
    """Questions in the circuit, told word by word."""
    words = _words(questions)
    story, told = questions.story.numpy(), (questions.story > 0).numpy()
    return run(weights, words[story], words[questions.question.numpy()], told)


def _words(questions: Questions) -> NDArray[np.int64]:
    """Numbers of the words of each sentence ``[sentences, longest]``, −1 behind its end."""
    counts = questions.sentences[:, 0].long().numpy()
    found = np.full((len(counts), int(counts.sum(1).max())), -1)
    for row, each in zip(found, counts, strict=True):
        words = np.repeat(np.arange(len(each)), each)
        row[: len(words)] = words
    return found
