"""Neurons as modules, for training: IF, LIF, PLIF and Signed, from currents ``[steps, batch, ...]`` to spikes alike.

::

    v ← a·v + I(t)
    s = [v ≥ θ]
    v ← v − θ·s   or   v·(1 − s)

A call starts fresh: state is a value that goes in as `v` and comes out of :meth:`Membrane.run`, and there is nothing
to reset between batches.

Coming from elsewhere:

- SpikingJelly, ``decay_input=False``: a = 1 − 1/τ. With ``decay_input=True``, its default, also feed I/τ.
  ``v_reset=None`` is ``reset="subtract"``; ``v_reset=0.0``, its default, is ``reset="zero"``.
- snnTorch: a = β, ``reset_mechanism`` is ``reset``. It fires at v > θ, and unless ``reset_delay=False`` it resets one
  step late, after the leak: v ← β·v + I − θ·s(t−1), always detached.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import log
from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.neurons import functional
from picojoule.neurons.functional import Spiking
from picojoule.neurons.neuron import Neuron, both_ways, leaky_to_zero
from picojoule.neurons.neuron import leaky as leaky_neuron
from picojoule.neurons.surrogates import Surrogate


class Membrane(nn.Module, ABC):
    """What the neurons have in common; they differ in their leak.

    Args:
        threshold: θ > 0.
        reset: ``"subtract"``, which keeps what was above the threshold, or ``"zero"``.
        detach_reset: leave the gradient through the reset out.
        surrogate: σ', a value of :mod:`picojoule.neurons.surrogates`; ``atan(2.0)`` if None.
        low: θ⁻, for neurons that also fire −1 at v ≤ −θ⁻.

    Raises:
        InputError: an option that is none of the above.
    """

    def __init__(
        self,
        *,
        threshold: float = 1.0,
        reset: str = "subtract",
        detach_reset: bool = False,
        surrogate: Surrogate | None = None,
        low: float | None = None,
    ) -> None:
        super().__init__()
        options = {"threshold": threshold, "reset": reset, "detach_reset": detach_reset, "surrogate": surrogate}
        self.rule = functional.rule(**options, low=low, where=type(self).__name__)  # type: ignore[arg-type]

    @property
    @abstractmethod
    def leak(self) -> Tensor | float:
        """a, the share of the potential kept from one step to the next."""

    def forward(self, x: Tensor, v: Tensor | float | None = None) -> Tensor:
        """Spikes, 0 and 1, of the shape and dtype of `x`.

        Args:
            x: currents, ``[steps, batch, ...]``.
            v: potential before the first step, a number or broadcastable to ``x[0]``; zero if None.
        """
        return functional.run(x, v, self.leak, self.rule, last=False, where=type(self).__name__).spikes

    def run(self, x: Tensor, v: Tensor | float | None = None) -> Spiking:
        """:meth:`forward`, and the last potential with it, from which the next call may go on."""
        return functional.run(x, v, self.leak, self.rule, last=True, where=type(self).__name__)

    def neuron(self, steps: int) -> Neuron:
        """The same neuron as a value, for the engines."""
        make = leaky_to_zero if self.rule.zero else leaky_neuron
        neuron = make(steps, leak=_number(self.leak), threshold=self.rule.threshold)
        return neuron if self.rule.low is None else both_ways(neuron, self.rule.low)

    def extra_repr(self) -> str:
        """What ``print`` shows of the module."""
        reset = ("zero" if self.rule.zero else "subtract") + ("" if self.rule.attached else ", detached")
        low = "" if self.rule.low is None else f", low={self.rule.low:.4g}"
        return (
            f"leak={_number(self.leak):.4g}, threshold={self.rule.threshold:.4g}{low}, reset={reset}, {self.rule.pulse}"
        )


def _number(leak: Tensor | float) -> float:
    return leak.item() if isinstance(leak, Tensor) else leak


@final
class IF(Membrane):
    """Integrate and fire: a = 1. Options: those of :class:`Membrane`."""

    @property
    def leak(self) -> float:
        return 1.0


@final
class LIF(Membrane):
    """Leaky integrate and fire.

    Args:
        leak: a, from 0 to 1 (1 − 1/τ of SpikingJelly, β of snnTorch).
        **options: those of :class:`Membrane`.
    """

    def __init__(self, leak: float = 0.5, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(**options)
        if not (isinstance(leak, (int, float)) and 0 <= leak <= 1):
            raise InputError(f"the leak is {leak!r}", where="LIF", remedy="give a number from 0 to 1")
        self._leak = float(leak)

    @property
    def leak(self) -> float:
        return self._leak


@final
class PLIF(Membrane):
    """Leaky integrate and fire whose leak is learnt: a = 1/(1 + e^−m), one m for the layer.

    SpikingJelly's w is −m. Source: Fang et al. 2021, "Incorporating Learnable Membrane Time Constant to Enhance
    Learning of Spiking Neural Networks".

    Args:
        leak: a before training, between 0 and 1.
        **options: those of :class:`Membrane`.
    """

    def __init__(self, leak: float = 0.5, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(**options)
        if not (isinstance(leak, (int, float)) and 0 < leak < 1):
            raise InputError(f"the leak is {leak!r}", where="PLIF", remedy="give a number between 0 and 1")
        self.m = nn.Parameter(torch.tensor(log(leak / (1 - leak))))

    @property
    def leak(self) -> Tensor:
        return torch.sigmoid(self.m)


@final
class Signed(Membrane):
    """Integrate and fire both ways, with imbalanced thresholds: its rate is a leaky ReLU of slope α.

    ::

        s = +1 at v ≥ θ,  −1 at v ≤ −θ/α;        v ← v − θ   or   v + θ/α

    Source: Kim et al. 2020, "Spiking-YOLO: Spiking Neural Network for Energy-Efficient Object Detection".

    Args:
        alpha: α > 0; 1 makes the thresholds balanced.
        leak: a, from 0 to 1.
        **options: those of :class:`Membrane`, but `low`.
    """

    def __init__(self, alpha: float = 0.1, leak: float = 1.0, **options) -> None:  # type: ignore[no-untyped-def]
        if not (isinstance(alpha, (int, float)) and alpha > 0):
            raise InputError(f"the slope is {alpha!r}", where="Signed", remedy="give a positive number")
        if not (isinstance(leak, (int, float)) and 0 <= leak <= 1):
            raise InputError(f"the leak is {leak!r}", where="Signed", remedy="give a number from 0 to 1")
        super().__init__(**options, low=options.get("threshold", 1.0) / alpha)
        self._leak = float(leak)

    @property
    def leak(self) -> float:
        return self._leak
