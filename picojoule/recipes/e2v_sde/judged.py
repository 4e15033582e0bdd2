"""Every system on the test films: frames of each seed, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.progress import say
from picojoule.data.events.films import Films
from picojoule.models.events import LatentSDEReconstructor
from picojoule.recipes.e2v_sde.plan import SDE
from picojoule.recipes.e2v_sde.scoring import Quality, mean_quality, quality, spearman
from picojoule.recipes.e2v_sde.systems import System, paths
from picojoule.train.reconstruction import FIRST

_ENOUGH, _FEW = 200_000, 16
"""Pixels whose ranks are correlated, of so many films."""


@final
@dataclass(frozen=True, kw_only=True)
class Judged:
    """A system on the test films.

    Attributes:
        system: which.
        frames: of the first seed, ``[n, windows, 5, h, w]``.
        ends: quality at the ends of windows, of each seed.
        between: at the parts between.
    """

    system: System
    frames: Tensor
    ends: tuple[Quality, ...]
    between: tuple[Quality, ...]

    @property
    def end(self) -> Quality:
        """The mean over seeds."""
        return mean_quality(list(self.ends))

    @property
    def middle(self) -> Quality:
        """The mean over seeds."""
        return mean_quality(list(self.between))


@torch.no_grad()
def judge(system: System, models: Sequence[nn.Module], films: Films, fine: Films) -> Judged:
    """Watch the films with every seed's network."""
    say(f"watching with {system.name}")
    found = [system.watch(model, films, fine) for model in models]
    return Judged(
        system=system,
        frames=found[0],
        ends=tuple(quality(each[:, :, -1], films.frames[:, :, -1], films.flow) for each in found),
        between=tuple(quality(each[:, :, :-1], films.frames[:, :, :-1]) for each in found),
    )


@final
@dataclass(frozen=True, kw_only=True)
class Doubt:
    """How well a network knows where it is wrong.

    Attributes:
        spread: deviation of the sampled frames of the first seed at the ends of windows, of the first films,
            ``[n, windows, h, w]``.
        correlation: of ranks, of the deviation with the error of the mean, a seed.
        divergence: KL a latent value, over a film, a seed.
        noise: the mean g, a seed.
    """

    spread: Tensor
    correlation: tuple[float, ...]
    divergence: tuple[float, ...]
    noise: tuple[float, ...]


@torch.no_grad()
def doubt(models: Sequence[nn.Module], films: Films, samples: int, seed: int) -> Doubt:
    """Of latent SDEs, on the first films."""
    films = films.take(_FEW)
    spreads, correlations, divergences, noises = [], [], [], []
    for model in models:
        assert isinstance(model, LatentSDEReconstructor)
        found = paths(model, films, samples, seed)[:, :, :, -1]
        spread, error = found.std(0), (found.mean(0) - films.frames[:, :, -1]).abs()
        kept = [each[:, FIRST:].flatten() for each in (spread, error)]
        stride = max(1, len(kept[0]) // _ENOUGH)
        spreads.append(spread)
        correlations.append(spearman(kept[0][::stride], kept[1][::stride]))
        divergences.append(float(model(films.voxels).kl.mean()))
        noises.append(float(model.g(torch.zeros(1, model.channels, 1, 1)).mean()))
    return Doubt(spread=spreads[0], correlation=tuple(correlations), divergence=tuple(divergences), noise=tuple(noises))


def of(judgements: Sequence[Judged], name: str) -> Judged:
    """The one of a system."""
    return next(each for each in judgements if each.system.name == name)


def latent(models: Mapping[str, Sequence[nn.Module]]) -> LatentSDEReconstructor:
    """The latent SDE of the first seed."""
    found = models[SDE.name][0]
    assert isinstance(found, LatentSDEReconstructor)
    return found
