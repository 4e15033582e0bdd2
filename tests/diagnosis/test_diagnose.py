"""Planted faults are found: the layer and the cause; and sound networks are left in peace."""

import json
from dataclasses import replace

import pytest
import torch

import nets
import picojoule as pj
import zoo
from faults import FAULTS, changed, layer_of
from picojoule.base.errors import DataError, InputError
from picojoule.codes import TTFS, Phase, Rate
from picojoule.data.vision import digits
from picojoule.models import embedded


def digit_net():
    return embedded(), digits.load().train.take(200).images, TTFS(steps=80), 1


def plain_cnn():
    return nets.small_cnn(), nets.inputs(128), Rate(steps=128), 0


def residual():
    return zoo.trained("resnet"), zoo.pictures(128) - 0.3, Rate(steps=128), 0


NETWORKS = {"digits under TTFS": digit_net, "strides and groups under rate": plain_cnn, "residual under rate": residual}


@pytest.fixture(scope="module", params=NETWORKS.values(), ids=NETWORKS)
def system(request):
    model, data, code, place = request.param()
    return model, data, code, place, pj.convert(model, data, code=code, percentile=100)


def test_a_sound_network_is_left_in_peace(system):
    model, data, _, _, network = system
    found = pj.diagnose(model, network, data, samples=24)
    assert found.first_bad is None, str(found)
    assert found.agreement > 0.9
    assert "nothing to mend" in str(found)


@pytest.mark.parametrize("cause", FAULTS)
def test_a_planted_fault_is_named(system, cause):
    model, data, code, place, network = system
    faulty, layer = FAULTS[cause](
        network, model, place, lambda factor: pj.convert(model, data * factor, code=code, percentile=100)
    )
    found = pj.diagnose(model, faulty, data, samples=24)
    assert found.first_bad is not None, str(found)
    assert (found.first_bad.name, found.cause.name) == (layer, cause), f"{found}"
    assert found.cause.remedy in str(found)


def small(code, **options):
    model = nets.small_cnn()
    return model, pj.convert(model, nets.inputs(64), code=code, **{"percentile": 100, **options})


def test_a_threshold_of_the_code_itself_is_seen():
    model, network = small(TTFS(steps=80))
    fire, layer = layer_of(network, 1)
    faulty = changed(network, replace(fire, code=TTFS(steps=80, threshold=10.0)))
    found = pj.diagnose(model, faulty, nets.inputs(16, seed=3))
    assert (found.first_bad.name, found.cause.name) == (layer.name, "threshold")


@pytest.mark.parametrize(
    ("code", "options", "cause"),
    [(Rate(steps=64), {"percentile": 40}, "saturation"), (TTFS(steps=3), {}, "resolution")],
    ids=lambda each: str(each),
)
def test_honest_reasons_are_told_from_faults(code, options, cause):
    model, network = small(code, **options)
    found = pj.diagnose(model, network, nets.inputs(16, seed=3))
    assert found.cause.name == cause, str(found)
    assert 0.5 < found.cause.explained <= 1


@pytest.mark.parametrize("code", [Rate(steps=16), Phase(steps=8), TTFS(steps=20), TTFS(steps=20, start=10)])
def test_what_is_reported_is_what_runs(code):
    """The output's line is the difference of the outputs; nothing is carried into the first layer."""
    model, network = small(code)
    x = nets.inputs(20, seed=4)
    found = pj.diagnose(model, network, (x, torch.zeros(20, dtype=torch.long)), samples=20)
    ann, spiking = model(x).detach(), pj.run(network, x).values
    last = found.layers[-1]
    assert last.error == pytest.approx(float((spiking - ann).norm() / ann.norm()), rel=1e-4)
    assert found.agreement == pytest.approx(float((spiking.argmax(1) == ann.argmax(1)).float().mean()))
    assert found.accuracy["ANN"] == pytest.approx(float((ann.argmax(1) == 0).float().mean()))
    assert found.layers[0].carried == 0
    assert all(0 <= share <= 1 for layer in found.layers[:-1] for share in (layer.saturated, layer.silent))


def test_signed_neurons_are_held_to_their_signed_values():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 3, 2), torch.nn.LeakyReLU(0.1), torch.nn.Flatten(), torch.nn.Linear(6 * 49, 4)
    ).eval()
    x = nets.inputs(32)
    network = pj.convert(model, x, code=Rate(steps=128), percentile=100)
    found = pj.diagnose(model, network, x)
    assert found.first_bad is None, str(found)


def test_spikes_that_are_taken_back_count_against_those_before():
    """What corrected layers have sent, signs and all, is what the read-out has received."""
    model, x = zoo.trained("resnet"), zoo.pictures(64) - 0.3
    found = pj.diagnose(model, pj.convert(model, x, code=Rate(steps=8, corrected=True)), x)
    assert found.layers[-1].added < 1e-5


def test_wrong_input_is_refused():
    model, network = small(Rate(steps=8))
    with pytest.raises(InputError, match="does not fire"):
        pj.diagnose(model, pj.trace(model, nets.inputs(1)), nets.inputs(4))
    with pytest.raises(InputError, match="not those of the model"):
        pj.diagnose(
            torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(256, 7), torch.nn.ReLU()), network, nets.inputs(4)
        )
    with pytest.raises(DataError, match="not finite"):
        pj.diagnose(model, network, torch.full((2, 1, 16, 16), torch.nan))


def test_it_is_written_as_json_and_as_a_page(tmp_path):
    model, network = small(TTFS(steps=3))
    found = pj.diagnose(model, network, nets.inputs(8))
    told = json.loads(found.save(tmp_path / "diagnosis.json").read_text())
    assert told["first_bad"] == found.first_bad.name
    assert [layer["name"] for layer in told["layers"]] == [layer.name for layer in found.layers]
    page = pj.report(found).save(tmp_path / "diagnosis.html").read_text()
    assert page.count("<svg") == 2
    assert found.cause.remedy in page
    with pytest.raises(InputError, match="no format"):
        pj.report(found).save(tmp_path / "diagnosis.csv")
