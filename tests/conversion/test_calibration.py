"""Calibration beyond percentiles: what each pass promises, and that engines run what it makes."""

import pytest
import torch

import nets
import zoo
from picojoule.base.errors import ConversionError, InputError
from picojoule.codes import TTFS, Phase, Rate
from picojoule.conversion import convert
from picojoule.conversion.calibration import CALIBRATIONS
from picojoule.conversion.histogram import Histogram
from picojoule.conversion.thresholds import best_scales, squared_error
from picojoule.conversion.walk import walk
from picojoule.engines import run
from picojoule.ir import Fire
from picojoule.ir.dense import per_channel
from picojoule.ir.file import load, save
from suite import check_engines_agree

DATA = nets.inputs(96)


def errors(network, by):
    """The errors of each layer before and after a pass, from the network's history."""
    told = [fate.became.removeprefix("calibrated: error ") for fate in network.conversion.fates if fate.by == by]
    return [tuple(float(each.rstrip("%")) for each in line.split(" → ")) for line in told]


@pytest.mark.parametrize("code", [Rate(steps=8), Phase(steps=8), TTFS(steps=12)], ids=lambda code: code.label)
def test_a_walk_sees_what_the_engines_run(code):
    network = nets.converted(code)
    x, seen = nets.inputs(5, seed=9), {}

    def look(layer):
        seen[layer.fire.layer] = layer.decode(layer.fire, None)
        return layer.fire, None

    same = walk(network, x, look)
    assert torch.equal(run(same, x).values, run(network, x).values)
    trains = run(network, x, engine="stepped", record=list(seen)).trains
    for layer, values in seen.items():
        decoded = torch.tensordot(torch.tensor(code.amplitudes()), trains[layer].spikes.float(), 1) / code.repeats
        assert torch.allclose(values, decoded, atol=1e-5)


@pytest.mark.parametrize("code", [Rate(steps=8), Phase(steps=8), TTFS(steps=6)], ids=lambda code: code.label)
@pytest.mark.parametrize("names", [*CALIBRATIONS, ("kernel", "threshold", "initial", "membrane", "bias")], ids=str)
def test_every_calibration_of_every_code_runs_on_every_engine(code, names):
    network = nets.converted(code, calibrate=names)
    chosen = names if isinstance(names, tuple) else (names,)
    assert network.name == " +".join([code.label, *(name for name in CALIBRATIONS if name in chosen)])
    assert dict(network.conversion.choices)["calibrated"] == ", ".join(chosen)
    check_engines_agree(network.to("cpu", "float64"), nets.inputs(4, seed=5).double(), exactly=False)


@pytest.mark.parametrize("name", ["membrane", "bias"])
@pytest.mark.parametrize(
    "build", [lambda: (nets.small_cnn(), DATA), lambda: (zoo.trained("resnet"), zoo.pictures(64) - 0.3)]
)
def test_means_are_those_of_the_ann(name, build):
    """Of every channel, on the calibration data; a quarter of a spike is as near as few spikes can come."""
    model, data = build()
    code = Rate(steps=8)
    plain, fitted = (convert(model, data, code=code, percentile=100, calibrate=names) for names in ((), (name,)))
    before, after = (_mean_error(network, model, data) for network in (plain, fitted))
    assert after < 0.5 * before
    assert all(late <= early + 1 for early, late in errors(fitted, name))


def _mean_error(network, model, data):
    """How far the channels' means are from the ANN's, relative to them, over all layers."""
    from picojoule.conversion.pipeline import reference_of
    from picojoule.diagnosis.evidence import gather

    found = gather(reference_of(model, data[:1], coded_input="input.fire" in network.by_name), network, data[:64])
    gaps = [
        (each.sent - each.exact).mean([0, *range(2, each.sent.dim())]).norm()
        / each.exact.mean([0, *range(2, each.sent.dim())]).norm()
        for each in found
        if each.fire is not None and each.name != "input"
    ]
    return float(torch.stack(gaps).mean())


def test_initial_potentials_never_make_a_layer_worse():
    network = nets.converted(Rate(steps=4), calibrate="initial")
    assert errors(network, "initial")
    assert all(after <= before for before, after in errors(network, "initial"))


def test_the_scale_is_the_best_of_those_tried():
    """Against brute force over the values themselves."""
    torch.manual_seed(0)
    values = torch.rand(2000, 3).pow(4) * torch.tensor([1.0, 5.0, 0.1])
    histogram = Histogram(3)
    histogram.add(values)
    code, largest = Rate(steps=6), values.amax(0).double()
    found = best_scales({"a": histogram}, {"a": code}, {"a": largest}, norm="channel")["a"]
    tried = torch.linspace(0.1, 1.0, 19, dtype=torch.float64).view(-1, 1) * largest
    brute = torch.stack([(scale * code.value(values / scale) - values).square().sum(0) for scale in tried])
    mine = (found * code.value(values / found) - values).square().sum(0)
    assert (mine <= 1.1 * brute.amin(0)).all()
    assert (found < largest).all()
    assert torch.allclose(squared_error(histogram, code, largest), brute[-1].double(), rtol=0.05)


def test_a_kernel_for_each_layer():
    network = nets.converted(TTFS(steps=12), calibrate="kernel")
    codes = [fire.code for fire in network.all(Fire) if fire.layer != "input"]
    assert {code.steps for code in codes} == {12}
    assert all(code != TTFS(steps=12) for code in codes)
    x = nets.inputs(64, seed=3)
    model = nets.small_cnn()
    plain, fitted = (
        (run(each, x).values - model(x)).square().mean().item() for each in (nets.converted(TTFS(steps=12)), network)
    )
    assert fitted < plain


def test_a_start_of_its_own_is_kept_in_the_file(tmp_path):
    network = nets.converted(Rate(steps=8), calibrate="membrane")
    again = load(save(network, tmp_path / "network.safetensors"))
    x = nets.inputs(4)
    assert torch.equal(run(network, x).values, run(again, x).values)
    start = next(fire.start for fire in again.all(Fire) if fire.start is not None)
    assert not torch.allclose(per_channel(start, (6, 1, 1)), torch.tensor(0.5))


def test_wrong_words_and_early_firing_are_refused():
    with pytest.raises(InputError, match="no calibration 'bais'"):
        nets.converted(Rate(steps=8), calibrate=("bais",))
    with pytest.raises(ConversionError, match="cannot be run one after the other"):
        nets.converted(TTFS(steps=8, start=4), calibrate=("bias",))
