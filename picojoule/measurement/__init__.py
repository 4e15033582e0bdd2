"""Measuring a system on data: accuracy, counts, joules, seconds, memory, in one row."""

from picojoule.measurement.measure import measure
from picojoule.measurement.modules import count_module
from picojoule.measurement.observe import Observation, observe
from picojoule.measurement.rows import counted, row, rows_of

__all__ = ["Observation", "count_module", "counted", "measure", "observe", "row", "rows_of"]
