"""How good: measures of quality with their intervals."""

from picojoule.metrics.accuracy import correct, wilson

__all__ = ["correct", "wilson"]
