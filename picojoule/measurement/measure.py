"""The verb ``measure``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from picojoule.base.environment import environment
from picojoule.conversion.fold import fold
from picojoule.conversion.trace import trace
from picojoule.cost import NormalisedProfile, Profile, profiles
from picojoule.data.batches import first
from picojoule.engines import run
from picojoule.ir import Network
from picojoule.measurement.energy import measured, meters
from picojoule.measurement.observe import observe
from picojoule.measurement.rows import row
from picojoule.result import Result

DEFAULT_PROFILES = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_INT8, profiles.LOIHI)


def measure(
    system: Network | nn.Module,
    data: Any,
    *,
    profiles: Sequence[Profile | NormalisedProfile] = DEFAULT_PROFILES,
    reference: Network | None = None,
    engine: str = "auto",
    batch: int = 50,
    limit: int | None = None,
    name: str | None = None,
) -> Result:
    """Accuracy, counts, joules, seconds and memory of one system on a data set.

    Args:
        system: a network (ANN, quantised, spiking) or a plain module, which is measured as the dense ANN it is.
        data: samples with labels: a pair of tensors, a torch ``Dataset`` or ``DataLoader``, or ``Images``.
        profiles: hardware to price it on.
        reference: the spiking network that normalised profiles are relative to.
        engine, batch, limit: as for :func:`~picojoule.measurement.observe.observe`.
        name: the system's name in tables, if not the network's own.

    Returns:
        A result with one row, its joules computed, and also measured where this machine has a meter; it prints as a
        table, and several go into :func:`picojoule.reports.report`.
    """
    network = system if isinstance(system, Network) else fold(trace(system, first(data)))
    example, runs = first(data), network.precision == "fp32"  # few-bit numbers are simulated in floats
    seen = observe(network, data, engine=engine, batch=batch, limit=limit)
    against = observe(reference, data, batch=batch, limit=limit) if reference is not None else None
    made = row(seen, profiles, reference=against, name=name)
    found = meters()
    taken = measured(lambda: run(network, example, engine=engine, count=False), len(example), found) if runs else ()
    return Result(
        recipe="measure",
        title=f"{name or network.name}",
        mode="quick",
        seed=0,
        data={"name": type(data).__name__, "train": None, "test": seen.counts.samples, "sha256": None},
        rows=(replace(made, energy=(*made.energy, *taken)),),
        environment=environment() | {"energy meters": [each.name for each in found] or None},
    )
