"""What a training reports while it runs: a line of JSON an epoch, and TensorBoard's files where it is installed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, final

from picojoule.base.files import write_whole

FILE = "metrics.jsonl"


@final
@dataclass(frozen=True, kw_only=True)
class Epoch:
    """A finished epoch.

    Attributes:
        steps: optimiser steps since the beginning.
        loss: mean of its batches.
        score: of the validation; None without one.
        seconds: wall time, that of a resumed epoch since the resumption.
        metrics: what else the learner tells.
    """

    steps: int
    loss: float
    score: float | None = None
    seconds: float = 0.0
    metrics: dict[str, float] = field(default_factory=dict)


@final
class Journal:
    """The reports of one run, in its folder.

    The lines are written anew with every epoch, from the run's own state: a run that was killed and resumed has each
    epoch once.

    Args:
        folder: of the run.
        done: epochs finished before.
    """

    def __init__(self, folder: Path, done: int) -> None:
        self.folder = folder
        self._board: Any = None
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=done)

    def write(self, epochs: Sequence[Epoch]) -> None:
        """Report `epochs`, the last of which is new."""
        if not epochs:
            return
        lines = [json.dumps({"epoch": i, **_flat(each)}) for i, each in enumerate(epochs, 1)]
        write_whole(self.folder / FILE, "".join(f"{line}\n" for line in lines))
        if self._board is not None:
            for name, value in _flat(epochs[-1]).items():
                if value is not None and name != "steps":
                    self._board.add_scalar(name, value, len(epochs))
            self._board.flush()

    def close(self) -> None:
        """Close TensorBoard's file."""
        if self._board is not None:
            self._board.close()


def _flat(epoch: Epoch) -> dict[str, float | None]:
    record = asdict(epoch)
    return {**record.pop("metrics"), **record}
