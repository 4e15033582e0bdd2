"""Generated sentences of people, places and organisations, with a dial for how often relations share an argument."""

from picojoule.data.language.relations.sharing.generating import KINDS, generate, mixed, sentence

__all__ = ["KINDS", "generate", "mixed", "sentence"]
