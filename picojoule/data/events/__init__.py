"""Event cameras: recordings, files, grids, and cameras that watch generated scenes."""

from picojoule.data.events import nmnist, synthetic
from picojoule.data.events.camera import EventCamera
from picojoule.data.events.events import Events, recording
from picojoule.data.events.films import Films, films
from picojoule.data.events.grids import count_image, time_surface, voxel_grid
from picojoule.data.events.reading import load
from picojoule.data.events.recordings import EventDataset, Frames, Recordings
from picojoule.data.events.scenes import Layer, Motion, Scene

__all__ = [
    "EventCamera",
    "EventDataset",
    "Events",
    "Films",
    "Frames",
    "Layer",
    "Motion",
    "Recordings",
    "Scene",
    "count_image",
    "films",
    "load",
    "nmnist",
    "recording",
    "synthetic",
    "time_surface",
    "voxel_grid",
]
