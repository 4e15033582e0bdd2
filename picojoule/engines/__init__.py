"""Running a network: closed (one dense pass), event, layered, stepped (the slow oracle), all with the same counts."""

from picojoule.engines.run import ENGINES, Run, run

__all__ = ["ENGINES", "Run", "run"]
