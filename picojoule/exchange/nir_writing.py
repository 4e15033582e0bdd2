"""A network as a NIR graph (https://neuroir.org): nodes with equations in continuous time, read in steps of dt.

::

    I   v̇ = R·I                     R = 1/dt:              v ← v + I(t)
    LI  τ·v̇ = (v_leak − v) + R·I    τ = dt/(1 − a), R = τ/dt:  v ← a·v + I(t)

NIR's own neurons (IF, LIF) are reset *to a value*. Reset by subtraction has two forms. **Strict** is exact in NIR's own
terms: an integrator, a threshold, and a wire back that subtracts; a potential that does not start at 0 is a threshold
that is lower by as much::

    I or LI → Threshold(θ − v₀) → …         Threshold → Scale(−a·r) → I or LI

**Relaxed** is what other libraries write, IF or LIF with ``v_reset`` = 0, and says what was lost.
Where NIR has several edges into a node, their values add up. It has no padding, slices or permutations: these are
weights of 1 (:mod:`picojoule.exchange.picking`), marked as such in the metadata, so that no synapse is read back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.base.files import write_whole
from picojoule.base.progress import say
from picojoule.exchange.cells import Cell, cannot, cells, steps_of
from picojoule.exchange.nir_file import require_nir
from picojoule.exchange.picking import without_rewiring
from picojoule.ir import (
    Add,
    Affine,
    AvgPool,
    Conv,
    Fire,
    Flatten,
    Frames,
    Input,
    Linear,
    MaxPool,
    Network,
    Node,
    Rewire,
)
from picojoule.ir.dense import per_channel

_NAME = "NIR"


def to_nir(
    network: Network,
    path: Path | str | None = None,
    *,
    mode: Literal["strict", "relaxed"] = "strict",
    dt: float = 1e-4,
) -> Any:
    """A spiking network as a graph of the package ``nir``, and as a file if a path is given.

    What its input is given for one step after the other, and the mean over the steps of what its output gives, are the
    network's input and output.

    Args:
        network: of IF or LIF neurons: rate-coded, or frozen.
        path: a ``.nir`` file to write.
        mode: ``strict``: with the same spikes, in NIR's own terms; ``relaxed``: the nodes that other libraries read,
            with a notice of what they do not say, in the graph's metadata too.
        dt: seconds that a step stands for; 1e-4 is what most libraries take.

    Returns:
        A ``nir.NIRGraph``.

    Raises:
        ConversionError: something that NIR cannot express, such as a maximum of spikes or a code whose thresholds
            change in time.
        InputError: an option that makes no sense.
        MissingExtra: the package is not installed.
    """
    nir = require_nir()
    if mode not in ("strict", "relaxed"):
        raise InputError(f"mode={mode!r}", where="to_nir", remedy="choose strict or relaxed")
    if not dt > 0:
        raise InputError(f"dt={dt}", where="to_nir", remedy="give the seconds of a step")
    graph = _Writing(nir, network, mode == "strict", dt).graph()
    if path is not None:
        write_whole(path, _as_bytes(nir, graph))
    return graph


def _as_bytes(nir: Any, graph: Any) -> bytes:
    import io

    buffer = io.BytesIO()
    nir.write(buffer, graph)
    return buffer.getvalue()


@final
class _Writing:
    """A graph that is being written."""

    def __init__(self, nir: Any, network: Network, strict: bool, dt: float) -> None:
        self.nir, self.strict, self.dt = nir, strict, dt
        self.network, self.moving = without_rewiring(network)
        self.cells = cells(network, _NAME)
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self.gives: dict[str, tuple[str, ...]] = {}  # the NIR nodes whose sum each of our nodes is
        self.lost: dict[str, None] = {}

    def graph(self) -> Any:
        for node in self.network.nodes:
            _WRITERS.get(type(node), _refused)(self, node)
        out = self.network.output
        self.add("output", self.nir.Output({"output": np.array(out.shape)}), self.gives[out.name])
        metadata: dict[str, Any] = {"writer": "picojoule", "steps": steps_of(self.network), "name": self.network.name}
        if any(self.network.all(Frames)):
            metadata["frames"] = 1
        if self.lost:
            metadata["notice"] = "; ".join(self.lost)
            say(f"NIR, relaxed: {metadata['notice']}")
        return self.nir.NIRGraph(self.nodes, self.edges, metadata=metadata, type_check=False)

    def add(self, key: str, node: Any, sources: tuple[str, ...], **metadata: Any) -> str:
        """A node, and the edges into it."""
        if len(set(sources)) < len(sources):
            raise cannot(_NAME, key, "a value that is added to itself", "double the weights instead")
        node.metadata = {**metadata}
        self.nodes[key] = node
        self.edges += [(source, key) for source in sources]
        return key

    def free(self, name: str) -> str:
        """A name that HDF5 and torch take."""
        plain = re.sub(r"\W", "_", name)
        while plain in self.nodes or plain == "output":
            plain += "_"
        return plain

    def single(self, node: Node, made: Any, **metadata: Any) -> None:
        """One NIR node for one of ours."""
        sources = tuple(name for each in node.inputs for name in self.gives[each])
        shapes = [self.network.by_name[each].shape for each in node.inputs]
        made.input_type = {"input": np.array(shapes[0] if shapes else node.shape)}
        made.output_type = {"output": np.array(node.shape)}
        metadata |= {"moves": 1} if node.name in self.moving else {}
        self.gives[node.name] = (self.add(self.free(node.name), made, sources, name=node.name, **metadata),)


def _input(to: _Writing, node: Input) -> None:
    frames = next(to.network.all(Frames), None)
    shape = node.shape if frames is None else frames.shape
    name = to.add("input", to.nir.Input({"input": np.array(shape)}), ())
    if node.scale != 1:
        name = to.add("input_scale", to.nir.Scale(np.full(shape, 1 / node.scale)), (name,), divisor=node.scale)
    to.gives[node.name] = (name,)


def _same(to: _Writing, node: Frames | Add) -> None:
    to.gives[node.name] = tuple(name for each in node.inputs for name in to.gives[each])


def _linear(to: _Writing, node: Linear) -> None:
    weight = array(node.weight)
    to.single(node, to.nir.Affine(weight, array(node.bias)) if node.has_bias else to.nir.Linear(weight))


def _conv(to: _Writing, node: Conv) -> None:
    if node.bias.dim() > 1:
        raise cannot(_NAME, node.name, "a convolution with a bias of its own for every position", "use one a channel")
    rank = len(node.stride)
    kind, pack = ((to.nir.Conv1d, _first), (to.nir.Conv2d, tuple))[rank - 1]
    size = to.network.source(node).shape[1:]
    made = kind(None, array(node.weight), pack(node.stride), pack(node.padding), pack(node.dilation), node.groups,
                array(node.bias if node.has_bias else node.bias * 0))  # fmt: skip
    made.input_shape = size[0] if rank == 1 else size
    to.single(node, made)


def _first(values: tuple[int, ...]) -> int:
    return values[0]


def _pool(to: _Writing, node: AvgPool) -> None:
    plain = len(node.kernel) == 2 and not node.ceil and (node.count_padding or not any(node.padding))
    if not plain:
        raise cannot(_NAME, node.name, "this average pooling", "use two-dimensional pooling that counts its padding")
    to.single(node, to.nir.AvgPool2d(*(np.array(each) for each in (node.kernel, node.stride, node.padding))))


def _flatten(to: _Writing, node: Flatten) -> None:
    to.single(node, to.nir.Flatten({"input": np.array(to.network.source(node).shape)}, 0, -1))


def _affine(to: _Writing, node: Affine) -> None:
    if bool((node.shift != 0).any()):
        raise cannot(_NAME, node.name, "a shift behind the last layer", "put it into the layer's bias")
    to.single(node, to.nir.Scale(array(per_channel(node.gain, node.shape).expand(node.shape))))


def _fire(to: _Writing, node: Fire) -> None:
    cell = to.cells[node.name]
    soft, moved = cell.amount is not None, bool(np.any(array_of(cell.start, node.shape)))
    if to.strict and (soft or moved):
        _strictly(to, node, cell)
        return
    if soft:
        to.lost["NIR's IF and LIF do not say that a spike subtracts; others may reset to 0"] = None
    if moved:
        to.lost["NIR does not say at which potential neurons start; others will start at 0"] = None
    told = {"reset": "subtract", "amount": cell.amount} if soft else {"reset": "zero"}
    start = {"start": array_of(cell.start, node.shape)} if moved else {}
    to.single(node, _neurons(to, cell, node.shape), **told, **start)


def _neurons(to: _Writing, cell: Cell, shape: tuple[int, ...]) -> Any:
    rest = {"v_threshold": np.full(shape, cell.threshold), "v_reset": np.zeros(shape)}
    if cell.leak == 1:
        return to.nir.IF(r=np.full(shape, 1 / to.dt), **rest)
    tau = to.dt / (1 - cell.leak)
    return to.nir.LIF(tau=np.full(shape, tau), r=np.full(shape, tau / to.dt), v_leak=np.zeros(shape), **rest)


def _strictly(to: _Writing, node: Fire, cell: Cell) -> None:
    """Integrator → threshold, and back."""
    shape, start = node.shape, array_of(cell.start, node.shape)
    if cell.amount is None:
        raise cannot(_NAME, node.name, "neurons that start at a potential and are reset to another", "start at 0")
    if cell.leak == 1:
        integrator = to.nir.I(r=np.full(shape, 1 / to.dt))
    else:
        tau = to.dt / (1 - cell.leak)
        integrator = to.nir.LI(tau=np.full(shape, tau), r=np.full(shape, tau / to.dt), v_leak=-start)
    to.single(node, integrator)
    (potential,) = to.gives[node.name]
    spikes = to.add(to.free(f"{node.name}.spikes"), to.nir.Threshold(cell.threshold - start), (potential,))
    back = to.nir.Scale(np.full(shape, -cell.leak * cell.amount))
    back_name = to.add(to.free(f"{node.name}.reset"), back, (spikes,))
    to.edges.append((back_name, potential))
    to.gives[node.name] = (spikes,)


def _refused(to: _Writing, node: Node) -> None:
    told, remedy = _REFUSED.get(type(node), (f"a {type(node).__name__}", "replace it, or export to ONNX"))
    raise cannot(_NAME, node.name, told, remedy)


_REFUSED: dict[type[Node], tuple[str, str]] = {
    MaxPool: ("a maximum of spikes", "use average pooling or a stride, or export to ONNX"),
    Rewire: (
        "values moved in a way that is no convolution and does not end in a small vector",
        "move values by slices, padding, strides or permuted channels only, or export to ONNX",
    ),
}
_WRITERS: dict[type[Node], Callable[[_Writing, Any], None]] = {
    Input: _input,
    Frames: _same,
    Add: _same,
    Linear: _linear,
    Conv: _conv,
    AvgPool: _pool,
    Flatten: _flatten,
    Affine: _affine,
    Fire: _fire,
}


def array(values: Tensor) -> np.ndarray:
    """A tensor as an array of its own."""
    return values.detach().cpu().numpy().copy()


def array_of(values: float | Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """A number, or one for each channel or value, as float64 ``shape``."""
    if not isinstance(values, Tensor):
        return np.full(shape, float(values))
    return array(per_channel(values, shape).expand(shape)).astype(np.float64)
