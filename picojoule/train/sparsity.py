"""Activation sparsity: what a network's ReLUs put out, a penalty on it, and its measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.data.vision import Images

QUANTILE = 0.999  # stands for "the largest" without its outliers, as in threshold calibration


@contextmanager
def outputs_of(model: nn.Module, kind: type[nn.Module] = nn.ReLU) -> Iterator[dict[str, Tensor]]:
    """While open, each call of `model` puts the output of every module of a kind into the dictionary, by its name.

    The model is not changed: these are forward hooks, removed at the end.

    Args:
        model: any module.
        kind: ``nn.ReLU``, or :class:`picojoule.neurons.trainable.Membrane` for spikes.

    Raises:
        InputError: the model has none.
    """
    found = {name: module for name, module in model.named_modules() if isinstance(module, kind)}
    if not found:
        what = "nn.ReLU" if kind is nn.ReLU else kind.__name__
        raise InputError(
            f"it has no {what} module", where=type(model).__name__, remedy=f"use modules, not functions, as {what}"
        )
    outputs: dict[str, Tensor] = {}
    handles = [module.register_forward_hook(_keeper(name, outputs)) for name, module in found.items()]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def scaled_l1(outputs: Mapping[str, Tensor]) -> Tensor:
    """P = (1/N) Σ_l Σ_i a_li / rms_l with rms_l = √(mean_i a_li²), which is held constant in the gradient.

    N is the number of all outputs. Dividing by the layer's root mean square makes each layer count alike, and keeps a
    layer from escaping by shrinking: the next batch norm would undo that for free. For a layer of which a fraction f
    is active at one height, its mean a/rms is √f, so a smaller penalty means fewer active outputs.

    Args:
        outputs: non-negative activations of each layer, any shape.

    Returns:
        A scalar with gradient.
    """
    total = sum(a.sum() / _rms(a) for a in outputs.values())
    return total / sum(a.numel() for a in outputs.values())


@final
@dataclass(frozen=True, kw_only=True)
class Activity:
    """How much of a network is active.

    Attributes:
        overall: fraction of all ReLU outputs that are active.
        layers: the same for each ReLU, by module name.
    """

    overall: float
    layers: Mapping[str, float]


def activity(model: nn.Module, images: Images, *, threshold: float = 0.02) -> Activity:
    """Fractions of ReLU outputs above `threshold` times their layer's 99.9-percentile.

    What is below would not spike within T = 80 steps of a TTFS kernel with τ = 20, whose smallest value is e⁻⁴ = 0.018.

    Args:
        model: in evaluation mode.
        images: all go through at once; a thousand digits take 0.3 GB in DigitNet.
        threshold: relative to the percentile.

    Raises:
        InputError: the model has no ``nn.ReLU``.
    """
    with torch.inference_mode(), outputs_of(model) as outputs:
        model(images.images)
        active = {name: a > threshold * _percentile(a) for name, a in outputs.items()}
    total = sum(int(a.sum()) for a in active.values()) / sum(a.numel() for a in active.values())
    return Activity(overall=total, layers={name: float(a.float().mean()) for name, a in active.items()})


def _keeper(name: str, outputs: dict[str, Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def hook(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        outputs[name] = output

    return hook


def _rms(a: Tensor) -> Tensor:
    # a layer that is silent in this batch has no gradient and must not give 0/0
    return a.detach().square().mean().sqrt().clamp_min(torch.finfo(a.dtype).tiny)


def _percentile(a: Tensor) -> Tensor:
    return a.flatten().kthvalue(max(1, round(QUANTILE * a.numel()))).values
