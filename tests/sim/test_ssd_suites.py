"""Four suites about a drive: it runs, it matches the formula, every gate is tight, commands come in the right order."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import in_order

from picojoule.base.errors import InputError
from picojoule.sim.clock import SECOND
from picojoule.sim.ssd import DEVICES, ISP_ML, MQSIM, TLC, Device, Requests, closed, fresh, inorder, replay
from picojoule.sim.ssd.drive import TIERS, rested, translate
from picojoule.sim.ssd.events import END, START, simulate
from picojoule.sim.ssd.operations import COPY_PROGRAM, ERASE, KIND, MAP_READ, PROGRAM, READ, UNIT
from picojoule.sim.ssd.requests import of_pages, sequential, uniform

US = 10**6
SMALL = replace(ISP_ML, name="small", channels=2, chips=2, blocks=16, pages=8, spare=0.3, host_bytes_per_s=float("inf"))
"""Four arrays, read 75 µs, program 300 µs, erase 5 ms, a page over the channel 40.96 µs."""


def filled(device: Device, pages: int | None = None):
    number = pages or device.logical_pages
    return replay(fresh(device), sequential(number, within=number, writes=True), tier="max-plus")[0]


# --- it runs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("device", DEVICES.values(), ids=lambda device: device.name)
def test_every_device_runs_in_every_tier(device, tier):
    device = replace(device, blocks=24, pages=16, reserve=2, spare=0.3, cache_bytes=device.cache_bytes // 2000)
    drive, number = filled(device), device.logical_pages
    later, outcome = replay(drive, uniform(number, within=number, seed=1, reads=0.5), tier=tier)
    assert outcome.seconds > 0 and outcome.bytes == number * device.page_bytes and later is not drive
    assert all(0 <= outcome.utilisation(kind) <= 1 for kind in outcome.busy_ps)
    assert outcome.actions["block_erase"] > 0 and outcome.write_amplification > 0.5


def test_the_same_twice_is_the_same():
    drive, requests = filled(SMALL), uniform(500, within=SMALL.logical_pages, seed=3, reads=0.5)
    first, second = (replay(drive, requests)[1] for _ in range(2))
    assert (first.finish_ps == second.finish_ps).all() and first.actions == second.actions


# --- it matches the formula -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["max-plus", "events"])
def test_a_read_at_queue_depth_1_takes_read_and_transfer(tier):
    outcome = replay(filled(SMALL), sequential(40, within=40), tier=tier, queue_depth=1)[1]
    assert set(outcome.finish_ps - outcome.begin_ps) == {75 * US + 40_960_000}
    assert outcome.makespan_ps == 40 * closed.read_latency_ps(SMALL)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16, 32, 64, 128, 256])
@pytest.mark.parametrize("register", [False, True])
@pytest.mark.parametrize("tier", ["max-plus", "events"])
def test_reads_in_order_have_the_bandwidth_of_the_closed_form(tier, register, depth):
    """Channels and arrays are powers of two here, so the formula is exact but for the first and last turns."""
    device = replace(SMALL, channels=4, chips=8, cache_register=register)
    drive = filled(device)
    outcome = replay(drive, sequential(6000, within=device.logical_pages), tier=tier, queue_depth=depth)[1]
    assert outcome.bandwidth == pytest.approx(closed.read_bandwidth(device, depth), rel=0.03)


def test_at_large_depth_a_channel_gives_its_page_in_the_longer_of_read_over_dies_and_transfer():
    for chips, limit_us in ((1, 75), (2, 40.96), (8, 40.96)):
        device = replace(SMALL, channels=2, chips=chips, cache_register=True)
        expected = 2 * device.page_bytes / (limit_us * 1e-6)
        assert closed.read_bandwidth(device, 256) == pytest.approx(expected)


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), depth=st.sampled_from([1, 3, 8]), reads=st.sampled_from([0.0, 0.5, 1.0]))
def test_the_recursion_is_a_plain_loop(seed, depth, reads):
    drive = filled(SMALL)
    requests = uniform(300, within=SMALL.logical_pages, seed=seed, reads=reads)
    _, operations = translate(drive, requests)
    outcome = replay(drive, requests, tier="max-plus", queue_depth=depth)[1]
    assert outcome.finish_ps.tolist() == in_order(SMALL, requests, operations, depth)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), depth=st.sampled_from([1, 4, 32]), reads=st.sampled_from([0.0, 0.3, 1.0]))
def test_no_tier_beats_the_bound_and_all_do_the_same_work(seed, depth, reads):
    drive = filled(SMALL)
    requests = uniform(200, within=SMALL.logical_pages, seed=seed, reads=reads)
    bound, line, events = (replay(drive, requests, tier=tier, queue_depth=depth)[1] for tier in TIERS)
    assert bound.makespan_ps <= min(line.makespan_ps, events.makespan_ps)
    assert bound.actions == line.actions == events.actions
    for kind in ("array", "channel"):
        assert (line.busy_ps[kind] == bound.busy_ps[kind]).all() and (events.busy_ps[kind] == bound.busy_ps[kind]).all()


@pytest.mark.parametrize("register", [False, True])
def test_many_reads_at_once_are_the_recursion_on_their_own(register):
    device = replace(SMALL, cache_register=register)
    requests = uniform(500, within=device.logical_pages, seed=5)
    _, operations = translate(filled(device), requests)
    together = inorder.reads(device, operations[:, UNIT].copy())
    assert (replay(filled(device), requests, tier="max-plus", queue_depth=500)[1].finish_ps == together).all()


def test_a_page_that_was_never_written_is_answered_without_flash():
    outcome = replay(fresh(SMALL), sequential(10, within=10))[1]
    assert outcome.makespan_ps == 0 and outcome.actions["page_read"] == 0


# --- gates are tight --------------------------------------------------------------------------------------------------


def timeline(device: Device, requests: Requests, drive=None, depth: int = 64):
    """Kind, start and end of every operation, microseconds."""
    _, operations = translate(drive or filled(device), requests)
    sim = simulate(device, requests, operations, min(depth, len(requests)))
    table = sim.operation
    return [(int(row[KIND]), row[START] / US, row[END] / US) for row in table]


def mixed(pages, writes, arrival_us=None):
    arrival = None if arrival_us is None else np.array(arrival_us, np.int64) * US
    number = len(pages)
    return Requests(
        page=np.array(pages), pages=np.ones(number, np.int32), writes=np.array(writes, bool), arrival_ps=arrival
    )


def test_two_reads_of_one_array_follow_each_other_without_a_gap():
    first, second = timeline(SMALL, of_pages(np.array([0, 4])))
    assert first == (READ, 0, 115.96) and second == (READ, 115.96, 2 * 115.96)


def test_with_a_cache_register_the_second_read_does_not_wait_for_the_first_transfer():
    first, second = timeline(replace(SMALL, cache_register=True), of_pages(np.array([0, 4])))
    assert first == (READ, 0, 115.96) and second == (READ, 75, 190.96)


def test_two_arrays_of_a_channel_read_together_and_send_one_after_the_other():
    first, second = timeline(SMALL, of_pages(np.array([0, 2])))
    assert first == (READ, 0, 115.96) and second == (READ, 0, 115.96 + 40.96)


def test_two_channels_do_not_know_each_other():
    assert timeline(SMALL, of_pages(np.array([0, 1]))) == [(READ, 0, 115.96)] * 2


def test_a_program_sends_first_and_a_read_waits_for_the_array():
    program, read = timeline(SMALL, mixed([0, 4], [True, False], [0, 10]))
    assert program == (PROGRAM, 0, 340.96) and read == (READ, 340.96, 456.92)


@pytest.mark.parametrize(("asked", "ends"), [(30, 340.96 + 115.96), (100, 220 + 115.96)])
def test_a_read_suspends_a_program_once_it_is_in_the_array(asked, ends):
    """While its page is being sent, a program is not suspended."""
    device = replace(SMALL, suspends="program and erase", suspend_s=120e-6)
    program, read = timeline(device, mixed([0, 4], [True, False], [0, asked]))
    suspended = asked == 100
    assert read[2] == pytest.approx(ends)
    assert program[2] == pytest.approx(340.96 + (120 + 115.96 if suspended else 0))


def test_a_program_that_is_over_before_it_could_be_suspended_is_not():
    device = replace(SMALL, suspends="program and erase", suspend_s=120e-6)
    program, read = timeline(device, mixed([0, 4], [True, False], [0, 230]))
    assert program[2] == pytest.approx(340.96) and read[1] == pytest.approx(340.96)


def test_the_command_keeps_the_channel():
    device = replace(SMALL, command_s=1e-6)
    first, second = timeline(device, of_pages(np.array([0, 2])))
    assert first == (READ, 0, 116.96) and second == (READ, 1, 157.92)


def test_the_hosts_link_and_the_commands_time():
    device = replace(SMALL, host_bytes_per_s=8192 / 10e-6, host_s=3e-6)
    for writes, work in ((False, 115.96), (True, 340.96)):
        outcome = replay(filled(device), mixed([0], [writes]))[1]
        assert outcome.makespan_ps / US == pytest.approx(work + 13)


def test_a_reads_time_is_that_of_its_page():
    device = replace(SMALL, channels=1, chips=1, read_s=(50e-6, 100e-6), program_s=(200e-6, 400e-6, 900e-6))
    drive = filled(device)
    outcome = replay(drive, sequential(6, within=6), queue_depth=1)[1]
    assert ((outcome.finish_ps - outcome.begin_ps) / US - 40.96).round(6).tolist() == [50, 100, 50, 100, 50, 100]


def test_the_queue_admits_no_more_than_its_depth():
    outcome = replay(filled(SMALL), uniform(300, within=SMALL.logical_pages, seed=2), queue_depth=5)[1]
    for begin in outcome.begin_ps[10:60]:
        assert ((outcome.begin_ps <= begin) & (outcome.finish_ps > begin)).sum() == 5


def test_latency_counts_from_the_arrival():
    outcome = replay(filled(SMALL), mixed([0, 4], [False, False], [0, 10]), queue_depth=1)[1]
    assert (outcome.latency_s * 1e6).round(6).tolist() == [115.96, 2 * 115.96 - 10]


def test_a_write_that_finds_room_in_memory_does_not_wait_for_flash():
    device = replace(SMALL, cache_bytes=4 * 8192, dram_bytes_per_s=8192 / 2e-6)
    outcome = replay(fresh(device), sequential(4, within=4, writes=True), queue_depth=1)[1]
    assert set(outcome.latency_s.round(9)) == {2e-6} and outcome.actions["page_program"] == 0
    outcome = replay(fresh(device), sequential(8, within=8, writes=True), queue_depth=1)[1]
    assert outcome.actions["page_program"] == 4 and outcome.percentile(100) == pytest.approx(340.96e-6)


# --- commands in the right order --------------------------------------------------------------------------------------


def test_a_miss_in_the_mapping_table_reads_it_first():
    device = replace(SMALL, mapping_bytes=16 * 8, mapping_read_bytes=512)
    rows = timeline(device, of_pages(np.array([3])), rested(filled(device)))
    (kind, _, looked_up), (then, start, _) = rows
    assert (kind, then) == (MAP_READ, READ) and start == looked_up == pytest.approx(75 + 2.56)


def test_two_misses_of_one_translation_page_read_it_once():
    device = replace(SMALL, mapping_bytes=16 * 8)
    drive = rested(filled(device))
    outcome = replay(drive, of_pages(np.array([0, 1])))[1]
    assert outcome.actions["page_read"] == 3
    assert replay(drive, of_pages(np.array([0, 1])), queue_depth=1)[1].actions["page_read"] == 4


def test_a_dirty_mapping_entry_is_written_back_before_it_goes():
    device = replace(SMALL, mapping_bytes=8, mapping_fetch=1)
    drive = replay(fresh(device), sequential(2, within=2, writes=True), tier="max-plus")[0]
    outcome = replay(drive, of_pages(np.array([0])))[1]
    assert outcome.actions["page_program"] == 1
    assert outcome.actions["page_read"] == 2, "both entries are of one translation page, which is read once"


def test_a_block_is_erased_after_its_pages_are_copied_and_before_the_write_goes_on():
    drive = filled(SMALL)
    requests = uniform(400, within=SMALL.logical_pages, seed=8, reads=0.0)
    _, operations = translate(drive, requests)
    sim = simulate(SMALL, requests, operations, 1)
    for unit in range(SMALL.units):
        mine = sim.operation[sim.operation[:, UNIT] == unit]
        assert (np.diff(mine[:, END]) >= 0).all(), "an array works in the order of the table"
        assert (mine[1:, START] >= mine[:-1, END]).all(), "and on one thing at a time"
        erased = np.flatnonzero(mine[:, KIND] == ERASE)
        assert len(erased) and all(mine[i + 1, KIND] == PROGRAM for i in erased)
    assert (operations[:, KIND] == COPY_PROGRAM).sum() > 0


def test_a_read_overtakes_writes_that_wait():
    pages = [0, 4, 8, 12]
    rows = timeline(SMALL, mixed(pages, [True, True, True, False]))
    assert rows[3][2] < rows[1][2] < rows[2][2]


# --- refusals ---------------------------------------------------------------------------------------------------------

WRONG = {
    "channels is 0": {"channels": 0},
    "a plane of 16 blocks cannot hold": {"spare": 0.0},
    "spare is 1": {"spare": 1.0},
    "reserve is 0": {"reserve": 0},
    "a time table is empty": {"read_s": ()},
    "it has 17179869184 pages": {"blocks": 1 << 20, "pages": 1 << 12},
    "is no duration": {"erase_s": -1.0},
}


@pytest.mark.parametrize("message", WRONG)
def test_an_impossible_device_is_refused(message):
    with pytest.raises(InputError, match=message):
        replace(SMALL, **WRONG[message])


def test_a_request_beyond_the_drive_is_refused_by_its_number():
    pages = np.array([0, SMALL.logical_pages])
    with pytest.raises(InputError, match=f"device small: request 1 reaches page {pages[1]} of {pages[1]}"):
        replay(fresh(SMALL), of_pages(pages))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"tier": "exact"}, "there is no tier 'exact'"), ({"queue_depth": 0}, "depth"), ({"queue_depth": -2}, "depth")],
)
def test_a_wrong_way_of_replaying(wrong, message):
    with pytest.raises(InputError, match=message):
        replay(fresh(SMALL), sequential(1, within=1), **wrong)


def test_wrong_requests():
    with pytest.raises(InputError, match="a page below 0"):
        of_pages(np.array([-1]))
    with pytest.raises(InputError, match="times that fall"):
        mixed([0, 0], [False, False], [5, 1])
    with pytest.raises(InputError, match="give one or more rows"):
        of_pages(np.array([], np.int64))


# --- against MQSim ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "depth", "requests_per_s", "mean_us"),
    [("random", 1, 5_579, 179), ("random", 32, 92_433, 346), ("streaming", 32, 127_776, 250)],
)
def test_mqsims_own_figures_within_a_tenth(pattern, depth, requests_per_s, mean_us):
    """Its default device with a 32nd of the blocks and of the mapping cache: the misses are as frequent."""
    device = replace(MQSIM, blocks=64, reserve=3, mapping_bytes=MQSIM.mapping_bytes // 32)
    pages = device.logical_pages
    asked = sequential(20_000, within=pages) if pattern == "streaming" else uniform(20_000, within=pages, seed=1)
    outcome = replay(rested(filled(device)), asked, queue_depth=depth)[1]
    assert outcome.requests_per_s == pytest.approx(requests_per_s, rel=0.1)
    assert outcome.latency_s.mean() * 1e6 == pytest.approx(mean_us, rel=0.1)


def test_without_mapping_misses_a_random_read_is_one_read_faster():
    device = replace(MQSIM, blocks=64, reserve=3, mapping_bytes=0)
    outcome = replay(filled(device), uniform(500, within=device.logical_pages, seed=1), queue_depth=1)[1]
    assert outcome.latency_s.mean() == pytest.approx(closed.read_latency_ps(device) / SECOND)


def test_published_capacities():
    assert MQSIM.total_pages * MQSIM.page_bytes == 512 << 30 and TLC.units == 64 and ISP_ML.page_bytes == 8192
