"""Networks that have learnt, one a seed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import nn

from picojoule.data.events.films import Films, films
from picojoule.models.events import LeakyIntegrator
from picojoule.models.vision.textures import pdist
from picojoule.recipes.e2v_sde.plan import BINS, PARTS, Arm, Plan
from picojoule.recipes.e2v_sde.scoring import quality
from picojoule.recipes.settings import Settings
from picojoule.train import Shuffled, fit
from picojoule.train.reconstruction import reconstruction_loss
from picojoule.train.schedule import one_cycle

_DECAYS, _GAINS = (0.8, 0.9, 0.95, 1.0), (0.03, 0.05, 0.08, 0.12)


def training_films(plan: Plan, settings: Settings) -> Films:
    """What is learnt from."""
    return films(
        "train", plan.train, side=plan.side, windows=plan.windows, bins=BINS, parts=PARTS, seed=settings.seed,
        real=plan.real,
    )  # fmt: skip


def test_films(part: str, n: int, plan: Plan, settings: Settings, *, split: int = 1) -> Films:
    """What is judged or chosen by: photos that no training film has."""
    return films(
        part, n, side=plan.test_side, windows=plan.test_windows, bins=BINS, parts=PARTS, seed=settings.seed,
        real=plan.real, split=split,
    )  # fmt: skip


def learnt(arm: Arm, data: Films, plan: Plan, settings: Settings) -> Iterator[nn.Module]:
    """The network of an arm after its training, for each seed; a training that was killed goes on."""
    for seed in range(settings.seed, settings.seed + plan.seeds):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = arm.make()
        what = f"{arm.name}, seed {seed}"
        fit(
            model.to(settings.device),
            reconstruction_loss(arm.weights, pdist),
            Shuffled(samples=data, size=min(plan.batch, len(data))),
            epochs=plan.epochs,
            optimiser=partial(torch.optim.Adam, lr=plan.rate),
            schedule=one_cycle,
            clip=1.0,
            seed=seed,
            folder=settings.kept(what),
            what=what,
        )
        yield model.cpu().eval()


def chosen_leaky(validation: Films) -> LeakyIntegrator:
    """The leaky integrator of the highest SSIM on films that are neither learnt from nor judged by."""
    candidates = [LeakyIntegrator(decay, gain) for decay in _DECAYS for gain in _GAINS]
    return max(candidates, key=lambda each: quality(each(validation.voxels), validation.frames[:, :, -1]).ssim)
