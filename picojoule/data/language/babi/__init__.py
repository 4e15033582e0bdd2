"""The twenty bAbI tasks (cite key ``weston2015``): a reader of the public files, and their generated twins."""

from picojoule.data.language.babi.encoding import Questions, Vocabulary, encode
from picojoule.data.language.babi.generating import generate
from picojoule.data.language.babi.reading import load
from picojoule.data.language.babi.statistics import Statistics
from picojoule.data.language.babi.stories import Line, Story, Task, parse, write

__all__ = [
    "Line",
    "Questions",
    "Statistics",
    "Story",
    "Task",
    "Vocabulary",
    "encode",
    "generate",
    "load",
    "parse",
    "write",
]
