"""Timing rivals in turn: the library's own, under the name the scripts here use."""

from picojoule.benchmark.timing import interleaved, machine, row

__all__ = ["interleaved", "machine", "row"]
