"""The Pareto front: what nothing else equals or beats in both of two things."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


def front(items: Iterable[Item], *, cost: Callable[[Item], float], quality: Callable[[Item], float]) -> list[Item]:
    """Those that no other equals or beats in both cost and quality, by rising cost; of equals the first.

    Args:
        items: in any order.
        cost: what should be low.
        quality: what should be high.
    """
    found: list[Item] = []
    best = float("-inf")
    for each in sorted(items, key=lambda item: (cost(item), -quality(item))):
        if quality(each) > best:
            best = quality(each)
            found.append(each)
    return found
