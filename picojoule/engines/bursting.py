"""The closed form spike by spike: where neurons fire bursts, or noise takes some of their spikes.

The first step follows from the potential by the staircase, all other spikes from the first; what arrives of them is
added up. Behind a maximum pool only the number of events needs the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from picojoule.engines.disturbing import Disturbance, Spikes
from picojoule.engines.plan import Plan
from picojoule.engines.tally import Tally
from picojoule.ir import Fire, MaxPool, Network, Node
from picojoule.ir.dense import evaluate
from picojoule.kernels import staircase


class Bursts:
    """The spikes of one pass, and what is known of them behind the neurons.

    Args:
        network, plan: what is run.
        disturbance: what happens to the spikes; None: nothing.
        tally: where to count, or None.
    """

    def __init__(self, network: Network, plan: Plan, disturbance: Disturbance | None, tally: Tally | None) -> None:
        self._network, self._plan, self._disturbance, self._tally = network, plan, disturbance, tally
        self._arrived: dict[str, tuple[Tensor, Spikes]] = {}

    def fire(self, node: Fire, u: Tensor) -> Tensor:
        """What receivers decode of a layer with these potentials, ``[batch, *shape]``."""
        sent = _sent(node, u, staircase.index(staircase.magnitude(u, node.code.slope), self._plan.tables[node.name]))
        kept = self._disturbance.kept(node, sent) if self._disturbance else sent
        arriving = self._disturbance.arriving(node, kept) if self._disturbance else kept
        summed = arriving._replace(at=torch.zeros_like(arriving.at)).onto(u[None], 0)[0]
        if self._tally:
            self._tally.add(node.layer, spikes=len(sent.at), state_updates=_updates(node, u, sent))
            self._tally.arrive_from(node.name, kept.place)
            self._arrived[node.name] = u, arriving
        return summed

    def pool(self, node: MaxPool) -> None:
        """Count what goes into a pool and comes out of it, step by step of the window."""
        if self._tally is None or node.name not in self._plan.fan_outs:
            return
        before = into_before = None
        for values in self._unfolding(node):
            into, out = values[node.inputs[0]], values[node.name]
            self._tally.enter_pool(node.name, into if into_before is None else into - into_before)
            self._tally.arrive(node.name, out if before is None else out - before)
            before, into_before = out, into

    def _unfolding(self, node: MaxPool) -> Iterator[dict[str, Tensor]]:
        """The values from the neurons down to a node, after every step at which something arrives at it."""
        chain = _chain(self._network, node)
        fires = [each for each in chain if isinstance(each, Fire)]
        sums = {fire.name: torch.zeros_like(self._arrived[fire.name][0]) for fire in fires}
        for at in torch.cat([self._arrived[fire.name][1].at for fire in fires]).unique().tolist():
            values = {}
            for each in chain:
                if isinstance(each, Fire):
                    like, spikes = self._arrived[each.name]
                    sums[each.name] = sums[each.name] + spikes.only(spikes.at == at).onto(like[None], at)[0]
                    values[each.name] = sums[each.name]
                else:
                    values[each.name] = evaluate(each, *(values[name] for name in each.inputs))
            yield values


def needed(network: Network) -> bool:
    """Whether the closed form must go spike by spike."""
    noise = network.noise
    return (noise is not None and noise.of_spikes) or any(fire.code.echoes for fire in network.all(Fire))


def _sent(node: Fire, u: Tensor, first: Tensor) -> Spikes:
    """The spikes of neurons that fire first at these steps, as many as the window holds."""
    code = node.code
    flat = first.flatten(1)
    sample, place = (flat < code.steps).nonzero(as_tuple=True)
    at = flat[sample, place][:, None] + torch.arange(code.echoes + 1, device=u.device)
    sample, place = sample[:, None].expand_as(at), place[:, None].expand_as(at)
    inside = at < code.steps
    sample, place, at = sample[inside], place[inside], at[inside]
    amount = torch.tensor(code.amplitudes(), dtype=u.dtype, device=u.device)[at]
    if code.slope:
        amount = torch.where(u.flatten(1)[sample, place] < 0, -amount, amount)
    return Spikes(sample, place, at, amount)


def _updates(node: Fire, u: Tensor, sent: Spikes) -> int:
    """A neuron that fires once compares up to its spike; any other in every step."""
    silent = u.numel() * node.code.steps
    return silent - int((node.code.steps - 1 - sent.at).sum()) if node.code.neuron().fires_once else silent


def _chain(network: Network, node: Node) -> list[Node]:
    """The nodes from the neurons down to a node, in order."""
    above: dict[str, Node] = {}
    for source in [] if isinstance(node, Fire) else network.sources(node):
        above |= {each.name: each for each in _chain(network, source)}
    return [*above.values(), node]
