"""Running a network over a data set and keeping what happened."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, final

import torch

from picojoule.base.errors import DataError
from picojoule.base.progress import track
from picojoule.cost import Counts
from picojoule.cost.counts import add_up
from picojoule.data.batches import batches, first
from picojoule.engines import run
from picojoule.ir import Network, Quantise
from picojoule.metrics import correct

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@final
@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a network did on a data set.

    Attributes:
        network: which one.
        counts: what the modelled hardware did, over all samples.
        hits: correct decisions; None without labels.
        decisions: the class chosen for each sample, int64 ``[samples]``.
        seconds: of the runs themselves, all samples; None where no kernel of this kind ran (a simulated
            quantised network).
        peak_bytes: memory of the process while running, above what it held before; None where it cannot be told.
        plan: which engine ran, and why.
    """

    network: Network
    counts: Counts
    hits: int | None
    decisions: torch.Tensor
    seconds: float | None
    peak_bytes: int | None
    plan: str

    @property
    def accuracy(self) -> float | None:
        """Share of correct decisions."""
        return None if self.hits is None else self.hits / self.counts.samples


def observe(network: Network, data: Any, *, engine: str = "auto", batch: int = 50, limit: int | None = None) -> Observation:
    """Run a network over a data set.

    Args:
        network: what to run.
        data: anything :func:`picojoule.data.batches.batches` takes.
        engine: as for :func:`picojoule.engines.run`.
        batch: samples a run.
        limit: use at most so many samples.

    Raises:
        DataError: no sample, or labels that do not fit.
    """
    if limit is not None and limit < 1:
        raise DataError(f"limit={limit}", where="measure", remedy="use at least one sample")
    run(network, first(data), engine=engine)
    parts, decisions, hits, seconds, plan = [], [], 0, 0.0, ""
    labelled = True
    before = _reset_peak()
    for x, y in track(_limited(data, batch, limit), network.name, _length(data, batch, limit)):
        start = time.perf_counter()
        done = run(network, x, engine=engine)
        seconds += time.perf_counter() - start
        assert done.counts is not None
        parts.append(done.counts)
        decisions.append(done.values.flatten(1).argmax(1))
        labelled = labelled and y is not None
        hits += correct(done.values, y.to(done.values.device)) if y is not None else 0
        plan = done.plan
    simulated = any(True for _ in network.all(Quantise)) or (network.spiking and network.precision != "fp32")
    return Observation(
        network=network,
        counts=add_up(parts),
        hits=hits if labelled else None,
        decisions=torch.cat(decisions),
        seconds=None if simulated else seconds,
        peak_bytes=_peak_above(before),
        plan=plan,
    )


def _limited(data: Any, batch: int, limit: int | None) -> Any:
    left = limit
    for x, y in batches(data, batch):
        if left is None:
            yield x, y
        elif left > 0:
            yield x[:left], None if y is None else y[:left]
            left -= len(x)
        else:
            return


def _length(data: Any, batch: int, limit: int | None) -> int | None:
    """Number of batches, where it is known."""
    if isinstance(data, torch.utils.data.DataLoader):
        return len(data)
    samples = len(data[0]) if isinstance(data, (tuple, list)) else len(data) if hasattr(data, "__len__") else None
    if samples is None:
        return None
    return -(-min(samples, limit or samples) // batch)


def _field(name: str) -> int | None:
    """A memory figure of this process in bytes, from Linux's status file."""
    if not _STATUS.exists():
        return None
    for line in islice(_STATUS.read_text().splitlines(), 200):
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return None


def _reset_peak() -> int | None:
    """Forget the highest memory so far; what the process holds now, or None where the system cannot forget."""
    try:
        _RESET.write_text("5")
    except OSError:
        return None
    return _field("VmRSS")


def _peak_above(before: int | None) -> int | None:
    peak = _field("VmHWM")
    return None if before is None or peak is None else max(0, peak - before)
