"""Running a network: closed (one dense pass), stepped (the slow oracle); all give the same values and counts."""

from picojoule.engines.run import ENGINES, Run, run

__all__ = ["ENGINES", "Run", "run"]
