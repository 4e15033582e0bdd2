"""Training memory networks in lanes: many networks in one batch, each with its own rate, best weights and end.

The recipe is that of MemN2N and of Q-MANN's released code: plain SGD on the batch's mean loss, the rate halved every so
many epochs, gradients clipped, and the weights kept that were best on held-out questions. A lane learns what it would
learn alone, since nothing adds up over lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from picojoule.base.errors import InputError
from picojoule.models.memory import Arithmetic, MemN2N, Task, gather
from picojoule.train.loop import History, Moment, loop
from picojoule.train.parallel import processes

_AT_ONCE = 250
"""Questions answered at once."""


@final
@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a memory network is trained.

    Attributes:
        epochs: passes through the questions.
        rate: η, for the mean loss of a batch.
        halve: epochs after which the rate is halved.
        batch: questions in a step.
        clip: L2 norm of the summed gradient of a parameter.
        slow: factor of the rate of H; the released code of Q-MANN has 0.1.
        linear_start: so many lanes, the first ones, begin without the softmax, at half the rate, until their held-out
            cost stops falling, for half of the epochs at most.
        noise: mix empty memories in.
        ends: a lane ends when its best weights are more than `patience` epochs old and it has become worse by `worse`.
        patience, worse: of that.
    """

    epochs: int = 100
    rate: float = 0.3
    halve: int = 25
    batch: int = 32
    clip: float = 40.0
    slow: float = 1.0
    linear_start: int = 0
    noise: bool = False
    ends: bool = False
    patience: int = 5
    worse: float = 0.3


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """Networks after their training.

    Attributes:
        net: with the weights that were best on held-out questions.
        last: the weights at the end, one tensor a parameter.
        error: of the best weights on held-out questions, ``[g, s]``.
        history: of the loop.
    """

    net: MemN2N
    last: tuple[Tensor, ...]
    error: Tensor
    history: History


def train_lanes(
    net: MemN2N,
    train: Task,
    held_out: Task,
    arithmetic: Arithmetic,
    recipe: Recipe,
    *,
    seed: int = 0,
    folder: Path | str | None = None,
    what: str = "training",
    watch: Callable[[MemN2N], dict[str, float]] = lambda net: {},
) -> Trained:
    """Train every lane of `net`, in place.

    Args:
        net: the networks, on the device of the tasks.
        train, held_out: questions to learn from, and to choose weights by.
        arithmetic: what they compute with.
        recipe: how.
        seed: of the order of questions and of the noise.
        folder: where a checkpoint is kept that training goes on from; None keeps none.
        what: shown in the progress.
        watch: what to note of the networks after each epoch, for the metrics of the history.

    Raises:
        InputError: as :func:`picojoule.train.fit`.
    """
    learner = _Learner(net, train, held_out, arithmetic, recipe, seed, watch)
    source = _Steps(train, recipe.batch)
    history = loop(learner, source, epochs=recipe.epochs, seed=seed, folder=folder, what=what)
    kept = learner.model
    last = tuple(each.detach().clone() for each in net.parameters())
    with torch.no_grad():
        for each, best in zip(net.parameters(), kept.best, strict=True):
            each.copy_(best)
        net.linear.zero_()
    net.eval()
    return Trained(net=net, last=last, error=kept.error.clone(), history=history)


def errors(net: MemN2N, task: Task, arithmetic: Arithmetic) -> tuple[Tensor, Tensor]:
    """Share of wrong answers, and −mean probability of the right one, ``[g, s]`` each."""
    wrong, cost = 0.0, 0.0
    device = task.story.device
    sizes = torch.tensor(task.sizes, device=device)[:, None]
    with torch.no_grad():
        for index in torch.arange(len(task), device=device).split(_AT_ONCE):
            bags, answer = gather(task, index.expand(len(task.sizes), -1), ages=net.form.ages)
            logits = net(bags, arithmetic)
            asked = (index < sizes)[..., None]
            right = answer[..., None].clamp(min=0)
            known = answer[..., None] >= 0
            wrong = wrong + (((logits.argmax(-1) != right) | ~known) & asked).sum(1).double()
            p = torch.softmax(logits, -1).gather(-1, right[..., None].expand(*logits.shape[:3], 1))[..., 0]
            cost = cost - (p * asked * known).sum(1).double()
    return wrong / sizes, cost / sizes  # type: ignore[return-value]


@final
class _Steps:
    """Batches of question numbers ``[g, b]``; a task with fewer questions begins again."""

    def __init__(self, task: Task, batch: int) -> None:
        if not len(task) or batch < 1:
            raise InputError(
                f"batches of {batch} from {len(task)} questions", where="lanes", remedy="give at least one"
            )
        self.sizes, self.batch, self.device = task.sizes, batch, task.story.device

    def __len__(self) -> int:
        return max(1, max(self.sizes) // self.batch)

    def __call__(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        need = len(self) * self.batch
        orders = [
            torch.cat([torch.randperm(n, generator=generator) for _ in range(-(-need // n))])[:need] for n in self.sizes
        ]
        for index in torch.stack(orders).to(self.device).split(self.batch, 1):
            yield index, index


@final
class _Kept(nn.Module):
    """Networks and what is known of each lane; all of it goes into a checkpoint."""

    def __init__(self, net: MemN2N) -> None:
        super().__init__()
        self.net = net
        for i, each in enumerate(net.parameters()):
            self.register_buffer(f"best_{i}", each.detach().clone())
        for name, value in {"error": 1.0, "cost": 1.0, "age": 0.0, "ended": 0.0}.items():
            self.register_buffer(
                name, torch.full(net.linear.shape, value, dtype=torch.float64, device=net.place.device)
            )

    @property
    def best(self) -> list[Tensor]:
        return [getattr(self, f"best_{i}") for i, _ in enumerate(self.net.parameters())]


@final
class _Learner:
    """A learner for :func:`picojoule.train.loop.loop`."""

    def __init__(
        self,
        net: MemN2N,
        train: Task,
        held_out: Task,
        arithmetic: Arithmetic,
        recipe: Recipe,
        seed: int,
        watch: Callable[[MemN2N], dict[str, float]],
    ) -> None:
        net.linear.zero_()[:, : recipe.linear_start] = True
        self.epoch = 0
        self.model, self.optimiser, self.processes, self.stream = _Kept(net), None, processes(), 0
        self.train, self.held_out, self.arithmetic, self.recipe, self.seed = train, held_out, arithmetic, recipe, seed
        self.watch = watch
        self.slow = [recipe.slow if each is net.h else 1.0 for each in net.parameters()]

    def learn(self, x: Tensor, y: Tensor, moment: Moment) -> float:
        """One step of every lane that has not ended."""
        self.epoch = moment.epoch
        net, recipe = self.model.net, self.recipe
        noise = torch.Generator().manual_seed(self.seed * 1_000_003 + moment.step) if recipe.noise else None
        bags, answer = gather(self.train, x, ages=net.form.ages, generator=noise)
        logits = net(bags, self.arithmetic)
        right = answer[..., None].expand(logits.shape[:3])
        loss = cross_entropy(logits.flatten(0, 2), right.flatten(), reduction="sum") / x.shape[1]
        parameters = list(net.parameters())
        with torch.no_grad():
            grads = torch.autograd.grad(loss, parameters)
            self._move(parameters, grads, self._rates(moment.epoch), x.shape[1])
        return float(loss.detach()) / self.model.error.numel()

    def _rates(self, epoch: int) -> Tensor:
        """η of each lane: halved again and again, at half in the linear start, none at the end."""
        rate = self.recipe.rate * 0.5 ** (epoch // self.recipe.halve)
        return rate * (1 - self.model.ended) * torch.where(self.model.net.linear, 0.5, 1.0)

    def _move(self, parameters: list[nn.Parameter], grads: tuple[Tensor, ...], rates: Tensor, batch: int) -> None:
        """w ← w − η·g·min(1, clip/(batch·‖g‖)), lane by lane and parameter by parameter."""
        norms = torch.stack([grad.square().sum((2, 3)).sqrt() for grad in grads])
        norms = torch.nan_to_num(norms, nan=torch.inf)
        factors = -(rates * (self.recipe.clip / (batch * norms)).clamp(max=1.0)).to(norms.dtype)
        steps = [grad * (slow * f)[..., None, None] for grad, slow, f in zip(grads, self.slow, factors, strict=True)]
        torch._foreach_add_(parameters, steps)

    def metrics(self) -> dict[str, float]:
        """Look at held-out questions; keep what is best, end what got worse, and leave the linear start."""
        kept, net = self.model, self.model.net
        net.eval()
        error, cost = errors(net, self.held_out, self.arithmetic)
        seen = self.watch(net)
        net.train()
        better = (error <= kept.error) & (cost <= kept.cost)
        leaves = net.linear & ((cost > kept.cost) | (2 * (self.epoch + 1) >= self.recipe.epochs))
        for best, each in zip(kept.best, net.parameters(), strict=True):
            best.copy_(torch.where(better[..., None, None], each.detach(), best))
        kept.error.copy_(torch.where(better, error, kept.error))
        kept.cost.copy_(torch.where(better, cost, kept.cost))
        kept.age.copy_(torch.where(better, 0.0, kept.age + 1))
        if self.recipe.ends:
            over = (kept.age > self.recipe.patience) & (error > kept.error + self.recipe.worse)
            kept.ended.copy_(torch.maximum(kept.ended, over.double()))
        net.linear.logical_and_(~leaves)
        for buffer in (kept.error, kept.cost):  # what was best without a softmax says nothing about it
            buffer.masked_fill_(leaves, 1.0)
        return {"held_out_error": float(error.mean()), **seen}
