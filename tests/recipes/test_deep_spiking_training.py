"""The recipe's parts: its grid, its rows, and the claims it reaches or does not."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from picojoule.cost import Counts
from picojoule.data.vision import synthetic
from picojoule.recipes import deep_spiking_training as recipe
from picojoule.recipes.deep_spiking_training.claims import _better, claims
from picojoule.recipes.deep_spiking_training.conditions import MAIN, PLACE
from picojoule.recipes.deep_spiking_training.networks import Trained
from picojoule.recipes.settings import Settings

SETTINGS = Settings(mode="smoke", limit=16)


@pytest.fixture(scope="module")
def result():
    return recipe.build(SETTINGS)


def test_the_grid_changes_one_setting_at_a_time():
    centre = recipe.Condition(potential="carry")
    for conditions in recipe.axes(centre).values():
        assert {c.potential for c in conditions} == set(MAIN)
        settings = [{(c.hidden, c.std, c.steps) for c in conditions}]
        assert len(settings[0]) == 3
    assert all(each in recipe.POTENTIALS for each in MAIN)


def test_there_is_a_row_to_answer_and_a_row_to_learn(result):
    names = [row.system for row in result.rows]
    answers = [name for name in names if not name.endswith("(a training step)")]
    anns = ["ann fp32", "ann int8", "ann int8 (zeros skipped)", "ann int4", "ann int4 (zeros skipped)"]
    assert names[: len(answers)] == answers and answers[:5] == anns
    assert [f"{name} (a training step)" for name in answers[5:]] == names[-len(recipe.POTENTIALS) :]
    for row in result.rows:
        assert row.energy[0].joules > 0, row.system


def test_learning_takes_more_than_answering(result):
    rows = {row.system: row for row in result.rows}
    for potential in recipe.POTENTIALS:
        answer = rows[f"herding T=10 {potential}"]
        lesson = rows[f"{answer.system} (a training step)"]
        assert lesson.energy[0].joules > 2 * answer.energy[0].joules
        assert lesson.counts["backward_spikes"] > 0


def test_curves_and_axes_are_drawn(result):
    names = {series.name for series in result.series}
    assert "test accuracy against epochs" in names
    assert {f"accuracy after one epoch against {axis}" for axis in PLACE} < names


def trained(*scores):
    empty = Counts(samples=1, steps=1, layers=())
    return Trained(scores=scores, answers=empty, lessons=empty, backward_spikes=0.0, seconds_per_answer=0.0)


@pytest.mark.parametrize(
    ("zero", "dither", "status"), [(0.1, 0.9, "reached"), (0.5, 0.9, "not-reached"), (0.1, 0.5, "not-reached")]
)
def test_the_claim_of_no_learning_can_fail(zero, dither, status):
    family = {each: recipe.Condition(potential=each) for each in recipe.POTENTIALS}
    done = {c: trained((0.2, 0.9), (0.2, 0.9)) for c in family.values()}
    done[family["zero"]] = trained((zero, zero), (zero, zero))
    done[family["uniform ½"]] = trained((dither, dither), (dither, dither))
    found = {claim.id: claim for claim in claims(family, done, replace(SETTINGS, mode="quick"))}
    assert found["no-learning"].status == status
    assert found["mnist-error"].status == "not-tried"


@pytest.mark.parametrize(
    ("gains", "status"),
    [
        ([0.02, 0.03, 0.025], "reached"),
        ([0.02, -0.03, 0.05], "not-reached"),
        ([-0.1] * 3, "not-reached"),
        ([0.1], "not-reached"),
    ],
)
def test_a_gain_counts_above_twice_its_standard_error(gains, status):
    assert _better("id", "text", gains).status == status


def test_the_full_mode_tries_every_claim(tmp_path, monkeypatch):
    """Its first steps, on a handful of digits from a file: the same grid, and no claim is left out."""
    monkeypatch.setitem(recipe.GRIDS, "full", replace(recipe.GRIDS["full"], seeds=2, epochs=1, short=1))
    data = synthetic.load(train=40, test=20)
    parts = {"train": data.train, "test": data.test}
    arrays = {f"x_{name}": (part.images[:, 0] * 255).round().to(torch.uint8).numpy() for name, part in parts.items()}
    arrays |= {f"y_{name}": part.labels.numpy() for name, part in parts.items()}
    np.savez(tmp_path / "digits.npz", **arrays)
    result = recipe.build(Settings(mode="full", data=str(tmp_path / "digits.npz")))
    assert {claim.status for claim in result.claims} <= {"reached", "not-reached"}
    assert all(claim.measured is not None for claim in result.claims)
    assert {claim.status for claim in result.claims if "true by" in claim.paper_source} == {"reached"}
