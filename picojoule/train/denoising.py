"""Denoising diffusion on digits, and the shipped network: ``python -m picojoule.train.denoising [FILE] [--epochs N]``.

::

    x_t = cos(θ)·x + sin(θ)·ε,   θ from arccos(0.95) to arccos(0.02) as t goes from 0 to 1
    ε̂ = net(x_t, sin²θ);   x̂ = (x_t − sin(θ)·ε̂)/cos(θ);   noise loss = mean |ε̂ − ε|, image loss = mean |x̂ − x|

Training lowers the noise loss. Sampling goes from noise to x̂ and back
to a little less noise, without new randomness.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from math import acos
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from picojoule.base.files import write_whole
from picojoule.base.progress import say
from picojoule.data.vision import Images, digits
from picojoule.models.loading import METADATA_KEY, in_half
from picojoule.models.vision.denoiser import Denoiser
from picojoule.train.fit import fit
from picojoule.train.schedule import one_cycle
from picojoule.train.source import Shuffled

COMMAND = "python -m picojoule.train.denoising"
SHIPPED = Path(__file__).parents[1] / "models" / "weights" / "denoiser.safetensors"
_START, _END = acos(0.95), acos(0.02)


class Rates(NamedTuple):
    """Shares of picture and noise, cos θ and sin θ."""

    signal: Tensor
    noise: Tensor


def rates(t: Tensor) -> Rates:
    """The shares at diffusion times t from 0 to 1."""
    angle = _START + t * (_END - _START)
    return Rates(angle.cos(), angle.sin())


def pictures(images: Images) -> Images:
    """28×28 digits in [0, 1] as 16×16 ones in [−1, 1]."""
    small = F.avg_pool2d(F.pad(images.images, (2, 2, 2, 2)), 2)
    return Images(images=2 * small - 1, labels=images.labels)


def predict(model: nn.Module, noisy: Tensor, at: Rates) -> tuple[Tensor, Tensor]:
    """The noise and the picture that a network finds in noisy pictures."""
    noise = model(noisy, at.noise**2)
    return noise, (noisy - at.noise * noise) / at.signal


def noise_loss(model: nn.Module, x: Tensor, _: Tensor) -> Tensor:
    """The loss of training, at random times with random noise."""
    t, noise = torch.rand(len(x), 1, 1, 1), torch.randn_like(x)
    at = rates(t)
    return (predict(model, at.signal * x + at.noise * noise, at)[0] - noise).abs().mean()


@torch.inference_mode()
def losses(model: nn.Module, x: Tensor, seed: int) -> tuple[float, float]:
    """Noise and image loss over times spread evenly, with noise from a seed."""
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
    at = rates((torch.arange(len(x)).view(-1, 1, 1, 1) + 0.5) / len(x))
    found, picture = predict(model, at.signal * x + at.noise * noise, at)
    return float((found - noise).abs().mean()), float((picture - x).abs().mean())


@torch.inference_mode()
def sample(model: nn.Module, number: int, *, steps: int = 20, side: int = 16, seed: int = 0) -> Tensor:
    """Pictures from noise, ``[number, 1, side, side]`` in [−1, 1]."""
    x = torch.randn(number, 1, side, side, generator=torch.Generator().manual_seed(seed))
    picture = x
    for step in range(steps):
        now, later = (rates(torch.full((number, 1, 1, 1), 1 - at / steps)) for at in (step, step + 1))
        noise, picture = predict(model, x, now)
        x = later.signal * picture + later.noise * noise
    return picture.clamp(-1, 1)


def train(model: nn.Module, images: Images, *, epochs: int, rate: float = 2e-3, seed: int = 0) -> nn.Module:
    """Train a denoiser on pictures; in evaluation mode."""
    fit(
        model,
        noise_loss,
        Shuffled(samples=images, size=64),
        epochs=epochs,
        optimiser=partial(torch.optim.AdamW, lr=rate, weight_decay=1e-4),
        schedule=one_cycle,
        seed=seed,
        what="training a denoiser",
    )
    return model.eval()


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the shipped network."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Train the shipped denoiser of 16×16 digits.")
    parser.add_argument("file", nargs="?", type=Path, default=Path("out") / "denoiser.safetensors")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    data = digits.load()
    torch.manual_seed(options.seed)
    model = train(Denoiser(), pictures(data.train), epochs=options.epochs, seed=options.seed)
    noise, image = losses(model, pictures(data.test).images, options.seed)
    metadata = {
        "command": f"{COMMAND} --epochs {options.epochs} --seed {options.seed}",
        "noise_loss": f"{noise:.4f}",
        "image_loss": f"{image:.4f}",
    }
    write_whole(options.file, to_bytes(in_half(model.state_dict()), {METADATA_KEY: json.dumps(metadata)}))
    say(f"noise loss {noise:.4f}, image loss {image:.4f}; wrote {options.file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
