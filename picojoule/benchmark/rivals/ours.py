"""Our own engines."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from picojoule.engines import run
from picojoule.ir import Network


def build(network: Network, engine: str) -> dict[str, Callable[[Tensor], Tensor]]:
    """The network under one engine; without counting, as the rivals do not count either."""
    return {"": lambda x: run(network, x, engine=engine, count=False).values}
