"""The ANN itself: its own forward with batch norm folded, as a careful user of torch runs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from picojoule.base.errors import EngineError
from picojoule.benchmark.rivals import ours
from picojoule.benchmark.rivals.modules import FORMATS, Wired, arranged, whole
from picojoule.ir import Network


def build(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """The folded network in both memory formats; our dense pass where a node is no module of torch."""
    try:
        return {name: partial(_forward, whole(network, each), each) for name, each in FORMATS.items()}
    except EngineError:
        return ours.build(network, "auto")


@torch.inference_mode()
def _forward(net: Wired, memory_format: torch.memory_format, images: Tensor) -> Tensor:
    (output,) = net({"": arranged(images, memory_format)}).values()
    return output
