"""What is compared: time-to-first-spike coding in four forms and short, the ANN, and rate coding old and new."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

from torch import nn

from picojoule.base.progress import say
from picojoule.codes import TTFS, Rate
from picojoule.conversion import convert
from picojoule.conversion.gradient import Optimised, optimise_kernels
from picojoule.ir import Fire, Network
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import anns


@final
@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much a mode does.

    Attributes:
        steps: T of time-to-first-spike coding.
        updates: of kernel optimisation.
        rates: T of rate coding with the best conversion.
        old: T of rate coding as the papers of the time have it.
        few: samples that the latter is run on.
        oracle: samples that are stepped.
        drawn: samples of a curve.
    """

    steps: int
    updates: int
    rates: tuple[int, ...]
    old: int
    few: int
    oracle: int
    drawn: int


SCALES = {
    "smoke": Scale(steps=12, updates=2, rates=(8,), old=16, few=2, oracle=1, drawn=4),
    "quick": Scale(steps=80, updates=150, rates=(8, 16, 32), old=1000, few=40, oracle=6, drawn=40),
    "full": Scale(steps=80, updates=1875, rates=(8, 16, 32, 64), old=1000, few=1000, oracle=50, drawn=200),
}
"""The full mode's updates see as many samples as the published run: 60,000."""


@final
@dataclass(frozen=True, kw_only=True)
class Systems:
    """The networks.

    Attributes:
        plain, go, ef, go_ef: time-to-first-spike coding, kernels optimised or not, firing early or not.
        short: few steps, to the nearest value.
        rates: rate coding with a scale for each channel and a start at half the threshold.
        old_rate: rate coding with one scale for each layer and a start at 0.
        anns: the ANN in fp32, int8, int4.
        optimised: what kernel optimisation did.
    """

    plain: Network
    go: Network
    ef: Network
    go_ef: Network
    short: Network
    rates: tuple[Network, ...]
    old_rate: Network
    anns: tuple[Network, ...]
    optimised: Optimised

    @property
    def compared(self) -> tuple[Network, ...]:
        """All of them, in the order of the table."""
        return (
            *self.anns, self.old_rate, *self.rates, self.plain, self.go, self.ef, self.go_ef, self.short,
        )  # fmt: skip


def built(model: nn.Module, calibration: Any, scale: Scale, settings: Settings) -> Systems:
    """All systems from a model, on the device and in the numbers asked for."""
    place = settings.place
    dense = tuple(map(place, anns(model, calibration)))  # first: it refuses a device that is not there
    plain = convert(model, calibration, code=TTFS(steps=scale.steps))
    say("running kernel optimisation")
    optimised = optimise_kernels(plain, calibration, updates=scale.updates)
    go = replace(optimised.network, name=f"{plain.name} go")
    old = convert(model, calibration, code=Rate(steps=scale.old, initial=0.0), norm="layer")
    return Systems(
        plain=place(plain),
        go=place(go),
        ef=place(early(plain, 1 / 2)),
        go_ef=place(early(go, 1 / 2)),
        short=place(convert(model, calibration, code=TTFS.nearest(steps=12, tau=2))),
        rates=tuple(place(convert(model, calibration, code=Rate(steps=steps))) for steps in scale.rates),
        old_rate=place(old),
        anns=dense,
        optimised=optimised,
    )


def early(network: Network, share: float) -> Network:
    """The network with windows that open after S = share·T steps of the one before."""
    nodes = [
        replace(node, code=replace(node.code, start=int(share * node.code.steps))) if isinstance(node, Fire) else node
        for node in network.nodes
    ]
    short = "ef" if share == 1 / 2 else f"ef S={share:g}·T"
    return network.evolve(nodes, name=f"{network.name} {short}")
