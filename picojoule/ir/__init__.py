"""The network as values: nodes, what they mean densely, fan-out, and the schedule of its spikes."""

from picojoule.ir.network import Conversion, Fate, Network
from picojoule.ir.nodes import (
    Add,
    Affine,
    AvgPool,
    Conv,
    Fire,
    Flatten,
    Input,
    Linear,
    MaxPool,
    Node,
    Quantise,
    ReLU,
    WeightLayer,
)
from picojoule.ir.schedule import Schedule, Window, schedule

__all__ = [
    "Add",
    "Affine",
    "AvgPool",
    "Conv",
    "Conversion",
    "Fate",
    "Fire",
    "Flatten",
    "Input",
    "Linear",
    "MaxPool",
    "Network",
    "Node",
    "Quantise",
    "ReLU",
    "Schedule",
    "WeightLayer",
    "Window",
    "schedule",
]
