"""Memory networks: MemN2N in lanes, in floating point, in few bits."""

from picojoule.models.memory.arithmetic import Arithmetic, Float, Quantised
from picojoule.models.memory.bags import Bags, Task, gather, pack
from picojoule.models.memory.memn2n import Form, MemN2N
from picojoule.models.memory.rounded import Rounded

__all__ = ["Arithmetic", "Bags", "Float", "Form", "MemN2N", "Quantised", "Rounded", "Task", "gather", "pack"]
