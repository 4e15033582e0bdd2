"""A module with neurons of snnTorch as a network for the engines.

::

    v ← β·v + I − θ·s(t−1)    is    v ← β·v + I;  v ← v − (θ/β)·s        spikes subtract θ/β, in the same step
    s = [v > θ]               is    s = [v ≥ θ⁺],  θ⁺ the next number above θ
"""

from __future__ import annotations

import copy
from math import inf

import numpy as np
import torch
from torch import Tensor, nn

from picojoule.codes.direct import Direct
from picojoule.conversion.freeze import Neurons
from picojoule.exchange.foreign import PerStep, network_of, refused
from picojoule.exchange.snntorch_writing import require_snntorch
from picojoule.ir import Network


def from_snntorch(module: nn.Module, example: Tensor, *, num_steps: int, frames: bool = False) -> Network:
    """A network from a module of one step whose neurons are ``snn.Leaky(init_hidden=True)``.

    That is what ``nn.Sequential(nn.Linear(...), snn.Leaky(..., init_hidden=True), ...)`` is, and any module whose
    forward takes the input of one step and gives the spikes, or the currents, of one. The module is not changed.

    Args:
        module: in evaluation mode.
        example: inputs ``[batch, ...]``, the same in every step; the network is held to the module on them.
        num_steps: how many steps it runs.
        frames: inputs are ``[batch, steps, ...]``, one frame a step.

    Raises:
        ConversionError: neurons or operations that the engines do not have.
        MissingExtra: snnTorch is not installed.
    """
    require_snntorch()
    model = PerStep(copy.deepcopy(module).float().eval())

    def expected(x: Tensor) -> Tensor:
        own = copy.deepcopy(module).float().eval()
        for each in own.modules():
            if hasattr(each, "reset_mem"):
                each.reset_mem()
        given = [_first(own(x[:, step] if frames else x)) for step in range(num_steps)]
        return torch.stack(given).mean(0)

    told = {"steps": num_steps, "frames": frames, "library": "snnTorch", "dtype": torch.float32}  # as its spikes are
    return network_of(model, example, known, expected, **told)


def _first(given: Tensor | tuple[Tensor, ...]) -> Tensor:
    return given[0] if isinstance(given, tuple) else given


def known(module: nn.Module, steps: int) -> Neurons | None:
    """The neurons of snnTorch, of which the engines have ``Leaky``."""
    if not type(module).__module__.startswith("snntorch"):
        return None
    kind = f"snntorch.{type(module).__name__}"
    if type(module).__name__ != "Leaky":
        raise refused(kind, "only Leaky is read", "use snn.Leaky")
    if not module.init_hidden:
        raise refused(kind, "it hands its potential on by itself", "use init_hidden=True, so that forward is one step")
    if module.inhibition or module.state_quant or float(module.graded_spikes_factor) != 1:
        raise refused(kind, "inhibition, quantised states or graded spikes", "leave these options out")
    leak, threshold = _number(module.beta, kind, "beta"), _number(module.threshold, kind, "threshold")
    above = float(np.nextafter(np.float32(threshold), np.float32(inf)))
    if module.reset_mechanism == "zero":
        return Neurons(kind, Direct(steps=steps, leak=leak, threshold=above, to_zero=True))
    late = leak if module.reset_delay else 1.0
    if module.reset_mechanism != "subtract" or not late:
        raise refused(kind, f"reset {module.reset_mechanism} with beta {leak:g}", "use subtract or zero")
    return Neurons(kind, Direct(steps=steps, leak=leak, threshold=above, amount=threshold / late))


def _number(values: Tensor, kind: str, what: str) -> float:
    if values.numel() != 1:
        raise refused(kind, f"{what} that differs between neurons", "use one for the layer")
    number = float(values)
    return min(max(number, 0.0), 1.0) if what == "beta" else number
