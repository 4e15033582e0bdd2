"""The verb run: values and counts do not depend on batches, on what ran before or on who runs beside it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from nets import converted, inputs, small_cnn
from picojoule.base.errors import ConversionError, EngineError, InputError
from picojoule.codes import TTFS, Burst, Hybrid, Phase, Poisson, Rate
from picojoule.conversion import convert, quantise, trace
from picojoule.conversion.fold import fold
from picojoule.cost.counts import add_up
from picojoule.engines import run
from picojoule.ir import Fire, Network, WeightLayer
from picojoule.ir.dense import evaluate

CODES = [Rate(steps=12), Phase(steps=16), TTFS(steps=24)]
X = inputs(9, 7)
STEPPING = ("event", "layered", "stepped")


def dense() -> Network:
    return fold(trace(small_cnn(), X))


SYSTEMS = {
    **{code.label: lambda code=code: converted(code) for code in CODES},
    "analogue": lambda: converted(TTFS(steps=24), input="analogue"),
    "ann": dense,
    "int8": lambda: quantise(small_cnn(), inputs(32)),
}


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_a_batch_is_its_parts(system):
    network = system()
    whole = run(network, X)
    for size in (1, 4):
        parts = [run(network, x) for x in X.split(size)]
        torch.testing.assert_close(torch.cat([part.values for part in parts]), whole.values)
        assert add_up(part.counts for part in parts) == whole.counts
    assert whole.counts.samples == len(X)


@pytest.mark.parametrize("code", CODES, ids=repr)
def test_nothing_remembers_between_calls(code):
    network, other = converted(code), converted(code, seed=5)
    alone = [run(net, X) for net in (network, other)]
    for _ in range(2):
        for net, expected in zip((network, other), alone, strict=True):
            again = run(net, X)
            assert torch.equal(again.values, expected.values) and again.counts == expected.counts


def test_short_numbers_in_closed_form():
    """In bfloat16 the closed form is the layers and the staircases in bfloat16, close to what it is in float32."""
    network = converted(TTFS(steps=24))
    short = network.to("cpu", "bfloat16")
    done, full = run(short, X), run(network, X)
    u = X.bfloat16()
    for node in short.nodes[1:]:
        u = node.code.value(u) if isinstance(node, Fire) else evaluate(node, u)
    assert done.values.dtype == torch.bfloat16
    torch.testing.assert_close(done.values, u, rtol=0.02, atol=0.02)
    torch.testing.assert_close(done.values.float(), full.values, rtol=0.1, atol=0.1)
    assert done.counts.total("spikes") == pytest.approx(full.counts.total("spikes"), rel=0.02)
    for engine in ("event", "stepped"):
        with pytest.raises(EngineError, match="too few bits"):
            run(short, X, engine=engine)
    with pytest.raises(EngineError, match="use float32, or a code"):
        run(converted(Rate(steps=4)).to("cpu", "bfloat16"), X)


def test_the_input_is_not_changed():
    for code in CODES:
        for source in ("coded", "analogue"):
            x = X.clone()
            run(converted(code, input=source), x)
            assert torch.equal(x, X)


STREAMED = [
    (Rate(steps=10), Rate(steps=20)),
    (Rate(steps=10, corrected=True), Rate(steps=20, corrected=True)),
    (Phase(steps=8), Phase(steps=16)),
    (Burst(steps=7), Burst(steps=14)),
    tuple(Hybrid(input=Poisson(steps=steps), hidden=Burst(steps=steps)) for steps in (9, 18)),
]


@pytest.mark.parametrize("source", ["coded", "analogue"])
@pytest.mark.parametrize(("half", "full"), STREAMED, ids=["rate", "corrected", "phase", "burst", "poisson-burst"])
def test_two_runs_with_state_are_one_of_twice_the_steps(half, full, source):
    source = "auto" if isinstance(half, Hybrid) else source
    network = converted(half, input=source)
    by_event = {layer.name: "event" for layer in network.all(WeightLayer)}  # a choice of its own may differ by block
    first = run(network, X, engine=by_event)
    second = run(network, X, engine=by_event, state=first.state)
    once = run(converted(full, input=source), X, engine=by_event)
    assert torch.equal(second.values, once.values)
    for count in ("spikes", "synops", "events_in"):
        assert first.counts.total(count) + second.counts.total(count) == once.counts.total(count)


def test_a_state_is_a_value():
    """Going on from one state twice gives the same twice."""
    network = converted(Rate(steps=10))
    state = run(network, X).state
    a, b = (run(network, X, state=state).values for _ in range(2))
    assert torch.equal(a, b) and not torch.equal(a, run(network, X).values)


@pytest.mark.parametrize("code", CODES, ids=repr)
def test_trajectory_ends_in_the_values(code):
    network = converted(code)
    done = run(network, X, trajectory=True)
    assert done.plan.startswith("event")
    assert torch.equal(done.trajectory[-1], done.values)
    assert len(done.trajectory) == done.counts.steps


@pytest.mark.parametrize("code", CODES, ids=repr)
def test_records_exactly_what_is_asked_for(code):
    network = converted(code)
    done = run(network, X, record=["4", "input"])
    assert set(done.trains) == {"4", "input"}
    by_name = {layer.name: layer for layer in done.counts.layers}
    for layer, train in done.trains.items():
        spikes = (train if hasattr(train, "spikes") else train.raster()).spikes
        assert spikes.shape[:2] == (code.steps, len(X))
        assert int(spikes.sum()) == by_name[layer].spikes > 0


@pytest.mark.parametrize(
    ("code", "engine"), [(TTFS(steps=24), "closed"), *((Rate(steps=6), engine) for engine in STEPPING)]
)
def test_records_come_in_the_order_of_the_network(code, engine):
    network = converted(code)
    layers = [fire.layer for fire in network.all(Fire)]
    assert list(run(network, X, engine=engine, record=layers[::-1]).trains) == layers


def test_counting_can_be_left_out():
    for code in CODES:
        network = converted(code)
        done = run(network, X, count=False)
        assert done.counts is None and torch.equal(done.values, run(network, X).values)


REFUSED = {
    "unknown layer": (Rate(steps=4), {"record": ["conv9"]}, InputError, "no firing layer named conv9"),
    "unknown engine": (Rate(steps=4), {"engine": "quantum"}, InputError, "no engine 'quantum'"),
    "closed rate": (Rate(steps=4), {"engine": "closed"}, EngineError, "no closed form"),
    "closed phase": (Phase(steps=8), {"engine": "closed"}, EngineError, "no closed form"),
    "layered ttfs": (TTFS(steps=8), {"engine": "layered"}, EngineError, "share no steps"),
    "closed trajectory": (TTFS(steps=8), {"engine": "closed", "trajectory": True}, EngineError, "needs steps"),
}


@pytest.mark.parametrize(("code", "options", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(code, options, error, message):
    with pytest.raises(error, match=message) as caught:
        run(converted(code), X, **options)
    assert caught.value.remedy


def test_ttfs_has_no_state_to_go_on_from():
    network = converted(TTFS(steps=8))
    state = run(network, X, engine="stepped").state
    with pytest.raises(EngineError, match="fire once"):
        run(network, X, state=state)


def test_a_state_of_another_batch_is_refused():
    """One of a single sample would otherwise be shared by all."""
    network = converted(Rate(steps=4))
    for samples in (1, 3):
        with pytest.raises(InputError, match=f"a state of {samples} samples and a batch of {len(X)}"):
            run(network, X, state=run(network, X[:samples]).state)


def test_an_ann_has_no_steps():
    with pytest.raises(EngineError, match="nothing fires"):
        run(dense(), X, engine="stepped")
    with pytest.raises(EngineError, match="needs steps"):
        run(dense(), X, trajectory=True)
    done = run(dense(), X)
    assert done.counts.steps is None and done.plan == "closed: nothing fires"


def test_inputs_of_another_shape_are_refused():
    with pytest.raises(ConversionError, match=r"where \[batch, 1, 16, 16\] is expected"):
        run(converted(Rate(steps=4)), torch.rand(2, 1, 8, 8))


@pytest.mark.parametrize("code", CODES, ids=repr)
def test_the_chosen_engine_says_why(code):
    plan = run(converted(code), X).plan
    assert plan.startswith("closed" if isinstance(code, TTFS) else "event") and len(plan) > 20


# --- numbers and devices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_float64_gives_nearly_the_same(system):
    network = system()
    single, double = run(network, X), run(network.to("cpu", "float64"), X)
    assert double.values.dtype == torch.float64
    assert (single.values - double.values).abs().max() < 0.05 * double.values.abs().max()
    assert double.counts.total("macs") == single.counts.total("macs")
    assert double.counts.total("spikes") == pytest.approx(single.counts.total("spikes"), rel=0.01)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float64, torch.bool])
def test_inputs_of_any_number_type(dtype):
    network, x = converted(Rate(steps=8)), X.round()
    assert torch.equal(run(network, x.to(dtype)).values, run(network, x).values)


WRONG_PLACES = [
    ("abacus", "float32", "--device"),
    ("meta", "float32", "--device"),
    ("", "float32", "--device"),
    ("cpu", "float31", "--dtype"),
    ("cpu", "int8", "--dtype"),
    ("cpu", "nn", "--dtype"),
]


@pytest.mark.parametrize(("device", "dtype", "where"), WRONG_PLACES)
def test_no_such_device_or_number_type(device, dtype, where):
    with pytest.raises(InputError) as caught:
        dense().to(device, dtype)
    assert caught.value.where == where and caught.value.remedy


# --- threads and workers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [TTFS(steps=24), Rate(steps=6)], ids=repr)
def test_eight_threads_at_once_give_what_one_gives(code):
    """Also where none of them has run the network before."""
    expected, network = run(converted(code), X), converted(code)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: run(network, X), range(16)))
    assert all(torch.equal(each.values, expected.values) and each.counts == expected.counts for each in found)


class InAWorker(Dataset):
    """Runs the network inside the worker process."""

    def __init__(self, network: Network):
        self.network = network

    def __len__(self) -> int:
        return 4

    def __getitem__(self, i: int) -> torch.Tensor:
        return run(self.network, X[i : i + 1], count=False).values[0].clone()


def test_forked_workers_run_too():
    network = converted(TTFS(steps=24))
    expected = run(network, X).values[:4]
    loader = DataLoader(InAWorker(network), batch_size=2, num_workers=2, multiprocessing_context="fork")
    torch.testing.assert_close(torch.cat(list(loader)), expected)
    torch.testing.assert_close(run(network, X).values[:4], expected)


def test_macs_and_bias_additions_by_hand():
    """A grouped convolution of 72 weights to 4×4×4 outputs, and a linear layer of 64 to 3; 5 samples, 7 steps."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)).eval()
    x = torch.rand(5, 4, 6, 6)
    whole = {"0": (5 * 64 * 18, 5 * 64), "3": (5 * 64 * 3, 5 * 3)}
    held = {"0": (5 * 64 * 18, 5 * 64 * 7), "3": (0, 5 * 3 * 7)}
    coded = {"input": (0, 0), "0": (0, 5 * 64 * 7), "3": (0, 5 * 3 * 7)}
    once = {"input": (0, 0), "0": (0, 5 * 64), "3": (0, 5 * 3)}
    for network, due in (
        (trace(model, x), whole),
        (convert(model, x, code=Rate(steps=7), input="analogue"), held),
        (convert(model, x, code=Rate(steps=7)), coded),
        (convert(model, x, code=TTFS(steps=9)), once),
    ):
        layers = run(network, x).counts.layers
        assert {each.name: (each.macs, each.bias_adds) for each in layers} == due, network.name
