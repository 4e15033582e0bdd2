"""The recipe's parts: students that count, weights that go, claims that can fail."""

import pytest
import torch
from torch import nn

from picojoule.data.vision import synthetic
from picojoule.engines import run
from picojoule.recipes.energy_distillation.claims import claims
from picojoule.recipes.energy_distillation.conditions import ALONE, COMPARED, EQUAL, GRID, PENALISED, SPLIT
from picojoule.recipes.energy_distillation.others import converted, pruned
from picojoule.recipes.energy_distillation.students import InTime, frozen, student, teach
from picojoule.recipes.settings import Settings

SETTINGS = Settings(mode="smoke")


def test_conditions_are_apart():
    assert len({c.system for c in COMPARED}) == len(COMPARED) and len(GRID) == 32
    assert all(c.splits for c in SPLIT) and not EQUAL.splits and not ALONE.splits


@pytest.mark.parametrize("counts", [True, False])
def test_the_frozen_student_is_the_module(counts):
    data = synthetic.load(train=16, test=8)
    torch.manual_seed(0)
    inner = student((784, 20, 10), counts=counts)
    network, x = frozen(inner, data, "student"), data.test.images
    due = InTime(inner)(x).mean(0)
    assert torch.allclose(run(network, x).values, due, atol=1e-6)


def test_a_penalty_takes_spikes_away():
    data, teacher = synthetic.load(train=200, test=40), nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    given = (teacher, data, data.test, SETTINGS)
    alone, penalised = (teach(c, *given, epochs=4, seeds=1) for c in (ALONE, PENALISED))
    assert penalised.spikes[0] < 0.95 * alone.spikes[0]


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_pruning_takes_the_smallest_weights_and_leaves_the_student_alone(share):
    torch.manual_seed(0)
    inner = student((784, 20, 10), counts=True)
    before = [each.weight.clone() for each in inner.modules() if isinstance(each, nn.Linear)]
    after = [each.weight for each in pruned(inner, share).modules() if isinstance(each, nn.Linear)]
    for old, new in zip(before, after, strict=True):
        gone = new == 0
        assert float(gone.float().mean()) == pytest.approx(share, abs=0.01)
        assert old[gone].abs().max() < old[~gone].abs().min() and torch.equal(new[~gone], old[~gone])
    again = [each.weight for each in inner.modules() if isinstance(each, nn.Linear)]
    assert all(torch.equal(*pair) for pair in zip(before, again, strict=True))


def test_converted_students_stand_beside():
    data = synthetic.load(train=64, test=8)
    names = [each.name for each in converted(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), data, SETTINGS, epochs=1)]
    assert names[:2] == ["ann fp32, the students' size", "ann int8, the students' size"]
    assert names[2:5] == ["rate T=8 converted", "rate T=8 converted, τ 4/4", "rate T=8 converted, τ 4/1"]
    assert len(names) == 8


class Fake:
    def __init__(self, condition, spikes, accuracies):
        self.condition, self.spikes, self.accuracies = condition, spikes, accuracies
        self.accuracy = sum(accuracies) / len(accuracies)


def judged(**changed):
    known = {"alone": (300.0, 0.97), "equal": (400.0, 0.975), "split": (390.0, 0.975)} | changed
    done = {c: Fake(c, (380.0,) * 3, (0.5, 0.501, 0.499)) for c in COMPARED}
    for c, name in ((ALONE, "alone"), (EQUAL, "equal"), (SPLIT[1], "split")):
        spikes, accuracy = known[name]
        done[c] = Fake(c, (spikes,) * 3, (accuracy, accuracy + 0.001, accuracy - 0.001))
    return {claim.id: claim.status for claim in claims(done)}


@pytest.mark.parametrize(
    ("changed", "claim", "status"),
    [
        ({}, "equal-is-usual", "reached"),
        ({}, "conventional-raises-spikes", "reached"),
        ({"alone": (500.0, 0.97)}, "conventional-raises-spikes", "not-reached"),
        ({}, "fewer-spikes", "not-reached"),
        ({"split": (200.0, 0.975)}, "fewer-spikes", "reached"),
        ({"split": (200.0, 0.974)}, "fewer-spikes", "not-reached"),
        ({}, "more-accurate", "not-reached"),
        ({"split": (390.0, 0.985)}, "more-accurate", "reached"),
    ],
)
def test_claims_can_fail(changed, claim, status):
    assert judged(**changed)[claim] == status
