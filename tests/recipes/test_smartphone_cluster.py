"""The parts of smartphone-cluster that the smoke mode does not tell about: calibration, layers, scaling, claims."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.data.vision import synthetic
from picojoule.measurement.collectives import Reduction
from picojoule.models.vision import DigitNet
from picojoule.recipes.settings import Settings
from picojoule.recipes.smartphone_cluster.claims import claims
from picojoule.recipes.smartphone_cluster.large_batch import OPTIMISERS, Learnt, crossing, learn, network
from picojoule.recipes.smartphone_cluster.layers import imagenet, table
from picojoule.recipes.smartphone_cluster.local import PROCESSES, Local, Timed, calibrated
from picojoule.recipes.smartphone_cluster.phones import Phones, images_per_s, simulate, with_rate
from picojoule.recipes.smartphone_cluster.plan import PHONES, PLANS
from picojoule.recipes.smartphone_cluster.worker import train_exactly
from picojoule.sim.cluster import Device, Layer, Star, flop, gradient_bytes, step
from picojoule.sim.cluster.devices import P100, WIRED

NETWORK = Star(name="test", source="test", latency_s=1e-4, bytes_per_s=1e9)
TRUE = Device(
    name="true", source="test", flop_per_s=2e10, grouped_flop_per_s=3e9, bytes_per_s=2e9, layer_s=3e-4
)  # fmt: skip
LAYERS = (
    Layer(name="a", macs=1_000_000, values=10_000, weights=500),
    Layer(name="b", macs=2_000_000, values=20_000, weights=1500, groups=8),
)
SMOKE = PLANS["smoke"]


@pytest.fixture(scope="module")
def phones() -> Phones:
    return simulate(replace(SMOKE, counts=(1, 30, 138)), imagenet(32), seed=0)


def test_the_table_of_layers_is_the_network():
    tables = imagenet()
    assert {name: flop(layers) for name, layers in tables.items()} == {
        "resnet-50": 2 * (3 * 4_089_184_256 - 118_013_952),
        "mobilenet-v1": 2 * (3 * 568_740_352 - 10_838_016),
    }
    assert {name: gradient_bytes(layers) for name, layers in tables.items()} == {
        "resnet-50": 4 * 25_557_032,
        "mobilenet-v1": 4 * 4_231_976,
    }
    assert sum(layer.groups for layer in tables["mobilenet-v1"] if layer.groups > 1) == 4960
    model = DigitNet()
    layers = table(model, torch.zeros(1, 1, 28, 28))
    assert gradient_bytes(layers) == 4 * sum(each.numel() for each in model.parameters())


@pytest.mark.parametrize(("factor", "overhead"), [(1.0, 3e-4), (2.5, 1e-5)])
def test_a_device_is_calibrated_by_two_steps(factor, overhead):
    """Layers alone are `factor` too fast and know no overhead; two measured steps give both back."""
    alone = replace(
        TRUE,
        flop_per_s=factor * TRUE.flop_per_s,
        grouped_flop_per_s=factor * TRUE.grouped_flop_per_s,
        bytes_per_s=factor * TRUE.bytes_per_s,
        layer_s=0.0,
    )
    true = replace(TRUE, layer_s=overhead)
    shape = {"nodes": PROCESSES, "overlaps": False}
    known = {b: step(LAYERS, true, NETWORK, batch=b, **shape).seconds for b in (4, 16)}
    found = calibrated(alone, LAYERS, NETWORK, known)
    assert found.flop_per_s == pytest.approx(true.flop_per_s, rel=1e-6)
    assert found.layer_s == pytest.approx(overhead, rel=1e-6)
    other = step(LAYERS, found, NETWORK, batch=50, **shape).seconds
    assert other == pytest.approx(step(LAYERS, true, NETWORK, batch=50, **shape).seconds, rel=1e-6)


def test_noise_that_makes_larger_batches_faster_is_survived():
    found = calibrated(TRUE, LAYERS, NETWORK, {4: 0.02, 16: 0.01})
    assert found.flop_per_s > 0 and found.layer_s == 0


def test_rates_are_found_that_give_the_speed():
    layers = imagenet(32)["resnet-50"]
    assert images_per_s(with_rate(P100, layers, 5000.0), layers) == pytest.approx(5000.0)
    phone = with_rate(replace(P100, depthwise="native"), layers, 100.0, WIRED, 8)
    assert images_per_s(phone, layers, WIRED, 8) == pytest.approx(100.0)
    with pytest.raises(InputError, match=r"device p100: 300 images/s, but no FLOP rate gives more than 16\d"):
        with_rate(P100, layers, 300.0, WIRED, 8)


def test_what_calibrates_is_met_and_the_rest_follows(phones):
    assert phones.at("resnet-50", "wired", PHONES).images_per_s == pytest.approx(0.9 * 150)
    assert phones.at("resnet-50", "wired", 1).efficiency == pytest.approx(1)
    for name in phones.layers:
        wired, wireless = (phones.at(name, link, PHONES) for link in ("wired", "wireless"))
        assert wireless.images_per_s < wired.images_per_s and wireless.joules > wired.joules


def test_cool_phones_are_faster(phones):
    cool, hot = phones.trained["under fans"], phones.trained["on a table"]
    assert np.nanmax(cool.temperature_c) < 45 and np.nanmin(cool.clock) == 1
    assert np.nanmin(hot.clock) < 1 and hot.outcome.seconds > cool.outcome.seconds


def test_a_crossing_lies_between_two_epochs():
    assert crossing([0.4, 0.8, 0.9], 10, 0.6) == pytest.approx(15)
    assert crossing([0.4, 0.8], 10, 0.2) == pytest.approx(5)
    assert crossing([0.4, 0.8], 10, 0.9) is None


def test_both_optimisers_learn_and_the_rate_is_the_best_held_out():
    plan = replace(SMOKE, learnt_batches=(16,), learnt_epochs=12, rates={"sgd": (1e-6, 0.1), "lars": (1e-6, 30.0)})
    found = learn(plan, synthetic.load(train=200, test=64), seed=0)
    assert [each.name for each in found] == ["sgd batch=16", "lars batch=16"]
    assert [each.rate for each in found] == [0.1, 30.0]
    assert all(each.accuracy > 0.5 and each.steps == 12 * (184 // 16) for each in found)
    assert set(OPTIMISERS) == {"sgd", "lars"}


def local(error: float) -> Local:
    steps = [
        Timed(
            network="n",
            batch=b,
            measured_s=1.0,
            clock_s=2.0,
            predicted_s=1 + (0 if b == 1 else error),
            calibrates=b == 1,
        )
        for b in (1, 2, 3)
    ]
    return Local(
        reductions=(Reduction(size=4, nodes=2, seconds=1.0),), network=NETWORK, device=TRUE, rates=(1.0, 1.0),
        steps=tuple(steps), difference=1e-15,
    )  # fmt: skip


def learnt(optimiser: str, accuracy: float) -> Learnt:
    model = network(torch.zeros(1, 1, 28, 28), 10)
    return Learnt(
        optimiser=optimiser, batch=64, rate=0.1, model=model, score=0.5, accuracy=accuracy, steps=1,
        steps_to_target=None,
    )  # fmt: skip


@pytest.mark.parametrize(("error", "gain"), [(0.1, 0.05), (0.3, -0.05)])
def test_claims_are_worked_out(phones, error, gain):
    found = {
        claim.id: claim for claim in claims(local(error), [learnt("sgd", 0.5), learnt("lars", 0.5 + gain)], phones)
    }
    assert found["resnet-50-beside-p100"].status == "not-tried" and "calibrate" in found["resnet-50-beside-p100"].reason
    assert found["held-out-steps"].measured == pytest.approx(error)
    expected = "reached" if error < 0.2 else "not-reached"
    assert found["held-out-steps"].status == found["lars-at-the-largest-batch"].status == expected
    for name in ("two-processes-are-one", "ring-is-its-closed-form", "training-is-its-steps"):
        assert found[name].status == "reached", found[name]
    assert "native" in found["mobilenet-beside-v100"].reason


def test_training_exactly_is_the_same_each_time():
    assert train_exactly() == train_exactly()


def test_the_full_mode_wants_data():
    assert PLANS["full"].learnt_batches[-1] > PLANS["quick"].learnt_batches[-1]
    assert Settings(mode="full", data="given").mode == "full"
