"""How many cycles a question takes, module by module, as read off the released circuit.

::

    input      c_packet cycles a packet: a word, an age, a word of the question
    attention  3 + 7·L  (dot products, not pipelined)  +  (L + 6)  (exponential)  +  L·c_div  +  4
    read       L + 4
    H·u        6·32 + 3, at the same time
    hop        max(H·u, attention + read) + 3
    output     6 cycles a visited row, + 10 for the last comparisons

c_packet (6 to 8) and c_div (10 to 35) depend on the vendor's parts and are assumptions; they are fields here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray


@final
@dataclass(frozen=True, kw_only=True)
class Cycles:
    """Cycles of each question by module, ``[questions]`` each.

    Attributes:
        input, attention, read, output: of those modules; attention and read of all hops.
        waiting: what H·u makes a hop longer, and control.
    """

    input: NDArray[np.int64]
    attention: NDArray[np.int64]
    read: NDArray[np.int64]
    waiting: NDArray[np.int64]
    output: NDArray[np.int64]

    @property
    def total(self) -> NDArray[np.int64]:
        """Of each question."""
        return self.input + self.attention + self.read + self.waiting + self.output

    @property
    def by_module(self) -> dict[str, float]:
        """The mean over questions."""
        names = ("input", "attention", "read", "waiting", "output")
        return {name: float(getattr(self, name).mean()) for name in names}


@final
@dataclass(frozen=True, kw_only=True)
class Clock:
    """The cycles of the parts.

    Attributes:
        packet: c_packet.
        divide: c_div.
        row: of a visited row of the output.
        hops: K.
    """

    packet: int = 7
    divide: int = 20
    row: int = 6
    hops: int = 3

    def of(self, packets: NDArray[np.int64], memories: NDArray[np.int64], visited: NDArray[np.int64]) -> Cycles:
        """Cycles of questions.

        Args:
            packets: that came in.
            memories: L.
            visited: rows of the output that were looked at.
        """
        attention = 3 + 7 * memories + (memories + 6) + self.divide * memories + 4
        read = memories + 4
        beside = 6 * 32 + 3
        waiting = np.maximum(beside, attention + read) - attention - read + 3
        return Cycles(
            input=self.packet * packets,
            attention=self.hops * attention,
            read=self.hops * read,
            waiting=self.hops * waiting,
            output=self.row * visited + 10,
        )
