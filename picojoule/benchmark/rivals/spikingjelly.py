"""SpikingJelly: IF neurons with soft reset, multi-step (time folded into the batch) and single-step.

Its own recipe for trained networks starts neurons at half their threshold; so do these. Its maximum pool is torch's, on
the spikes of one step. The first part is computed once, which its multi-step users get by expanding a constant input.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import final

import torch
from torch import Tensor, nn

from picojoule.benchmark.rivals.modules import FORMATS, Halves, cut
from picojoule.codes import Rate
from picojoule.ir import Network


def build(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """Both step modes in both memory formats."""
    # Its first run makes torch warn that there is no Triton; nobody asked for it on a CPU.
    logging.getLogger("torch._library.triton").setLevel(logging.ERROR)
    modes = {
        "multi-step": (_over_time, partial(_neurons, "m"), _Folded),
        "single-step": (_loop, partial(_neurons, "s")),
    }
    return {
        f"{mode}, {name}": _forward(run, cut(network, each, *parts))
        for mode, (run, *parts) in modes.items()
        for name, each in FORMATS.items()
    }


def _neurons(mode: str, code: Rate) -> nn.Module:
    from spikingjelly.activation_based.neuron import IFNode

    node = IFNode(v_threshold=1.0, v_reset=None, step_mode=mode)
    node.set_reset_value("v", code.initial)
    return node


@final
class _Folded(nn.Module):
    """Its ``SeqToANNContainer``, for modules of several inputs too: ``[steps, batch, ...]`` through as one batch."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, *x: Tensor) -> Tensor:
        return self.part(*(each.flatten(0, 1) for each in x)).unflatten(0, x[0].shape[:2])


def _over_time(net: Halves, drive: dict[str, Tensor]) -> Tensor:
    return net.step({name: each.expand(net.steps, *each.shape) for name, each in drive.items()}).mean(0)


def _loop(net: Halves, drive: dict[str, Tensor]) -> Tensor:
    total = net.step(drive)
    for _ in range(net.steps - 1):
        total = total + net.step(drive)
    return total / net.steps


def _forward(run: Callable[[Halves, dict[str, Tensor]], Tensor], net: Halves) -> Callable[[Tensor], Tensor]:
    from spikingjelly.activation_based.functional import reset_net

    @torch.inference_mode()
    def forward(images: Tensor) -> Tensor:
        reset_net(net.below)
        return run(net, net.drive(images))

    return forward
