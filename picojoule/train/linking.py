"""Teaching networks that link entities: losses of two pointers, of many pointers and of pairs.

::

    L = 0.4·L_objects + 0.4·L_subjects + 0.1·L_relation + 0.1·L_relation of subjects

Each is the mean cross-entropy over entities, where an entity without an object (subject) weighs `none` and any other 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from picojoule.data.language.relations import Sentence
from picojoule.data.language.relations.order import triples
from picojoule.metrics.triples import Score, Triple, micro
from picojoule.models.language.pointing import (
    UNION,
    Batch,
    Form,
    Link,
    Pointers,
    Rule,
    Targets,
    encode,
    merged,
)
from picojoule.train.fit import fit
from picojoule.train.gradient import Loss
from picojoule.train.loop import History
from picojoule.train.schedule import one_cycle
from picojoule.train.source import Shuffled
from picojoule.train.validation import Validation

_AT_ONCE = 64
"""Sentences that are read at once."""
_POINTING, _NAMING = 0.4, 0.1


@final
@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a network is taught.

    Attributes:
        epochs: passes through the sentences.
        rate: largest learning rate of AdamW in one cycle.
        decay: weight decay of AdamW.
        batch: sentences a step.
        none: weight of an entity without object or subject, and of a pair without relation; the released code has 0.02.
        clip: largest norm of the gradient.
    """

    epochs: int = 30
    rate: float = 2e-3
    decay: float = 1e-2
    batch: int = 32
    none: float = 0.5
    clip: float = 5.0


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Sentences as numbers, and what should be said about them.

    Attributes:
        form: of the networks.
        sentences: entities in the order of the text.
        batch: all of them.
        targets: theirs.
    """

    form: Form
    sentences: tuple[Sentence, ...]
    batch: Batch
    targets: Targets

    @staticmethod
    def of(sentences: Sequence[Sentence], form: Form) -> Material:
        """The material of these sentences for a network of this form.

        Raises:
            DataError: as :func:`picojoule.models.language.pointing.encode`.
        """
        batch = encode(sentences, form.kinds, form.hashed)
        targets = Targets.of(sentences, form.labels)
        return Material(form=form, sentences=tuple(sentences), batch=batch, targets=targets)

    def __len__(self) -> int:
        return len(self.sentences)

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """The places themselves: a batch is made from them in the loss."""
        return index, index

    @property
    def triples(self) -> list[set[Triple]]:
        """What is to be found in each sentence."""
        return [triples(each) for each in self.sentences]


def loss_of(material: Material, *, none: float) -> Loss:
    """The loss of any of the networks, by what it says.

    Args:
        material: the sentences that a batch of places is about.
        none: weight of what has no relation.
    """

    def loss(model: nn.Module, index: Tensor, _: Tensor) -> Tensor:
        index = index.cpu()
        device = next(model.parameters()).device
        batch = material.batch.pick(index).to(device)
        targets = material.targets.pick(index, batch.types.shape[1]).to(device)
        said = model(batch)
        if isinstance(said, Tensor):
            return _weighted(said, targets.pairs, _pairs(batch.there), none)
        kind: Callable[..., Tensor] = _many if said[0].relation.dim() == 4 else _one
        aims = (targets.pairs, targets.pairs.mT) if kind is _many else (targets.objects, targets.subjects)
        return sum(  # type: ignore[return-value]
            kind(pointers, aim, batch.there, none) for pointers, aim in zip(said, aims, strict=True)
        )

    return loss


def _one(pointers: Pointers, aim: Tensor, there: Tensor, none: float) -> Tensor:
    where, what = aim.unbind(2)
    weight = torch.where(where > 0, 1.0, none) * there
    pointing, naming = (
        F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none")
        for logits, target in ((pointers.at, where), (pointers.relation, what))
    )
    return ((_POINTING * pointing + _NAMING * naming) * weight.flatten()).sum() / weight.sum().clamp(min=1e-9)


def _many(pointers: Pointers, aim: Tensor, there: Tensor, none: float) -> Tensor:
    hit, both = aim > 0, there[:, :, None] & there[:, None]
    weight = torch.where(hit, 1.0, none)[both]
    pointing = F.binary_cross_entropy_with_logits(pointers.at[both], hit[both].float(), weight, reduction="sum")
    naming = F.cross_entropy(pointers.relation[hit], aim[hit] - 1, reduction="sum")
    return _POINTING * pointing / weight.sum().clamp(min=1e-9) + _NAMING * naming / hit.sum().clamp(min=1)


def _pairs(there: Tensor) -> Tensor:
    """Ordered pairs of two entities, bool ``[batch, n, n]``."""
    itself = torch.eye(there.shape[1], dtype=torch.bool, device=there.device)
    return there[:, :, None] & there[:, None] & ~itself


def _weighted(logits: Tensor, aim: Tensor, both: Tensor, none: float) -> Tensor:
    weight = torch.where(aim > 0, 1.0, none)[both]
    losses = F.cross_entropy(logits[both], aim[both], reduction="none")
    return (losses * weight).sum() / weight.sum().clamp(min=1e-9)


@torch.no_grad()
def found_by(model: nn.Module, material: Material, rule: Rule = UNION) -> list[tuple[Link, ...]]:
    """The links of every sentence; `model` in evaluation mode."""
    device = next(model.parameters()).device
    found = []
    for index in torch.arange(len(material)).split(_AT_ONCE):
        batch = material.batch.pick(index).to(device)
        found += merged(model(batch), batch, rule)
    return found


def as_triples(found: Sequence[Sequence[Link]], labels: Sequence[str]) -> list[set[Triple]]:
    """Links as (subject, label, object)."""
    return [{(link.subject, labels[link.label], link.object) for link in links} for links in found]


def scored(model: nn.Module, material: Material, labels: Sequence[str], rule: Rule = UNION) -> Score:
    """How well a network links these sentences."""
    return micro(as_triples(found_by(model, material, rule), labels), material.triples)


def teach(
    model: nn.Module,
    train: Material,
    settings: Settings,
    *,
    valid: Material | None = None,
    rule: Rule = UNION,
    seed: int = 0,
    folder: Path | str | None = None,
    what: str = "training",
) -> History:
    """Teach a network in place and leave it in evaluation mode.

    Args:
        model: a dual pointer network or a classifier of pairs, of one form with the material.
        train: to learn.
        settings: how.
        valid: the epoch with the highest F1 there is kept; the last one if None.
        rule: of that F1.
        seed: of the order and of what is left out.
        folder: where an interrupted training finds what it had done; None keeps nothing.
        what: name shown in the progress.
    """
    labels = model.form.labels
    watch = valid and Validation(score=lambda net: scored(net, valid, labels, rule).f1)  # type: ignore[arg-type]
    history = fit(
        model,
        loss_of(train, none=settings.none),
        Shuffled(samples=train, size=min(settings.batch, len(train)), lengths=train.batch.lengths),
        epochs=settings.epochs,
        optimiser=partial(torch.optim.AdamW, lr=settings.rate, weight_decay=settings.decay),
        schedule=one_cycle,
        clip=settings.clip,
        autocast=None,
        validation=watch,
        seed=seed,
        folder=folder,
        what=what,
    )
    model.eval()
    return history
