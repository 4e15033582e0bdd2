"""Writing words around spans, and knowing afterwards where everything is.

One pass from left to right. At each gap between words, first the spans that end there are closed, the inner ones before
the outer, then those that begin there are opened, the outer ones before the inner. So brackets of nested spans are
nested, whichever span was given first; those of crossing spans cross as the spans do; of equal spans the one given
first is the outer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Bracket:
    """What is written around the words start … stop − 1.

    Attributes:
        start, stop: the span; at least one word.
        opening, closing: words before and behind it; either may be empty.
        hides: whether its own words are left out.
    """

    start: int
    stop: int
    opening: tuple[str, ...]
    closing: tuple[str, ...] = ()
    hides: bool = False


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Bracketed:
    """Words with brackets.

    Attributes:
        tokens: all of them.
        places: where each old word is now; that of what follows it where it was left out.
        opened: where each bracket's opening begins, or what stands in its place.
        closed: behind the last word of each bracket's closing.
    """

    tokens: tuple[str, ...]
    places: tuple[int, ...]
    opened: tuple[int, ...]
    closed: tuple[int, ...]

    def moved(self, start: int, stop: int) -> tuple[int, int]:
        """Where the old words start … stop − 1 are now, with all that was written between them."""
        return self.places[start], self.places[stop - 1] + 1


def bracket(tokens: Sequence[str], brackets: Sequence[Bracket]) -> Bracketed:
    """Write brackets around spans.

    Args:
        tokens: the words.
        brackets: each within the words; in any order, nested, crossing or equal.
    """
    written: list[str] = []
    places: list[int] = []
    opened, closed = [0] * len(brackets), [0] * len(brackets)
    numbered = list(enumerate(brackets))
    hidden = {place for each in brackets if each.hides for place in range(each.start, each.stop)}
    for place in range(len(tokens) + 1):
        ending = [(number, each) for number, each in numbered if each.stop == place]
        for number, each in sorted(ending, key=lambda pair: (-pair[1].start, -pair[0])):
            written += each.closing
            closed[number] = len(written)
        beginning = [(number, each) for number, each in numbered if each.start == place]
        for number, each in sorted(beginning, key=lambda pair: (-pair[1].stop, pair[0])):
            opened[number] = len(written)
            written += each.opening
        if place < len(tokens):
            places.append(len(written))
            written += () if place in hidden else (tokens[place],)
    return Bracketed(tokens=tuple(written), places=tuple(places), opened=tuple(opened), closed=tuple(closed))


def spread(places: Sequence[int], lengths: Sequence[int]) -> tuple[int, ...]:
    """Where places of words are when word i becomes so many pieces as `lengths` has at i.

    Args:
        places: of words, from 0 to their number.
        lengths: pieces of each word.
    """
    starts = [0]
    for length in lengths:
        starts.append(starts[-1] + length)
    return tuple(starts[place] for place in places)
