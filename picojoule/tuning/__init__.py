"""The cheapest setting that keeps the accuracy: settings of conversion by rising price, the first that holds."""

from picojoule.tuning.tune import Tuning, drop_on, tune

__all__ = ["Tuning", "drop_on", "tune"]
