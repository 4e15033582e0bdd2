"""The ANN, and the networks that are trained from it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from picojoule.conversion import convert
from picojoule.data.vision import Dataset, Images
from picojoule.engines import run
from picojoule.ir import Network
from picojoule.measurement import observe
from picojoule.models.vision import digit_cnn
from picojoule.recipes.paper_networks import network_for
from picojoule.recipes.seeds import Seeds
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION
from picojoule.recipes.ttfs_training.conditions import RELEASED, SPIKES, Condition, Size
from picojoule.train import Shuffled, fit
from picojoule.train.schedule import cosine
from picojoule.train.surrogate import Surrogate
from picojoule.train.temporal import drift, expected_spikes, released_penalty

_BATCH, _RATE = 64, 1e-3


def source_network(data: Dataset, size: Size, settings: Settings) -> nn.Module:
    """The ANN everything starts from: a small one of the papers' form, or the papers' own in the full mode."""
    if settings.mode == "full":
        return network_for(data, settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = digit_cnn(data.classes).to(settings.device)
    source = Shuffled(samples=data.train, size=min(_BATCH, len(data.train)))
    adam = partial(torch.optim.Adam, lr=_RATE)
    fit(model, _entropy, source, epochs=size.first, optimiser=adam, schedule=cosine, seed=settings.seed, what="the ANN")
    return model.cpu().eval()


def plain(model: nn.Module, condition: Condition, data: Dataset, settings: Settings) -> Network:
    """The ANN converted with the kernel that training starts from; its input is a current, as published."""
    calibration = data.train.take(CALIBRATION)
    return settings.place(convert(model, calibration, code=condition.code, input="analogue"))


def train(
    condition: Condition, model: nn.Module, data: Dataset, test: Images, settings: Settings, *, epochs: int, seeds: int
) -> Seeds[Condition]:
    """Train networks of a condition; the test samples are looked at once, at the end."""
    start = plain(model, condition, data, settings)
    surrogates, seen = [], []
    for seed in range(settings.seed, settings.seed + seeds):
        surrogate = _trained(condition, start, data.train, seed, epochs)
        network = replace(surrogate.network(), name=condition.system)
        surrogates.append(surrogate)
        seen.append(observe(network, test, batch=settings.batch, limit=settings.limit))
    return Seeds(condition=condition, modules=tuple(surrogates), seen=tuple(seen))


def _trained(condition: Condition, start: Network, images: Images, seed: int, epochs: int) -> Surrogate:
    source = Shuffled(samples=images, size=min(_BATCH, len(images)))
    surrogate = Surrogate(start, kernels=True, relaxed=epochs * len(source) // 4 if condition.relaxed else 0)
    kernels = list(surrogate.kernels.parameters())
    others = [each for name, each in surrogate.named_parameters() if not name.startswith("kernels.")]
    groups = [{"params": others}, {"params": kernels, "lr": condition.rate * _RATE}]
    fit(
        surrogate,
        partial(_loss, condition),
        source,
        epochs=epochs,
        optimiser=lambda _: torch.optim.Adam(groups, lr=_RATE),
        schedule=cosine,
        autocast=None,
        seed=seed,
        what=f"{condition.system}, seed {seed}",
    )
    return surrogate.eval()


def _loss(condition: Condition, model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    loss = _entropy(model, x, y)
    assert isinstance(model, Surrogate)
    if condition.drift:
        loss = loss + condition.drift * drift(model)
    if condition.sparse == "R_spike":
        loss = loss + SPIKES * expected_spikes(model)
    if condition.sparse == "R_code":
        loss = loss + RELEASED * released_penalty(model)
    return loss


def _entropy(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return cross_entropy(model(x), y)


@torch.no_grad()
def times_that_differ(surrogate: Surrogate, x: Tensor) -> tuple[int, int]:
    """Neurons of which the stepped network fires at another step than the surrogate says, and all neurons.

    In float64; a time within 1e-5 steps of a threshold may go either way, and counts for neither.
    """
    network = surrogate.network().to("cpu", "float64")
    twin = Surrogate(network, kernels=True).double()
    x = network.check_input(x)
    twin(x)
    layers = [fire.layer for fire, _ in twin.learnt()]
    trains = run(network, x, engine="stepped", record=layers, count=False).trains
    differ = total = 0
    for fire, kernel in twin.learnt():
        raster = trains[fire.layer].spikes
        stepped = torch.where(raster.any(0), raster.int().argmax(0), fire.code.steps)
        u = twin.drives[fire.name]
        sure = kernel.times(u * (1 + _TIE)) == kernel.times(u * (1 - _TIE))
        differ += int(((kernel.times(u) != stepped) & sure).sum())
        total += u.numel()
    return differ, total


_TIE = 1e-5
