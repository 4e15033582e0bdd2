"""What no training film looks like: N-MNIST's recordings, published sequences with frames, and a real video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from picojoule.base.errors import DataError
from picojoule.base.progress import say
from picojoule.data import npz
from picojoule.data.events import nmnist
from picojoule.data.events.events import recording
from picojoule.data.events.films import WINDOW_US, Films
from picojoule.data.events.grids import voxel_grid
from picojoule.data.events.sequences import CUTS, Film, in_folder, shipped_video, watched
from picojoule.metrics.image import mse, ssim
from picojoule.models.vision import lpips
from picojoule.recipes.e2v_sde.judged import Judged
from picojoule.recipes.e2v_sde.plan import BINS, Plan
from picojoule.recipes.e2v_sde.scoring import quality
from picojoule.recipes.e2v_sde.systems import System
from picojoule.recipes.settings import Settings
from picojoule.train.reconstruction import FIRST

MNIST = "mnist_full.npz"
_VIDEO, _FRAMES, _SIZE = "carphone_pristine.mp4", 60, (72, 88)
_MOST_WINDOWS = 200
"""Of a published sequence; more take longer than they tell."""
Metrics = dict[str, float]


@torch.no_grad()
def beside(
    systems: Sequence[System], models: Mapping[str, Sequence[nn.Module]], plan: Plan, settings: Settings
) -> dict[str, Metrics]:
    """More metrics of each system with windows of the usual length: on what was given with ``--data``, and on a video.

    Raises:
        DataError: ``--data`` is no folder, or has nothing of the kind.
    """
    once = [each for each in systems if each.passes == 1 and not each.fewest]
    found: dict[str, Metrics] = {each.name: {} for each in once}
    for name, films, digits in _sources(plan, settings):
        say(f"watching {name}")
        for each in once:
            frames = each.watch(models[each.arm][0], films, films)[:, :, -1]
            found[each.name] |= _against(name, frames, films, digits)
    return found


@torch.no_grad()
def lpips_of(judgements: Sequence[Judged], films: Films, settings: Settings) -> dict[str, float]:
    """LPIPS of every system at the ends of windows, where its weights are in the folder of ``--data``; else nothing.

    Raises:
        WeightsError: the file is not what it says.
    """
    path = Path(settings.data or "") / lpips.FILE
    if settings.mode == "smoke" or not path.is_file():
        return {}
    distance, due = lpips.load(path), films.frames[:, FIRST:, -1].flatten(0, 1)
    frames = {each.system.name: each.frames[:, FIRST:, -1].flatten(0, 1).clamp(0, 1) for each in judgements}
    return {name: float(distance(found, due).mean()) for name, found in frames.items()}


def _against(name: str, frames: Tensor, films: Films, digits: Tensor | None) -> Metrics:
    if digits is not None:
        pairs = [aligned(stretched(each), digit) for each, digit in zip(frames[:, -1], digits, strict=True)]
        error, likeness = (sum(each) / len(pairs) for each in zip(*pairs, strict=True))
        return {f"mse_{name}": error, f"ssim_{name}": likeness}
    seen = quality(frames, films.frames[:, :, -1])
    return {f"mse_{name}": seen.mse, f"ssim_{name}": seen.ssim, f"pdist_{name}": seen.pdist}


def _sources(plan: Plan, settings: Settings) -> Iterator[tuple[str, Films, Tensor | None]]:
    """Names, films, and the digits of N-MNIST's."""
    if plan.video:
        video, rate = shipped_video(_VIDEO, frames=_FRAMES, size=_SIZE)
        yield "carphone", _as_films(watched("carphone", video, rate)), None
    if settings.data is None or settings.mode == "smoke":
        return
    folder, found = Path(settings.data), 0
    if not folder.is_dir():
        raise DataError("it is no folder", where=str(folder), remedy="give a folder of recordings, or none")
    if (folder / nmnist.FILE).is_file() and (folder / MNIST).is_file():
        found += 1
        yield "n-mnist", *recordings_and_digits(folder, settings.limit)
    for film in in_folder(folder):
        found += 1
        yield film.name, _as_films(film.cut(*CUTS[film.name]) if film.name in CUTS else film), None
    if not found:
        what = "no recordings that are known here"
        remedy = f"give {nmnist.FILE} and {MNIST}, folders of IJRR, or files of HQF (.h5) or MVSEC (.hdf5)"
        raise DataError(what, where=str(folder), remedy=remedy)


def _as_films(film: Film) -> Films:
    grids, frames, events = film.windows(BINS)
    grids, frames, events = grids[:_MOST_WINDOWS], frames[:_MOST_WINDOWS], events[:_MOST_WINDOWS]
    flow = torch.zeros(1, len(frames), 2, *frames.shape[1:])  # unknown, and not asked for
    return Films(voxels=grids[None], frames=frames[None, :, None], flow=flow, events=events[None])


def recordings_and_digits(folder: Path, limit: int | None = None) -> tuple[Films, Tensor]:
    """N-MNIST's test recordings in windows of a thirtieth of a second, and the digit each is of, ``[n, 28, 28]``."""
    test = nmnist.load(folder).test
    ids = npz.read(folder / nmnist.FILE, ["test_ids"], error=DataError)["test_ids"]
    pictures = torch.from_numpy(npz.read(folder / MNIST, ["x_test"], error=DataError)["x_test"])
    digits = pictures[torch.from_numpy(ids.astype("int64")) - 60_001].float().view(-1, 28, 28) / 255
    number = min(len(test), limit or len(test))
    found = [recording(test, k) for k in range(number)]
    windows = max(1, int(max(float(each.time[-1]) for each in found) // WINDOW_US))
    times = [k * WINDOW_US for k in range(windows + 1)]
    cut = [[*each.windows(times)] for each in found]
    grids = torch.stack([torch.stack([voxel_grid(each, BINS) for each in parts]) for parts in cut])
    events = torch.tensor([[len(each) for each in parts] for parts in cut])
    size = grids.shape[-2:]
    empty = torch.zeros(number, windows, 1, *size)
    films = Films(voxels=grids, frames=empty, flow=torch.zeros(number, windows, 2, *size), events=events)
    return films, digits[:number]


def stretched(frame: Tensor) -> Tensor:
    """A frame whose first and last hundredth of values are 0 and 1: how bright it is cannot be known from events."""
    low, high = frame.flatten().quantile(torch.tensor([0.01, 0.99]))
    return ((frame - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)


def aligned(frame: Tensor, digit: Tensor) -> tuple[float, float]:
    """MSE and SSIM of a digit with that part of a frame which is nearest to it: where it lies is not recorded."""
    height, width = digit.shape
    down, across = frame.shape[0] - height + 1, frame.shape[1] - width + 1
    parts = frame.unfold(0, height, 1).unfold(1, width, 1).reshape(down * across, height, width)
    errors = mse(parts, digit.expand_as(parts))
    best = int(errors.argmin())
    return float(errors[best]), float(ssim(parts[best][None], digit[None]))
