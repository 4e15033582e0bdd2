"""The verb ``fit``: train a network by the gradient of a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from picojoule.train.gradient import After, Gradient, Loss
from picojoule.train.loop import Augment, Course, History, Source, loop
from picojoule.train.parallel import processes
from picojoule.train.schedule import Schedule, constant
from picojoule.train.validation import Validation

OptimiserFactory = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


def fit(
    model: nn.Module,
    loss: Loss,
    source: Source | Course,
    *,
    epochs: int,
    optimiser: OptimiserFactory,
    schedule: Schedule = constant,
    clip: float | None = None,
    autocast: torch.dtype | Literal["auto"] | None = "auto",
    validation: Validation | None = None,
    augment: Augment | None = None,
    after: After | None = None,
    shares: Sequence[float] = (),
    seed: int = 0,
    folder: Path | str | None = None,
    seconds_between_checkpoints: float = 30.0,
    what: str = "training",
) -> History:
    """Train `model` in place.

    The order of epoch e and the augmentation of step s come from generators seeded by (`seed`, e) and (`seed`, s), and
    the rate of step s is schedule(s / steps) times the optimiser's own. Layers that draw from torch's global generator
    (dropout) draw from a copy seeded by `seed`; the caller's own state is left alone. A run that is interrupted or
    killed therefore continues from its last checkpoint and ends, on the CPU, bit for bit like one that was not.

    Started by ``torchrun``, the processes share every batch (:mod:`picojoule.train.parallel`); nothing else changes. If
    one dies and ``torchrun`` starts them again, they go on from the last checkpoint, also as more or fewer.

    Args:
        model: put into training mode; left in it. Batches go to its device.
        loss: ``loss(model, x, y)``, a scalar; it calls the model.
        source: the batches; a :class:`~picojoule.train.loop.Course` has others in each epoch.
        epochs: passes through the source.
        optimiser: makes the optimiser from the parameters, e.g. ``partial(torch.optim.AdamW, lr=1e-3)``.
        schedule: fraction of the steps done to a factor of the learning rate.
        clip: gradients are scaled down to this norm where theirs is larger.
        autocast: numbers of the forward pass. ``"auto"`` is bfloat16 for float32 weights on a GPU, else nothing.
        validation: a score after every epoch, early stopping, the best weights.
        augment: ``augment(x, generator)``, applied to each batch.
        after: ``after(model)``, called after each step, such as to let a slow copy follow; it draws nothing.
        shares: how much of a batch each process takes, relative to the others; alike if empty.
        seed: of all randomness here.
        folder: where the checkpoint is kept; training goes on from the one found there. ``metrics.jsonl`` is written
            there, and TensorBoard's files where it is installed. None keeps and writes none.
        seconds_between_checkpoints: a checkpoint is written at the start, after each epoch, and this often.
        what: name shown in the progress.

    Returns:
        The history, with the epochs before a resumption.

    Raises:
        InputError: the folder cannot be written, its checkpoint is of another run or damaged, the source gives fewer
            batches than its length, the loss is not finite, or an option is none of the above.
        KeyboardInterrupt: passed on; the last checkpoint is whole.
    """
    together = processes(shares)
    together.align(model, parameters=True)
    learner = Gradient(
        model,
        loss,
        optimiser(model.parameters()),
        schedule,
        clip=clip,
        autocast=autocast,
        processes=together,
        after=after,
    )
    return loop(
        learner,
        source,
        epochs=epochs,
        validation=validation,
        augment=augment,
        seed=seed,
        folder=folder,
        seconds_between_checkpoints=seconds_between_checkpoints,
        what=what,
    )
