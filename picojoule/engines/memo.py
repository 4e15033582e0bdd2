"""What is worked out once per network: a network is a value, so it never changes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from picojoule.ir import Network

Answer = TypeVar("Answer")


def per_network(work: Callable[[Network], Answer]) -> Callable[[Network], Answer]:
    """`work`, done once for each network and kept as long as the network is."""
    known: WeakKeyDictionary[Network, Answer] = WeakKeyDictionary()

    @functools.wraps(work)
    def once(network: Network) -> Answer:
        if network not in known:
            known[network] = work(network)
        return known[network]

    return once
