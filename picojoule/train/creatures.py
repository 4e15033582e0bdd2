"""Training of the small networks' start: ``python -m picojoule.train.creatures [FILE] [--seed N]``.

A transformer and a convolutional network learn the colours of all four parts of creatures, and their families, on
families of random shapes, which are none of the recipe's. Both see the same pictures in the same order as often.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import final

import torch
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from picojoule.base.errors import PicojouleError
from picojoule.base.files import require_writable, write_whole
from picojoule.base.progress import say
from picojoule.data.vision.fine_grained import creatures
from picojoule.data.vision.fine_grained.creatures import PARTS, SPECIES, Sightings, strangers
from picojoule.models.loading import METADATA_KEY, in_half
from picojoule.models.vision.mvit import MViTClassifier
from picojoule.models.vision.small import small_mvit, small_pyramid
from picojoule.train.fit import fit
from picojoule.train.gradient import Loss
from picojoule.train.schedule import one_cycle
from picojoule.train.source import Shuffled

COMMAND = "python -m picojoule.train.creatures"
DEFAULT_PATH = Path("out") / "creatures.safetensors"


@final
@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the start is trained.

    Attributes:
        pictures, families: what is learned from.
        data_seed: of the pictures, far from those of recipes.
        tested: pictures for the accuracies that are written beside the weights.
        epochs: passes through them.
        rates: of the transformer and of the convolutional network; with the second, the first learns nothing.
        decay, rise: of AdamW in one cycle.
        batch: pictures a step.
        clip: largest norm of the gradient.
        least: weight of the family beside the four parts.
    """

    pictures: int = 7200
    families: int = 24
    data_seed: int = 100
    tested: int = 480
    epochs: int = 8
    rates: tuple[float, float] = (1.5e-3, 2.5e-3)
    decay: float = 0.05
    rise: float = 0.08
    batch: int = 64
    clip: float = 1.0
    least: float = 0.5


SETTINGS = Settings()


@final
class Described:
    """Sightings whose label is all that is known of them ``[n, 5]``: the colours of the parts, and the family."""

    def __init__(self, sightings: Sightings) -> None:
        self.images = sightings.images
        self.known = torch.cat((sightings.kinds, sightings.images.labels[:, None] // SPECIES), dim=1)

    def __len__(self) -> int:
        return len(self.known)

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures, and what is known of them."""
        return self.images.images[index], self.known[index]


def described(least: float) -> Loss:
    """The loss: Σ over parts of CE(colour) + `least`·CE(family)."""

    def loss(model: nn.Module, x: Tensor, known: Tensor) -> Tensor:
        colours, families = _told(model(x))
        parts = [nn.functional.cross_entropy(each, known[:, part]) for part, each in enumerate(colours)]
        return torch.stack(parts).sum() + least * nn.functional.cross_entropy(families, known[:, -1])

    return loss


def _told(logits: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
    """Logits of the colour of each part, and of the family."""
    parts = SPECIES * len(PARTS)
    return logits[:, :parts].split(SPECIES, dim=1), logits[:, parts:]


def train_embedded(
    path: Path | str, *, seed: int = 0, settings: Settings = SETTINGS, checkpoints: Path | str | None = None
) -> dict[str, object]:
    """Train both networks and write their weights, whole, with how they were trained.

    Args:
        path: file to write.
        seed: of weights and order.
        settings: of the training.
        checkpoints: folder from which an interrupted training goes on; None keeps nothing.

    Returns:
        What is written beside the weights.

    Raises:
        InputError: a folder cannot be written.
    """
    require_writable(Path(path).parent)
    data = creatures.load(
        train=settings.pictures, test=settings.tested, families=strangers(settings.families), seed=settings.data_seed
    )
    outputs = SPECIES * len(PARTS) + settings.families
    found, accuracies = {}, {}
    for part, rate in zip(("mvit", "pyramid"), settings.rates, strict=True):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = MViTClassifier(small_mvit(), outputs) if part == "mvit" else small_pyramid(outputs)
        folder = None if checkpoints is None else Path(checkpoints) / part
        _learn(model, data.train, rate, seed, settings, folder, part)
        kept = model.backbone if part == "mvit" else model.body
        found |= {f"{part}.{name}": each for name, each in in_half(kept.state_dict()).items()}
        accuracies[part] = told_right(model, data.test)
    about = {"command": COMMAND, "seed": seed, "torch": torch.__version__, "data": data.name, "sha256": data.sha256,
             **asdict(settings), "accuracies": accuracies}  # fmt: skip
    write_whole(path, to_bytes(found, {METADATA_KEY: json.dumps(about)}))
    return about


def _learn(
    model: nn.Module,
    sightings: Sightings,
    rate: float,
    seed: int,
    settings: Settings,
    checkpoints: Path | None,
    what: str,
) -> None:
    fit(
        model,
        described(settings.least),
        Shuffled(samples=Described(sightings), size=min(settings.batch, len(sightings))),
        epochs=settings.epochs,
        optimiser=partial(torch.optim.AdamW, lr=rate, weight_decay=settings.decay),
        schedule=partial(one_cycle, rise=settings.rise),
        clip=settings.clip,
        seed=seed,
        folder=checkpoints,
        what=f"{what} on other creatures",
    )
    model.eval()


@torch.no_grad()
def told_right(model: nn.Module, sightings: Sightings) -> dict[str, float]:
    """Share of the creatures whose part it tells rightly, by part, and whose family."""
    told = torch.cat([model(x) for x, _ in sightings.images.batches(120)])
    colours, families = _told(told)
    found = {part: colours[at].argmax(1) == sightings.kinds[:, at] for at, part in enumerate(PARTS)}
    found["family"] = families.argmax(1) == sightings.images.labels // SPECIES
    return {name: round(float(right.double().mean()), 4) for name, right in found.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and write the file; exit status 2 on wrong input."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="train the start of the small networks")
    parser.add_argument("path", nargs="?", default=DEFAULT_PATH, type=Path, help=f"file (default: {DEFAULT_PATH})")
    parser.add_argument("--seed", type=int, default=0, help="of weights and order (default: 0)")
    options = parser.parse_args(arguments)
    try:
        about = train_embedded(options.path, seed=options.seed, checkpoints=options.path.parent / "training-creatures")
    except PicojouleError as error:
        print(error, file=sys.stderr)
        return 2
    say(f"wrote {options.path}: {about['accuracies']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
