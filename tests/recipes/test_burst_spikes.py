"""The recipe's parts: latency, claims that can fail, other data, and the first steps of the papers' setting."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nets import converted, inputs
from picojoule.base.errors import InputError
from picojoule.codes import Burst, Hybrid, Phase
from picojoule.cost import Counts, LayerCounts
from picojoule.data.vision import Images
from picojoule.engines import run
from picojoule.measurement import Observation
from picojoule.models.vision import VGG16, digit_cnn
from picojoule.recipes import burst_spikes as recipe
from picojoule.recipes import paper_networks
from picojoule.recipes.burst_spikes.claims import Cell, claims
from picojoule.recipes.burst_spikes.grid import HIDDEN, INPUTS, SIZES, grid, sweeps
from picojoule.recipes.burst_spikes.latency import Curve, curve
from picojoule.recipes.settings import Settings
from picojoule.result import Energy, Row

claiming = importlib.import_module("picojoule.recipes.burst_spikes.claims")  # the package has a function of this name
NETWORK = converted(Hybrid(input=Phase(steps=16), hidden=Burst(steps=16)))


def curve_of(*agreement: float) -> Curve:
    values = torch.tensor(agreement)
    return Curve(network=NETWORK, hits=values, agreement=values)


@pytest.mark.parametrize(
    ("agreement", "latency"),
    [
        ((0.1, 0.999, 0.9, 0.996, 1.0), 4),
        ((1.0, 1.0), 1),
        ((0.2, 0.995), 2),
        ((1.0, 0.99), None),
        ((0.5, 0.5), None),
    ],
)
def test_latency_is_the_step_from_which_on_decisions_are_the_anns(agreement, latency):
    assert curve_of(*agreement).latency == latency


def test_a_stopped_network_is_the_curve_cut_off():
    x = inputs(12)
    whole = curve(NETWORK, x, torch.zeros(12, dtype=torch.long), run(NETWORK, x).values.argmax(1))
    early = Curve(network=NETWORK, hits=whole.hits[:5], agreement=torch.tensor([0.0, 0, 0, 0, 1]))
    stopped = early.stopped()
    assert stopped.name == "phase-burst T=8" and run(stopped, x).counts.steps == 8  # the end of the first period
    decisions = run(stopped, x).values.argmax(1)
    assert float((decisions == 0).double().mean()) == pytest.approx(float(whole.hits[7]))
    assert whole.agreement[-1] == 1


def test_the_grid_is_every_input_before_every_hidden_code():
    cells = grid(16)
    assert len(cells) == len(INPUTS) * len(HIDDEN) == len({each.label for each in cells.values()})
    assert all(each.input is None or each.input.pace == each.hidden.pace for each in cells.values())
    for letter, along in sweeps(SIZES["quick"]).items():
        assert list(along) == sorted(along) and len(along) == 5, letter


# --- claims -----------------------------------------------------------------------------------------------------------


def cell(spikes: float, steps: int) -> Cell:
    counts = Counts(samples=1, steps=steps, layers=(LayerCounts(name="c", neurons=10, spikes=int(spikes)),))
    seen = Observation(
        network=NETWORK,
        counts=counts,
        hits=1,
        decisions=torch.zeros(1),
        seconds_per_sample=None,
        peak_bytes=None,
        plan="",
    )
    agreement = torch.cat([torch.zeros(steps - 1), torch.ones(1)]) if steps else torch.zeros(4)
    return Cell(replace(curve_of(1.0), agreement=agreement), seen)


def found(burst: tuple[float, int], others: tuple[float, int] = (100, 20), mode: str = "quick"):
    cells = {name: cell(*(burst if name[1] == "burst" else others)) for name in grid(16)}
    row = Row(system=NETWORK.name, metrics={}, energy=(Energy(profile="truenorth-normalised", relative=burst[0] / 1e4,
                                                              reference="old"),))  # fmt: skip
    samples = Images(images=torch.rand(2, 1, 16, 16), labels=torch.zeros(2, dtype=torch.long))
    given = cells, cell(10_000, 100), (row,), samples, Settings(mode=mode)
    return {each.id: each for each in claims(*given)}


def test_claims_are_reached_and_not():
    good, bad, never = found((50, 10)), found((150, 30)), found((50, 0))
    for name in ("fewer-spikes", "faster"):
        assert (good[name].status, bad[name].status, never[name].status) == ("reached", "not-reached", "not-reached")
        assert never[name].measured is None and never[name].reason
    assert good["more-efficient"].status == "reached" and never["more-efficient"].status == "not-reached"
    assert good["phase-burst-efficient"].status == "not-reached"  # the other bursts are as good
    assert {good[f"cifar10-{what}"].status for what in ("spikes", "steps")} == {"not-tried"}
    assert all(good[each].status == "reached" for each in ("engines-agree", "constant-drive", "charge"))


def test_structural_claims_can_fail(monkeypatch):
    monkeypatch.setattr(Burst, "value", lambda self, u: u)
    assert claiming.closed_forms_that_differ() > 0
    monkeypatch.setattr(Burst, "carried", lambda self, spikes, dtype: spikes.sum(0).to(dtype))
    assert claiming.charges_that_differ() > 0


# --- data and networks ------------------------------------------------------------------------------------------------


def test_networks_of_the_papers():
    vgg, digits = VGG16().eval(), digit_cnn().eval()
    assert vgg(torch.rand(2, 3, 32, 32)).shape == (2, 10) and digits(torch.rand(2, 1, 28, 28)).shape == (2, 10)
    sizes = [out.numel() for out in _outputs(vgg, torch.rand(1, 3, 32, 32))]
    assert sum(sizes) == 277_514  # the neurons that the spiking densities of the papers are of
    assert sum(out.numel() for out in _outputs(digits, torch.rand(1, 1, 28, 28))) == 11_018


def _outputs(model, x):
    """Of every weight layer."""
    seen = []
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(lambda _, __, out: seen.append(out))
    model(x)
    return seen


def saved(folder, shape, classes=10, train=24, test=4):
    generator = np.random.default_rng(0)
    arrays = {}
    for part, number in (("train", train), ("test", test)):
        arrays[f"x_{part}"] = generator.integers(0, 256, (number, *shape), dtype=np.uint8)
        arrays[f"y_{part}"] = np.arange(number) % classes
    np.savez(folder / "data.npz", **arrays)
    return str(folder / "data.npz")


def test_pictures_need_the_full_mode(tmp_path):
    with pytest.raises(InputError, match="images of shape") as caught:
        recipe.build(Settings(mode="quick", data=saved(tmp_path, (32, 32, 3))))
    assert "--full" in caught.value.remedy


def little(classes: int) -> nn.Module:
    """In place of VGG-16, of which all is the same but the size."""
    return nn.Sequential(
        *(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(4 * 7 * 7, classes), nn.BatchNorm1d(classes)),
    )


@pytest.mark.parametrize("build", [little, pytest.param(VGG16, marks=pytest.mark.slow)])
def test_the_first_steps_of_the_papers_setting(build, tmp_path, monkeypatch):
    """Trained for an epoch of a handful of pictures, codes a few steps long: every claim is tried."""
    short = {shape: replace(each, epochs=1, build=build) for shape, each in paper_networks.SETTINGS.items()}
    monkeypatch.setattr(paper_networks, "SETTINGS", short)
    monkeypatch.setitem(SIZES, "full", replace(SIZES["smoke"], steps=8, old_steps=8, samples=2, swept=1, looked_at=1))
    few = {name: each for name, each in grid(8).items() if "phase" in name or name == ("real", "burst")}
    monkeypatch.setattr(recipe, "grid", lambda steps: few)
    monkeypatch.setattr(claiming, "INPUTS", ("phase",))
    result = recipe.build(Settings(mode="full", data=saved(tmp_path, (32, 32, 3)), batch=2))
    assert {claim.status for claim in result.claims} <= {"reached", "not-reached"}
    assert result.rows[0].system == "ann fp32"
    assert sum(layer["neurons"] or 0 for layer in result.rows[-1].layers) == {VGG16: 277_504, little: 900}[build]


def test_a_smoke_result_has_the_figures():
    result = recipe.build(Settings(mode="smoke", limit=4))
    names = {series.name for series in result.series}
    assert {"accuracy against steps", "gaps between spikes", "spikes by their place in a burst"} < names
    assert any(name.startswith("regularity") for name in names)
    assert {"steps to the ANN's decision against v_th", "spikes to the ANN's decision against β"} < names
    spiking = [row for row in result.rows if not row.system.startswith("ann")]
    assert all("steps_to_ann_decision" in row.metrics and row.metrics["spiking_density"] > 0 for row in spiking)
