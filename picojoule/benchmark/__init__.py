"""Speed and memory of our engines beside other libraries and beside the machine's own limits."""

from picojoule.benchmark.bench import bench
from picojoule.benchmark.findings import Findings
from picojoule.benchmark.table import show, text

__all__ = ["Findings", "bench", "show", "text"]
