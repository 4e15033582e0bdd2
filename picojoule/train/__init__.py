"""One training loop, its checkpoints, and the training of the embedded network."""

from picojoule.train.fit import History, Source, fit
from picojoule.train.source import Shuffled

__all__ = ["History", "Shuffled", "Source", "fit"]
