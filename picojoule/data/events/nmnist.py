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
        DataError: no such file, or without these arrays.
    """
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    names = [f"{part}_{each}" for part in ("train", "test") for each in _PARTS]
    missing = [name for name in names if name not in npz.headers(path, error=DataError)]
    if missing:
        raise DataError(f"it has no {', '.join(missing)}", where=str(path), remedy="give the arrays of N-MNIST")
    arrays = npz.read(path, names, error=DataError)
    train, test = (_part({each: arrays[f"{part}_{each}"] for each in _PARTS}) for part in ("train", "test"))
    return EventDataset(name="n-mnist", train=train, test=test, sha256=sha256(read_bytes(path, what="recordings")))


def _part(arrays: dict[str, np.ndarray]) -> Recordings:
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
