"""The translation layer never loses a page, whatever is asked; garbage collection writes as much as theory says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.base.errors import InputError
from picojoule.sim.ssd import ISP_ML, Device, cache, fresh, precondition, replay, theory
from picojoule.sim.ssd.drive import Drive, amplification, translate
from picojoule.sim.ssd.ftl import CLOSED
from picojoule.sim.ssd.operations import COPY_PROGRAM, COPY_READ, ERASE, KIND, PROGRAM
from picojoule.sim.ssd.requests import Requests, of_pages, sequential, uniform

TINY = replace(ISP_ML, name="tiny", channels=2, chips=1, planes=2, blocks=8, pages=4, spare=0.4, reserve=2)
DEVICES = {
    "plain": TINY,
    "full to the brim": replace(TINY, spare=0.375),
    "wear levelling": replace(TINY, wear_gap=2),
    "cached mapping": replace(TINY, mapping_bytes=32),
    "cached pages": replace(TINY, cache_bytes=6 * 8192),
    "copyback": replace(TINY, copyback=True),
}


def content_of(drive: Drive, page: int) -> int:
    """Number of the write whose data the drive would give for a page; −1 if none."""
    plane, logical = page % drive.device.all_planes, page // drive.device.all_planes
    physical = drive.state.place[plane, logical]
    return -1 if physical < 0 else int(drive.state.content[plane, physical])


def require_sound(drive: Drive) -> None:
    """Places and pages point at each other, counts are those of a recount, and free blocks are free."""
    state, device = drive.state, drive.device
    for plane in range(device.all_planes):
        holds, place = state.holds[plane], state.place[plane]
        written = np.flatnonzero(place >= 0)
        assert (holds[place[written]] == written).all() and (holds >= 0).sum() == len(written)
        recount = (holds.reshape(device.blocks, device.pages) >= 0).sum(1)
        assert (state.valid[plane] % CLOSED == recount).all()
        head, number, opened, _ = state.plane[plane]
        free = [int(state.free[plane, (head + i) % device.blocks]) for i in range(number)]
        assert len({*free, int(opened)}) == number + 1 and number >= 1 and not recount[free].any()
        assert set(np.flatnonzero(state.valid[plane] >= CLOSED)) == {*free, opened}


workloads = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 5), st.booleans()), min_size=1, max_size=250)


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
@settings(max_examples=40)
@given(workload=workloads, narrow=st.booleans())
def test_every_read_returns_the_last_write(device, workload, narrow):
    """Over any workload, a narrow one of which overwrites the same few pages again and again."""
    within = 7 if narrow else device.logical_pages
    page, pages, writes = (np.array(column) for column in zip(*workload, strict=True))
    first = page % within
    asked = Requests(page=first, pages=np.minimum(pages, device.logical_pages - first).astype(np.int32), writes=writes)
    drive, operations = translate(fresh(device, content=True), asked)
    require_sound(drive)
    last: dict[int, int] = {}
    for request in np.flatnonzero(asked.writes):
        last |= dict.fromkeys(range(first[request], first[request] + asked.pages[request]), int(request))
    dirty = {int(entry >> 1) for entry in drive.state.pages.flat if entry >= 0 and entry & 1}
    for each, request in last.items():
        kept = content_of(drive, each)
        assert each in dirty or (kept == request if not device.cache_bytes else kept >= request)
    assert all(content_of(drive, each) < 0 for each in set(range(device.logical_pages)) - set(last))
    done = np.bincount(operations[:, KIND], minlength=7)
    assert done[COPY_READ] == done[COPY_PROGRAM] and done[ERASE] == drive.state.erased.sum()


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_overflow_is_refused_and_nothing_is_changed(device):
    drive = replay(fresh(device, content=True), sequential(20, within=20, writes=True))[0]
    before = drive.state.copy()
    for page, pages in ((device.logical_pages, 1), (device.logical_pages - 1, 2), (0, device.logical_pages + 1)):
        asked = Requests(page=np.array([3, page]), pages=np.array([1, pages], np.int32), writes=np.array([True, True]))
        with pytest.raises(InputError, match="keep requests inside"):
            replay(drive, asked)
    assert all((a == b).all() for a, b in zip(before, drive.state, strict=True))


def test_a_full_drive_goes_on_being_overwritten():
    """The least spare a geometry allows: every page of the host is written, and then again for a long time."""
    device = DEVICES["full to the brim"]
    assert device.logical_pages_of_plane == (device.blocks - device.reserve - 1) * device.pages
    drive = replay(fresh(device), sequential(device.logical_pages, within=device.logical_pages, writes=True))[0]
    drive, outcome = replay(drive, uniform(3000, within=device.logical_pages, seed=0, reads=0.0), tier="max-plus")
    require_sound(drive)
    assert outcome.write_amplification > 1.5


def test_a_drive_is_a_value():
    drive = replay(fresh(TINY), sequential(30, within=30, writes=True))[0]
    before = drive.state.copy()
    replay(drive, uniform(300, within=TINY.logical_pages, seed=0, reads=0.0))
    assert all((a == b).all() for a, b in zip(before, drive.state, strict=True))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=200), st.integers(1, 16))
def test_a_cache_of_one_set_is_a_plain_lru(uses, places):
    table, held = cache.empty(places), {}
    for key, dirty in uses:
        hit, evicted = cache.touch(table, key, dirty)
        assert hit == (key in held)
        was = held.pop(key, False)
        gone = next(iter(held)) if len(held) == places else None
        assert evicted == (gone if gone is not None and held[gone] else -1)
        held.pop(gone, None)
        held[key] = dirty or was
    assert cache.clean(table)[table >= 0].tolist() == [entry & ~1 for entry in table[table >= 0]]


def test_wear_levelling_keeps_blocks_together():
    """A cold half of the drive would keep its blocks for ever."""
    worn = {}
    for gap in (0, 3):
        device = replace(TINY, blocks=32, pages=8, spare=0.3, wear_gap=gap)
        drive = replay(fresh(device), sequential(device.logical_pages, within=device.logical_pages, writes=True))[0]
        drive = replay(drive, uniform(20_000, within=device.logical_pages // 4, seed=1, reads=0.0), tier="max-plus")[0]
        require_sound(drive)
        worn[gap] = int((drive.state.erased.max(1) - drive.state.erased.min(1)).max())
    assert worn[3] <= 8 < worn[0]


# --- write amplification ----------------------------------------------------------------------------------------------

USED = replace(ISP_ML, channels=2, blocks=256, pages=64)


def measured(device: Device) -> float:
    state = precondition(fresh(device)).state.copy()
    pages = device.logical_pages
    return amplification(device, state, uniform(2 * pages, within=pages, seed=99, reads=0.0))


@pytest.mark.parametrize("spare", [0.05, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("pages", [16, 64])
def test_write_amplification_is_that_of_the_greedy_collector(pages, spare):
    device = replace(USED, pages=pages, spare=spare)
    assert measured(device) == pytest.approx(theory.greedy(theory.utilisation(device), pages), rel=0.05)


def test_large_blocks_follow_the_known_curve():
    for rho in (0.5, 0.7, 0.9):
        assert theory.greedy(rho, 1 << 14) == pytest.approx(theory.greedy_of_large_blocks(rho), rel=2e-3)
        x = 1 - 1 / theory.greedy_of_large_blocks(rho)
        assert (1 - x) / -np.log(x) == pytest.approx(rho)


def test_the_formula_by_hand():
    """Blocks of 2: all collected at one valid page when ρ = 2/3, (2 − 1 + 0) / (1/2 + 0) … = 2ρ·… worked out below.

    k + 1 = 1, share s of level 0: (1 + s) / (1/2 + s) = 2ρ, so ρ = 3/4 gives s = 1/2 and A = 2 / (2 − 1/2) = 4/3.
    """
    assert theory.greedy(0.75, 2) == pytest.approx(4 / 3)
    with pytest.raises(InputError, match="ρ is 1"):
        theory.greedy(1.0, 4)


def test_sequential_overwriting_copies_nothing():
    device = replace(USED, spare=0.1)
    state = precondition(fresh(device), most=0).state.copy()
    assert (
        amplification(device, state, sequential(3 * device.logical_pages, within=device.logical_pages, writes=True))
        == 1
    )


def test_preconditioning_is_the_steady_state():
    device = replace(USED, spare=0.15)
    drive = precondition(fresh(device))
    shares = []
    for seed in (1, 2):
        drive, outcome = replay(
            drive, uniform(20_000, within=device.logical_pages, seed=seed, reads=0.0), tier="max-plus"
        )
        shares.append(outcome.write_amplification)
    assert shares[0] == pytest.approx(shares[1], rel=0.03)


def test_a_long_table_is_the_same_in_pieces():
    """Operations are made and timed in pieces; a request that ends a piece is not split."""
    drive = precondition(fresh(replace(TINY, blocks=64, pages=64)), most=2)
    requests = uniform(90_000, within=drive.device.logical_pages, seed=4, reads=0.3)
    later, operations = translate(drive, requests)
    assert (np.diff(operations[:, 0]) >= 0).all() and len(operations) > 3 * (1 << 15)
    again, outcome = replay(drive, requests, tier="max-plus")
    assert all((a == b).all() for a, b in zip(later.state, again.state, strict=True))
    assert outcome.actions["page_program"] == np.isin(operations[:, KIND], [PROGRAM, COPY_PROGRAM]).sum()
    one_by_one, at = drive, 0
    for number in (30_000, 60_000):
        asked = of_pages(requests.page[at : at + number], writes=requests.writes[at : at + number])
        one_by_one, at = replay(one_by_one, asked, tier="max-plus")[0], at + number
    assert all((a == b).all() for a, b in zip(one_by_one.state, again.state, strict=True))
