"""What is timed: the ANN, its network under each of our engines, and the same network under each rival."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import EngineError
from picojoule.benchmark.findings import LeftOut
from picojoule.benchmark.rivals import RIVALS, Build, Forward, ann, ours
from picojoule.codes import TTFS, Rate
from picojoule.conversion import convert, trace
from picojoule.conversion.fold import fold
from picojoule.data.batches import first
from picojoule.engines import ENGINES
from picojoule.ir import Network

OURS = "picojoule"
TTFS_STEPS = 80


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class System:
    """One network, run by one implementation.

    Attributes:
        family: the network's name: ``ann fp32``, ``rate T=64``, ``ttfs T=80``.
        by: who runs it.
        network: what is run; the same value for a whole family.
        steps: T; None for the ANN.
        build: its ways of running here; a function of a module or a part of one, so that another process can call it.
        pools: how it pools spikes. Systems of one family that pool alike give the same spikes by construction: a part
            of the samples then shows that they decide alike, and they share their accuracy.
    """

    family: str
    by: str
    network: Network
    build: Build
    steps: int | None = None
    pools: str = "running sums"

    @property
    def name(self) -> str:
        """Unique in a run."""
        return f"{self.family}, {self.by}"

    @property
    def is_ours(self) -> bool:
        """True for our engines."""
        return self.by.startswith(OURS)

    @cached_property
    def ways(self) -> dict[str, Forward]:
        """Its ways of running, by name."""
        return self.build(self.network)


@final
class Maker:
    """The networks of one model, each made once: the ANN, and the same weights under a code.

    Args:
        model: the user's module.
        calibration: samples that set the scales.
    """

    def __init__(self, model: nn.Module, calibration: Any) -> None:
        self.ann = fold(trace(model, first(calibration)))
        make = partial(convert, model, calibration)
        # The rate network takes its input as a current, so that every rival may compute the first layer once.
        self.rate = lru_cache(lambda steps: make(code=Rate(steps=steps), input="analogue"))
        self.ttfs = lru_cache(lambda steps, start: make(code=TTFS(steps=steps, start=start)))


def of_ours(family: str, network: Network, steps: int, engine: str) -> System:
    """A network under one of our engines."""
    by, build = f"{OURS} {engine}", partial(ours.build, engine=engine)
    return System(family=family, by=by, network=network, steps=steps, build=build)


def rate_by_ours(maker: Maker, steps: int, engine: str = "auto") -> System:
    """The rate network under one of our engines."""
    return of_ours(f"rate T={steps}", maker.rate(steps), steps, engine)


def ttfs_by_ours(maker: Maker, steps: int, start: int | None = None) -> System:
    """The TTFS network: in closed form, or by events where layers begin to fire `start` steps after their inputs."""
    network = maker.ttfs(steps, start)
    return of_ours(network.name, network, steps, "closed" if start is None else "event")


def rate_by_rivals(maker: Maker, steps: int) -> list[System]:
    """The rate network under every rival that is here. Only the plain loop pools running sums as we do."""
    network = maker.rate(steps)
    return [
        System(
            family=f"rate T={steps}",
            by=rival.label,
            network=network,
            steps=steps,
            build=rival.build,
            pools="step by step" if rival.package else "running sums",
        )
        for rival in RIVALS
        if rival.missing() is None
    ]


def the_ann(maker: Maker) -> System:
    """The ANN's own forward."""
    return System(family="ann fp32", by="PyTorch", network=maker.ann, build=ann.build)


def all_systems(maker: Maker, steps: Iterable[int]) -> list[System]:
    """Every row of the table, in order."""
    found = [the_ann(maker), ttfs_by_ours(maker, TTFS_STEPS), ttfs_by_ours(maker, TTFS_STEPS, TTFS_STEPS // 2)]
    for each in steps:
        found += [rate_by_ours(maker, each, engine) for engine in (*ENGINES, "auto")]
        found += rate_by_rivals(maker, each)
    return found


def admitted(systems: Iterable[System], x: Tensor) -> tuple[list[System], list[LeftOut]]:
    """The systems that run one image, and why the others do not.

    A fault of a rival's is no fault of the user's: whatever it raises is the reason for leaving it out.
    """
    taken, left = [], []
    for system in systems:
        try:
            for forward in system.ways.values():
                _require_outputs(forward(x[:1]))
        except Exception as problem:
            if system.is_ours and not isinstance(problem, EngineError):
                raise
            left.append(LeftOut(system=system.family, by=system.by, reason=_reason(problem)))
        else:
            taken.append(system)
    return taken, left


def _require_outputs(outputs: Tensor) -> None:
    if not torch.isfinite(outputs).all():
        raise EngineError("its outputs are not finite", where="benchmark", remedy="leave it out")


def _reason(problem: Exception) -> str:
    return problem.what if isinstance(problem, EngineError) else f"{type(problem).__name__}: {problem}".splitlines()[0]
