"""The recipe's parts: what is trained is what fires, and the claims can fail."""

import pytest
import torch

from picojoule.cost import Counts
from picojoule.data.vision import synthetic
from picojoule.measurement import Observation
from picojoule.models.vision import digit_cnn
from picojoule.recipes.settings import Settings
from picojoule.recipes.ttfs_training import conditions, networks
from picojoule.recipes.ttfs_training.claims import claims
from picojoule.recipes.ttfs_training.conditions import COMPARED, FAST, FREE, KERNELS, SPARSE, SPARSEST, TRAINED
from picojoule.train.kernel import Kernel

SETTINGS = Settings(mode="smoke")


@pytest.fixture(scope="module")
def trained():
    data = synthetic.load(train=64, test=16)
    torch.manual_seed(0)
    return networks.train(TRAINED, digit_cnn().eval(), data, data.test, SETTINGS, epochs=1, seeds=1), data


def test_the_network_fires_when_the_surrogate_says(trained):
    found, data = trained
    differ, total = networks.times_that_differ(found.modules[0], data.test.images[:4])
    assert differ == 0 and total == 4 * 11008


def test_another_clock_would_be_noticed(trained, monkeypatch):
    found, data = trained
    monkeypatch.setattr(Kernel, "times", lambda kernel, u: kernel.code().value(u).log().neg().mul(2).round().long())
    assert networks.times_that_differ(found.modules[0], data.test.images[:4])[0] > 0


def test_the_study_and_the_conditions_are_apart():
    assert len({c.system for c in COMPARED}) == len(COMPARED)
    assert not set(COMPARED) & set(KERNELS) and len(KERNELS) == 12
    assert all(c.code.threshold < 1 for c in COMPARED)


def seen(accuracy: float) -> Observation:
    return Observation(
        network=None,
        counts=Counts(samples=1000, steps=1, layers=()),
        hits=round(accuracy * 1000),
        decisions=torch.zeros(0),
        seconds_per_sample=None,
        peak_bytes=None,
        plan="",
    )


def judged(*, spikes: dict, accuracies: dict, differing=(0, 10), dense=0.99):
    class Fake:
        def __init__(self, c):
            self.spikes_per_neuron, self.accuracies = spikes.get(c, (0.4,) * 3), accuracies.get(c, (0.99,) * 3)
            self.accuracy = sum(self.accuracies) / 3

    found = claims({c: Fake(c) for c in COMPARED}, seen(dense), differing, (16, 16))
    return {claim.id: claim.status for claim in found}


@pytest.mark.parametrize(
    ("changed", "claim", "status"),
    [
        ({}, "surrogate-equals-network", "reached"),
        ({"differing": (1, 10)}, "surrogate-equals-network", "not-reached"),
        ({}, "accuracy", "reached"),
        ({"accuracies": {TRAINED: (0.98,) * 3}}, "accuracy", "not-reached"),
        ({"spikes": {SPARSE: (0.3,) * 3}}, "kernel-aware-cuts-spikes", "reached"),
        ({"spikes": {SPARSE: (0.39,) * 3}}, "kernel-aware-cuts-spikes", "not-reached"),
        (
            {"spikes": {SPARSE: (0.3,) * 3}, "accuracies": {SPARSE: (0.98,) * 3}},
            "kernel-aware-cuts-spikes",
            "not-reached",
        ),
        ({"spikes": {SPARSEST: (0.19,) * 3}}, "few-spikes", "reached"),
        ({"spikes": {SPARSEST: (0.21,) * 3}}, "few-spikes", "not-reached"),
        ({}, "regulariser-needed", "not-reached"),
        ({"accuracies": {FREE: (0.5, 0.5, 0.99)}}, "regulariser-needed", "reached"),
        ({"accuracies": {FREE: (0.5, 0.99, 0.99)}}, "regulariser-needed", "not-reached"),
        ({"accuracies": {FAST: (0.9,) * 3}}, "regulariser-needed", "not-reached"),
    ],
)
def test_claims_can_fail(changed, claim, status):
    assert judged(**{"spikes": {}, "accuracies": {}, **changed})[claim] == status


def test_full_is_the_papers_networks():
    assert conditions.SIZES["full"].seeds == 3 and conditions.TRAINED.steps == 8 and conditions.TRAINED.tau == 2.0
