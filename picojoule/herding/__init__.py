"""Deep spiking networks: layers of herders that answer and learn by spikes alone, in time or without."""

from picojoule.herding.form import Form
from picojoule.herding.network import Answer, DeepSpikingNet
from picojoule.herding.potential import BackwardPotential

__all__ = ["Answer", "BackwardPotential", "DeepSpikingNet", "Form"]
