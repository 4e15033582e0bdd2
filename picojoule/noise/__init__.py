"""What goes wrong between neurons: lost spikes, wrong times, wrong weights. Values with an explicit seed."""

from picojoule.noise.noise import Noise

__all__ = ["Noise"]
