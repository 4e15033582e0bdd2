"""One training loop, its checkpoints and reports, and the training of the embedded network."""

from picojoule.train.fit import fit
from picojoule.train.journal import Epoch
from picojoule.train.loop import Course, History, Learner, Moment, Source, loop
from picojoule.train.source import Labelled, Shuffled
from picojoule.train.validation import Validation

__all__ = [
    "Course",
    "Epoch",
    "History",
    "Labelled",
    "Learner",
    "Moment",
    "Shuffled",
    "Source",
    "Validation",
    "fit",
    "loop",
]
