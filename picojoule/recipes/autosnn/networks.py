"""Training: the supernet by single paths, then single networks from new weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss, one_hot

from picojoule.base.progress import track
from picojoule.cost import Counts
from picojoule.cost.counts import add_up
from picojoule.measurement.watching import count
from picojoule.metrics import correct
from picojoule.models.spiking import CANDIDATES, Macro
from picojoule.models.spiking.macro import Architecture
from picojoule.recipes.autosnn.conditions import Entrant, Size
from picojoule.recipes.autosnn.material import Material, Samples
from picojoule.recipes.settings import Settings
from picojoule.search import Genome, Supernet
from picojoule.train import Shuffled, fit
from picojoule.train.augment import RandomFlip, RandomShift

_CROP = 4
"""Pixels that pictures are shifted by, at most, in training."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A network trained anew from several seeds, and what it did on test samples."""

    entrant: Entrant
    modules: tuple[nn.Module, ...]
    hits: tuple[int, ...]
    counts: tuple[Counts, ...]

    @property
    def accuracies(self) -> tuple[float, ...]:
        """Accuracy of each."""
        return tuple(hits / counts.samples for hits, counts in zip(self.hits, self.counts, strict=True))

    @property
    def spikes(self) -> tuple[float, ...]:
        """Spikes a sample of each."""
        return tuple(counts.spikes_per_sample for counts in self.counts)

    @property
    def accuracy(self) -> float:
        """The mean over seeds."""
        return fmean(self.accuracies)


def architecture(genome: Genome) -> Architecture:
    """The names of a genome's blocks."""
    return tuple(CANDIDATES[gene] for gene in genome)


def supernet(macro: Macro, seed: int) -> Supernet:
    """All networks of the space, with new weights."""
    with _seeded(seed):
        positions = [[macro.stage(i, block) for block in CANDIDATES] for i in range(len(macro.places))]
        return Supernet(macro.front(), positions, macro.head(), seed=seed)


def rate_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Squared distance of class rates from one-hot labels."""
    rates = model(x)
    return mse_loss(rates, one_hot(y, rates.shape[1]).to(rates))


def train_supernet(material: Material, samples: Samples, size: Size, settings: Settings) -> Supernet:
    """The supernet, trained by single paths drawn with equal chance."""
    net = supernet(material.macro, settings.seed).to(settings.device)
    learn(
        net, rate_loss, samples, size, epochs=size.supernet, seed=settings.seed, what="the supernet", settings=settings
    )
    return net


def train(
    entrant: Entrant, macro: Macro, material: Material, size: Size, settings: Settings, *, epochs: int, repeats: int = 1
) -> Trained:
    """A network from new weights, several times; the test samples are looked at once, at the end."""
    modules, hits, counts = [], [], []
    for seed in range(settings.seed, settings.seed + repeats):
        with _seeded(seed):
            net = macro.network(entrant.architecture).to(settings.device)
        learn(net, rate_loss, material.train, size, epochs=epochs, seed=seed, what=entrant.name, settings=settings)
        right, done = look(net, material.test, settings)
        modules.append(net)
        hits.append(right)
        counts.append(done)
    return Trained(entrant=entrant, modules=tuple(modules), hits=tuple(hits), counts=tuple(counts))


def train_relu(entrant: Entrant, material: Material, size: Size, settings: Settings) -> nn.Module:
    """The same network of ReLUs, by cross-entropy; of frames it sees their sum."""
    with _seeded(settings.seed):
        net = material.relu.network(entrant.architecture).to(settings.device)
    learn(
        net, _entropy, material.train, size, epochs=size.retrain, seed=settings.seed, what="the ANN", settings=settings
    )
    return net.eval()


def still(x: Tensor) -> Tensor:
    """Frames summed up over steps; images as they are."""
    return x.sum(1) if x.dim() == 5 else x


def _entropy(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return cross_entropy(model(still(x)), y)


def learn(
    net: nn.Module,
    loss: Callable[[nn.Module, Tensor, Tensor], Tensor],
    samples: Samples,
    size: Size,
    *,
    epochs: int,
    seed: int,
    what: str,
    settings: Settings,
) -> None:
    """Train in place with Adam at a constant rate; pictures are shifted and mirrored. A killed run goes on."""
    folder = settings.kept(f"{what}-{seed}")
    source = Shuffled(samples=samples, size=min(size.batch, len(samples)))
    colour = samples.pick(torch.arange(1))[0].shape[1:2] == (3,)
    fit(
        net,
        loss,
        source,
        epochs=epochs,
        optimiser=partial(torch.optim.Adam, lr=size.rate),
        augment=_shifted_and_mirrored if colour else None,
        seed=seed,
        folder=folder,
        what=f"training {what}",
    )


def _shifted_and_mirrored(images: Tensor, generator: torch.Generator) -> Tensor:
    return RandomFlip()(RandomShift(pixels=_CROP)(images, generator), generator)


def look(net: nn.Module, samples: Samples, settings: Settings) -> tuple[int, Counts]:
    """Right decisions on samples, and what the network did."""
    hits, parts = 0, []
    for x, y in track(samples.batches(settings.batch), "testing"):
        values, counts = count(net, x.to(settings.device))
        hits += correct(values, y.to(settings.device))
        parts.append(counts)
    return hits, add_up(parts)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """New weights from this seed; the caller's own random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
