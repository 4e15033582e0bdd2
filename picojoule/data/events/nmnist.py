"""N-MNIST: handwritten digits seen by an event camera that is moved in three saccades (Orchard et al. 2015).

The file is an ``.npz`` of plain arrays, for each of ``train`` and ``test``: ``_xyp`` (uint16 x | y<<6 | p<<12), ``_dt``
(uint16, microseconds since the event before), ``_offsets`` (recording k is offsets[k]:offsets[k+1]) and ``_labels``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from picojoule.base.errors import DataError
from picojoule.base.files import read_bytes, sha256
from picojoule.data import npz
from picojoule.data.events.recordings import EventDataset, Recordings

SIZE = (34, 34)
FILE = "nmnist_small.npz"
_PARTS = ("xyp", "dt", "offsets", "labels")


def load(path: Path | str) -> EventDataset[Recordings]:
    """The recordings of a file, or of the file ``nmnist_small.npz`` in a folder.

    Raises:
        DataError: no such file, without these arrays, or with arrays that do not fit each other.
    """
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    names = [f"{part}_{each}" for part in ("train", "test") for each in _PARTS]
    missing = [name for name in names if name not in npz.headers(path, error=DataError)]
    if missing:
        raise DataError(f"it has no {', '.join(missing)}", where=str(path), remedy="give the arrays of N-MNIST")
    arrays = npz.read(path, names, error=DataError)
    train, test = (
        _part({each: arrays[f"{part}_{each}"] for each in _PARTS}, f"{path}, {part}") for part in ("train", "test")
    )
    return EventDataset(name="n-mnist", train=train, test=test, sha256=sha256(read_bytes(path, what="recordings")))


def _part(arrays: dict[str, np.ndarray], where: str) -> Recordings:
    _require_whole(arrays, where)
    xyp, offsets = arrays["xyp"], arrays["offsets"].astype(np.int64)
    # the sum of all gaps, less what it was where the recording began
    time = np.cumsum(arrays["dt"], dtype=np.int64)
    before = np.concatenate(([0], time))[offsets[:-1]]
    time = time - np.repeat(before, np.diff(offsets))
    columns = {"x": xyp & 63, "y": xyp >> 6 & 63}
    return Recordings(
        **{name: torch.from_numpy(each.astype(np.int16)) for name, each in columns.items()},
        polarity=torch.from_numpy((xyp >> 12).astype(np.uint8)),
        time=torch.from_numpy(time.astype(np.int32)),
        offsets=torch.from_numpy(offsets),
        labels=torch.from_numpy(arrays["labels"].astype(np.int64)),
        size=SIZE,
    )


def _require_whole(arrays: dict[str, np.ndarray], where: str) -> None:
    remedy = "write the arrays of N-MNIST again"
    for name, array in arrays.items():
        if array.ndim != 1 or array.dtype.kind not in "iu":
            what = f"{name} is {array.dtype} of shape {list(array.shape)}, not a row of integers"
            raise DataError(what, where=where, remedy=remedy)
    offsets = arrays["offsets"].astype(np.int64)
    if not len(offsets) or offsets[0] != 0 or (np.diff(offsets) < 0).any():
        raise DataError("the offsets do not rise from 0", where=where, remedy=remedy)
    if not len(arrays["xyp"]) == len(arrays["dt"]) == offsets[-1]:
        what = f"{len(arrays['xyp'])} events, {len(arrays['dt'])} times, and offsets up to {offsets[-1]}"
        raise DataError(what, where=where, remedy=remedy)
    for name, highest in (("xyp", 1 << 13), ("dt", 1 << 16), ("labels", 1 << 20)):
        odd = arrays[name][(arrays[name] < 0) | (arrays[name] >= highest)]
        if odd.size:
            raise DataError(f"{name} has {odd[0]}, outside 0..{highest - 1}", where=where, remedy=remedy)
