"""Events land where a convolution puts them, in every form of layer; results depend on nothing but the image."""

import itertools
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nets import converted, dyadic, inputs, small_cnn
from picojoule.base.errors import InputError
from picojoule.codes import TTFS, Code, Contract, Phase, Rate
from picojoule.conversion import convert, freeze, trace
from picojoule.engines import event, run
from picojoule.engines.circuit import Branch
from picojoule.engines.journey import Journey
from picojoule.ir import ReLU, WeightLayer
from picojoule.measurement.threads import on_threads
from picojoule.neurons import LIF, Neuron, PerStep
from suite import check_engines_agree


def moved_channels() -> nn.Conv2d:
    """Every second position, and zero channels on both sides, as a shortcut does."""
    layer = nn.Conv2d(4, 8, 1, stride=2, bias=False)
    layer.weight = nn.Parameter(nn.functional.pad(torch.eye(4) / 2, (0, 0, 2, 2))[..., None, None])
    return layer


LAYERS = {
    "border": nn.Conv2d(4, 6, 3, padding=1),
    "no border": nn.Conv2d(4, 6, 3),
    "stride": nn.Conv2d(4, 6, 3, stride=2, padding=1),
    "stride wider than the kernel": nn.Conv2d(4, 6, 1, stride=2),
    "stride 3 of kernel 5": nn.Conv2d(4, 6, 5, stride=3, padding=2),
    "groups": nn.Conv2d(4, 6, 3, padding=1, groups=2),
    "groups and stride": nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2),
    "depthwise": nn.Conv2d(4, 4, 3, padding=1, groups=4),
    "depthwise, twice as many": nn.Conv2d(4, 8, 3, padding=1, groups=4),
    "dilation": nn.Conv2d(4, 6, 3, padding=2, dilation=2),
    "dilation and stride": nn.Conv2d(4, 6, 3, padding=2, dilation=2, stride=2),
    "dilation 3, stride 2": nn.Conv2d(4, 6, 3, padding=3, dilation=3, stride=2),
    "uneven": nn.Conv2d(4, 6, (1, 5), stride=(2, 1), padding=(0, 2)),
    "padding wider than the kernel": nn.Conv2d(4, 6, 2, padding=1, stride=2),
    "1x1": nn.Conv2d(4, 6, 1),
    "transposed": nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1),
    "transposed, longer": nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1),
    "transposed, groups and dilation": nn.ConvTranspose2d(4, 6, 3, padding=2, dilation=2, groups=2),
    "average": nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(4, 6, 3, padding=1)),
    "average overlapping": nn.Sequential(nn.AvgPool2d(2, 1, 1, count_include_pad=False), nn.Conv2d(4, 6, 1)),
    "average ceil": nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(4, 6, 1)),
    "maximum": nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, padding=1)),
    "maximum overlapping": nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.Conv2d(4, 6, 1)),
    "maximum dilated": nn.Sequential(nn.MaxPool2d(2, 1, dilation=2), nn.Conv2d(4, 6, 1)),
    "whole blocks of outputs": nn.Conv2d(4, 16, 3, padding=1),
    "whole blocks of outputs and stride": nn.Conv2d(4, 16, 3, stride=2, padding=1),
    "one synapse a value": nn.Conv2d(4, 4, 1, groups=4),
    "one synapse a value and stride": nn.Conv2d(4, 4, 1, stride=2, groups=4),
    "one synapse a value, in another channel": moved_channels(),
    "more blocks of outputs": nn.Conv2d(4, 80, (3, 2), padding=(2, 1)),
    "without bias": nn.Conv2d(4, 6, 3, bias=False),
}


def around(layer: nn.Module) -> tuple[nn.Module, torch.Tensor]:
    """A network with the layer in its middle, on 7×9 images."""
    torch.manual_seed(0)
    body = [nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), layer, nn.ReLU(), nn.Flatten(), nn.LazyLinear(3)]
    net, x = nn.Sequential(*body), (inputs(3, shape=(2, 7, 9)) * 16).round() / 16
    net(x)
    return net, x


def spiking(model, x, code=None, **options):
    return dyadic(convert(model, x, code=code or Rate(steps=12), percentile=100, **options), dtype=torch.float32)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("way", ["event", "dense"])
def test_every_form_of_layer_equals_the_oracle(layer, way):
    model, x = around(layer)
    network = spiking(model, x)
    layers = {node.name: way for node in network.all(WeightLayer)}
    oracle, done = run(network, x, engine="stepped"), run(network, x, engine=layers)
    assert oracle.counts.total("spikes") > 50
    if way == "event":
        check_engines_agree(network, x, exactly=True)
    assert torch.equal(done.values, oracle.values) and done.counts == oracle.counts
    assert all(f"{name} " in done.plan for name in layers) and ("(dense)" in done.plan) == (way == "dense")


@pytest.mark.parametrize("way", ["event", "dense"])
@pytest.mark.parametrize("source", ["coded", "analogue"])
@pytest.mark.parametrize("second", [nn.Conv1d(4, 5, 3, dilation=2), nn.Conv1d(4, 16, 3, padding=1)], ids=repr)
def test_one_dimension(second, way, source):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv1d(2, 4, 3, stride=2, padding=1), nn.ReLU(), nn.MaxPool1d(2), second, nn.ReLU(),
        nn.AvgPool1d(2), nn.Flatten(), nn.LazyLinear(3),
    )  # fmt: skip
    x = (inputs(3, shape=(2, 32)) * 16).round() / 16
    model(x)
    network = spiking(model, x, input=source)
    ways = {layer.name: way for layer in network.all(WeightLayer)}
    oracle, done = run(network, x, engine="stepped"), run(network, x, engine=ways)
    assert torch.equal(done.values, oracle.values) and done.counts == oracle.counts


@settings(max_examples=40, deadline=None)
@given(
    kernel=st.integers(1, 4), stride=st.integers(1, 3), padding=st.integers(0, 2), dilation=st.integers(1, 3),
    size=st.integers(4, 9), groups=st.sampled_from([1, 2, 4]), transposed=st.booleans(),
)  # fmt: skip
def test_any_convolution(kernel, stride, padding, dilation, size, groups, transposed):
    reach = dilation * (kernel - 1) + 1
    if ((size - 1) * stride + reach <= 2 * padding) if transposed else (size + 2 * padding < reach):
        return
    torch.manual_seed(0)
    kind = nn.ConvTranspose2d if transposed else nn.Conv2d
    layer = kind(4, 4, kernel, stride, padding, dilation=dilation, groups=groups)
    model = nn.Sequential(layer, nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    x = (inputs(2, shape=(4, size, size + 1)) * 16).round() / 16
    model(x)
    network = spiking(model, x, code=Rate(steps=5))
    check_engines_agree(network, x, exactly=True)


def test_branches_side_by_side():
    """Events of several sources, each where the joined values have its own."""

    class Joined(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.a, self.b = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(2, 5, 1)
            self.after, self.last = nn.Conv2d(8, 4, 3), nn.Linear(4 * 25, 3)

        def forward(self, x):
            x = torch.cat([self.a(x).relu(), self.b(x).relu()], 1)
            return self.last(self.after(x).relu().flatten(1))

    x = (inputs(3, shape=(2, 7, 7)) * 16).round() / 16
    check_engines_agree(spiking(Joined().eval(), x), x, exactly=True)


@pytest.mark.parametrize("code", [TTFS(steps=16, start=8), TTFS(steps=16, start=15), Rate(steps=12)], ids=repr)
def test_a_crowded_sample_beside_a_quiet_one(code, monkeypatch):
    """In one layer every second sample is evaluated densely, the others by events."""
    turns = itertools.cycle((True, False))
    monkeypatch.setattr(Branch, "crowded", lambda branch, number, steps: next(turns))
    network, x = spiking(small_cnn(), inputs(8), code=code), inputs(6)
    done, oracle = run(network, x, engine="event"), run(network, x, engine="stepped")
    assert "(dense for" in done.plan
    torch.testing.assert_close(done.values, oracle.values, rtol=1e-4, atol=1e-5)
    assert done.counts == oracle.counts


def test_frames_that_change_from_step_to_step():
    """A trained network of neurons that sees another frame in every step."""
    torch.manual_seed(0)
    first, second = PerStep(nn.Conv2d(2, 4, 3, padding=1)), PerStep(nn.Flatten(), nn.Linear(144, 3))
    frames = (torch.rand(3, 20, 2, 6, 6) > 0.8).float()
    network = freeze(nn.Sequential(first, LIF(0.5), second).eval(), frames[:, 0], steps=20, frames=True)
    check_engines_agree(network, frames, exactly=False)


def test_output_that_fires():
    """A network that ends in neurons gives what they emit."""
    torch.manual_seed(0)
    whole, x = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2)), (inputs(3) * 16).round() / 16
    for model in (whole, whole[:2], nn.Sequential(*whole, nn.Flatten())):
        network = spiking(model, x)
        assert event.refuses(network) is None
        check_engines_agree(network, x, exactly=False)  # its scale is no dyadic number
        path = [run(network, x, engine=engine, trajectory=True).trajectory for engine in ("event", "stepped")]
        torch.testing.assert_close(*path)


# --- what results may depend on -----------------------------------------------------------------------------------


X = inputs(7)


@pytest.mark.parametrize("code", [Rate(steps=40), Phase(steps=80), TTFS(steps=20, start=9)], ids=repr)
@pytest.mark.parametrize("source", ["coded", "analogue"])
def test_neither_batch_nor_threads_nor_counting_change_a_bit(code, source, monkeypatch):
    monkeypatch.setattr(event, "_ENOUGH", 1)
    network = converted(code, input=source)
    whole = run(network, X)
    assert whole.plan.startswith("event")
    for threads, batch in ((1, 7), (2, 3), (3, 1)):
        with on_threads(threads):
            parts = [run(network, part, count=False).values for part in X.split(batch)]
        assert torch.equal(torch.cat(parts), whole.values)


def test_blocks_of_steps_do_not_change_a_bit():
    """100 steps are two blocks; going on from a state starts a third in between."""
    network = converted(Rate(steps=100))
    for x in (X, X.double()):
        whole = run(network.to("cpu", str(x.dtype).removeprefix("torch.")), x, trajectory=True)
        assert torch.equal(whole.trajectory[-1], whole.values)
    half = converted(Rate(steps=50))
    twice = run(half, X, state=run(half, X).state)
    assert torch.equal(twice.values, run(network, X).values)


class TwoHeads(nn.Module):
    """Its output is two layers' sums, one behind the other."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.one, self.other = nn.Conv2d(1, 4, 3, stride=4), nn.Linear(64, 2), nn.Linear(64, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.body(x).relu().flatten(1)
        return torch.cat([self.other(h), self.one(h)], 1)


def test_an_output_that_is_made_of_sums():
    """Also where a second run goes on."""
    torch.manual_seed(0)
    model = TwoHeads().eval()
    whole, half = (convert(model, X, code=Rate(steps=steps)) for steps in (12, 6))
    values = run(whole, X, engine="event").values
    for engine in ("layered", "stepped"):
        torch.testing.assert_close(run(whole, X, engine=engine).values, values)
    twice = run(half, X, engine="event", state=run(half, X, engine="event").state)
    torch.testing.assert_close(twice.values, values)


def test_states_are_exchanged_between_engines():
    half = dyadic(converted(Rate(steps=6)), dtype=torch.float32)
    x = (X * 16).round() / 16
    ends = []
    for first in ("event", "layered", "stepped"):
        for second in ("event", "layered", "stepped"):
            ends.append(run(half, x, engine=second, state=run(half, x, engine=first).state).values)
    assert all(torch.equal(end, ends[0]) for end in ends)


def test_a_choice_for_each_layer():
    network = converted(Rate(steps=12))
    forced = run(network, X, engine={"4": "dense", "8": "event"})
    assert "4 " in forced.plan and "(dense)" in forced.plan
    torch.testing.assert_close(forced.values, run(network, X, engine="stepped").values)
    for wrong in ({"conv9": "dense"}, {"4": "fast"}):
        with pytest.raises(InputError, match="run\\(engine") as caught:
            run(network, X, engine=wrong)
        assert "0, 4, 8" in caught.value.remedy


@pytest.mark.parametrize("code", [TTFS(steps=16), TTFS(steps=16, start=8)], ids=repr)
@pytest.mark.parametrize("way", ["event", "dense"])
def test_neurons_that_fire_once(code, way):
    network = dyadic(converted(code), dtype=torch.float32)
    x = (X * 16).round() / 16
    oracle = run(network, x, engine="stepped", trajectory=True)
    done = run(network, x, engine={layer.name: way for layer in network.all(WeightLayer)}, trajectory=True)
    torch.testing.assert_close(done.trajectory, oracle.trajectory)
    assert done.counts == oracle.counts


@pytest.mark.parametrize("start", [1, 8, 15])
def test_early_firing_is_dense_only_for_what_is_there_when_the_window_opens(start):
    """What arrives later has its own step, for a neuron that has fired takes in nothing more."""
    network = converted(TTFS(steps=16, start=start))
    done, oracle = run(network, X, engine={"4": "dense", "8": "event"}), run(network, X, engine="stepped")
    assert "4 " in done.plan and "(dense)" in done.plan
    torch.testing.assert_close(done.values, oracle.values, rtol=1e-4, atol=1e-5)
    assert done.counts == oracle.counts


def test_threads_of_a_run_count_alike_and_leave_those_of_torch_as_they_were(monkeypatch):
    monkeypatch.setattr(event, "_ENOUGH", 1)
    network, seen, travel = converted(Rate(steps=12), input="analogue"), [], Journey.run
    monkeypatch.setattr(Journey, "run", lambda journey: (seen.append(torch.get_num_threads()), travel(journey)))
    runs = []
    for threads in (1, 3):
        with on_threads(threads), ThreadPoolExecutor(1) as pool:
            runs.append(run(network, X))
            assert torch.get_num_threads() == pool.submit(torch.get_num_threads).result() == threads
    assert seen == [1] * 4
    assert torch.equal(runs[0].values, runs[1].values) and runs[0].counts == runs[1].counts


def test_many_python_threads_at_once():
    network = converted(Rate(steps=12))
    alone = run(network, X)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda _: run(network, X), range(24)))
    assert all(torch.equal(each.values, alone.values) and each.counts == alone.counts for each in together)


class _Runs(torch.utils.data.Dataset):
    """Runs a network for every item, as a data set that encodes its samples would."""

    def __init__(self, network):
        self.network = network

    def __len__(self):
        return len(X)

    def __getitem__(self, i):
        return run(self.network, X[i : i + 1]).values[0]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
def test_workers_of_a_data_loader():
    network = converted(Rate(steps=12))
    alone = run(network, X).values  # the parent has run its kernels before it forks
    loader = torch.utils.data.DataLoader(_Runs(network), batch_size=2, num_workers=2, multiprocessing_context="fork")
    assert torch.equal(torch.cat(list(loader)), alone)


@pytest.mark.parametrize("engine", ["auto", "event", "layered", "stepped"])
def test_what_is_not_a_number_is_refused(engine):
    x = X.clone()
    x[1, 0, 3, 3] = float("nan")
    with pytest.raises(InputError, match="sample 1 of the batch has a value that is not finite"):
        run(converted(Rate(steps=8), input="analogue"), x, engine=engine)


@pytest.mark.parametrize("engine", ["auto", "event", "layered", "stepped"])
def test_a_batch_of_no_samples(engine):
    with pytest.raises(InputError, match="no samples"):
        run(converted(Rate(steps=8)), X[:0], engine=engine)


def test_windows_of_different_length():
    codes = {"2": TTFS(steps=12), "5": TTFS(steps=20, start=7), "input": TTFS(steps=8)}
    model = small_cnn()
    names = [node.name for node in trace(model, X).nodes if isinstance(node, ReLU)]
    network = convert(model, X, code=dict(zip((*names, "input"), codes.values(), strict=True)), percentile=100)
    oracle, done = (run(network, X, engine=engine, trajectory=True) for engine in ("stepped", "event"))
    torch.testing.assert_close(done.trajectory, oracle.trajectory)
    assert done.counts == oracle.counts


@dataclass(frozen=True, kw_only=True)
class Halves(Code):
    """Waits for its inputs and fires more than once: each step subtracts half as much as the one before."""

    contract: ClassVar[Contract] = Contract(closed="ideal", error="2^-T", payload="power_of_two", spikes=None)
    name: ClassVar[str] = "halves"
    waits: ClassVar[bool] = True
    cite: ClassVar[tuple[str, ...]] = ()
    steps: int = 6

    def neuron(self):
        return Neuron(thresholds=self.amplitudes(), resets=self.amplitudes())

    def amplitudes(self):
        return tuple(2.0 ** -(1 + t) for t in range(self.steps))

    def injections(self):
        return (1.0,) + (0.0,) * (self.steps - 1)

    def value(self, u):
        return (u * 2**self.steps).floor().clamp(0, 2**self.steps - 1) / 2**self.steps

    def staircase(self):
        return None


def test_neurons_that_wait_and_fire_often():
    network, x = dyadic(converted(Halves()), dtype=torch.float32), (X * 16).round() / 16
    check_engines_agree(network, x, exactly=False)
    for way in ("event", "dense"):
        done = run(network, x, engine={layer.name: way for layer in network.all(WeightLayer)})
        assert done.counts == run(network, x, engine="stepped").counts
