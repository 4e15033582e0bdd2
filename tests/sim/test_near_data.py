"""Learning inside a drive as events: the identities that hold whatever is learned, and the host beside it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import InputError, PriceError
from picojoule.cost.machines import SSD_45NM
from picojoule.sim.clock import ps
from picojoule.sim.exchange import PROTOCOLS
from picojoule.sim.in_host import HostLog, expected_s, misses
from picojoule.sim.near_data import ISP_ML, Job, learn, most_pages_per_s, samples_of_a_page, stages
from picojoule.sim.ssd import ISP_ML as DRIVE
from picojoule.sim.ssd import closed, fresh, replay
from picojoule.sim.ssd.requests import sequential

JOB = Job(parameters=7850, macs=15_700, others=100, sample_bytes=785)
CASES = [(protocol, n, tau) for protocol in PROTOCOLS for n in (1, 4, 16) for tau in (1, 4)]


def run(protocol, n, tau, pages=32, controllers=ISP_ML, **options):
    return learn(replace(DRIVE, channels=n), controllers, JOB, protocol=protocol, tau=tau, pages=pages, **options)


def test_a_page_holds_ten_digits_and_takes_what_the_parts_take():
    assert samples_of_a_page(DRIVE, JOB) == 10
    read, transfer, compute, push, merge, _ = stages(DRIVE, ISP_ML, JOB, protocol="downpour", tau=1)
    assert (read.duration_ps, transfer.duration_ps) == (ps(75e-6), ps(8192 / 200e6))
    assert compute.duration_ps == ps(10 * (2 * 15_700 + 100) / 200e6)
    assert push.duration_ps == ps(2 * 7850 / 1.6e9) and merge.duration_ps == ps(7850 / 200e6)


@pytest.mark.parametrize(("protocol", "n", "tau"), CASES)
def test_no_run_is_faster_than_its_slowest_part(protocol, n, tau):
    _, outcome = run(protocol, n, tau)
    rate = 32 * n / outcome.seconds
    bound = most_pages_per_s(replace(DRIVE, channels=n), ISP_ML, JOB, protocol=protocol, tau=tau)
    assert rate <= bound and rate > 0.6 * bound


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_slow_link_or_master_is_the_bound(protocol):
    slow = replace(ISP_ML, bus_bytes_per_s=20e6)
    _, outcome = run(protocol, 16, 1, pages=64, controllers=slow)
    bound = most_pages_per_s(DRIVE, slow, JOB, protocol=protocol, tau=1)
    assert bound == pytest.approx(20e6 / (2 * 15_700)) and 64 * 16 / outcome.seconds == pytest.approx(bound, rel=0.05)
    assert outcome.utilisation("link") > 0.95


@pytest.mark.parametrize(("protocol", "n", "tau"), CASES)
def test_work_is_conserved(protocol, n, tau):
    events, outcome = run(protocol, n, tau)
    table = stages(replace(DRIVE, channels=n), ISP_ML, JOB, protocol=protocol, tau=tau)
    for resource, busy in outcome.busy_ps.items():
        legs = [leg for leg in table if leg.resource == resource]
        expected = sum(leg.duration_ps * (32 // leg.every) * (1 if leg.barrier else n) for leg in legs)
        assert int(busy.sum()) == expected
    assert outcome.actions["page_read"] == 32 * n and outcome.actions["mac"] >= 32 * n * 10 * JOB.macs
    assert (np.diff(events.end_ps) >= 0).all(), "the table is in the order of time"


@given(st.sampled_from(CASES), st.integers(0, 99))
def test_an_exchange_keeps_its_order(case, seed):
    """Whatever the stragglers: a worker's legs follow each other, the master takes one message at a time."""
    protocol, n, tau = case
    slowness = np.random.default_rng(seed).lognormal(0, 0.5, (n, 8))
    events, _ = run(protocol, n, tau, pages=8, slowness=slowness)
    for client in range(n):
        mine = [
            events.stages[s]
            for s, c, k in zip(events.stage, events.client, events.round, strict=True)
            if c == client and (k + 1) % tau == 0 and events.stages[s] in PROTOCOLS[protocol]
        ]
        waited = [leg for leg in mine if (protocol, leg) != ("elastic", "merge")]
        legs = [leg for leg in PROTOCOLS[protocol] if (protocol, leg) != ("elastic", "merge")]
        assert waited == legs * (8 // tau)
    merges = events.of("merge")
    assert (events.start_ps[merges][1:] >= events.end_ps[merges][:-1]).all()


def test_stragglers_cost_synchronous_learning_most():
    slowness = np.random.default_rng(0).lognormal(0, 0.4, (16, 64))
    slowness /= slowness.mean()
    loss = {}
    for protocol in PROTOCOLS:
        even, uneven = (run(protocol, 16, 1, pages=64, slowness=s)[1].seconds for s in (None, slowness))
        loss[protocol] = uneven / even
    assert loss["synchronous"] > 1.3 > max(loss["downpour"], loss["elastic"])


def test_reading_ahead_needs_room_and_saves_the_reading():
    with pytest.raises(InputError, match="16384 bytes are needed for pages, 8192 are there"):
        run("downpour", 4, 1, controllers=replace(ISP_ML, reads_ahead=True))
    ahead = replace(ISP_ML, reads_ahead=True, page_bytes=16 << 10)
    alone, both = (run("downpour", 1, 1, pages=50, controllers=c)[1].seconds for c in (ISP_ML, ahead))
    saved = 49 * closed.read_latency_ps(replace(DRIVE, host_bytes_per_s=float("inf"))) / 1e12
    assert alone - both == pytest.approx(saved)


REFUSED = {
    "15700 bytes are needed for a model of 7850 parameters, 8192 are there": {"model_bytes": 8 << 10},
    "31400 bytes are needed for a model of 7850 parameters": {"value_bytes": 4},
    "8192 bytes are needed for pages, 4096 are there": {"page_bytes": 4096},
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_memory_too_small_is_refused(message):
    with pytest.raises(InputError, match=message):
        run("downpour", 4, 1, controllers=replace(ISP_ML, **REFUSED[message]))


def test_other_refusals():
    with pytest.raises(InputError, match="protocol 'gossip'"):
        run("gossip", 4, 1)
    with pytest.raises(InputError, match="τ = 0"):
        run("downpour", 4, 0)
    with pytest.raises(InputError, match="of a page for a sample"):
        learn(DRIVE, ISP_ML, replace(JOB, sample_bytes=9000), protocol="downpour", tau=1, pages=1)


def test_energy_is_actions_times_prices():
    _, outcome = run("downpour", 4, 1)
    cost = outcome.energy(SSD_45NM)
    assert cost.by_action["page_read"] == pytest.approx(32 * 4 * 6.19e-6)
    assert cost.joules == pytest.approx(sum(cost.by_action.values()))
    unpriced = replace(SSD_45NM, prices={k: v for k, v in SSD_45NM.prices.items() if k != "bus_byte"})
    with pytest.raises(PriceError, match="no price for a byte on the bus inside the drive"):
        outcome.energy(unpriced)


# --- in the host ------------------------------------------------------------------------------------------------------


def log(pages, total_s=1.0, io_s=0.25):
    return HostLog(pages=np.array(pages), total_s=total_s, io_s=io_s)


def test_a_page_cache_by_hand():
    assert misses(np.array([0, 1, 0, 2, 1, 0]), 2).tolist() == [True, True, False, True, True, True]
    cyclic = np.tile(np.arange(10), 3)
    assert misses(cyclic, 10).sum() == 10 and misses(cyclic, 9).sum() == 30


def test_the_expected_time_is_total_less_input_plus_simulated_input():
    drive, _ = replay(fresh(DRIVE), sequential(10, within=10, writes=True), tier="max-plus")
    each = closed.read_latency_ps(DRIVE) / 1e12
    for memory, reads in ((10, 10), (9, 30)):
        ends, outcome = expected_s(log(np.tile(np.arange(10), 3)), drive, memory_pages=memory)
        assert ends[-1] == pytest.approx(0.75 + reads * each) and len(outcome.finish_ps) == reads
        assert ends[0] == pytest.approx(0.75 / 30 + each) and (np.diff(ends) > 0).all()


def test_a_log_that_cannot_be():
    for wrong in ({"pages": []}, {"pages": [0], "io_s": 2.0}, {"pages": [0], "io_s": -1.0}):
        with pytest.raises(InputError, match="host log"):
            log(**wrong)
