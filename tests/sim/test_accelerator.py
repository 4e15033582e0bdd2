"""The accelerator: its numbers, its dataflow against the network, thresholds, cycles, packets and board."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import InputError
from picojoule.sim.accelerator import PUBLISHED, Board, Clock, Threshold, Weights, fit_cycles, fit_power, run
from picojoule.sim.accelerator.board import PLAIN, THRESHOLDED, energy_gain, flops_per_kj, speed
from picojoule.sim.accelerator.numbers import (
    FRAC,
    FRAC_EXP,
    INTERCEPTS,
    LANES,
    SLOPES,
    TREE_STAGES,
    add,
    code,
    divide,
    dot,
    exponential,
    multiply,
    tree,
    value,
)
from picojoule.sim.accelerator.packets import count, read, stream
from picojoule.sim.accelerator.threshold import silhouette

words = st.integers(-(2**31), 2**31 - 1)


@given(words, words)
def test_adding_saturates_and_multiplying_wraps(a, b):
    assert int(add(np.int64(a), np.int64(b))) == min(max(a + b, -(2**31)), 2**31 - 1)
    low = (a * b >> FRAC) & 0xFFFFFFFF
    assert int(multiply(np.array(a), np.array(b))) == (low - 2**32 if low >= 2**31 else low)


@given(st.lists(words, min_size=LANES, max_size=LANES))
def test_the_tree_shifts_at_every_stage(lanes):
    level = lanes
    for _ in range(TREE_STAGES):
        level = [(a + b) >> 1 for a, b in zip(level[::2], level[1::2], strict=True)]
    found = int(tree(np.array(lanes, np.int64)))
    assert found == level[0] and 0 <= sum(lanes) / LANES - found < TREE_STAGES


def test_the_exponential_is_sixteen_lines():
    x = np.linspace(-12, 0, 20_001)
    ours = value(exponential(np.floor(x * 2**FRAC_EXP).astype(np.int64)), FRAC_EXP)
    points = -(np.arange(1, 16) ** 2) / 200
    lines = np.exp(points) * (1 - points) + np.exp(points) * x[:, None]
    assert np.abs(ours - np.maximum(lines.max(1), 0)).max() < 2e-5
    worst = np.abs(ours - np.exp(x))
    assert worst.max() == pytest.approx(0.119, abs=1e-3) and x[worst.argmax()] == pytest.approx(-2.125, abs=2e-3)
    assert (ours[x < -2.13] == 0).all() and (SLOPES > 0).all() and (INTERCEPTS > 0).all()


def test_division_is_exact_to_the_last_bit():
    a, b = np.array([1, 3, 5, 7]), np.array([2, 7, 5, 9])
    assert (divide(a, b) == [(x << FRAC) // y for x, y in zip(a.tolist(), b.tolist(), strict=True)]).all()


def random_weights(tokens=20, ages=6, seed=0, scale=0.5):
    rng = np.random.default_rng(seed)
    shapes = ((tokens + ages, 32), (tokens + ages, 32), (tokens, 32), (32, 32), (tokens, 32))
    return [rng.normal(0, scale, shape) for shape in shapes]


def questions(tokens=20, ages=6, n=40, seed=1):
    rng = np.random.default_rng(seed)
    story = rng.integers(0, tokens, (n, ages, 4))
    told = np.arange(ages) < rng.integers(1, ages + 1, n)[:, None]
    return story, rng.integers(0, tokens, (n, 3)), told


def in_numbers(parts, story, question, told, hops=3, exponential=np.exp):
    """The network of the circuit's equations in double precision."""
    address, content, asked, h, answer = parts
    tokens = len(asked)
    ages = tokens + np.arange(story.shape[1])
    m, c = ((each[story].sum(2) + each[ages]) * told[..., None] for each in (address, content))
    u = asked[question].sum(1)
    for _ in range(hops):
        z = np.where(told, np.einsum("nle,ne->nl", m, u), -np.inf)
        e = exponential(z - z.max(1, keepdims=True))
        u = np.einsum("nl,nle->ne", e / e.sum(1, keepdims=True), c) + u @ h.T
    return u @ answer.T


def sixteen_lines(x):
    points = -(np.arange(1, 16) ** 2) / 200
    lines = np.exp(points) * (1 - points) + np.exp(points) * np.maximum(x, -99)[..., None]
    return np.maximum(lines.max(-1), 0)


def test_the_dataflow_is_the_network_with_sixteen_lines():
    parts = random_weights(scale=0.15)
    asked = questions()
    found = run(Weights.of(*parts, 3), *asked)
    ours = value(found.logits << TREE_STAGES)
    assert np.abs(ours - in_numbers(parts, *asked, exponential=sixteen_lines)).max() < 2e-3
    assert np.abs(ours - in_numbers(parts, *asked)).max() > 0.01  # the lines are not the exponential
    assert (found.attention.sum(2) <= 2**FRAC).all() and found.saturated == 0
    assert (found.attention[:, ~asked[2]] == 0).all()


def test_the_dataflow_is_itself_written_out_in_whole_numbers():
    """One question, one hop, in Python's own integers."""
    weights = Weights.of(*random_weights(scale=0.3), 1)
    story, question, told = questions(n=1)
    found = run(weights, story, question, told)
    tokens = 20
    u = [sum(int(weights.question[w][d]) for w in question[0]) for d in range(32)]
    rows = [[*story[0][i], tokens + i] for i in range(6) if told[0][i]]
    m = [[sum(int(weights.address[w][d]) for w in row) for d in range(32)] for row in rows]
    c = [[sum(int(weights.content[w][d]) for w in row) for d in range(32)] for row in rows]

    def product(a, b):
        level = [(x * y) >> FRAC for x, y in zip(a, b, strict=True)]
        while len(level) > 1:
            level = [(x + y) >> 1 for x, y in zip(level[::2], level[1::2], strict=True)]
        return level[0]

    z = [product(row, u) for row in m]
    lines = list(zip(SLOPES.tolist(), INTERCEPTS.tolist(), strict=True))
    e = [max(0, *(((x - max(z)) * s >> FRAC_EXP) + t for s, t in lines)) for x in z]
    p = [(x << FRAC) // sum(e) for x in e]
    o = [sum((p[i] * c[i][d]) >> FRAC for i in range(len(rows))) for d in range(32)]
    h = [product([int(x) for x in weights.h[d]], u) << TREE_STAGES for d in range(32)]
    u = [a + b for a, b in zip(o, h, strict=True)]
    assert found.logits[0].tolist() == [product([int(x) for x in row], u) for row in weights.answer]
    assert found.attention[0, 0, : len(rows)].tolist() == p


def test_embeddings_saturate_and_it_is_counted():
    parts = random_weights()
    parts[0][:] = 60.0
    assert run(Weights.of(*parts, 1), *questions()).saturated > 0
    with pytest.raises(InputError, match="embeddings of 40 values"):
        Weights.of(np.zeros((3, 40)), np.zeros((3, 40)), np.zeros((2, 40)), np.zeros((40, 40)), np.zeros((2, 40)), 1)
    assert code(np.array([200.0, -200.0, -0.9 * 2.0**-24])).tolist() == [2**31 - 1, -(2**31), 0]
    assert int(dot(np.full(32, 1 << FRAC), np.full(32, 1 << FRAC))) == 1 << FRAC


# --- thresholding ---------------------------------------------------------------------------------------------------


def logits(n=400, rows=12, classes=5, seed=0, margin=2.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n) * 2
    z = rng.normal(0, 1, (n, rows))
    z[np.arange(n), y] += margin + 0.3 * y
    return z, y


def test_no_training_answer_is_lost_at_rho_1():
    z, y = logits()
    for ordered in (True, False):
        answer, looked = Threshold.fit(z, y, ordered=ordered).predict(z)
        right = z.argmax(1) == y
        assert (answer[right] == y[right]).all()
        assert looked.min() >= 1 and looked.max() <= z.shape[1]


def test_the_order_saves_looks_and_answers_come_first():
    z, y = logits(margin=4.0)
    ordered, natural = (Threshold.fit(z, y, ordered=each).predict(z)[1].mean() for each in (True, False))
    assert ordered < natural
    fitted = Threshold.fit(z, y)
    assert set(fitted.order[: fitted.answers]) == set(y.tolist()) and sorted(fitted.order) == list(range(12))
    assert np.isinf(fitted.theta[fitted.order[fitted.answers :]]).all()


def test_the_silhouette_is_the_one_by_definition():
    z, y = logits(80)
    for c in np.unique(y):
        x, own = z[:, c], y == c
        by_definition = []
        for i in range(len(x)):
            a = np.abs(x[own == own[i]] - x[i]).sum() / max(1, (own == own[i]).sum() - 1)
            b = np.abs(x[own != own[i]] - x[i]).mean()
            by_definition.append((b - a) / max(a, b))
        assert silhouette(x, own) == pytest.approx(np.mean(by_definition))
    assert silhouette(np.arange(3.0), np.array([True, True, True])) == 0.0


@pytest.mark.parametrize("rho", [1.0, 0.95, 0.8])
def test_a_threshold_is_the_smallest_that_keeps_rho(rho):
    z, y = logits(margin=1.5)
    fitted = Threshold.fit(z, y, rho=rho)
    for c in np.unique(y):
        above = z[:, c] > fitted.theta[c]
        assert not above.any() or (y[above] == c).mean() >= rho
        lower = np.sort(z[:, c][z[:, c] <= fitted.theta[c]])[::-1]
        for theta in np.unique(lower)[:-1]:
            assert (y[z[:, c] > theta] == c).mean() < rho
    with pytest.raises(InputError, match="ρ = 0"):
        Threshold.fit(z, y, rho=0)


# --- cycles, packets, board -----------------------------------------------------------------------------------------


def test_cycles_are_the_formula():
    cycles = Clock(packet=8, divide=20).of(np.array([40]), np.array([6]), np.array([255]))
    assert cycles.input[0] == 320 and cycles.output[0] == 1540
    attention = 3 + 7 * 6 + 12 + 120 + 4
    assert cycles.attention[0] == 3 * attention and cycles.read[0] == 30
    assert (cycles.attention + cycles.read + cycles.waiting)[0] == 3 * (max(195, attention + 10) + 3)
    assert cycles.total[0] == pytest.approx(2450, rel=0.03)
    assert sum(cycles.by_module.values()) == cycles.total[0]
    few = Clock(packet=8, divide=20).of(np.array([40]), np.array([6]), np.array([4]))
    assert (cycles.total - few.total)[0] == 6 * 251


def test_packets_there_and_back():
    story, question = [[3, 4, 5], [1, 2]], [7, 8]
    packets = stream(story, question)
    assert read(packets) == (story, question) and packets.dtype == np.uint16
    assert len(packets) == count(np.array(5), np.array(2), np.array(2))
    assert packets[0] == 1 and packets[2] == 1 << 12 | 1 and packets[-1] == 3 << 12 | 8
    for bad in (([[4096]], [1]), ([[1]], [])):
        with pytest.raises(InputError, match="beyond 12 bits"):
            stream(*bad)


def test_the_published_columns_follow_from_time_and_power():
    for row in PUBLISHED:
        assert speed(row) == pytest.approx(row.speed, abs=0.006)
        if row.flops_per_kj:
            assert flops_per_kj(row) == pytest.approx(row.flops_per_kj, rel=2e-3)
    assert [round(energy_gain(row), 1) for row in PUBLISHED if row.power_w] == [1.8, 1.0, 16.1, 16.9, 17.6]
    assert energy_gain(THRESHOLDED[0]) is flops_per_kj(THRESHOLDED[0]) is None


def test_both_pairs_give_one_link_time():
    for pair, cycles in ((PLAIN, 442e6), (THRESHOLDED, 243e6)):
        t_io, found = fit_cycles(*pair)
        assert t_io == pytest.approx(25.9, abs=0.3) and found == pytest.approx(cycles, rel=0.01)
    static, slope = fit_power(*PLAIN)
    assert static == pytest.approx(12.9, abs=0.05) and slope == pytest.approx(0.072, abs=0.001)


def test_a_board_is_faster_and_draws_more_at_a_higher_clock():
    slow, fast = (Board(mhz=mhz, link_s=1e-4) for mhz in (25, 100))
    assert fast.seconds(2000) < slow.seconds(2000) and fast.power_w > slow.power_w
    assert fast.seconds(2000) == pytest.approx(1.2e-4) and fast.joules(0) == pytest.approx(fast.power_w * 1e-4)


def test_a_trained_network_answers_alike_in_the_circuit():
    from picojoule.recipes.mann_accelerator.circuit import Run
    from picojoule.recipes.mann_accelerator.plan import Plan
    from picojoule.recipes.settings import Settings
    from picojoule.recipes.stories import Asked, obtain
    from picojoule.train.lanes import Recipe

    settings = Settings()
    recipe = Recipe(epochs=20, halve=10)
    plan = Plan(tasks=(15,), questions=600, tests=300, restarts=1, recipe=recipe)
    torch.manual_seed(0)
    found = Run.train(plan, Asked.of(obtain(settings, 15, train=600, test=300)), settings)
    agree = (found.tested.decisions == found.in_floating_point()).mean()
    assert agree > 0.97 and 0.05 < found.tested.attended < 0.9
    z = found.training_logits
    answer, looked = found.threshold().predict(z)
    right = z.argmax(1) == found.labels
    assert (answer[right] == found.labels[right]).all() and looked.mean() < found.rows
