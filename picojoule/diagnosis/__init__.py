"""Where a spiking network loses what its ANN has: layer by layer, the first bad layer, its cause and the remedy."""

from picojoule.diagnosis.diagnose import diagnose

__all__ = ["diagnose"]
