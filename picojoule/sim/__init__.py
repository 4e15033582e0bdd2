"""Simulated time: a small discrete-event kernel, and what stands on it. Tables in, ordered event tables out

It knows durations, resources and events, never a model or a gradient. Time is an integer number of picoseconds.
"""

from picojoule.sim.outcome import Outcome
from picojoule.sim.stages import Events, Stage, run

__all__ = ["Events", "Outcome", "Stage", "run"]
