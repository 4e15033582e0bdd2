"""One step of synchronous training: forward, backward, gradients that leave in buckets, update.

A network is a table of layers, handed in by whoever counted it. A bucket leaves when the gradients in it are there and
the one before it has arrived::

    e_k = max(r_k, e_{k−1}) + a_k

with r_k from the backward pass of the slowest node and a_k an all-reduce. Without overlap there is one bucket, which
leaves when the backward pass is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError
from picojoule.sim.clock import SECOND, ps
from picojoule.sim.cluster.device import Device
from picojoule.sim.cluster.networks import Network
from picojoule.sim.maxplus import fifo

VALUE_BYTES = 4
BUCKET_BYTES = 25 << 20
"""As of the training floor."""


@final
@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer with weights, and what follows it up to the next one.

    Attributes:
        name: of it.
        macs: multiply-accumulates of a sample, forward.
        values: numbers of a sample that it reads and writes, forward.
        weights: parameters.
        groups: of a convolution.
    """

    name: str
    macs: int
    values: int
    weights: int
    groups: int = 1


def gradient_bytes(layers: Sequence[Layer]) -> int:
    """S: what every node has to hand to the others."""
    return VALUE_BYTES * sum(layer.weights for layer in layers)


def flop(layers: Sequence[Layer]) -> int:
    """Of a training step, a sample: forward, and twice that backward but for the first layer."""
    return 2 * (3 * sum(layer.macs for layer in layers) - layers[0].macs)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """When what happens in a step of like nodes. Times from its start, int64 picoseconds.

    Attributes:
        layers: of the network.
        forward_ps, backward_ps: when each layer's pass ends ``[layers]``, both in the order of the network.
        ready_ps, sent_ps: when each bucket is full, and when its sum is everywhere ``[buckets]``.
        reduce_ps: the all-reduce of each bucket alone ``[buckets]``.
        update_ps: the optimiser.
    """

    layers: tuple[Layer, ...]
    forward_ps: NDArray[np.int64]
    backward_ps: NDArray[np.int64]
    ready_ps: NDArray[np.int64]
    sent_ps: NDArray[np.int64]
    reduce_ps: NDArray[np.int64]
    update_ps: int

    @property
    def compute_ps(self) -> int:
        """Forward and backward."""
        return int(self.backward_ps[0])

    @property
    def total_ps(self) -> int:
        """The whole step."""
        return int(max(self.compute_ps, self.sent_ps[-1])) + self.update_ps

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.total_ps / SECOND

    @property
    def overlap(self) -> float:
        """ω: which fraction of the communication hides behind the backward pass; 1 where there is none."""
        alone = int(self.reduce_ps.sum())
        return 1 - (self.total_ps - self.update_ps - self.compute_ps) / alone if alone else 1.0


def step(
    layers: Sequence[Layer],
    device: Device,
    network: Network,
    *,
    nodes: int,
    batch: int,
    collective: str = "ring",
    overlaps: bool = True,
    bucket_bytes: int = BUCKET_BYTES,
    update_s: float = 0.0,
) -> Step:
    """A step of so many like nodes with `batch` samples each.

    Args:
        layers: of the network that learns.
        device, network: what computes, and what connects.
        nodes, batch: how many nodes, and samples of each.
        collective: of the network.
        overlaps: gradients leave during the backward pass; if not, after it.
        bucket_bytes: gradients in a message.
        update_s: of the optimiser.

    Raises:
        InputError: no layers, no samples, a batch that the device has no memory for, or an unknown collective.
    """
    _require_room(layers, device, batch)
    forward, backward = (np.array([_times(layers, device, batch, way)]).T[:, 0] for way in ("forward", "backward"))
    forward_ps = np.cumsum(forward)
    backward_ps = (forward_ps[-1] + np.cumsum(backward[::-1]))[::-1]
    sizes, ready = buckets(layers, backward_ps, bucket_bytes if overlaps else gradient_bytes(layers))
    reduce = np.array([ps(network.all_reduce_s(collective, size, nodes)) for size in sizes], np.int64)
    return Step(
        layers=tuple(layers),
        forward_ps=forward_ps,
        backward_ps=backward_ps,
        ready_ps=ready,
        sent_ps=fifo(ready, reduce),
        reduce_ps=reduce,
        update_ps=ps(update_s),
    )


def _require_room(layers: Sequence[Layer], device: Device, batch: int) -> None:
    if not layers or batch < 1:
        what = f"{len(layers)} layers and {batch} samples"
        raise InputError(what, where="training step", remedy="give 1 or more of each")
    needed = 3 * gradient_bytes(layers) + VALUE_BYTES * batch * sum(layer.values for layer in layers)
    if needed > device.memory_bytes:
        raise InputError(
            f"a batch of {batch} needs {needed / 1e9:.2f} GB, {device.memory_bytes / 1e9:.2f} GB are there",
            where=f"device {device.name}",
            remedy="use a smaller batch",
        )


def _times(layers: Sequence[Layer], device: Device, batch: int, way: str) -> list[int]:
    """Picoseconds of each layer: one pass forward; backward two, but one in the first layer."""
    found = []
    for number, layer in enumerate(layers):
        passes = 1 if way == "forward" or number == 0 else 2
        once = device.pass_s(
            flop=2 * layer.macs, values_bytes=VALUE_BYTES * layer.values, groups=layer.groups, batch=batch
        )
        found.append(ps(passes * once))
    return found


def buckets(layers: Sequence[Layer], backward_ps: NDArray[np.int64], size: int) -> tuple[list[int], NDArray[np.int64]]:
    """Bytes of each bucket, and when it is full: layers from the last to the first, until `size` is reached."""
    sizes: list[int] = []
    ready: list[int] = []
    held = 0
    for layer, end in zip(reversed(layers), reversed(backward_ps.tolist()), strict=True):
        held += VALUE_BYTES * layer.weights
        if held >= size:
            sizes, ready, held = [*sizes, held], [*ready, end], 0
    if held or not sizes:
        sizes, ready = [*sizes, held], [*ready, int(backward_ps[0])]
    return sizes, np.array(ready, np.int64)
