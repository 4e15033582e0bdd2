"""A dataflow accelerator of memory networks (``park2019mann``): its numbers bit by bit, its cycles, its board."""

from picojoule.sim.accelerator.board import PUBLISHED, Board, fit_cycles, fit_power
from picojoule.sim.accelerator.cycles import Clock, Cycles
from picojoule.sim.accelerator.dataflow import Answered, Weights, run
from picojoule.sim.accelerator.threshold import Threshold

__all__ = [
    "PUBLISHED",
    "Answered",
    "Board",
    "Clock",
    "Cycles",
    "Threshold",
    "Weights",
    "fit_cycles",
    "fit_power",
    "run",
]
