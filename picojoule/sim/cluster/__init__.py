"""A cluster that trains one network together: devices, networks, collectives, one step, and a whole training."""

from picojoule.sim.cluster.collectives import COLLECTIVES, Traffic
from picojoule.sim.cluster.device import Body, Device
from picojoule.sim.cluster.networks import Network, Shared, Star, TwoLevel
from picojoule.sim.cluster.step import Layer, Step, flop, gradient_bytes, step
from picojoule.sim.cluster.training import Cluster, Failures, Stragglers, Training, train

__all__ = [
    "COLLECTIVES",
    "Body",
    "Cluster",
    "Device",
    "Failures",
    "Layer",
    "Network",
    "Shared",
    "Star",
    "Step",
    "Stragglers",
    "Traffic",
    "Training",
    "TwoLevel",
    "flop",
    "gradient_bytes",
    "step",
    "train",
]
