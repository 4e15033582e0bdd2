"""The parts of a benchmark: turns, choice of way and batch, memory, peaks, values and tables."""

import json
from functools import partial

import pytest
import torch

from nets import converted, inputs, small_cnn
from picojoule.benchmark import peaks, search, table
from picojoule.benchmark.findings import Findings, KernelRow, LeftOut, MemoryRow, Missing, Ratio, Reach, Row
from picojoule.benchmark.kernels import KERNELS
from picojoule.benchmark.memory import Peak, helper
from picojoule.benchmark.rivals import ours
from picojoule.benchmark.search import Choice, best_choice
from picojoule.benchmark.systems import Maker, System, admitted, all_systems
from picojoule.benchmark.timing import Work, in_turn, interleaved, ratio, row
from picojoule.codes import Rate
from picojoule.engines import ENGINES
from picojoule.measurement.memory import peak_bytes

# --- timing -----------------------------------------------------------------------------------------------------------


def test_works_take_turns_after_a_warm_up():
    calls = []
    works = {name: Work(partial(calls.append), (torch.zeros(3), torch.zeros(2))) for name in "ab"}
    times = in_turn(works, range(3))
    assert [len(times[name]) for name in "ab"] == [3, 3] and len(calls) == 2 * 2 * 4


def test_a_short_work_is_repeated():
    calls = []
    Work(calls.append, (torch.zeros(1),)).seconds(least=0.01)
    assert len(calls) > 1


def test_interleaved_sees_every_sample_in_every_turn():
    seen = []
    times = interleaved({"a": lambda x: seen.append(len(x))}, torch.zeros(5, 1), batch=2, repeats=2)
    assert seen == [2, 2, 1] * 3 and len(times["a"]) == 2


def test_ratios_are_those_of_turns():
    assert ratio([1.0, 2.0, 30.0], [1.0, 1.0, 10.0]) == 2
    assert row("x", [1.0, 3.0, 2.0], [1.0, 1.0, 1.0]) == "| x | 2.000 | 1.000–3.000 | 2.00 |"


# --- the best way and batch -------------------------------------------------------------------------------------------


AUTO = partial(ours.build, engine="auto")


def system(build=AUTO, **changed) -> System:
    options = {"family": "rate T=4", "by": "picojoule auto", "network": converted(Rate(steps=4)), "steps": 4}
    return System(build=build, **{**options, **changed})


def test_the_fastest_way_and_batch_are_taken(monkeypatch):
    """Against a table of seconds: slow ways are tried once, and batches grow only while that pays."""
    seconds = {"fast": {1: 3.0, 5: 1.5, 10: 1.0, 25: 2.0, 50: 0.1}, "near": dict.fromkeys((1, 5, 10, 25, 50), 1.4)}
    seconds["slow"] = dict.fromkeys((1, 5, 10, 25, 50), 9.0)
    asked = []

    def table_of(_, choice, x):
        asked.append(choice)
        return seconds[choice.way][choice.batch]

    monkeypatch.setattr(search, "_seconds", table_of)
    chosen = best_choice(system(build=lambda network: dict.fromkeys(seconds)), torch.zeros(50, 1))
    assert chosen == Choice("fast", 10) and Choice("fast", 50) not in asked
    assert [choice.batch for choice in asked if choice.way == "slow"] == [10]


def test_no_batch_is_larger_than_the_samples():
    assert best_choice(system(), inputs(3)).batch <= 3


# --- systems ----------------------------------------------------------------------------------------------------------


def test_every_engine_is_a_row_or_left_out_with_a_reason():
    maker = Maker(small_cnn(), inputs(64))
    taken, left = admitted(all_systems(maker, (4,)), inputs(2))
    names = {each.by for each in taken} | {each.by for each in left}
    assert {f"picojoule {engine}" for engine in (*ENGINES, "auto")} | {"PyTorch", "plain PyTorch loop"} <= names
    assert ("rate T=4", "picojoule closed") in {(each.system, each.by) for each in left}
    assert all(each.reason for each in left) and len({each.name for each in taken}) == len(taken)


def test_a_rivals_fault_leaves_it_out_and_ours_is_raised():
    def breaks(network):
        raise RuntimeError("its own trouble\nin two lines")

    taken, left = admitted([system(build=breaks, by="other")], inputs(1))
    assert not taken and left[0].reason == "RuntimeError: its own trouble"
    with pytest.raises(RuntimeError):
        admitted([system(build=breaks)], inputs(1))
    endless = system(build=lambda network: {"": lambda x: x.new_full((1, 2), torch.inf)})
    assert admitted([endless], inputs(1))[1][0].reason == "its outputs are not finite"


# --- memory -----------------------------------------------------------------------------------------------------------


def test_memory_is_measured_in_a_process_of_its_own():
    x = inputs(4)
    with helper() as process:
        peak = process.peak(system(), Choice("", 4), x)
        again = process.peak(system(), Choice("", 4), x)
        unknown = process.peak(system(build=partial(ours.build, engine="no such engine")), Choice("", 4), x)
        after = process.peak(system(), Choice("", 4), x)
    forward = system().ways[""]
    forward(x[:1])  # what is worked out once per network does not count
    assert peak.tensors == again.tensors == after.tensors == peak_bytes(forward, x) > 0
    assert peak.process is None or peak.process >= 0
    assert unknown == Peak(None, None)
    assert process._process.poll() is not None, "the helper has ended"


# --- peaks and kernels ------------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(peaks, "_SECONDS", 0.001)


def test_peaks_are_numbers_and_threads_are_as_before(quick):
    threads = torch.get_num_threads()
    assert peaks.stream(1 << 16, 2) > 0 and peaks.gemm(1, 32) > 0
    assert torch.get_num_threads() == threads


def test_kernels_do_the_same_work_every_time(quick, monkeypatch):
    monkeypatch.setattr("picojoule.benchmark.kernels._LARGE", 1 << 12)
    for make in KERNELS:
        works = list(make())
        assert works
        for work in works:
            work.call()
            assert work.moved > 0 and work.operations > 0 and work.working_set > 0


# --- values and tables ------------------------------------------------------------------------------------------------

FINDINGS = Findings(
    title="a net on data",
    date="2026-11-22",
    environment={"cpu": "a processor", "threads": 1, "torch": "2", "picojoule": "0"},
    data={"name": "data", "test": 20, "sha256": "0"},
    settings={"timed_samples": 20, "repeats": 3, "load": 0.25},
    rows=(
        Row(
            system="rate T=4",
            by="picojoule auto",
            ours=True,
            way="",
            batch=10,
            seconds=(0.002, 0.001, 0.003),
            ratio=1.0,
            accuracy=0.975,
            process_bytes=None,
            tensor_bytes=2_000_000,
        ),
        Row(system="ann fp32", by="PyTorch", ours=False, way="channels last", batch=5, seconds=(0.5,)),
    ),
    reach=(
        Reach(system="rate", steps=8, tried={4: 0.5, 8: 0.97}, seconds=0.002),
        Reach(system="ttfs", steps=None, tried={4: 0.5}),
    ),
    ratios=(Ratio(of="a", over="b", value=12.5), Ratio(of="c", over="d", value=None)),
    memory=(MemoryRow(system="rate T=32", steps=32, batch=10, process_bytes=None, tensor_bytes=1000),),
    peaks={"stream_bytes_per_second": 4e10, "gemm_operations_per_second": 1e11},
    kernels=(
        KernelRow(
            kernel="scan",
            shape="16 steps",
            bytes=1000,
            operations=500,
            seconds=1e-6,
            stream_bytes_per_second=2e9,
            share_of_stream=0.5,
            share_of_gemm=0.01,
        ),
    ),
    missing=(
        Missing(name="One", reason="is not installed", install="pip install one"),
        Missing(name="Two", reason="cannot be imported (No module named 'x')", install="pip install one"),
    ),
    left_out=(LeftOut(system="rate T=4", by="picojoule closed", reason="it has no closed form"),),
)
PARTS = ("rows", "reach", "ratios", "memory", "kernels", "missing", "left_out")


def test_the_schema():
    found = json.loads(FINDINGS.to_json())
    assert (found["schema"], found["kind"]) == (1, "bench")
    assert set(found) == {"schema", "kind", "title", "date", "environment", "data", "settings", "peaks", *PARTS}
    first, second = found["rows"]
    assert first["seconds"] == {"median": 0.002, "least": 0.001, "most": 0.003, "turns": [0.002, 0.001, 0.003]}
    assert set(first) == set(second) == set(Row.__slots__)
    assert second["ratio"] is second["accuracy"] is first["process_bytes"] is None, "unknown is null"
    assert found["reach"][0]["tried"] == {"4": 0.5, "8": 0.97} and found["reach"][1]["steps"] is None


def test_the_tables_show_every_row():
    drawn = table.text(FINDINGS)
    for each in (
        "rate T=4",
        "picojoule auto",
        "97.5 %",
        "load 0.2",
        "2.00 MB",
        "channels last",
        "500",
        "12.50",
        "16 steps",
        "–",
    ):
        assert each in drawn
    assert all(line == line.rstrip() and len(line) <= table.WIDTH for line in drawn.splitlines())


def test_one_line_names_what_is_missing_and_each_command_once():
    left, missing = table.notes(FINDINGS)
    assert left == "rate T=4 by picojoule closed is left out: it has no closed form."
    assert "One is not installed, Two cannot be imported" in missing and missing.count("pip install one") == 1


def test_tables_without_rows_are_left_out():
    bare = Findings(
        **{key: getattr(FINDINGS, key) for key in ("title", "date", "environment", "data", "settings", "rows")}
    )
    assert "Our kernels" not in table.text(bare) and "Fewest steps" not in table.text(bare)
