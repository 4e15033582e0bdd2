"""A small diffusion model whose Swish is replaced by few-spikes neurons: losses, a distance of samples, the samples.

The neurons take the place of Swish in the trained network, and then, frozen, in its training: a little of it from
there on in the quick mode, all of it from random weights in the full one.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple, final

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from picojoule.base.progress import say
from picojoule.codes.few_spikes.layer import FewSpikesLayer, decoded
from picojoule.data.vision import Dataset, Images
from picojoule.metrics.distance import kernel_distance
from picojoule.models import embedded
from picojoule.models.vision.denoiser import Denoiser
from picojoule.recipes.few_spikes.functions import FS, OURS, TBPI, sets
from picojoule.recipes.settings import Settings
from picojoule.result import Series
from picojoule.train.denoising import SHIPPED, losses, pictures, sample, train

REAL = "Swish"
AT = 8
"""K of the networks that are trained, and of the samples that are shown."""
_SAMPLES = {"smoke": 8, "quick": 200, "full": 1000}
_TESTED = {"smoke": 16, "quick": 500, "full": 1000}
_EPOCHS = {"smoke": 1, "quick": 1, "full": 60}
_SHOWN = 8


@final
class Judged(NamedTuple):
    """A network: noise and image loss, kernel distance of its samples to pictures, spikes of a neuron, samples."""

    noise: float
    image: float
    distance: float
    spikes: float | None
    samples: Tensor


@final
class Pictures(NamedTuple):
    """Networks with an activation replaced, by method and K (K = 0: Swish), and trained with it, by method."""

    replaced: dict[tuple[str, int], Judged]
    trained: dict[str, Judged]


def compare(data: Dataset, settings: Settings) -> Pictures:
    """Judge every network."""
    images, tests = pictures(data.train), pictures(data.test.take(_TESTED[settings.mode]))
    base = _base(images, settings)
    known = sets("silu")
    judge = _Judge(tests.images, settings)
    replaced = {(REAL, 0): judge(base)}
    for method in (FS, TBPI, OURS):
        for steps in (AT,) if settings.mode == "smoke" else known[method]:
            say(f"diffusion with {method}, K={steps}")
            layer = FewSpikesLayer(known[method][steps], "silu")
            replaced[method, steps] = judge(_with(base, lambda layer=layer: layer))
    trained = {}
    for method in (REAL, FS, TBPI, OURS):
        start = base if settings.mode != "full" else _fresh(settings)
        if method != REAL:
            layer = FewSpikesLayer(known[method][AT], "silu")
            start = _with(start, lambda layer=layer: layer)
        trained[method] = judge(_trained(start, images, settings, method))
    return Pictures(replaced, trained)


def _base(images: Images, settings: Settings) -> nn.Module:
    """The network with Swish: the shipped one; in the smoke mode a smaller one, trained for a moment."""
    if settings.mode == "smoke":
        return train(_fresh(settings), images, epochs=1, seed=settings.seed)
    model = Denoiser()
    model.load_state_dict(load_file(SHIPPED))
    return model.eval()


def _fresh(settings: Settings) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return Denoiser((4, 4, 4)) if settings.mode == "smoke" else Denoiser()


def _trained(start: nn.Module, images: Images, settings: Settings, method: str) -> nn.Module:
    say(f"training on with {method}, K={AT}")
    rate = 2e-3 if settings.mode == "full" else 3e-4
    return train(copy.deepcopy(start), images, epochs=_EPOCHS[settings.mode], rate=rate, seed=settings.seed)


def _with(model: nn.Module, activation: Callable[[], nn.Module]) -> nn.Module:
    """A copy of a network with another activation in every block."""
    model = copy.deepcopy(model)
    for module in model.modules():
        if hasattr(module, "act"):
            module.act = activation()
    return model.eval()


class _Judge:
    """Losses on test pictures, and samples beside them."""

    def __init__(self, tests: Tensor, settings: Settings) -> None:
        self._tests, self._settings = tests, settings
        self._look = embedded()

    @torch.inference_mode()
    def __call__(self, model: nn.Module) -> Judged:
        seed = self._settings.seed
        noise, image = losses(model, self._tests, seed)
        samples = sample(model, _SAMPLES[self._settings.mode], seed=seed)
        distance = kernel_distance(self._features(samples), self._features(self._tests))
        return Judged(noise, image, distance, _spikes(model, self._tests[:50]), samples[:_SHOWN])

    def _features(self, images: Tensor) -> Tensor:
        """What the embedded digit network makes of 16×16 pictures, as 28×28 ones."""
        large = F.interpolate((images + 1) / 2, scale_factor=2, mode="bilinear")[:, :, 2:-2, 2:-2]
        return torch.cat([self._look(part) for part in large.split(100)])


def _spikes(model: nn.Module, x: Tensor) -> float | None:
    """The mean number of spikes of a neuron, with pictures that are half noise; None with Swish."""
    found: list[Tensor] = []

    def count(layer: FewSpikesLayer, given: tuple[Tensor, ...]) -> None:
        found.append(decoded(given[0], layer.sequences)[1].flatten())

    layers = {module for module in model.modules() if isinstance(module, FewSpikesLayer)}
    hooks = [layer.register_forward_pre_hook(count) for layer in layers]
    losses(model, x, 0)
    for hook in hooks:
        hook.remove()
    return float(torch.cat(found).double().mean()) if found else None


def series(found: Pictures) -> Iterator[Series]:
    """Losses, distances and spikes against K; the same after training; and the samples."""
    for method in (REAL, FS, TBPI, OURS):
        by_steps = {steps: each for (name, steps), each in found.replaced.items() if name == method}
        x = tuple(by_steps) if method != REAL else _reach(found)
        for name, field in (("image loss", "image"), ("kernel distance of samples", "distance"), ("spikes", "spikes")):
            y = [getattr(each, field) for each in by_steps.values()] * (len(x) if method == REAL else 1)
            if None not in y:
                yield _line(f"diffusion: {name} against K, Swish replaced", method, x, tuple(y), name)
    for method, judged in found.trained.items():
        for name, field in (("image loss", "image"), ("kernel distance of samples", "distance")):
            yield _line(
                f"diffusion: {name}, trained with frozen neurons", method, (AT,), (getattr(judged, field),), name
            )
    for method, judged in {
        REAL: found.replaced[REAL, 0],
        **{m: found.replaced[m, AT] for m in (FS, TBPI, OURS)},
    }.items():
        yield _sheet(method, judged.samples)


def _reach(found: Pictures) -> tuple[int, ...]:
    """From the smallest K to the largest."""
    steps = sorted({steps for _, steps in found.replaced if steps})
    return (steps[0], steps[-1]) if len(steps) > 1 else (steps[0],)


def _line(name: str, system: str, x: tuple, y: tuple, unit: str) -> Series:
    return Series(name=name, system=system, x=x, y=y, x_unit="steps", y_unit=unit)


def _sheet(system: str, samples: Tensor) -> Series:
    """Pictures side by side, row by row of pixels."""
    rows = torch.cat(list(samples[:, 0]), 1)
    grey = tuple(round(each, 3) for each in ((rows.flatten() + 1) / 2).tolist())
    return Series(
        name=f"pictures {rows.shape[1]} wide: samples, K={AT}",
        system=system,
        x=tuple(range(len(grey))),
        y=grey,
        x_unit="pixels",
        y_unit="grey",
    )
