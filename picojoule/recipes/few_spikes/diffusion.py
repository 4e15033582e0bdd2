"""A small diffusion model whose Swish is replaced by few-spikes neurons: losses, a distance of samples, the samples.

The neurons take the place of Swish in the trained network, and then, frozen, in its training: a little of it from
there on in the quick mode, all of it from random weights in the full one. Published sequences are the same in every
block; of ours there are those for a uniform density, and those of each block for the drives that it sees.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import NamedTuple, final

import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from picojoule.base.progress import say
from picojoule.codes.few_spikes import Sequences, fit, fitted
from picojoule.codes.few_spikes.layer import FewSpikesLayer, decoded
from picojoule.data.vision import Dataset, Images
from picojoule.metrics.distance import kernel_distance
from picojoule.models import embedded
from picojoule.models.vision.denoiser import Denoiser
from picojoule.recipes.few_spikes.functions import FS, OURS, STEPS, TBPI, sets
from picojoule.recipes.settings import Settings
from picojoule.reports.boxes import annotated, grid, png
from picojoule.result import Series
from picojoule.train.denoising import SHIPPED, losses, pictures, sample, train

REAL, FITTED = "Swish", "exact, by density (ours)"
METHODS = (FS, TBPI, OURS, FITTED)
AT = 8
"""K of the networks that are trained, and of the samples that are shown."""
_SAMPLES = {"smoke": 8, "quick": 200, "full": 1000}
_TESTED = {"smoke": 16, "quick": 500, "full": 1000}
_EPOCHS = {"smoke": 1, "quick": 1, "full": 60}
_SHOWN, _DRIVES, _PARTS = 8, 200, 256


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
    judge, layers = _Judge(tests.images, settings), _layers(base, images.images[:_DRIVES], settings)
    start = _fresh(settings) if settings.mode == "full" else base
    replaced, trained = {(REAL, 0): judge(base)}, {REAL: judge(_trained(start, images, settings, REAL))}
    for (method, steps), each in layers.items():
        say(f"diffusion with {method}, K={steps}")
        replaced[method, steps] = judge(_with(base, each))
        if steps == AT:
            trained[method] = judge(_trained(_with(start, each), images, settings, method))
    return Pictures(replaced, trained)


def _layers(base: nn.Module, images: Tensor, settings: Settings) -> dict[tuple[str, int], list[nn.Module]]:
    """The activation of every block, by method and K."""
    blocks = [module for module in base.modules() if hasattr(module, "act")]
    found: dict[tuple[str, int], list[nn.Module]] = {}
    for method, by_steps in sets("silu").items():
        for steps in (AT,) if settings.mode == "smoke" else by_steps:
            found[method, steps] = [FewSpikesLayer(by_steps[steps], "silu")] * len(blocks)
    drives = _drives(base, blocks, images)
    for steps in (AT,) if settings.mode == "smoke" else STEPS:
        say(f"fitting Swish of {len(blocks)} blocks, K={steps}")
        found[FITTED, steps] = [FewSpikesLayer(_fitted(drive, steps), "silu") for drive in drives]
    return found


@torch.inference_mode()
def _drives(base: nn.Module, blocks: list[nn.Module], images: Tensor) -> list[Tensor]:
    """What the activation of every block sees, with all amounts of noise."""
    seen: list[Tensor] = []
    hooks = [block.act.register_forward_pre_hook(lambda _, given: seen.append(given[0].flatten())) for block in blocks]
    losses(base, images, 0)
    for hook in hooks:
        hook.remove()
    return seen


def _fitted(drive: Tensor, steps: int) -> Sequences:
    low, high = float(drive.min()), float(drive.max())
    density = torch.histc(drive, _PARTS, low, high).tolist()
    start = fitted("silu", steps)
    return fit("silu", low, high, steps=steps, density=density, starts=(start,) if start else (), tries=16, shakes=8)


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


def _with(model: nn.Module, activations: list[nn.Module]) -> nn.Module:
    """A copy of a network with other activations in its blocks."""
    model = copy.deepcopy(model)
    blocks = [module for module in model.modules() if hasattr(module, "act")]
    for block, activation in zip(blocks, activations, strict=True):
        block.act = activation
    return model.eval()


class _Judge:
    """Losses on test pictures, and samples beside them."""

    def __init__(self, tests: Tensor, settings: Settings) -> None:
        self._tests, self._settings = tests, settings
        self._look = embedded()
        self._tests_seen = self._seen(tests)

    @torch.inference_mode()
    def __call__(self, model: nn.Module) -> Judged:
        seed = self._settings.seed
        noise, image = losses(model, self._tests, seed)
        samples = sample(model, _SAMPLES[self._settings.mode], seed=seed)
        mean, spread = self._tests_seen.mean(0), self._tests_seen.std(0).clamp_min(1e-6)
        distance = kernel_distance((self._seen(samples) - mean) / spread, (self._tests_seen - mean) / spread)
        return Judged(noise, image, distance, _spikes(model, self._tests[:50]), samples[:_SHOWN])

    @torch.inference_mode()
    def _seen(self, images: Tensor) -> Tensor:
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
    """Losses, distances and spikes against K; the same after training."""
    for method in (REAL, *METHODS):
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


def _reach(found: Pictures) -> tuple[int, ...]:
    """From the smallest K to the largest."""
    steps = sorted({steps for _, steps in found.replaced if steps})
    return (steps[0], steps[-1]) if len(steps) > 1 else (steps[0],)


def _line(name: str, system: str, x: tuple, y: tuple, unit: str) -> Series:
    return Series(name=name, system=system, x=x, y=y, x_unit="steps", y_unit=unit)


def sheet(found: Pictures) -> dict[str, bytes]:
    """Samples of Swish, and of each kind of neurons in its place, a column a network; the same noise in every row."""
    systems = {REAL: found.replaced[REAL, 0], **{method: found.replaced[method, AT] for method in METHODS}}
    columns = [[_picture(each) for each in judged.samples[:, 0]] for judged in systems.values()]
    return {f"Samples, K={AT}": png(grid([*zip(*columns, strict=True)], list(systems)))}


def _picture(grey: Tensor) -> Image.Image:
    """A sample from −1 (black) to 1 (white)."""
    pixels = ((grey + 1) * 127.5).round().clamp(0, 255).byte().numpy()
    return annotated(Image.fromarray(pixels), (), zoom=_SIDE / pixels.shape[0])


_SIDE = 96
"""Pixels of a sample in the report."""
