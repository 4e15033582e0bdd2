"""How a membrane moves: one scan, v ← a·v + I, s = [v ≥ θ(t)], v ← v − r(t)·s, and its members."""

from picojoule.neurons.neuron import Neuron, integrate_and_fire, leaky
from picojoule.neurons.scan import scan, step

__all__ = ["Neuron", "integrate_and_fire", "leaky", "scan", "step"]
