"""Training of the embedded detector: ``python -m picojoule.train.detector [FILE] [--seed N]``.

A small Tiny YOLO v2 learns 4,000 scenes of digits on photos. The settings are the first that were tried; the test
scenes were looked at once, at the end.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import final

import torch
from safetensors.torch import save as to_bytes
from torch import nn

from picojoule.base.errors import InputError, PicojouleError
from picojoule.base.files import require_writable, write_whole
from picojoule.base.progress import say
from picojoule.base.units import percent
from picojoule.data.vision.detection import SceneData, Scenes, embedded
from picojoule.metrics import Found, voc_map
from picojoule.models.loading import METADATA_KEY, in_half
from picojoule.models.vision.detection import TinyYolo, find, heads_of, small_yolo
from picojoule.train.augment import RandomLight
from picojoule.train.detection import yolo_loss
from picojoule.train.fit import fit
from picojoule.train.schedule import one_cycle
from picojoule.train.source import Shuffled

COMMAND = "python -m picojoule.train.detector"
DEFAULT_PATH = Path("out") / "detector.safetensors"


@final
@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a detector is trained.

    Attributes:
        epochs: passes through the training scenes.
        rate: largest learning rate of AdamW in one cycle.
        decay: weight decay of AdamW.
        batch: scenes a step.
        clip: largest norm of the gradient.
    """

    epochs: int = 26
    rate: float = 4e-3
    decay: float = 1e-2
    batch: int = 32
    clip: float = 20.0


SETTINGS = Settings()


def train_detector(
    model: TinyYolo,
    scenes: Scenes,
    settings: Settings = SETTINGS,
    *,
    seed: int = 0,
    folder: Path | None = None,
    what: str = "training the detector",
) -> float:
    """Train a detector in place and leave it in evaluation mode.

    Args:
        model: with the ``head`` its loss reads.
        scenes: to learn.
        settings: how.
        seed: of order and augmentation.
        folder: where an interrupted training finds what it had done; None keeps nothing.
        what: name shown in the progress.

    Returns:
        Seconds it took.
    """
    history = fit(
        model,
        yolo_loss,
        Shuffled(samples=scenes, size=min(settings.batch, len(scenes))),
        epochs=settings.epochs,
        optimiser=partial(torch.optim.AdamW, lr=settings.rate, weight_decay=settings.decay),
        schedule=one_cycle,
        clip=settings.clip,
        augment=RandomLight(),
        seed=seed,
        folder=folder,
        what=what,
    )
    model.eval()
    return history.seconds


@torch.inference_mode()
def found_by(model: nn.Module, scenes: Scenes, *, batch: int = 50) -> Found:
    """What a detector finds in scenes; `model` in evaluation mode."""
    heads, device = heads_of(model), next(model.parameters()).device
    starts = range(0, len(scenes), batch)
    parts = [find(heads, model(x.to(device)), scenes.size) for x, _ in scenes.batches(batch)]
    return Found.joined(parts, [*starts])


def train_embedded(
    path: Path | str | None = None,
    *,
    settings: Settings = SETTINGS,
    seed: int = 0,
    data: SceneData | None = None,
    checkpoints: Path | None = None,
) -> tuple[TinyYolo, float]:
    """Train the embedded detector; some minutes on two idle cores.

    Args:
        path: file to write, as the package's own; None writes none.
        settings: how to train.
        seed: of initial weights, order and augmentation.
        data: scenes; None draws the embedded ones.
        checkpoints: folder in which an interrupted training finds what it had done; None keeps nothing.

    Returns:
        The network, and its mAP50 on the test scenes.

    Raises:
        MissingExtra: what the embedded scenes are made of is not installed.
        InputError: `path` or `checkpoints` cannot be written.
    """
    for folder in (Path(path).parent if path is not None else None, checkpoints):
        if folder is not None:
            require_writable(folder)
    data = data or embedded.load()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = small_yolo(len(data.names)).to(memory_format=torch.channels_last)
    seconds = train_detector(model, data.train, settings, seed=seed, folder=checkpoints)
    model = model.to(memory_format=torch.contiguous_format)
    reached = voc_map(found_by(model, data.test), data.test, classes=len(data.names))
    say(f"mAP50 {percent(reached)} on {len(data.test)} test scenes after {seconds:.0f} s")
    if path is not None:
        write_whole(path, _file(model, reached, settings, data, seed))
    return model, reached


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Train the embedded detector.")
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT_PATH, help=f"to write (default {DEFAULT_PATH})")
    parser.add_argument("--seed", type=int, default=0, help="of initial weights, order and augmentation (default 0)")
    parser.add_argument("--checkpoints", type=Path, help="folder of an interrupted training to go on from")
    options = parser.parse_args(arguments)
    try:
        train_embedded(options.file, seed=options.seed, checkpoints=options.checkpoints)
    except PicojouleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    say(f"wrote {options.file}")
    return 0


def _file(model: nn.Module, reached: float, settings: Settings, data: SceneData, seed: int) -> bytes:
    """The weights as safetensors, and in the metadata how they came about."""
    metadata = {
        "command": f"{COMMAND} --seed {seed}",
        "seed": str(seed),
        "data": f"{data.name}, {len(data.train)} training and {len(data.test)} test scenes, sha256 {data.sha256}",
        "torch": torch.__version__,
        "machine": f"{torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads",
        "settings": str(settings),
        "map50": f"{reached:.4f}",
    }
    return to_bytes(in_half(model.state_dict()), {METADATA_KEY: json.dumps(metadata)})


if __name__ == "__main__":
    sys.exit(main())
