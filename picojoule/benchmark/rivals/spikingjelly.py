"""SpikingJelly: IF neurons with soft reset, multi-step (time folded into the batch) and single-step.

Its own recipe for trained networks starts neurons at half their threshold; so do these. Its maximum pool is torch's, on
the spikes of one step. The first part is computed once, which its multi-step users get by expanding a constant input.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from picojoule.benchmark.rivals.modules import FORMATS, Stages, arranged, stages
from picojoule.ir import Network


def build(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """Both step modes in both memory formats."""
    # Its first run makes torch warn that there is no Triton; nobody asked for it on a CPU.
    logging.getLogger("torch._library.triton").setLevel(logging.ERROR)
    modes = {"multi-step": _multi_step, "single-step": _single_step}
    return {
        f"{mode}, {name}": make(stages(network), memory_format)
        for mode, make in modes.items()
        for name, memory_format in FORMATS.items()
    }


def _neurons(start: float, mode: str) -> nn.Module:
    from spikingjelly.activation_based.neuron import IFNode

    node = IFNode(v_threshold=1.0, v_reset=None, step_mode=mode)
    node.set_reset_value("v", start)
    return node


def _layers(net: Stages, mode: str, wrap: Callable[[nn.Module], nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for start, part in zip(net.starts, net.parts[1:], strict=True):
        layers += [_neurons(start, mode), wrap(part)]
    return nn.Sequential(*layers).eval()


def _multi_step(net: Stages, memory_format: Any) -> Callable[[Tensor], Tensor]:
    from spikingjelly.activation_based.functional import reset_net
    from spikingjelly.activation_based.layer import SeqToANNContainer

    layers = _layers(net, "m", SeqToANNContainer).to(memory_format=memory_format)  # type: ignore[call-overload]

    def over_time(drive: Tensor) -> Tensor:
        return layers(drive.expand(net.steps, *drive.shape)).mean(0)

    return _forward(net, layers, over_time, reset_net, memory_format)


def _single_step(net: Stages, memory_format: Any) -> Callable[[Tensor], Tensor]:
    from spikingjelly.activation_based.functional import reset_net

    layers = _layers(net, "s", lambda part: part).to(memory_format=memory_format)  # type: ignore[call-overload]

    def over_time(drive: Tensor) -> Tensor:
        total = layers(drive)
        for _ in range(net.steps - 1):
            total = total + layers(drive)
        return total / net.steps

    return _forward(net, layers, over_time, reset_net, memory_format)


def _forward(
    net: Stages, layers: nn.Module, over_time: Callable[[Tensor], Tensor], reset: Any, memory_format: Any
) -> Callable[[Tensor], Tensor]:
    first = net.parts[0].to(memory_format=memory_format)  # type: ignore[call-overload]

    @torch.inference_mode()
    def forward(images: Tensor) -> Tensor:
        reset(layers)
        x = images / net.scale
        return over_time(first(arranged(x, memory_format)))

    return forward
