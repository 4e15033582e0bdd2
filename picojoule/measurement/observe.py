"""Running a network over a data set and keeping what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import torch

from picojoule.base.errors import DataError
from picojoule.base.progress import track
from picojoule.cost import Counts
from picojoule.cost.counts import add_up
from picojoule.data.batches import batches
from picojoule.engines import run
from picojoule.ir import Network
from picojoule.measurement.clock import seconds_of
from picojoule.measurement.memory import peak_bytes
from picojoule.measurement.neurobench import activity
from picojoule.metrics import correct


@final
@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a network did on a data set.

    Attributes:
        network: which one.
        counts: what the modelled hardware did, over all samples.
        hits: correct decisions; None without labels.
        decisions: the class chosen for each sample, int64 ``[samples]``.
        seconds_per_sample: of a run that counts nothing, the median of a few repeats of one batch; None where no
            kernel of this kind ran (few-bit numbers simulated in floats).
        peak_bytes: tensors alive at once while one batch runs, weights and inputs not included; None as for seconds.
        plan: which engine ran, and why.
        active: of an ANN, outputs of its activations that are not zero, and all of them.
        spikes_in: all inputs were 0, 1 or −1.
    """

    network: Network
    counts: Counts
    hits: int | None
    decisions: torch.Tensor
    seconds_per_sample: float | None
    peak_bytes: int | None
    plan: str
    active: tuple[int, int] | None = None
    spikes_in: bool = False

    @property
    def accuracy(self) -> float | None:
        """Share of correct decisions."""
        return None if self.hits is None else self.hits / self.counts.samples


def observe(
    network: Network, data: Any, *, engine: str = "auto", batch: int = 50, limit: int | None = None
) -> Observation:
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
    example = next(iter(batches(data, batch, limit)))[0]
    parts, decisions, active, hits, plan = [], [], [], 0, ""
    labelled = spikes_in = True
    for x, y in track(batches(data, batch, limit), network.name, _length(data, batch, limit)):
        done = run(network, x, engine=engine)
        assert done.counts is not None
        parts.append(done.counts)
        decisions.append(done.values.flatten(1).argmax(1).cpu())
        labelled = labelled and y is not None
        hits += correct(done.values, y.to(done.values.device)) if y is not None else 0
        plan = done.plan
        spikes_in = spikes_in and bool(((x == 0) | (x.abs() == 1)).all())
        if not network.spiking:
            active.append(activity(network, x))
    return Observation(
        network=network,
        counts=add_up(parts),
        hits=hits if labelled else None,
        decisions=torch.cat(decisions),
        seconds_per_sample=_seconds(network, example, engine),
        peak_bytes=peak_bytes(run, network, example, engine=engine, count=False) if _real(network) else None,
        plan=plan,
        active=(sum(some for some, _ in active), sum(every for _, every in active)) if active else None,
        spikes_in=spikes_in,
    )


def _real(network: Network) -> bool:
    """False where few-bit numbers are simulated in floats: its time and memory would be those of the simulation."""
    return network.precision == "fp32"


def _seconds(network: Network, x: torch.Tensor, engine: str) -> float | None:
    if not _real(network):
        return None
    return seconds_of(run, network, x, engine=engine, count=False) / len(x)


def _length(data: Any, batch: int, limit: int | None) -> int | None:
    """Number of batches, where it is known."""
    if isinstance(data, torch.utils.data.DataLoader):
        return len(data)
    samples = len(data[0]) if isinstance(data, (tuple, list)) else len(data) if hasattr(data, "__len__") else None
    if samples is None:
        return None
    return -(-min(samples, limit or samples) // batch)
