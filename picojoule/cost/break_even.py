"""How few spikes a spiking system would need to cost what a rival costs."""

from __future__ import annotations

from dataclasses import replace

from picojoule.cost.counts import Counts
from picojoule.cost.price import price
from picojoule.cost.profile import Profile

_BY_EVENT = ("spikes", "events_in", "synops")


def break_even_spikes_per_neuron(counts: Counts, profile: Profile, rival_joules: float) -> float | None:
    """Spikes per neuron at which the system costs `rival_joules`, all else equal.

    Spikes, events and synaptic operations scale together; state updates, biases and weights stay.

    Returns:
        None where no spike rate suffices: what does not depend on spikes costs more already.
    """
    silent = replace(counts, layers=tuple(replace(layer, **dict.fromkeys(_BY_EVENT, 0)) for layer in counts.layers))
    fixed = price(silent, profile).joules
    by_spikes = price(counts, profile).joules - fixed
    if rival_joules <= fixed or by_spikes <= 0:
        return None
    return counts.spikes_per_neuron * (rival_joules - fixed) / by_spikes
