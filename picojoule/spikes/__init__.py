"""Spike trains as values, and the exact conversions between them.

``Raster``  every step of every unit, bool ``[steps, ...]``
``Times``   the first spike of every unit, int64 ``[...]``, equal to ``steps`` where there is none
``Events``  the spikes as a sorted list of (time, unit)

:mod:`picojoule.spikes.patterns` tells how they are spread over time: gaps, bursts, rate and regularity.
"""

from picojoule.spikes.trains import Events, Raster, Times

__all__ = ["Events", "Raster", "Times"]
