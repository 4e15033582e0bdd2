"""A module with neurons of SpikingJelly as a network for the engines.

::

    IFNode                          v ← v + I
    LIFNode, decay_input=False      v ← v − (v − v_reset)/τ + I          a = 1 − 1/τ
    LIFNode, decay_input=True       v ← v + (I − (v − v_reset))/τ        the same of v·τ: θ and r are τ times as large
    v_reset=None                    spikes subtract θ; a number: they leave it, from which potentials are measured here
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.codes.direct import Direct
from picojoule.conversion.freeze import Neurons
from picojoule.exchange.foreign import PerStep, network_of, refused
from picojoule.ir import Network


def from_spikingjelly(module: nn.Module, example: Tensor, *, T: int, frames: bool = False) -> Network:
    """A network from a module of SpikingJelly, with IF, LIF or parametric LIF neurons. The module is not changed.

    Args:
        module: in single-step mode, its forward being one step; or in multi-step mode ``[T, batch, ...]`` →
            ``[T, batch, ...]``, or the mean of that over time.
        example: inputs ``[batch, ...]``, the same in every step; the network is held to the module on them.
        T: how many steps it runs.
        frames: inputs are ``[batch, T, ...]``, one frame a step: samples first, as everywhere but in the module.

    Raises:
        ConversionError: neurons or operations that the engines do not have.
        InputError: SpikingJelly is not installed.
    """
    try:
        from spikingjelly.activation_based import functional
    except ImportError:
        raise InputError(
            "SpikingJelly is not installed", where="from_spikingjelly", remedy="pip install spikingjelly"
        ) from None
    module = nn.Sequential(module) if _is_neuron(module) else module
    multi = any(each.step_mode == "m" for each in module.modules() if _is_neuron(each))

    def fresh() -> nn.Module:
        own = copy.deepcopy(module).eval()
        functional.reset_net(own)
        return own

    def expected(x: Tensor) -> Tensor:
        own = fresh().double()
        x_t = x.transpose(0, 1) if frames else x.expand(T, *x.shape)
        if not multi:
            return torch.stack([own(each) for each in x_t]).mean(0)
        given = own(x_t)
        return given if given.shape[:2] != (T, len(x)) else given.mean(0)

    model = fresh().float()
    model = model if multi else PerStep(_plain(model))
    return network_of(model, example, known, expected, steps=T, library="SpikingJelly", frames=frames)


def _plain(model: nn.Module) -> nn.Module:
    """Its layers, which in single-step mode do what torch's do, as torch's, so that their names are kept."""
    for each in model.modules():
        if type(each).__module__.startswith("spikingjelly.") and not _is_neuron(each):
            own = next(kind for kind in type(each).__mro__ if kind.__module__.startswith("torch.nn.modules"))
            each.__class__ = type(each) if own is nn.Module else own
    return model


def _is_neuron(module: nn.Module) -> bool:
    return type(module).__module__.startswith("spikingjelly.") and hasattr(module, "v_threshold")


def known(module: nn.Module, steps: int) -> Neurons | None:
    """The neurons of SpikingJelly that the engines have."""
    if not _is_neuron(module):
        return None
    kind = f"spikingjelly.{type(module).__name__}"
    if type(module).__name__ not in _RATES:
        raise refused(kind, f"read are {', '.join(_RATES)}", "use one of these")
    share = _RATES[type(module).__name__](module)
    unit = 1 / share if getattr(module, "decay_input", False) else 1.0
    zero = module.v_reset is not None
    threshold = module.v_threshold - (module.v_reset or 0.0)
    leak = 1.0 if type(module).__name__ == "IFNode" else 1 - share
    return Neurons(kind, Direct(steps=steps, leak=leak, threshold=threshold * unit, to_zero=zero))


_RATES = {
    "IFNode": lambda module: 1.0,
    "LIFNode": lambda module: 1 / float(module.tau),
    "ParametricLIFNode": lambda module: float(module.w.sigmoid()),
}
