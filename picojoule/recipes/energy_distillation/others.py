"""Other ways to a cheap student: taking weights away, few bits, and conversion in place of training with spikes."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor, nn

from picojoule.codes import TTFS, Code, Rate
from picojoule.conversion import convert, quantise
from picojoule.conversion.quantise import weights_only
from picojoule.data.vision import Dataset
from picojoule.ir import Network
from picojoule.models.vision import perceptron
from picojoule.recipes.energy_distillation.conditions import BITS, EQUAL, HIDDEN, PRUNED, SPLIT, STEPS, Condition
from picojoule.recipes.energy_distillation.students import frozen, labels, learn
from picojoule.recipes.seeds import Seeds
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, ann
from picojoule.train import Shuffled
from picojoule.train.distillation import distillation
from picojoule.train.finetune import finetune

CODES: tuple[Code, ...] = (Rate(steps=STEPS), TTFS.nearest(steps=STEPS, tau=STEPS / 4))


def compressed(found: Seeds[Condition], data: Dataset) -> Iterator[Network]:
    """The first student of a condition with small weights taken away, and with its weights in few bits."""
    inner, name = found.modules[0], found.condition.system
    for share in PRUNED:
        yield frozen(pruned(inner, share), data, f"{name}, {share:.0%} pruned")
    network = frozen(inner, data, name)
    for bits in BITS:
        yield replace(weights_only(network, bits), name=f"{name}, int{bits} weights")


def pruned(inner: nn.Module, share: float) -> nn.Module:
    """A copy without the smallest weights of each layer."""
    inner = deepcopy(inner)
    for module in inner.modules():
        if isinstance(module, nn.Linear):
            module.weight.data = _without_smallest(module.weight.data, share)
    return inner


def _without_smallest(weight: Tensor, share: float) -> Tensor:
    limit = weight.abs().flatten().kthvalue(max(1, round(share * weight.numel()))).values
    return torch.where(weight.abs() > limit, weight, 0.0)


def converted(master: nn.Module, data: Dataset, settings: Settings, *, epochs: int) -> Iterator[Network]:
    """A ReLU perceptron of the students' sizes: as it is, and under a code, without and with a teacher."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = perceptron((data.train.images[0].numel(), *HIDDEN, data.classes)).to(settings.device)
    learn(model, labels(), data.train, settings.seed, epochs, "the converted students' ANN")
    source = Shuffled(samples=data.train, size=min(50, len(data.train)))
    calibration = data.train.take(CALIBRATION)
    yield settings.place(replace(ann(model.cpu(), calibration), name="ann fp32, the students' size"))
    yield settings.place(replace(quantise(model, calibration, bits=8), name="ann int8, the students' size"))
    for code in CODES:
        plain = settings.place(convert(model, calibration, code=code))
        yield replace(plain, name=f"{code.name} T={STEPS} converted")
        for each in (EQUAL, SPLIT[1]):
            loss = distillation(master, temperature=each.teacher, student_temperature=each.student)
            tuned = finetune(plain, loss, source, epochs=max(1, epochs // 2), seed=settings.seed)
            yield replace(tuned, name=f"{code.name} T={STEPS} converted, {each.name}")
