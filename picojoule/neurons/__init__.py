"""How a membrane moves: one scan, v ← a·v + I, s = [v ≥ θ(t)], v ← v − r(t)·s, and its members.

Frozen, for the engines: ``Neuron``, ``scan``, ``step``. For training: ``IF``, ``LIF``, ``PLIF``, ``Signed``, ``spike``,
which bring compiled kernels and are therefore not imported before they are used.
"""

from __future__ import annotations

import importlib
from typing import Any

from picojoule.neurons.neuron import Neuron, both_ways, integrate_and_fire, leaky, leaky_to_zero
from picojoule.neurons.scan import scan, step

_LATER: dict[str, str] = {
    "Held": "picojoule.neurons.per_step:Held",
    "IF": "picojoule.neurons.trainable:IF",
    "Join": "picojoule.neurons.per_step:Join",
    "LIF": "picojoule.neurons.trainable:LIF",
    "PLIF": "picojoule.neurons.trainable:PLIF",
    "PerStep": "picojoule.neurons.per_step:PerStep",
    "Signed": "picojoule.neurons.trainable:Signed",
    "Spiking": "picojoule.neurons.functional:Spiking",
    "StepByStep": "picojoule.neurons.per_step:StepByStep",
    "Surrogate": "picojoule.neurons.surrogates:Surrogate",
    "packed_spikes": "picojoule.neurons.saving:packed_spikes",
    "spike": "picojoule.neurons.functional:spike",
    "surrogates": "picojoule.neurons.surrogates",
}

__all__ = ["Neuron", "both_ways", "integrate_and_fire", "leaky", "leaky_to_zero", "scan", "step", *_LATER]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'picojoule.neurons' has no attribute {name!r}")
    module, _, attribute = _LATER[name].partition(":")
    loaded = importlib.import_module(module)
    return getattr(loaded, attribute) if attribute else loaded
