"""Counts of a spiking module as it stands, by hooks: for what ``freeze`` does not take, such as layers behind a mean.

Every convolution and linear layer, norm, pool, neuron, :class:`~picojoule.neurons.Held` and
:class:`~picojoule.neurons.Join` that runs is counted, with the definitions of :mod:`picojoule.cost.counts`. Sums that
are not such a module, and functions in place of modules, are not seen. Norms are counted as folded into the layer
before them, as a bias. An average of spikes is an addition for each, and a synapse with its result multiplies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d

from picojoule.base.errors import InputError
from picojoule.cost import Counts, LayerCounts
from picojoule.neurons import Held, Join
from picojoule.neurons.trainable import Membrane

_Numbers = dict[str, Any]


@final
@dataclass(kw_only=True)
class Watched:
    """What ran while it was watched.

    Attributes:
        samples: they ran on; None before anything fired.
        steps: of the neurons.
    """

    samples: int | None = None
    steps: int | None = None
    _layers: dict[str, _Numbers] = field(default_factory=dict)
    _last: str = ""
    """The weight layer whose currents come next to a membrane."""

    def counts(self) -> Counts:
        """What ran, as counts.

        Raises:
            InputError: no neuron ran.
        """
        if self.samples is None:
            raise InputError("no spiking neuron ran", where="watching", remedy="run a module with neurons in time")
        layers = tuple(LayerCounts(name=name, **numbers) for name, numbers in self._layers.items())
        return Counts(samples=self.samples, steps=self.steps, layers=layers)

    def layers(self, prefix: str) -> tuple[LayerCounts, ...]:
        """The layers that ran, their names behind a prefix."""
        return tuple(LayerCounts(name=f"{prefix}{name}", **numbers) for name, numbers in self._layers.items())

    def add(self, layer: str, **numbers: Any) -> None:
        """Add numbers to a layer; facts that are no counts are kept as first given."""
        known = self._layers.setdefault(layer, {})
        for name, number in numbers.items():
            known[name] = known.get(name, 0) + number if name in _SUMS else known.get(name, number)


_SUMS = ("spikes", "events_in", "synops", "macs", "effective_macs", "bias_adds", "state_updates", "compares", "weights")


@contextmanager
def watching(module: nn.Module) -> Iterator[Watched]:
    """While open, counts what `module` does; it is not changed.

    Args:
        module: of ``[steps, batch, ...]``, or one that begins with :class:`~picojoule.neurons.Held`.
    """
    watched = Watched()
    held = {id(part) for each in module.modules() if isinstance(each, Held) for part in each.inner.modules()}
    handles = []
    for name, each in module.named_modules():
        for kind, count in _COUNTERS.items():
            if isinstance(each, kind):
                handles.append(each.register_forward_hook(_hook(count, watched, name or "module", id(each) in held)))
    try:
        yield watched
    finally:
        for handle in handles:
            handle.remove()


def count(module: nn.Module, x: Tensor) -> tuple[Tensor, Counts]:
    """What a module gives, in evaluation mode, and what it did.

    Args:
        module: as for :func:`watching`.
        x: its input.
    """
    module.eval()
    with torch.inference_mode(), watching(module) as watched:
        return module(x), watched.counts()


def _hook(count: Callable[..., None], watched: Watched, name: str, held: bool) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        count(watched, name, module, inputs, output, held)

    return hook


def _weights(w: Watched, name: str, layer: Any, inputs: tuple[Tensor, ...], out: Tensor, held: bool) -> None:
    """A convolution or linear layer, of events or, where it is held, of numbers."""
    (x,) = inputs
    fan = _fan_out(layer, x)
    facts = {"weights": layer.weight.numel(), "inputs": x[0].numel(), "outputs": out[0].numel()}
    biased = {} if layer.bias is None else {"weights": len(layer.bias), "bias_adds": 0 if held else out.numel()}
    effective = int((_events(x, fan) * fan).sum())
    if held:
        w.add(name, **facts, macs=out.numel() * layer.weight[0].numel(), effective_macs=effective)
    else:
        real = bool(((x != 0) & (x != 1)).any())
        arrived = {"events_in": int(torch.count_nonzero(x)), "synops": effective}
        w.add(name, **facts, **arrived, payload="real" if real else "binary")
    w.add(name, **biased)
    w._last = name


def _fan_out(layer: Any, x: Tensor) -> Tensor:
    """Synapses of a value at each position, int64 ``[height, width]``; a number for a linear layer."""
    if isinstance(layer, nn.Linear):
        return torch.tensor(layer.out_features)
    ones = torch.ones(1, 1, *layer.weight.shape[2:])
    spread = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
    size = nn.functional.conv2d(torch.ones(1, 1, *x.shape[2:]), ones, **spread)
    ends = [
        n - ((m - 1) * s - 2 * p + d * (k - 1) + 1)
        for n, m, s, p, d, k in zip(
            *(x.shape[2:], size.shape[2:], layer.stride, layer.padding, layer.dilation, layer.kernel_size), strict=True
        )
    ]
    reached = conv_transpose2d(torch.ones_like(size), ones, output_padding=ends, **spread)[0, 0]
    return reached.round().long() * (layer.out_channels // layer.groups)


def _events(x: Tensor, fan: Tensor) -> Tensor:
    """Values that are not zero, by position where the fan-out depends on it."""
    there = x != 0
    return there.sum((0, 1)).cpu() if fan.dim() else there.sum().cpu()


def _norm(w: Watched, name: str, norm: Any, inputs: tuple[Tensor, ...], out: Tensor, held: bool) -> None:
    """A shift of each output of the layer before it, in each step."""
    biased = w._layers[w._last].get("bias_adds")
    w.add(w._last, bias_adds=0 if held or biased else out.numel(), weights=0 if biased else norm.num_features)


def _held(w: Watched, name: str, module: nn.Module, inputs: tuple[Tensor, ...], out: Tensor, held: bool) -> None:
    """The current is added in every step."""
    w.add(w._last, bias_adds=out.numel())


def _maximum(w: Watched, name: str, pool: Any, inputs: tuple[Tensor, ...], out: Tensor, held: bool) -> None:
    """Every event that enters is compared; of numbers, all but one of a window."""
    (x,) = inputs
    w.add(name, compares=out.numel() * (_window(pool) - 1) if held else int(torch.count_nonzero(x)))


def _window(pool: nn.MaxPool2d) -> int:
    """Values that it takes the maximum of."""
    size = pool.kernel_size
    return prod(size) if isinstance(size, tuple) else size**2


def _average(w: Watched, name: str, pool: nn.Module, inputs: tuple[Tensor, ...], out: Tensor, held: bool) -> None:
    """Every event is added to its window's sum."""
    events = int(torch.count_nonzero(inputs[0]))
    w.add(name, events_in=events, synops=events, inputs=inputs[0][0].numel(), outputs=out[0].numel())
    w._last = name


def _join(w: Watched, name: str, module: nn.Module, inputs: tuple[Tensor, ...], out: Tensor, held: bool) -> None:
    """Spikes that join by synapses of weight 1; currents that join are in the same membranes already."""
    x = inputs[1]
    currents = bool(((x != 0) & (x != 1)).any())
    events, size = (0, 0) if currents else (int(torch.count_nonzero(x)), x[0, 0].numel())
    w.add(name, events_in=events, synops=events, inputs=size, outputs=size)


def _fire(w: Watched, name: str, neuron: nn.Module, inputs: tuple[Tensor, ...], out: Tensor, held: bool) -> None:
    """Spikes of the neurons behind the last layer, and a look at each in every step."""
    w.steps, w.samples = out.shape[:2]
    spikes = int(torch.count_nonzero(out))
    facts = {"neurons": out[0, 0].numel(), "thresholds": neuron.neuron(1).bounds}
    w.add(w._last or name, **facts, spikes=spikes, state_updates=out.numel())


_COUNTERS: dict[type[nn.Module] | tuple[type[nn.Module], ...], Callable[..., None]] = {
    (nn.Conv2d, nn.Linear): _weights,
    nn.BatchNorm2d: _norm,
    Held: _held,
    nn.MaxPool2d: _maximum,
    nn.AvgPool2d: _average,
    Join: _join,
    Membrane: _fire,
}
