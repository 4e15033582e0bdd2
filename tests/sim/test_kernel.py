"""The kernel: events in one order, stages as a plain heap has them, recursions as a plain loop has them."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import stages

from picojoule.base.errors import InputError
from picojoule.sim import Outcome, Stage, run
from picojoule.sim.clock import SECOND, ps, transfer_ps
from picojoule.sim.heap import empty, pop, push
from picojoule.sim.maxplus import fifo, rounds

times = st.lists(st.integers(0, 50), min_size=1, max_size=60)


@numba.njit
def drained(heap, due):
    """Schedule all, then take all; compiled, as everything that uses the heap is."""
    for number, time in enumerate(due):
        push(heap, time, number)
    return [pop(heap) for _ in due]


@given(times)
def test_events_come_by_time_and_then_by_their_scheduling(due):
    expected = sorted((time, number) for number, time in enumerate(due))
    assert drained(empty(len(due)), np.array(due)) == expected


def test_time_is_whole_picoseconds():
    assert ps(75e-6) == 75_000_000 and transfer_ps(8192, 200e6) == 40_960_000 and transfer_ps(1, float("inf")) == 0
    for wrong in (-1.0, float("nan"), 1e9):
        with pytest.raises(InputError, match="is no duration"):
            ps(wrong)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 20)), min_size=1, max_size=40))
def test_a_fifo_is_its_recursion(jobs):
    arrival, service = np.array(jobs).T
    arrival = np.sort(arrival)
    free, ends = 0, []
    for a, s in zip(arrival, service, strict=True):
        free = max(a, free) + s
        ends.append(free)
    assert fifo(arrival, service).tolist() == ends


def table(durations, shared):
    return [
        Stage(name=f"s{i}", resource=f"r{i}", duration_ps=d, shared=s)
        for i, (d, s) in enumerate(zip(durations, shared, strict=True))
    ]


@given(
    durations=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    flags=st.lists(st.booleans(), min_size=4, max_size=4),
    clients=st.integers(1, 5),
    turns=st.integers(1, 4),
)
def test_stages_are_a_plain_event_loop(durations, flags, clients, turns):
    legs = table(durations, flags[: len(durations)])
    events, outcome = run(legs, clients=clients, rounds=turns)
    names = [events.stages[s] for s in events.stage]
    rows = zip(events.end_ps.tolist(), names, events.client.tolist(), events.round.tolist(), strict=True)
    assert list(rows) == stages(legs, clients, turns)
    busy = sum(int(each.sum()) for each in outcome.busy_ps.values())
    assert busy == sum(durations) * clients * turns, "the sum of busy times is the sum of the work"
    assert (events.end_ps - events.start_ps == np.array(durations)[events.stage]).all()


def test_a_barrier_is_its_recursion():
    slowness = np.random.default_rng(0).uniform(1, 3, (4, 20))
    legs = [
        Stage(name="work", resource="own", duration_ps=1000, varies=True),
        Stage(name="meet", resource="all", duration_ps=70, shared=True, barrier=True),
    ]
    events, _ = run(legs, clients=4, rounds=20, slowness=slowness)
    ends = events.end_ps[events.of("meet")].reshape(20, 4)
    assert (ends == rounds((1000 * slowness).astype(np.int64), 70)[:, None]).all()


def test_a_stage_in_every_third_round_only():
    legs = [
        Stage(name="work", resource="own", duration_ps=5),
        Stage(name="tell", resource="link", duration_ps=2, shared=True, every=3, actions={"bus_byte": 7}),
    ]
    events, outcome = run(legs, clients=2, rounds=7)
    assert sorted(events.round[events.of("tell")].tolist()) == [2, 2, 5, 5]
    assert outcome.actions == {"bus_byte": 28} and len(events) == 18


def test_what_is_not_waited_for_goes_on_beside():
    legs = [
        Stage(name="work", resource="own", duration_ps=10),
        Stage(name="post", resource="far", duration_ps=100, shared=True, waits=False),
    ]
    events, outcome = run(legs, clients=1, rounds=3)
    assert events.end_ps[events.of("work")].tolist() == [10, 20, 30]
    assert events.end_ps[events.of("post")].tolist() == [110, 210, 310] and outcome.makespan_ps == 310


def test_reading_ahead_hides_the_shorter_of_two():
    legs = [Stage(name="read", resource="a", duration_ps=40), Stage(name="work", resource="b", duration_ps=100)]
    assert run(legs, clients=1, rounds=10)[1].makespan_ps == 10 * 140
    assert run(legs, clients=1, rounds=10, ahead="read")[1].makespan_ps == 40 + 10 * 100
    both = [Stage(name="send", resource="c", duration_ps=30), *legs]
    assert run(both, clients=1, rounds=10, ahead="read")[1].makespan_ps == 30 + 40 + 10 * 100
    longer = [Stage(name="send", resource="c", duration_ps=80), *legs]
    assert run(longer, clients=1, rounds=10, ahead="read")[1].makespan_ps == 10 * (80 + 40) + 100


def test_a_timeline_adds_up_to_the_busy_time():
    legs = table([30, 11, 4], [False, True, True])
    events, outcome = run(legs, clients=3, rounds=9)
    edges = np.linspace(0, outcome.makespan_ps, 14).astype(np.int64)
    for name, resource in (("s0", "r0"), ("s1", "r1")):
        assert (events.busy(name, edges) * np.diff(edges)).sum() == pytest.approx(outcome.busy_ps[resource].sum())
    assert events.busy("s1", edges).max() <= 1 and events.busy("s0", edges).max() <= 3


@pytest.mark.parametrize("wrong", [{"clients": 0, "rounds": 1}, {"clients": 1, "rounds": 0}])
def test_nothing_to_simulate(wrong):
    with pytest.raises(InputError, match="give 1 or more of each"):
        run(table([1], [False]), **wrong)
    with pytest.raises(InputError, match="ahead of nobody"):
        run(table([1], [False]), clients=1, rounds=1, ahead="nobody")


def outcome(**changes):
    given = {"tier": "events", "makespan_ps": 2 * SECOND, "bytes": 10, "busy_ps": {"a": np.array([SECOND, 0])}}
    return Outcome(**(given | {"actions": {}} | changes))


def test_numbers_of_an_outcome():
    ends = np.array([1, 2, 3, 4]) * SECOND // 10
    one = outcome(begin_ps=np.zeros(4, np.int64), finish_ps=ends, actions={"page_program": 3, "host_page_written": 2})
    assert (one.seconds, one.bandwidth, one.requests_per_s, one.utilisation("a")) == (2, 5, 2, 0.25)
    assert [one.percentile(p) for p in (50, 75, 99, 100)] == [0.2, 0.3, 0.4, 0.4]
    assert one.write_amplification == 1.5 and outcome().write_amplification is None


def test_an_outcome_that_cannot_be_is_refused():
    with pytest.raises(InputError, match=r"a server is busy for \d+ ps of 1"):
        outcome(makespan_ps=1)
    with pytest.raises(InputError, match="there are no latencies"):
        _ = outcome().latency_s
