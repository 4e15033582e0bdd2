"""The network as values: nodes, what they mean densely, fan-out, and the schedule of its spikes."""

from picojoule.ir.network import Conversion, Fate, Heads, Network
from picojoule.ir.nodes import (
    Add,
    Affine,
    AvgPool,
    Conv,
    ConvTranspose,
    Fire,
    Flatten,
    Input,
    Island,
    Linear,
    MaxPool,
    Node,
    Quantise,
    ReLU,
    Rewire,
    WeightLayer,
)
from picojoule.ir.schedule import Schedule, Window, schedule

__all__ = [
    "Add",
    "Affine",
    "AvgPool",
    "Conv",
    "ConvTranspose",
    "Conversion",
    "Fate",
    "Fire",
    "Flatten",
    "Heads",
    "Input",
    "Island",
    "Linear",
    "MaxPool",
    "Network",
    "Node",
    "Quantise",
    "ReLU",
    "Rewire",
    "Schedule",
    "WeightLayer",
    "Window",
    "schedule",
]
