"""The compiled quantiser makes exactly the comparisons of the table."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.kernels import events, staircase

TABLES = {
    "tau20": staircase.table(tuple(math.exp(-k / 20) for k in range(80)), tuple(math.exp(-k / 20) for k in range(80))),
    "tau2": staircase.table(
        tuple(math.exp(-(k + 0.5) / 2) for k in range(12)), tuple(math.exp(-k / 2) for k in range(12))
    ),
    "dense": staircase.table(tuple(1 - k / 4000 for k in range(4000)), tuple(1 - k / 4000 for k in range(4000))),
    "one": staircase.table((0.5,), (2.0,)),
}
SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-45, 1e38, -1e-45, 0.5]


def by_definition(value: float, levels: np.ndarray) -> int:
    """k(u) in one loop, as the docstring has it."""
    return next((k for k, level in enumerate(levels[:-1]) if value >= level), len(levels) - 1)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_compiled_equals_reference_and_definition(table):
    levels = table.levels[:-1]
    near = np.concatenate([levels, np.nextafter(levels, np.float32(0)), np.nextafter(levels, np.float32(9))])
    noise = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    u = torch.from_numpy(np.concatenate([near, noise, np.array(SPECIAL, np.float32)])).unsqueeze(0)
    k = staircase.index(u, table)
    assert [by_definition(float(v), table.levels) for v in u[0, ::7]] == k[0, ::7].tolist()
    weights = np.arange(u.shape[1], dtype=np.int64)
    quantised = u.clone()
    _, counts = staircase.quantise(quantised, table, weights)
    assert torch.equal(quantised, staircase.decode(k, table, u.dtype))
    assert torch.equal(staircase.evaluate(u.clone(), table), quantised)
    for mine, theirs in zip(counts, staircase.quantise_reference(u, table, weights)[1], strict=True):
        assert (mine == theirs).all()
    survey = staircase.survey(u.clone(), table)
    assert (survey.spikes == counts.spikes).all() and (survey.index_sum == counts.index_sum).all()
    fired = (k[0] < table.steps).numpy()
    assert counts.spikes[0] == fired.sum()
    assert counts.index_sum[0] == int(k.sum())
    assert counts.weighted[0] == weights[fired].sum()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(width=32), min_size=1, max_size=40), st.sampled_from(sorted(TABLES)))
def test_any_float(values, name):
    table = TABLES[name]
    u = torch.tensor([values], dtype=torch.float32)
    quantised = u.clone()
    staircase.quantise(quantised, table)
    assert torch.equal(quantised, staircase.decode(staircase.index(u, table), table, torch.float32))
    assert torch.equal(staircase.evaluate(u.clone(), table), quantised)


def test_one_subtraction_compares_where_no_bucket_has_two_levels():
    assert {name: bool(len(table.jumps)) for name, table in TABLES.items()} == {
        "tau20": True, "tau2": True, "dense": False, "one": True
    }  # fmt: skip


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_upper_half_of_a_number(table):
    """Its smallest number, its largest and some between; what is no number as arithmetic leaves it, quiet."""
    halves = torch.arange(1 << 16, dtype=torch.int64) << 16
    lower = torch.tensor([0, 1, 0x1234, 0x7FFF, 0x8000, 0xFFFF])
    u = (halves[:, None] + lower).flatten().to(torch.int32).view(torch.float32).view(1, -1) * 1.0
    assert torch.equal(staircase.evaluate(u.clone(), table), staircase.quantise(u.clone(), table)[0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_staircase_repeats_where_what_it_decodes_decodes_to_itself(dtype):
    values = torch.from_numpy(TABLES["tau20"].values).to(dtype)[None]
    again = staircase.quantise(values.clone(), TABLES["tau20"])[0]
    assert staircase.repeats(TABLES["tau20"], dtype) == torch.equal(again, values)
    assert staircase.repeats(TABLES["one"], dtype)
    assert not staircase.repeats(staircase.table((0.5,), (0.25,)), dtype)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_bfloat16_number(table):
    """The table of short numbers holds for each of them what the float32 levels say, and the counts."""
    u = torch.arange(1 << 16, dtype=torch.int32).to(torch.uint16).view(torch.bfloat16).view(2, -1)
    weights = np.arange(u.shape[1], dtype=np.int64)
    decoded, counts = staircase.quantise(u.clone(), table, weights)
    expected, reference = staircase.quantise_reference(u, table, weights)
    assert torch.equal(decoded, expected) and decoded.dtype == torch.bfloat16
    assert torch.equal(expected, staircase.decode(staircase.index(u.float(), table), table, torch.bfloat16))
    for mine, theirs in zip(counts, reference, strict=True):
        assert (mine == theirs).all()
    assert (staircase.survey(u, table).spikes == counts.spikes).all()


def test_rows_are_counted_apart():
    u = torch.tensor([[1.0, 0.0], [0.7, 0.9]])
    assert staircase.quantise(u, TABLES["one"])[1].spikes.tolist() == [1, 2]


@pytest.mark.parametrize("levels", [(0.5, 0.6), (0.5, 0.0), (0.5, -0.1)])
def test_a_table_that_is_no_descending_staircase_is_refused(levels):
    with pytest.raises(ValueError):
        staircase.table(levels, levels)


def test_event_counts_equal_reference():
    x = torch.randn(7, 300, generator=torch.Generator().manual_seed(0))
    x[x < 0.5] = 0
    weights = np.arange(300, dtype=np.int64)
    for mine, theirs in zip(events.count(x, weights), events.count_reference(x, weights), strict=True):
        assert (mine == theirs).all()


def test_calls_from_several_threads_at_once():
    from concurrent.futures import ThreadPoolExecutor

    table = TABLES["tau20"]
    u = torch.randn(16, 4096, generator=torch.Generator().manual_seed(0))
    wanted = staircase.decode(staircase.index(u, table), table, u.dtype)

    def once(_):
        mine = u.clone()
        staircase.quantise(mine, table)
        return torch.equal(mine, wanted)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(once, range(64)))


def _in_a_worker(queue):
    u = torch.randn(4, 256)
    staircase.quantise(u, TABLES["tau20"])
    queue.put("done")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_worker_survives():
    import multiprocessing

    staircase.quantise(torch.randn(4, 256), TABLES["tau20"])
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    worker = context.Process(target=_in_a_worker, args=(queue,))
    worker.start()
    assert queue.get(timeout=60) == "done"
    worker.join()
    assert worker.exitcode == 0
