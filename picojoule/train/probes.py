"""What a trained network's features are worth: a linear layer on them, or the whole network trained further.

The linear layer learns on features that are computed once, with the network in evaluation mode, from several random
changes of each picture. It starts at N(0, 0.01²) and 0 and learns by SGD at a constant rate, without weight decay; the
last epoch counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from picojoule.base.errors import InputError
from picojoule.train.fit import fit
from picojoule.train.loop import Augment
from picojoule.train.source import Labelled, Shuffled

_RATE, _PER, _MOMENTUM = 0.5, 256, 0.9


@torch.no_grad()
def features(encoder: nn.Module, samples: Labelled, *, augment: Augment | None = None, seed: int = 0) -> Tensor:
    """Features ``[n, d]`` of all samples.

    Args:
        encoder: in evaluation mode, on whatever device.
        samples: what to encode.
        augment: applied before.
        seed: of its randomness.
    """
    generator = torch.Generator().manual_seed(seed)
    device = next((each.device for each in encoder.parameters()), torch.device("cpu"))
    found = []
    for index in torch.arange(len(samples)).split(100):
        x, _ = samples.pick(index)
        found.append(encoder((x if augment is None else augment(x, generator)).to(device)).cpu())
    return torch.cat(found)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """Features and labels, several copies of each sample: what a linear layer learns from.

    Attributes:
        copies: ``[copies, n, d]``, of several changes of the same samples.
        labels: int64 ``[n]``.
    """

    copies: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """A copy of each sample, drawn at random from torch's generator."""
        which = torch.randint(len(self.copies), (len(index),))
        return self.copies[which, index], self.labels[index]

    def select(self, index: Tensor) -> Features:
        """The samples at the positions `index`."""
        return Features(copies=self.copies[:, index], labels=self.labels[index])


def linear_probe(train: Features, *, classes: int, epochs: int = 100, batch: int = 256, seed: int = 0) -> nn.Module:
    """A linear layer on standardised features, in evaluation mode.

    Args:
        train: what it learns from.
        classes: how many.
        epochs: passes through the samples.
        batch: samples a step, all where there are fewer; the rate is 0.5·batch/256.
        seed: of its start and of the order.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = nn.Linear(train.copies.shape[-1], classes)
        nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    model = nn.Sequential(_Standardised(train.copies.flatten(0, 1)), layer)
    batch = min(batch, len(train))
    learn = partial(torch.optim.SGD, lr=_RATE * batch / _PER, momentum=_MOMENTUM)
    source = Shuffled(samples=train, size=batch)
    fit(model, labels_loss, source, epochs=epochs, optimiser=learn, seed=seed, what="a linear probe")
    return model.eval()


def labels_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy."""
    return cross_entropy(model(x), y)


def balanced(labels: Tensor, number: int) -> Tensor:
    """Positions of the first samples of each class, `number` in all as evenly as it goes, in rising order.

    Raises:
        InputError: more samples than there are, or fewer than one a class.
    """
    classes = int(labels.max()) + 1
    if not classes <= number <= len(labels):
        what = f"{number} labels of {classes} classes out of {len(labels)}"
        raise InputError(what, where="balanced", remedy="ask for one a class or more, and no more than there are")
    rank = torch.zeros_like(labels)
    for each in range(classes):
        mine = labels == each
        rank[mine] = torch.arange(int(mine.sum()))
    return torch.argsort(rank * classes + labels, stable=True)[:number].sort().values


def stacked(encoder: nn.Module, samples: Labelled, changes: Sequence[Augment | None], labels: Tensor) -> Features:
    """Features of several changes of the same samples, each with randomness of its own."""
    copies = [features(encoder, samples, augment=each, seed=seed) for seed, each in enumerate(changes)]
    return Features(copies=torch.stack(copies), labels=labels)


@final
class _Standardised(nn.Module):
    """(x − mean)/deviation of what was learnt from."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", x.mean(0))
        self.register_buffer("deviation", x.std(0).clamp_min(1e-6))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.deviation
