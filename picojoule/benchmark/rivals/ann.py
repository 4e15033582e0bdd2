"""The ANN itself: its own forward with batch norm folded, as a careful user of torch runs it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from picojoule.base.errors import EngineError
from picojoule.benchmark.rivals import ours
from picojoule.benchmark.rivals.modules import arranged, chain, module
from picojoule.ir import Network


def build(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """The folded network in both memory formats; our dense pass where it is no chain of modules."""
    try:
        first = nn.Sequential(*(module(node) for node in chain(network))).eval().requires_grad_(False)
    except EngineError:
        return ours.build(network, "auto")
    last = copy.deepcopy(first).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return {
        "channels first": torch.inference_mode()(lambda x: first(x)),
        "channels last": torch.inference_mode()(lambda x: last(arranged(x, torch.channels_last))),
    }
