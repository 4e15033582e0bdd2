"""Relay neurons that send what they get: an engine need not work them out."""

from __future__ import annotations

from picojoule.engines.bursting import needed as in_bursts
from picojoule.engines.memo import per_network
from picojoule.engines.plan import plan
from picojoule.ir import Fire, Network
from picojoule.ir.dense import is_one_to_one
from picojoule.kernels import staircase


@per_network
def relays(network: Network) -> dict[str, str]:
    """The sender of each such neuron; the neuron sends its events, in the same steps of its own window.

    It is fed by neurons of its own code with a weight of 1, and Q(Q(u)) = Q(u). What the sender says at step k is
    there by step k of the relay, also where its window opens before the sender's is over, and enough for θ(k).
    """
    if network.noise is not None or in_bursts(network):
        return {}
    found = ((fire, _sender(network, fire)) for fire in network.all(Fire))
    return {fire.name: sender.name for fire, sender in found if sender}


def _sender(network: Network, fire: Fire) -> Fire | None:
    synapses, table = network.source(fire), plan(network).tables.get(fire.name)
    if not is_one_to_one(synapses) or synapses.has_bias or table is None or fire.code.slope:
        return None
    sender, alone = network.source(synapses), len(network.consumers(synapses)) == 1
    same = isinstance(sender, Fire) and sender.code == fire.code and fire.start is None
    unit = same and alone and bool((synapses.weight == 1).all())
    return sender if unit and staircase.repeats(table, synapses.weight.dtype) else None
