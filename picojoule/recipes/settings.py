"""What a run is told: mode, data, seed, and the options all commands share."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, final

from picojoule.base.errors import InputError
from picojoule.data.vision import Dataset, digits, load, synthetic
from picojoule.ir import Network


@final
@dataclass(frozen=True, kw_only=True)
class Settings:
    """Options of a recipe or of ``compare``.

    Attributes:
        mode: ``smoke`` (seconds, generated data, claims not tried), ``quick`` or ``full`` (the paper's setting).
        data: a folder, an .npz file or package.module:function; the embedded digits if None.
        mean, std: per channel, for the plain forms of data.
        weights: of the embedded network, in place of those in the package; a checkpoint to start from; or the folder
            of an encoder of text.
        seed: of everything random.
        batch: samples a run.
        limit: use at most so many test samples.
        device, dtype: where and in what numbers to compute.
        workers, scheduler: processes, or the address of a Dask scheduler, for what a recipe can spread.
        unfinished: a folder for work that a run which was killed goes on from; None keeps none.
    """

    mode: Literal["smoke", "quick", "full"] = "quick"
    data: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    weights: Path | None = None
    seed: int = 0
    batch: int = 50
    limit: int | None = None
    device: str = "cpu"
    dtype: str = "float32"
    workers: int = 1
    scheduler: str | None = None
    unfinished: str | None = None

    def dataset(self) -> Dataset:
        """The data to work on.

        Raises:
            DataError: it cannot be read.
            InputError: the full mode was asked for without data.
        """
        if self.mode == "smoke":
            return synthetic.load(train=64, test=32, seed=self.seed)
        if self.data is not None:
            return load(self.data, mean=self.mean, std=self.std)
        if self.mode == "full":
            raise InputError("the full mode has no data", where="--full", remedy="give the paper's data with --data")
        return digits.load()

    def kept(self, *names: str) -> Path | None:
        """Where unfinished work of these names is kept; None where none is."""
        return (
            None if self.unfinished is None else Path(self.unfinished, *(re.sub(r"\W+", "-", each) for each in names))
        )

    def on(self, sha256: str) -> Settings:
        """The same for other data: what was begun on some is not gone on with on others."""
        kept = self.kept(sha256[:12])
        return self if kept is None else replace(self, unfinished=str(kept))

    def place(self, network: Network) -> Network:
        """The network on the device and in the numbers asked for."""
        return network.to(self.device, self.dtype)
