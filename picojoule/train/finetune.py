"""The verb ``finetune``: train a converted network further, through what its neurons really send."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch

from picojoule.ir import Fate, Network, WeightLayer
from picojoule.train.fit import OptimiserFactory, fit
from picojoule.train.gradient import Loss
from picojoule.train.loop import Augment, Course, Source
from picojoule.train.schedule import Schedule, cosine
from picojoule.train.surrogate import Surrogate
from picojoule.train.validation import Validation

ADAMW: OptimiserFactory = partial(torch.optim.AdamW, lr=5e-4, weight_decay=1e-4)
"""What is used where no other optimiser is asked for."""


def finetune(
    network: Network,
    loss: Loss,
    source: Source | Course,
    *,
    epochs: int,
    kernels: bool = False,
    ideal: bool = False,
    optimiser: OptimiserFactory = ADAMW,
    schedule: Schedule = cosine,
    clip: float | None = None,
    validation: Validation | None = None,
    augment: Augment | None = None,
    seed: int = 0,
    folder: Path | str | None = None,
    what: str = "fine-tuning",
) -> Network:
    """The network with weights that were trained for its code. It is not changed itself.

    Neurons, thresholds and counts stay what they are; what runs is what was trained (see
    :class:`~picojoule.train.surrogate.Surrogate`). A step costs about T forward passes of the ANN and a backward
    pass, for time-to-first-spike coding and with `ideal` one of each.

    Args:
        network: from :func:`picojoule.convert`.
        loss: ``loss(model, x, y)``, such as :func:`~picojoule.train.distillation.distillation` from the ANN.
        source: batches of training samples.
        epochs: passes through them.
        kernels: learn τ and d of time-to-first-spike neurons, too.
        ideal: train by the closed form of a drive that is the same in every step, which is not quite what runs; close
            for ``Rate(corrected=True)``.
        optimiser, schedule, clip, validation, augment, seed, folder, what: as for :func:`picojoule.train.fit`; with a
            folder it can be interrupted and goes on.

    Raises:
        InputError: nothing in the network spikes, or what :func:`picojoule.train.fit` raises.
        ConversionError: its layers cannot be run one after the other.
    """
    model = Surrogate(network, kernels=kernels, ideal=ideal)
    history = fit(
        model,
        loss,
        source,
        epochs=epochs,
        optimiser=optimiser,
        schedule=schedule,
        clip=clip,
        autocast=None,
        validation=validation,
        augment=augment,
        seed=seed,
        folder=folder,
        what=what,
    )
    found = model.network()
    layers = (Fate(each.name, type(each).__name__, "weights trained further", "finetune") for each in
              found.all(WeightLayer))  # fmt: skip
    how = " by the closed form" if ideal else ""
    choices = {
        "fine-tuned": f"{len(history.epochs)} epochs{how}, loss {history.losses[0]:.4g} → {history.losses[-1]:.4g}"
    }
    return found.evolve(found.nodes, fates=layers, choices=choices, name=f"{found.name} +finetuned")
