"""What a drive is made of: one table. Sizes in bytes, times in seconds; a simulation uses whole picoseconds."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError
from picojoule.sim.clock import ps, transfer_ps

LARGEST = 2**31 - 1
"""Pages a drive may have: they are counted in 32 bits."""


@final
@dataclass(frozen=True, kw_only=True)
class Device:
    """A drive. Logical page l lies in plane ``l mod planes``; planes count channel first, then chip, die, plane (CWDP).

    Attributes:
        name, source: for tables; where the numbers are from.
        channels, chips, dies, planes, blocks, pages: channels of the drive, chips of a channel, dies of a chip, planes
            of a die, blocks of a plane, pages of a block.
        page_bytes: payload of a page.
        read_s, program_s: from cell array to page register and back; page p of a block takes entry p mod length (MLC
            and TLC pages differ).
        erase_s: of a block.
        command_s: command and address cycles of each operation, on the channel.
        channel_bytes_per_s: between page register and controller, one transfer at a time in a channel.
        concurrent: the part of a chip whose cell array works on its own: ``chip``, ``die`` or ``plane``.
        cache_register: a read page leaves the page register at once, and the array may go on while it is sent.
        suspends: what a read may interrupt: ``nothing``, ``erase`` or ``program and erase``.
        suspend_s: from that request to the array being free.
        copyback: garbage collection moves pages inside the chip, not through the channel.
        spare: over-provisioning, fraction of all pages that hold no data of the host.
        reserve: free blocks of a plane at which garbage collection begins.
        wear_gap: erasures by which blocks may differ before a cold one is moved; 0 never moves one.
        cache_bytes: write-back cache of pages in the drive's memory.
        dram_bytes_per_s: of that memory.
        mapping_bytes: cached mapping table (DFTL); 0 where the whole table is in memory.
        mapping_entry_bytes, mapping_fetch, mapping_read_bytes: bytes of an entry, entries that one read of a
            translation page brings, bytes that such a read sends over the channel.
        host_bytes_per_s, host_s: the host's link, and the fixed time of a command.

    Raises:
        InputError: an impossible geometry or time.
    """

    name: str
    source: str
    channels: int
    chips: int
    dies: int
    planes: int
    blocks: int
    pages: int
    page_bytes: int
    read_s: tuple[float, ...]
    program_s: tuple[float, ...]
    erase_s: float
    channel_bytes_per_s: float
    command_s: float = 0.0
    concurrent: Literal["chip", "die", "plane"] = "die"
    cache_register: bool = False
    suspends: Literal["nothing", "erase", "program and erase"] = "nothing"
    suspend_s: float = 0.0
    copyback: bool = False
    spare: float = 0.07
    reserve: int = 2
    wear_gap: int = 0
    cache_bytes: int = 0
    dram_bytes_per_s: float = inf
    mapping_bytes: int = 0
    mapping_entry_bytes: int = 8
    mapping_fetch: int = 1
    mapping_read_bytes: int = 512
    host_bytes_per_s: float = inf
    host_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("channels", "chips", "dies", "planes", "blocks", "pages", "page_bytes", "mapping_fetch"):
            self._require(getattr(self, name) >= 1, f"{name} is {getattr(self, name)}", "give 1 or more")
        self._require(self.total_pages <= LARGEST, f"it has {self.total_pages} pages", f"give at most {LARGEST}")
        self._require(bool(self.read_s and self.program_s), "a time table is empty", "give at least one time of a page")
        self._require(0 <= self.spare < 1, f"spare is {self.spare}", "give a fraction from 0 to below 1")
        self._require(self.reserve >= 1, f"reserve is {self.reserve}", "keep at least one free block")
        needed = self.logical_pages_of_plane + (self.reserve + 1) * self.pages
        self._require(
            needed <= self.blocks * self.pages and self.logical_pages_of_plane > 0,
            f"a plane of {self.blocks} blocks cannot hold {self.logical_pages_of_plane} pages of the host,"
            f" {self.reserve} free blocks and one that is being written",
            "raise spare or blocks, or lower reserve",
        )
        assert self.timing.array.min() >= 0

    def _require(self, true: bool, what: str, remedy: str) -> None:
        if not true:
            raise InputError(what, where=f"device {self.name}", remedy=remedy)

    @property
    def all_planes(self) -> int:
        """Planes of the whole drive."""
        return self.channels * self.chips * self.dies * self.planes

    @property
    def units(self) -> int:
        """Cell arrays that work on their own; plane p belongs to unit p mod units, unit u to channel u mod channels."""
        parts = {"chip": 1, "die": self.dies, "plane": self.dies * self.planes}
        return self.channels * self.chips * parts[self.concurrent]

    @property
    def total_pages(self) -> int:
        """Pages of the whole drive."""
        return self.all_planes * self.blocks * self.pages

    @property
    def logical_pages_of_plane(self) -> int:
        """Pages of the host in each plane."""
        return round(self.blocks * self.pages * (1 - self.spare))

    @property
    def logical_pages(self) -> int:
        """Pages the host may address."""
        return self.logical_pages_of_plane * self.all_planes

    @property
    def entries_of_translation_page(self) -> int:
        """Mapping entries in one page of flash."""
        return max(1, self.page_bytes // self.mapping_entry_bytes)

    @property
    def translation_pages(self) -> int:
        """Pages of flash that the mapping table fills; at least 1."""
        return -(-self.logical_pages // self.entries_of_translation_page)

    @property
    def transfer_ps(self) -> int:
        """A page over its channel."""
        return transfer_ps(self.page_bytes, self.channel_bytes_per_s)

    @property
    def timing(self) -> Timing:
        """The times of operations, in picoseconds."""
        levels = len(self.read_s) * len(self.program_s)
        read, program = (
            np.array([ps(times[i % len(times)]) for i in range(levels)], np.int64)
            for times in (self.read_s, self.program_s)
        )
        erase = np.full(levels, ps(self.erase_s), np.int64)
        page, table = self.transfer_ps, transfer_ps(self.mapping_read_bytes, self.channel_bytes_per_s)
        copy = 0 if self.copyback else page
        return Timing(
            array=np.stack((read, program, erase, read, program, read, program)),
            bus=np.array([page, page, 0, table, page, copy, copy], np.int64),
        )


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Timing:
    """Picoseconds of each kind of operation: in the cell array ``[kinds, levels]`` and on the channel ``[kinds]``."""

    array: NDArray[np.int64]
    bus: NDArray[np.int64]
