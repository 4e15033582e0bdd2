"""A classifier with Swish, trained here, and what few spikes leave of its accuracy."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from picojoule.codes import FewSpikes
from picojoule.conversion import convert, quantise
from picojoule.data.vision import Dataset
from picojoule.ir import Network
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, ann
from picojoule.train.fit import fit
from picojoule.train.schedule import one_cycle
from picojoule.train.source import Shuffled

STEPS = {"smoke": (4,), "quick": (4, 6, 8), "full": (4, 6, 8)}
_HIDDEN = {"smoke": (16, 12), "quick": (512, 128), "full": (512, 128)}
_EPOCHS = {"smoke": 1, "quick": 10, "full": 10}


def systems(data: Dataset, settings: Settings) -> list[Network]:
    """The ANN in two widths, and few spikes for every K."""
    model, calibration = trained(data, settings), data.train.take(CALIBRATION)
    return [
        ann(model, calibration),
        quantise(model, calibration, bits=8),
        *(convert(model, calibration, code=FewSpikes(steps=steps)) for steps in STEPS[settings.mode]),
    ]


def trained(data: Dataset, settings: Settings) -> nn.Module:
    """The perceptron of the paper's notebook, 784-512-128-10, with Swish."""
    outputs = int(data.train.labels.max()) + 1
    sizes = (data.train.images[0].numel(), *_HIDDEN[settings.mode], outputs)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        linears = [nn.Linear(inputs, outputs) for inputs, outputs in pairwise(sizes)]
    model = nn.Sequential(nn.Flatten(), linears[0], nn.SiLU(), linears[1], nn.SiLU(), linears[2])
    fit(
        model,
        lambda model, x, y: cross_entropy(model(x), y),
        Shuffled(samples=data.train, size=64),
        epochs=_EPOCHS[settings.mode],
        optimiser=partial(torch.optim.AdamW, lr=2e-3),
        schedule=one_cycle,
        seed=settings.seed,
        what="training the classifier",
    )
    return model.eval()
