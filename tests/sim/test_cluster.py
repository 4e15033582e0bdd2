"""A cluster: collectives against messages that are really sent, a ring against a heap, a training against formulas."""

import heapq
from dataclasses import replace
from itertools import pairwise
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import InputError
from picojoule.sim import Stage, run
from picojoule.sim.clock import SECOND
from picojoule.sim.cluster import (
    COLLECTIVES,
    Body,
    Cluster,
    Device,
    Failures,
    Layer,
    Shared,
    Star,
    Stragglers,
    TwoLevel,
    step,
    train,
)
from picojoule.sim.cluster.collectives import traffic
from picojoule.sim.cluster.ring import finish_ps
from picojoule.sim.cluster.step import buckets, flop, gradient_bytes

GIGABIT = Star(name="gigabit", source="test", latency_s=0.0, bytes_per_s=117e6)
LAYERS = (
    Layer(name="a", macs=1_000_000, values=1000, weights=500),
    Layer(name="b", macs=2_000_000, values=2000, weights=1500),
    Layer(name="c", macs=500_000, values=100, weights=4000),
)
DEVICE = Device(name="test", source="test", flop_per_s=1e9, idle_w=1.0, busy_w=5.0)


# collectives


def test_the_golden_ring():
    """N = 138, S = 102.2 MB, B = 117 MB/s."""
    assert GIGABIT.all_reduce_s("ring", 102.2e6, 138) == pytest.approx(1.734, abs=0.0005)


def test_rabenseifner_with_138_is_128_and_10():
    load, size = traffic("halving-doubling", 1.0, 138), 1.0
    assert load.messages == 2 * 7 + 2
    assert load.busiest == 2 * 127 / 128 * size + 2 * size
    assert load.total == 128 * 2 * 127 / 128 + 2 * 10
    assert traffic("halving-doubling", 1.0, 128).busiest == traffic("ring", 1.0, 128).busiest


class Wires:
    """Messages that are really sent: bytes by node, and how many one after the other."""

    def __init__(self, nodes: int, size: int, seed: int = 0) -> None:
        self.data = np.random.default_rng(seed).integers(0, 99, (nodes, size))
        self.expected, self.sent, self.rounds = self.data.sum(0), np.zeros(nodes, int), 0

    def round(self, messages) -> None:
        """(from, to, places, adds) at the same time."""
        self.rounds += 1
        taken = [(to, places, adds, self.data[source, places].copy()) for source, to, places, adds in messages]
        for source, _, places, _ in messages:
            self.sent[source] += len(places)
        for to, places, adds, values in taken:
            self.data[to, places] = values + (self.data[to, places] if adds else 0)


def ring_by_hand(wires: Wires, nodes: int, size: int) -> None:
    pieces = np.array_split(np.arange(size), nodes)
    for adds in (True, False):
        for turn in range(nodes - 1):
            first = 0 if adds else 1
            wires.round([(i, (i + 1) % nodes, pieces[(i - turn + first) % nodes], adds) for i in range(nodes)])


def doubling_by_hand(wires: Wires, nodes: int, size: int) -> None:
    core = 2 ** int(log(nodes, 2))
    everything = np.arange(size)
    if nodes > core:
        wires.round([(i, i - core, everything, True) for i in range(core, nodes)])
    mine, distance, halves = [everything] * core, 1, []
    while distance < core:
        parts = [np.array_split(own, 2) for own in mine]
        kept = [parts[i][(i // distance) % 2] for i in range(core)]
        given_away = [parts[i][1 - (i // distance) % 2] for i in range(core)]
        wires.round([(i, i ^ distance, given_away[i], True) for i in range(core)])
        halves.append((distance, kept))
        mine, distance = kept, 2 * distance
    for distance, kept in reversed(halves):
        wires.round([(i, i ^ distance, mine[i], False) for i in range(core)])
        mine = [np.concatenate((mine[i], mine[i ^ distance])) for i in range(core)]
        assert all(len(mine[i]) == 2 * len(kept[i]) for i in range(core))
    if nodes > core:
        wires.round([(i - core, i, everything, False) for i in range(core, nodes)])


@pytest.mark.parametrize(("name", "by_hand"), [("ring", ring_by_hand), ("halving-doubling", doubling_by_hand)])
@pytest.mark.parametrize("nodes", [2, 3, 4, 6, 8, 11])
def test_the_table_counts_messages_that_are_really_sent(name, by_hand, nodes):
    size = 8 * 3 * 11 * 4
    wires, load = Wires(nodes, size), traffic(name, 8 * 3 * 11 * 4, nodes)
    by_hand(wires, nodes, size)
    assert (wires.data == wires.expected).all()
    assert wires.rounds == load.messages
    assert wires.sent.sum() == pytest.approx(load.total)
    if name == "ring" or nodes in (2, 4, 8):
        assert wires.sent.max() == pytest.approx(load.busiest)


@pytest.mark.parametrize("name", ["ring", "halving-doubling", "tree"])
def test_one_node_sends_nothing(name):
    load = traffic(name, 1e6, 1)
    assert (load.messages, load.busiest, load.total, load.reduced) == (0, 0, 0, 0)


def test_a_parameter_server_is_the_bottleneck_and_shards_help():
    assert GIGABIT.all_reduce_s("parameter-server", 102.2e6, 138) == pytest.approx(2 * 138 * 102.2e6 / 117e6)
    assert COLLECTIVES["parameter-server"](1.0, 8, shards=4).busiest == 4


def test_a_shared_medium_carries_one_byte_at_a_time():
    wireless = Shared(name="w", source="test", latency_s=0.0, bytes_per_s=60e6)
    assert wireless.all_reduce_s("ring", 102.2e6, 30) == pytest.approx(2 * 29 * 102.2e6 / 60e6)
    through_a_point = replace(wireless, hops=2)
    assert through_a_point.all_reduce_s("tree", 1e6, 5) == 2 * wireless.all_reduce_s("tree", 1e6, 5)


def test_two_levels():
    deep = TwoLevel(
        name="t", source="test", latency_s=1e-3, bytes_per_s=1e8, reduced_bytes_per_s=1e9, ports=4,
        uplink_bytes_per_s=5e7,
    )  # fmt: skip
    flat = Star(name="s", source="test", latency_s=1e-3, bytes_per_s=1e8, reduced_bytes_per_s=1e9)
    assert deep.all_reduce_s("two-level", 1e7, 4) == flat.all_reduce_s("ring", 1e7, 4)
    found = deep.all_reduce_s("two-level", 1e7, 12)
    expected = (6 + 4) * 1e-3 + 2 * 0.75 * 1e7 / 1e8 + 2 * (2 / 3) * 1e7 / 5e7 + (0.75 + 2 / 3 / 4) * 1e7 / 1e9
    assert found == pytest.approx(expected)
    wide = replace(deep, uplink_bytes_per_s=1e9)
    assert wide.all_reduce_s("ring", 1e7, 12) == flat.all_reduce_s("ring", 1e7, 12)
    assert deep.all_reduce_s("ring", 1e7, 12) > flat.all_reduce_s("ring", 1e7, 12)


# a ring of unlike nodes


def by_heap(size, start, latency, rates):
    """The same, message by message on Python's heap: a node sends piece k when it has received k−1 and sent k−1."""
    nodes = len(start)
    each = [round((latency + size / (nodes * min(rates[i], rates[i - 1]))) * SECOND) for i in range(nodes)]
    received = {(i, 0): start[i] for i in range(nodes)}
    events = [(start[i], i, 0) for i in range(nodes)]
    heapq.heapify(events)
    while events:
        _, i, turn = heapq.heappop(events)
        for node in (i, (i + 1) % nodes):
            key = (node, turn + 1)
            if turn < 2 * (nodes - 1) and key not in received:
                before = received.get((node, turn)), received.get(((node - 1) % nodes, turn))
                if None not in before:
                    received[key] = max(before) + each[node]
                    heapq.heappush(events, (received[key], node, turn + 1))
    return [received[i, 2 * (nodes - 1)] for i in range(nodes)]


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.integers(1, 1000)), min_size=1, max_size=7),
    st.integers(0, 10**6),
)
def test_the_recursion_is_the_heap(nodes, size):
    start, rates = (np.array(each) for each in zip(*nodes, strict=True))
    found = finish_ps(size, start_ps=start, latency_s=1e-4, bytes_per_s=rates * 1e4)
    assert found.tolist() == by_heap(size, start.tolist(), 1e-4, (rates * 1e4).tolist())


@pytest.mark.parametrize("nodes", [1, 2, 7, 138])
def test_like_nodes_are_the_closed_form(nodes):
    network = replace(GIGABIT, latency_s=2e-4)
    start = np.zeros(nodes, np.int64)
    found = finish_ps(102.2e6, start_ps=start, latency_s=2e-4, bytes_per_s=np.full(nodes, 117e6))
    assert found.max() == found.min()
    assert found[0] / SECOND == pytest.approx(network.all_reduce_s("ring", 102.2e6, nodes), abs=2 * nodes / SECOND)


def test_one_slow_link_slows_the_whole_ring():
    rates = np.full(8, 1e8)
    rates[3] = 1e7
    slow = finish_ps(8e6, start_ps=np.zeros(8, np.int64), latency_s=0.0, bytes_per_s=rates)
    assert slow.max() / SECOND == pytest.approx(14 * 0.1)


# a step


def test_a_step_without_overlap_is_its_parts():
    once = step(LAYERS, DEVICE, GIGABIT, nodes=4, batch=10, overlaps=False, update_s=0.001)
    compute = 10 * flop(LAYERS) / 1e9
    reduce = GIGABIT.all_reduce_s("ring", gradient_bytes(LAYERS), 4)
    assert flop(LAYERS) == 2 * (3 * 3_500_000 - 1_000_000) and gradient_bytes(LAYERS) == 24_000
    assert once.seconds == pytest.approx(compute + reduce + 0.001)
    assert once.overlap == 0


def test_buckets_leave_while_the_backward_pass_goes_on():
    """Layer c fills the first bucket; b and a the second, whose end is the end of the pass."""
    once = step(LAYERS, DEVICE, replace(GIGABIT, bytes_per_s=1e6), nodes=2, batch=10, bucket_bytes=8000)
    assert once.backward_ps.tolist() == [0.19 * SECOND, 0.17 * SECOND, 0.09 * SECOND]
    assert once.ready_ps.tolist() == [0.09 * SECOND, 0.19 * SECOND]
    assert once.reduce_ps.tolist() == [0.016 * SECOND, 0.008 * SECOND]
    assert once.seconds == pytest.approx(0.198) and once.overlap == pytest.approx(16 / 24)
    assert step(LAYERS, DEVICE, GIGABIT, nodes=1, batch=10).overlap == 1


def test_buckets_hold_everything_once():
    for size in (1, 2000, 8000, 10**9):
        sizes, ready = buckets(LAYERS, np.array([30, 20, 10]), size)
        assert sum(sizes) == gradient_bytes(LAYERS) and len(sizes) == len(ready) and ready[-1] == 30


def test_a_loop_over_groups_takes_its_time():
    depthwise = (*LAYERS[:1], replace(LAYERS[1], groups=64))
    loop = replace(DEVICE, depthwise="loop", group_s=1e-6)
    native, looped = (step(depthwise, device, GIGABIT, nodes=1, batch=8).seconds for device in (DEVICE, loop))
    assert looped - native == pytest.approx(3 * 64 * 8 * 1e-6)


def test_small_batches_are_inefficient():
    device = replace(DEVICE, half_batch=4.0, layer_s=1e-3)
    seconds = step(LAYERS, device, GIGABIT, nodes=1, batch=4).seconds
    assert seconds == pytest.approx(2 * 4 * flop(LAYERS) / 1e9 + (3 + 5) * 1e-3)


# a training


def cluster(nodes=4, **more) -> Cluster:
    return Cluster(device=more.pop("device", DEVICE), network=GIGABIT, nodes=nodes, **more)


def once(nodes=4, **more):
    return step(LAYERS, DEVICE, GIGABIT, nodes=nodes, batch=10, overlaps=False, **more)


def test_without_trouble_it_is_the_stages_simulation():
    """The general event simulation of clients, a barrier and a shared resource ends at the same picosecond."""
    each = once(update_s=0.003)
    stages = [
        Stage(name="compute", resource="node", duration_ps=each.compute_ps),
        Stage(
            name="reduce", resource="wires", duration_ps=int(each.reduce_ps[0]) + each.update_ps, shared=True,
            barrier=True,
        ),
    ]  # fmt: skip
    _, outcome = run(stages, clients=4, rounds=25)
    done = train(cluster(), each, steps=25)
    assert done.outcome.makespan_ps == outcome.makespan_ps == 25 * each.total_ps
    assert done.outcome.utilisation("compute") == outcome.utilisation("node")


def test_joules_are_those_of_idle_and_busy_time():
    each = once()
    done = train(cluster(), each, steps=25)
    compute = each.compute_ps / each.total_ps
    assert done.node_joules == pytest.approx(25 * each.seconds * (1 + 4 * compute))
    assert done.joules == pytest.approx(done.node_joules.sum())


def test_a_body_warms_as_its_equation_says():
    body = Body(heat_j_per_k=50, k_per_w=4)
    device, each = replace(DEVICE, body=body), once()
    done = train(cluster(device=device), each, steps=700, samples=50)
    watts = 1 + 4 * each.compute_ps / each.total_ps
    expected = 25 + 4 * watts * (1 - np.exp(-done.times_s / 200))
    assert pytest.approx(np.tile(expected, (4, 1))) == done.temperature_c.T
    assert (done.clock == 1).all()


def test_a_hot_phone_slows_everyone():
    levels = ((0.5, 0.7), (0.75, 0.85), (1.0, 1.0))
    body = Body(heat_j_per_k=20, k_per_w=4, trip_c=40, levels=levels)
    own = np.array([2.0, 2.0, 2.0, 8.0])
    hot = train(cluster(device=replace(DEVICE, body=body), k_per_w=own), once(), steps=4000)
    cool = train(cluster(device=replace(DEVICE, body=body), k_per_w=np.full(4, 2.0)), once(), steps=4000)
    assert (cool.clock == 1).all() and (hot.clock[:, :3] == 1).all()
    assert 0.5 <= hot.clock[-20:, 3].mean() < 1 and hot.outcome.seconds > 1.1 * cool.outcome.seconds
    assert hot.temperature_c[len(hot.times_s) // 2 :, 3].min() > 40 - 3 - 2


@pytest.mark.parametrize("nodes", [1, 8, 64])
def test_the_slowest_of_many(nodes):
    """Against the mean of the largest of N lognormal numbers, drawn directly; it grows about like σ√(2 ln N)."""
    sigma = 0.2
    free = replace(GIGABIT, bytes_per_s=1e18)
    each = step(LAYERS, DEVICE, free, nodes=nodes, batch=10, overlaps=False)
    noisy = Cluster(device=DEVICE, network=free, nodes=nodes, stragglers=Stragglers(sigma=sigma, memory=0.5))
    found = train(noisy, each, steps=4000, seed=1).outcome.seconds / 4000 / each.seconds
    draws = np.random.default_rng(2).standard_normal((20_000, nodes))
    assert found == pytest.approx(np.exp(sigma * draws - sigma**2 / 2).max(1).mean(), rel=0.02)
    assert found <= exp(sigma * sqrt(2 * log(nodes))) * 1.02


def test_failures_cost_what_the_formula_says():
    """Segments of τ with checkpoints: a segment takes (1/λ + R)(e^{λτ} − 1) on average."""
    each = once()
    rate = 0.02 / each.seconds / 4  # of a node
    failing = Failures(mean_s=1 / rate, restart_s=30 * each.seconds, checkpoint_steps=20)
    steps = 20_000
    done = train(cluster(failures=failing), each, steps=steps, seed=3)
    of_all, segment = 4 * rate, 20 * each.seconds
    expected = steps / 20 * (1 / of_all + failing.restart_s) * (exp(of_all * segment) - 1)
    assert done.outcome.seconds == pytest.approx(expected, rel=0.05)
    assert done.outcome.actions["step"] == steps and done.outcome.actions["failure"] == len(done.failed)
    assert 0 < done.outcome.actions["step_again"] < 20 * len(done.failed)
    assert set(done.failed) == {0, 1, 2, 3} and (np.diff(done.failed_s) > failing.restart_s * 0.999).all()


def test_those_that_are_left_share_the_work():
    each = once()
    failing = Failures(mean_s=600 * each.seconds, restart_s=0, checkpoint_steps=1, replaced=False)
    done = train(cluster(failures=failing), each, steps=4000, seed=0)
    assert len(done.failed) >= 3 and len(set(done.failed[:3])) == 3
    assert np.isfinite(done.temperature_c[-1]).sum() == 1
    assert done.outcome.seconds > 3 * 4000 * each.seconds * each.compute_ps / each.total_ps


def test_same_seed_same_training():
    noisy = cluster(stragglers=Stragglers(sigma=0.1, memory=0.9), failures=Failures(mean_s=50.0))
    first, again, other = (train(noisy, once(), steps=1500, seed=seed) for seed in (5, 5, 6))
    assert first.outcome.makespan_ps == again.outcome.makespan_ps != other.outcome.makespan_ps
    assert (first.node_joules == again.node_joules).all()


def test_checkpoints_take_their_time():
    each = once()
    saving = Failures(checkpoint_steps=10, checkpoint_s=0.5)
    done = train(cluster(failures=saving), each, steps=100)
    assert done.outcome.seconds == pytest.approx(100 * each.seconds + 10 * 0.5)


# refusals

REFUSED = [
    (lambda: traffic("gossip", 1.0, 2), r"all-reduce: 'gossip' .* use ring"),
    (lambda: traffic("ring", 1.0, 0), "among 0 nodes"),
    (lambda: replace(GIGABIT, bytes_per_s=0), r"network gigabit: .*Remedy"),
    (lambda: replace(DEVICE, flop_per_s=0), r"device test: .*Remedy"),
    (lambda: Body(heat_j_per_k=0, k_per_w=1), r"body: .*Remedy"),
    (lambda: Body(heat_j_per_k=1, k_per_w=1, levels=((1.0, 1.0), (0.5, 0.7))), "levels that rise"),
    (lambda: step((), DEVICE, GIGABIT, nodes=1, batch=1), "0 layers and 1 samples"),
    (lambda: step(LAYERS, replace(DEVICE, memory_bytes=1e4), GIGABIT, nodes=1, batch=1), "needs 0.00 GB"),
    (lambda: cluster(k_per_w=np.ones(3)), "one resistance for each"),
    (lambda: train(cluster(), once(), steps=0), "0 steps"),
    (
        lambda: train(cluster(failures=Failures(mean_s=0.1, restart_s=0)), once(), steps=1000),
        "write checkpoints more often",
    ),
    (
        lambda: finish_ps(1.0, start_ps=np.zeros(2, np.int64), latency_s=0.0, bytes_per_s=np.ones(3)),
        "3 links for 2 nodes",
    ),
]


@pytest.mark.parametrize(("call", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_the_recursion_of_buckets_is_in_order():
    found = step(LAYERS, DEVICE, replace(GIGABIT, bytes_per_s=2e5), nodes=3, batch=4, bucket_bytes=1)
    assert all(before < after for before, after in pairwise(found.sent_ps))
    assert (found.sent_ps - found.ready_ps >= found.reduce_ps).all()
