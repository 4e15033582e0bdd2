"""Few-spikes neurons: any function of one number in K steps; their sequences, fits of them, and the code.

:class:`Sequences` is the neuron, :func:`fit` finds one for a function, :class:`FewSpikes` is the code that conversion
takes.
"""

from picojoule.codes.few_spikes.code import FewSpikes
from picojoule.codes.few_spikes.fitting import fit, target_of
from picojoule.codes.few_spikes.functions import FUNCTIONS
from picojoule.codes.few_spikes.sequences import Quality, Sequences, Staircase, quality
from picojoule.codes.few_spikes.shipped import fitted, published

__all__ = [
    "FUNCTIONS",
    "FewSpikes",
    "Quality",
    "Sequences",
    "Staircase",
    "fit",
    "fitted",
    "published",
    "quality",
    "target_of",
]
