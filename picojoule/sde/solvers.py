"""Steps of fixed length of  dz = f(t, z) dt + g(t, z) dW,  g diagonal: g_j depends on z_j alone.

::

    Euler–Maruyama  z + f·Δt + g·ΔW                                              Itô; strong order ½, weak 1
    Milstein        z + f·Δt + g·ΔW + ½ (g(z + g√Δt) − g)/√Δt·(ΔW² − Δt)         Itô; strong and weak order 1
    Heun            z + ½ (f + f̃)·Δt + ½ (g + g̃)·ΔW,  f̃, g̃ at the Euler step    Stratonovich; strong and weak order 1

Milstein's derivative g·∂g/∂z is taken by a difference, so nothing need be differentiated. Where g does not depend on z
both meanings agree, and Euler–Maruyama is Milstein.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal, final

from torch import Tensor

Field = Callable[[float, Tensor], Tensor]
Kind = Literal["ito", "stratonovich"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Solver:
    """How a step is taken.

    Attributes:
        step: (f, g, t, z, Δt, ΔW) → the next z.
        kind: the meaning of dW that it converges to.
        strong: order of the error of a path.
        evaluations: calls of f a step.
    """

    step: Callable[[Field, Field, float, Tensor, float, Tensor], Tensor]
    kind: Kind
    strong: float
    evaluations: int


def euler(f: Field, g: Field, t: float, z: Tensor, dt: float, dw: Tensor) -> Tensor:
    """A step of Euler and Maruyama."""
    return z + f(t, z) * dt + g(t, z) * dw


def milstein(f: Field, g: Field, t: float, z: Tensor, dt: float, dw: Tensor) -> Tensor:
    """A step of Milstein, free of derivatives."""
    drift, noise, root = f(t, z), g(t, z), sqrt(dt)
    bent = (g(t, z + noise * root) - noise) / root
    return z + drift * dt + noise * dw + 0.5 * bent * (dw**2 - dt)


def heun(f: Field, g: Field, t: float, z: Tensor, dt: float, dw: Tensor) -> Tensor:
    """A step of Heun: the mean of both ends of an Euler step."""
    drift, noise = f(t, z), g(t, z)
    there = z + drift * dt + noise * dw
    return z + 0.5 * (drift + f(t + dt, there)) * dt + 0.5 * (noise + g(t + dt, there)) * dw


SOLVERS: dict[str, Solver] = {
    "euler": Solver(step=euler, kind="ito", strong=0.5, evaluations=1),
    "milstein": Solver(step=milstein, kind="ito", strong=1.0, evaluations=1),
    "heun": Solver(step=heun, kind="stratonovich", strong=1.0, evaluations=2),
}
"""By name."""
