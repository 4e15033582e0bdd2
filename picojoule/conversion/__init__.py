"""From a user's module to a network of ours: trace → passes → a spiking or a quantised network. One pass a file."""

from picojoule.conversion.disturb import compensate, disturb
from picojoule.conversion.freeze import freeze
from picojoule.conversion.pipeline import convert, quantise
from picojoule.conversion.trace import trace

__all__ = ["compensate", "convert", "disturb", "freeze", "quantise", "trace"]
