"""The derivatives that stand for a step's in training: frozen values, one function for each, and a table of them.

::

    forward:   s = [z ≥ 0],  z = u − θ
    backward:  ∂s/∂z := σ'(z) = h·f(k·z)

Each function below has its σ' in its docstring, with α the usual width parameter: the larger, the narrower. The
defaults of α are SpikingJelly's where it has the surrogate, else snnTorch's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite, pi, sqrt
from typing import final

from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.kernels.pulse import PULSES, derivative


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Surrogate:
    """σ'(z) = h·f(k·z).

    Attributes:
        pulse: the shape f, a name in :data:`picojoule.kernels.pulse.PULSES`.
        slope: k > 0.
        height: h = σ'(0), at least 0.
    """

    pulse: str
    slope: float
    height: float

    def __post_init__(self) -> None:
        if self.pulse not in PULSES:
            raise InputError(f"no pulse {self.pulse!r}", where="Surrogate", remedy=f"one of {', '.join(PULSES)}")
        if not (isfinite(self.slope) and self.slope > 0 and isfinite(self.height) and self.height >= 0):
            raise InputError(
                f"slope {self.slope} and height {self.height}", where="Surrogate", remedy="slope > 0 and height ≥ 0"
            )

    def derivative(self, z: Tensor) -> Tensor:
        """σ'(z), any shape, dtype and device."""
        return derivative(self.pulse, z, self.slope, self.height)

    def primitive(self, z: Tensor) -> Tensor:
        """σ(z), up to a constant: what the network would compute if it were as smooth as its gradient says."""
        return self.height / self.slope * PULSES[self.pulse].primitive(self.slope * z)

    def scaled(self, by: float) -> Surrogate:
        """The same, `by` times as high (the dampening of Bellec et al. 2018 is ``triangle().scaled(0.3)``)."""
        return replace(self, height=self.height * by)


def atan(alpha: float = 2.0) -> Surrogate:
    """σ'(z) = (α/2) / (1 + (π·α·z/2)²), the derivative of an arctangent.

    Source: Fang et al. 2021, "Incorporating Learnable Membrane Time Constant to Enhance Learning of Spiking Neural
    Networks".
    """
    return Surrogate(pulse="lorentz", slope=pi * alpha / 2, height=alpha / 2)


def sigmoid(alpha: float = 4.0) -> Surrogate:
    """σ'(z) = α·p·(1 − p), p = 1/(1 + e^(−α·z)).

    Source: Zenke and Vogels 2021, "The Remarkable Robustness of Surrogate Gradient Learning for Instilling Complex
    Function in Spiking Neural Networks".
    """
    return Surrogate(pulse="logistic", slope=alpha, height=alpha)


def triangle(alpha: float = 1.0) -> Surrogate:
    """σ'(z) = α·max(0, 1 − α·|z|), the piecewise linear surrogate.

    Source: Esser et al. 2016, "Convolutional networks for fast, energy-efficient neuromorphic computing"; Bellec et
    al. 2018, "Long short-term memory and learning-to-learn in networks of spiking neurons".
    """
    return Surrogate(pulse="triangle", slope=alpha, height=alpha)


def rectangle(alpha: float = 1.0) -> Surrogate:
    """σ'(z) = α·[α·|z| < 1/2].

    Source: Wu et al. 2018, "Spatio-Temporal Backpropagation for Training High-Performance Spiking Neural Networks",
    whose width a₁ is 1/α.
    """
    return Surrogate(pulse="box", slope=alpha, height=alpha)


def fast_sigmoid(alpha: float = 25.0) -> Surrogate:
    """σ'(z) = 1 / (1 + α·|z|)², also known as SuperSpike. SpikingJelly's SoftSign is α/2 times this.

    Source: Zenke and Ganguli 2018, "SuperSpike: Supervised Learning in Multilayer Spiking Neural Networks".
    """
    return Surrogate(pulse="hyperbola", slope=alpha, height=1.0)


def gaussian(alpha: float = 2.0) -> Surrogate:
    """σ'(z) = (α/√π)·e^(−(α·z)²), the derivative of an error function (SpikingJelly's Erf).

    Source: Wu et al. 2018, as for :func:`rectangle`; their variance a₄ is 1/(2·α²).
    """
    return Surrogate(pulse="bell", slope=alpha, height=alpha / sqrt(pi))


def exponential(alpha: float = 1.0) -> Surrogate:
    """σ'(z) = (α/2)·e^(−α·|z|).

    Source: Shrestha and Orchard 2018, "SLAYER: Spike Layer Error Reassignment in Time".
    """
    return Surrogate(pulse="peak", slope=alpha, height=alpha / 2)


def straight_through(alpha: float = 1.0) -> Surrogate:
    """σ'(z) = α wherever z is: the gradient passes as if there were no step.

    Source: Bengio et al. 2013, "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
    Computation".
    """
    return Surrogate(pulse="flat", slope=1.0, height=alpha)


SURROGATES: dict[str, Callable[..., Surrogate]] = {
    "atan": atan,
    "sigmoid": sigmoid,
    "triangle": triangle,
    "rectangle": rectangle,
    "fast-sigmoid": fast_sigmoid,
    "gaussian": gaussian,
    "exponential": exponential,
    "straight-through": straight_through,
}
"""Name → function of α."""
