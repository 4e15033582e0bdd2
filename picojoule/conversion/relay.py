"""Pass: relay neurons, where branches of codes that wait would arrive in different windows. Exact.

A neuron of such a code decodes what arrives in one window. A branch that is shorter than its partner sends its events
earlier: relay neurons take them in with a weight of 1 and send the same value one window later, each for one spike.
They stand as late as possible, right before the layer or the join that meets the longer branch.
"""

from __future__ import annotations

from dataclasses import replace

from picojoule.base.errors import ConversionError
from picojoule.conversion.diagonal import diagonal, unit
from picojoule.conversion.normalise import scale_of
from picojoule.ir import Fate, Fire, Network, Node, WeightLayer
from picojoule.ir.schedule import Window, gathers, schedule_of


def relay(network: Network) -> Network:
    """Put relay neurons into every branch that arrives too early where it meets others.

    Raises:
        ConversionError: the windows of the branches do not line up by any number of relays.
    """
    if not all(fire.code.waits for fire in network.all(Fire)):
        return network
    laying = _Laying(network)
    for node in network.nodes:
        laying.take(node)
    return network.evolve(laying.made.values(), fates=laying.fates) if laying.fates else network


class _Laying:
    """A network with relays, as it is made."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._scales = {fire.name: fire.scale for fire in network.all(Fire)}
        self._windows: dict[str, Window] = {}
        self._relays: dict[tuple[str, int], str] = {}
        self.made: dict[str, Node] = {}
        self.fates: list[Fate] = []

    def take(self, node: Node) -> None:
        """The next node of the network."""
        early = [name for name in node.inputs if name not in self._network.analogue]
        if len(early) > 1 and not gathers(self._network, node):
            meet = max(self._windows[name].start for name in early)
            node = node.reading({name: self._delayed(name, meet, node) for name in early})
        self._add(node)

    def _add(self, node: Node) -> None:
        self.made[node.name] = node
        self._windows[node.name] = schedule_of(self._network, node, self._windows)

    def _delayed(self, name: str, start: int, where: Node) -> str:
        """What brings a branch in the window that opens at `start`."""
        if self._windows[name].start == start:
            return name
        branch = self.made[name]
        if name in self._network.eventful:
            return self._relayed(name, start, where)
        if not isinstance(branch, WeightLayer) or len(self._network.consumers(branch)) > 1:
            raise self._refusal(where)
        later = branch.reading({branch.inputs[0]: self._relayed(branch.inputs[0], start, where)})
        del self.made[name]  # to stand behind its relays
        self._add(later)
        return name

    def _relayed(self, name: str, start: int, where: Node) -> str:
        """The last of the relays that bring a node's events to the window that opens at `start`."""
        origin = self.made[name]
        number = 0
        while self._windows[name].start < start:
            number += 1
            if (origin.name, number) not in self._relays:
                self._relays[origin.name, number] = self._lay(origin, name, number)
            name = self._relays[origin.name, number]
        if self._windows[name].start != start:
            raise self._refusal(where)
        return name

    def _lay(self, origin: Node, source: str, number: int) -> str:
        """One relay behind a node; its name."""
        name = f"{origin.name}.relay{number}"
        (synapses,) = diagonal(f"{name}.synapses", replace(origin, name=source), unit(self._network))
        scale = scale_of(self._network, origin, self._scales)
        code = self._windows[source].code.relaying()
        neurons = Fire(
            name=name, inputs=(synapses.name,), shape=origin.shape, code=code, layer=synapses.name, scale=scale
        )
        self._add(synapses)
        self._add(neurons)
        self.fates.append(Fate(origin.name, type(origin).__name__, f"relayed by {neurons.size} neurons", "relay"))
        return name

    def _refusal(self, where: Node) -> ConversionError:
        return ConversionError(
            "its branches arrive in windows that no number of relays brings together",
            where=f"node {where.name} ({type(where).__name__})",
            remedy="use the same number of steps in every layer, or a code such as rate",
        )
