"""Recordings of event cameras with labels: N-MNIST and its generated twin."""

from picojoule.data.events import nmnist, synthetic
from picojoule.data.events.recordings import EventDataset, Frames, Recordings

__all__ = ["EventDataset", "Frames", "Recordings", "nmnist", "synthetic"]
