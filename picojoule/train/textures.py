"""The shipped network of textures: ``python -m picojoule.train.textures [FILE] [--epochs N]``.

It learns which photo a random crop is from, whatever its brightness and contrast. Photos are those of training films,
so that it has seen none of the test.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save as to_bytes
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from picojoule.base.files import write_whole
from picojoule.base.progress import say
from picojoule.data.events.films import PHOTOS
from picojoule.data.vision import Images
from picojoule.data.vision.photos import grey, photo
from picojoule.models.loading import METADATA_KEY
from picojoule.models.vision.textures import TextureNet, accuracy
from picojoule.train.fit import fit
from picojoule.train.schedule import one_cycle
from picojoule.train.source import Shuffled

COMMAND = "python -m picojoule.train.textures"
_SIDE, _CROPS = 24, 400
_LEFT_OUT = 0.2
"""Share of each photo's width, at its right, that is only looked at to tell how well it does."""


def crops(n: int, *, test: bool = False, seed: int = 0) -> Images:
    """Random pieces 24×24 of every training photo, `n` of each, with changed brightness and contrast."""
    generator = torch.Generator().manual_seed(seed + test)
    pictures, labels = [], []
    for label, name in enumerate(PHOTOS["train"]):
        whole = grey(photo(name))
        border = round(whole.shape[1] * (1 - _LEFT_OUT))
        part = whole[:, border:] if test else whole[:, :border]
        for _ in range(n):
            top, left = (int(torch.randint(length - _SIDE + 1, (), generator=generator)) for length in part.shape)
            pictures.append(_lit(part[top : top + _SIDE, left : left + _SIDE], generator))
            labels.append(label)
    return Images(images=torch.stack(pictures)[:, None], labels=torch.tensor(labels))


def _lit(piece: Tensor, generator: torch.Generator) -> Tensor:
    contrast, brightness = (0.6 + 0.8 * torch.rand(2, generator=generator)).tolist()
    return ((piece - piece.mean()) * contrast + piece.mean() + 0.25 * (brightness - 1)).clamp(0, 1)


def train(epochs: int, seed: int = 0) -> TextureNet:
    """A network that learnt for so many epochs; in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = TextureNet(len(PHOTOS["train"]))

    def loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(model(x), y)

    fit(
        model,
        loss,
        Shuffled(samples=crops(_CROPS, seed=seed), size=50),
        epochs=epochs,
        optimiser=partial(torch.optim.Adam, lr=4e-3),
        schedule=one_cycle,
        seed=seed,
        what="telling textures apart",
    )
    return model.eval()


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the shipped network."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Train the network behind the distance of pictures.")
    parser.add_argument("file", nargs="?", type=Path, default=Path("out") / "textures.safetensors")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    model = train(options.epochs, options.seed)
    tests = crops(100, test=True, seed=options.seed)
    share = accuracy(model, tests.images, tests.labels)
    metadata = {"command": f"{COMMAND} --epochs {options.epochs} --seed {options.seed}", "accuracy": f"{share:.3f}"}
    tensors = {name: each.contiguous() for name, each in model.state_dict().items()}
    write_whole(options.file, to_bytes(tensors, {METADATA_KEY: json.dumps(metadata)}))
    say(f"accuracy on the parts left out {share:.1%}; wrote {options.file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
