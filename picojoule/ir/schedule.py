"""When each layer fires: the start and the window of every node, from its depth and its code.

In-step codes (rate, phase) let all layers fire in the same steps. A code that waits (TTFS) gives each layer a
window of its own, which opens when the last spike of its inputs has arrived, or S steps after theirs opened::

    start(l) = start(l−1) + S        latency = (L−1)·S + T     for L weight layers and a coded input; S = T unless early

An analogue input is there at step 0, so the first layer fires at once. So is what an island gives once the windows of
all its inputs are over: an analogue value has a start, and whoever takes it in does so in a window of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import dropwhile
from typing import final

from picojoule.base.errors import ConversionError
from picojoule.codes import Code
from picojoule.ir.network import Network
from picojoule.ir.nodes import Fire, Frames, Input, Island, Node, Rewire


@final
@dataclass(frozen=True, slots=True)
class Window:
    """Steps ``start … start + steps − 1`` in which a node's output carries events.

    ``code`` is the code of those events, or, at an analogue input, of the neurons that take it in.
    """

    start: int
    code: Code

    @property
    def steps(self) -> int:
        """Length in steps."""
        return self.code.steps

    def local(self, t: int) -> int | None:
        """The window's own time at global step `t`; None outside it."""
        return t - self.start if 0 <= t - self.start < self.steps else None


@final
@dataclass(frozen=True, slots=True)
class Schedule:
    """Window of every node by name, and the steps from the first input to the last output."""

    windows: dict[str, Window]
    latency: int


def schedule(network: Network) -> Schedule:
    """The schedule of a spiking network.

    Raises:
        ConversionError: codes that cannot meet.
    """
    windows: dict[str, Window] = {}
    for node in network.nodes:
        windows[node.name] = schedule_of(network, node, windows)
    last = windows[network.output.name]
    return Schedule(windows, last.start + (0 if network.output.name in network.analogue else last.steps))


def schedule_of(network: Network, node: Node, windows: Mapping[str, Window]) -> Window:
    """The window of one node, from those of its inputs.

    Raises:
        ConversionError: codes that cannot meet.
    """
    if isinstance(node, (Input, Frames)):
        return Window(0, _receiver(network, node))
    if isinstance(node, Island):
        return Window(max(_there(network, name, windows) for name in node.inputs), _receiver(network, node))
    if isinstance(node, Fire):
        return _fire_window(network, node, windows[node.inputs[0]])
    return _common_window(network, node, windows) if len(node.inputs) > 1 else windows[node.inputs[0]]


def gathers(network: Network, node: Node) -> bool:
    """True for nodes whose inputs may come in windows of their own: only a sum over all of them matters."""
    return isinstance(node, Island) or (isinstance(node, Rewire) and network.eventful.isdisjoint(node.inputs))


def _there(network: Network, name: str, windows: Mapping[str, Window]) -> int:
    """The step at which all of a node's output is there."""
    return windows[name].start + (0 if name in network.analogue else windows[name].steps)


def _receiver(network: Network, source: Node) -> Code:
    """The code of the neurons that take in what a source of analogue values gives; of the last where none are left."""
    fires = list(network.all(Fire))
    if not fires:
        raise ConversionError("no node fires", where=network.name, remedy="convert the network first")
    if isinstance(source, (Input, Frames)):
        return fires[0].code
    behind = dropwhile(lambda node: node.name != source.name, network.nodes)
    return next((node.code for node in behind if isinstance(node, Fire)), fires[-1].code)


def _fire_window(network: Network, node: Fire, feeding: Window) -> Window:
    if not _meet(feeding.code, node.code):
        raise ConversionError(
            f"{feeding.code.label} cannot feed {node.code.label}: their windows do not meet",
            where=f"node {node.name}",
            remedy="use one code, with the same number of steps, in every layer",
        )
    analogue = network.analogue.issuperset(node.inputs)
    lag = feeding.steps if node.code.lag is None else node.code.lag
    return Window(feeding.start + (0 if analogue else lag), node.code)


def _common_window(network: Network, node: Node, windows: Mapping[str, Window]) -> Window:
    """The window in which all branches arrive; the last one of values that are there, and where sums are only gathered.

    What is there may be taken in later, by a window of events that it meets, but not earlier.
    """
    branches = [windows[name] for name in node.inputs if name not in network.analogue]
    last = max((windows[name] for name in node.inputs), key=lambda each: each.start)
    if not branches or gathers(network, node):
        return last
    if len({(each.start, each.steps, each.code.repeats) for each in branches}) > 1 or branches[0].start < last.start:
        told = " and ".join(f"{branch.code.label} from step {branch.start}" for branch in branches)
        raise ConversionError(
            f"its branches arrive in different windows: {told}",
            where=f"node {node.name} ({type(node).__name__})",
            remedy="use one code in every layer, or one whose layers all fire in the same steps, such as rate or phase",
        )
    return branches[0]


def _meet(sender: Code, receiver: Code) -> bool:
    """Codes that wait open a window of their own; others share the sender's steps, and carry a value as often."""
    if receiver.waits:
        return sender.waits
    return (sender.steps, sender.repeats) == (receiver.steps, receiver.repeats)
