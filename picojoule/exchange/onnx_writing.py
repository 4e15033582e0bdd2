"""A network as ONNX: an ANN as it is, a spiking network with its time unrolled, one file for any batch.

Layer after layer, as all layers fire in the same steps: weights see steps and samples as one batch, and only neurons go
step by step. A maximum of spikes is the change of the largest running sum, as everywhere here.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.base.extras import needed
from picojoule.base.files import write_whole
from picojoule.conversion.trace import trace
from picojoule.exchange.cells import Cell, cannot, cells, steps_of
from picojoule.ir import Fire, Frames, Input, Island, MaxPool, Network, Node
from picojoule.ir.dense import per_channel, scaled_input
from picojoule.ir.modules import as_module

_NAME = "ONNX"


def to_onnx(model: nn.Module | Network, path: Path | str, *, example: Tensor | None = None) -> Path:
    """Write a module, an ANN or a spiking network as an ``.onnx`` file.

    Args:
        model: a module, which is traced as for a conversion, or a network: any ANN or quantised ANN; a spiking one
            of IF or LIF neurons (rate-coded, or frozen).
        path: the file.
        example: inputs ``[batch, ...]`` for a module; a network knows its own.

    Returns:
        The path. Its graph takes ``x`` ``[batch, ...]`` and gives ``y``, the network's outputs; several outputs are one
        row of values.

    Raises:
        ConversionError: something that the unrolled form does not have, such as a code whose layers fire one after the
            other.
        InputError: a module without an example.
        MissingExtra: onnx or onnxscript are not installed.
    """
    _require()
    if isinstance(model, nn.Module):
        if example is None:
            raise InputError("a module alone does not say what it takes", where="to_onnx", remedy="give example=inputs")
        model = trace(model, example)
    return write_whole(path, exported(unrolled(model), model.input.shape))


def _require() -> None:
    for module in ("onnx", "onnxscript"):
        needed(module, extra="onnx", needed_for="export to ONNX")


def unrolled(network: Network) -> nn.Module:
    """A network as a module of plain torch operations without a state.

    Raises:
        ConversionError: a spiking network of other neurons than IF and LIF.
    """
    for island in network.all(Island):
        raise cannot(_NAME, island.name, f"an analogue island ({island.operation})", "export the module it came from")
    return _Unrolled(network, cells(network, _NAME) if network.spiking else {}).eval()


def exported(module: nn.Module, shape: tuple[int, ...]) -> bytes:
    """The file of a module that takes one batch of inputs of a shape."""
    example = (torch.zeros(2, *shape),)
    batch = torch.export.Dim("batch", min=1)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), _quiet():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        program: Any = torch.onnx.export(
            module,
            example,
            dynamo=True,
            dynamic_shapes=({0: batch},),
            input_names=["x"],
            output_names=["y"],
            verbose=False,
        )
    return program.model_proto.SerializeToString()


@contextlib.contextmanager
def _quiet():  # type: ignore[no-untyped-def]
    """Without what the exporter tells about packages that are not there."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


@final
class _Unrolled(nn.Module):
    """A network, layer after layer. What is the same in every step is ``[batch, ...]``; time comes first elsewhere."""

    def __init__(self, network: Network, found: dict[str, Cell]) -> None:
        super().__init__()
        self.network, self.steps = network, steps_of(network) if found else 0
        self.parts = nn.ModuleList(self._part(node, found) for node in network.nodes)

    def _part(self, node: Node, found: dict[str, Cell]) -> nn.Module:
        if isinstance(node, Fire):
            return _Neurons(found[node.name], node.shape, self.steps)
        return nn.Identity() if isinstance(node, (Input, Frames)) else as_module(node)

    def forward(self, x: Tensor) -> Tensor:
        """The network's outputs ``[batch, ...]``."""
        values = {"input": (scaled_input(self.network.input, x), False)}
        for node, part in zip(self.network.nodes[1:], self.parts[1:], strict=True):
            values[node.name] = self._given(node, part, [values[name] for name in node.inputs])
        result, in_time = values[self.network.output.name]
        return result.mean(0) if in_time else result

    def _given(self, node: Node, part: nn.Module, arriving: list[tuple[Tensor, bool]]) -> tuple[Tensor, bool]:
        if isinstance(node, Frames):
            return arriving[0][0].transpose(0, 1), True
        in_time = any(each for _, each in arriving)
        if isinstance(node, Fire):
            return part(arriving[0][0], in_time), True
        if not in_time:
            return part(*(value for value, _ in arriving)), False
        parts = [value if each else value.expand(self.steps, *value.shape) for value, each in arriving]
        if isinstance(node, MaxPool):
            sums = self._each_step(part, [parts[0].cumsum(0)])
            return torch.cat([sums[:1], sums[1:] - sums[:-1]]), True
        return self._each_step(part, parts), True

    def _each_step(self, part: nn.Module, parts: list[Tensor]) -> Tensor:
        return part(*(value.flatten(0, 1) for value in parts)).unflatten(0, (self.steps, -1))


@final
class _Neurons(nn.Module):
    """v ← a·v + I(t);  s = [v ≥ θ];  v ← v − r·s, or v·(1 − s)."""

    def __init__(self, cell: Cell, shape: tuple[int, ...], steps: int) -> None:
        super().__init__()
        self.cell, self.steps = cell, steps
        start = torch.as_tensor(cell.start, dtype=torch.float32)
        self.register_buffer("start", per_channel(start, shape).expand(shape).clone())

    def forward(self, current: Tensor, in_time: bool) -> Tensor:
        """Spikes ``[steps, batch, ...]``."""
        v, spikes = self.start, []
        for step in range(self.steps):
            v = (v if self.cell.leak == 1 else self.cell.leak * v) + (current[step] if in_time else current)
            spikes.append((v >= self.cell.threshold).to(v))
            v = v * (1 - spikes[-1]) if self.cell.amount is None else v - self.cell.amount * spikes[-1]
        return torch.stack(spikes)
