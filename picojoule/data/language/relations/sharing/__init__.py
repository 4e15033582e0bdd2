"""Generated sentences of people, places and organisations, with a dial for how often relations share an argument."""

from picojoule.data.language.relations.sharing.generating import generate, mixed, sentence

__all__ = ["generate", "mixed", "sentence"]
