"""Linking entities of a sentence: a dual pointer network, and classifiers of pairs as its rivals."""

from picojoule.models.language.pointing.batch import Batch, encode
from picojoule.models.language.pointing.linker import Linker
from picojoule.models.language.pointing.linking import BACKWARD, FORWARD, UNION, Link, Rule, merged, possible_in
from picojoule.models.language.pointing.network import DualPointer, Pointers
from picojoule.models.language.pointing.pairs import PairsApart, PairsTogether
from picojoule.models.language.pointing.reading import Form
from picojoule.models.language.pointing.targets import Targets

__all__ = [
    "BACKWARD",
    "FORWARD",
    "UNION",
    "Batch",
    "DualPointer",
    "Form",
    "Link",
    "Linker",
    "PairsApart",
    "PairsTogether",
    "Pointers",
    "Rule",
    "Targets",
    "encode",
    "merged",
    "possible_in",
]
