"""The parts of isp-ml that the smoke mode does not tell about: choices, times, claims and the first steps of --full."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from picojoule.base.errors import DataError, InputError
from picojoule.data.vision import Dataset, Images
from picojoule.recipes.isp_ml import build
from picojoule.recipes.isp_ml.claims import claims
from picojoule.recipes.isp_ml.host import run as in_host
from picojoule.recipes.isp_ml.plan import PLANS, RULES, Key
from picojoule.recipes.isp_ml.task import Cell, Task, choose, crossing
from picojoule.recipes.settings import Settings
from picojoule.result import Result

SMOKE = Settings(mode="smoke", limit=16)


@pytest.fixture(scope="module")
def result() -> Result:
    return build(SMOKE)


@pytest.fixture(scope="module")
def task() -> Task:
    return Task.of(PLANS["smoke"], SMOKE.dataset(), SMOKE)


def test_the_grid_is_the_one_asked_for():
    keys = PLANS["quick"].keys
    assert len(set(keys)) == len(keys) == 3 * 3 * 4 + 3
    assert {(key.channels, key.tau) for key in keys} == {(n, tau) for n in (4, 8, 16) for tau in (1, 4, 16, 64)}


def test_a_crossing_lies_on_the_line_between_two_measurements():
    times, curve = np.array([1.0, 2.0, 4.0]), np.array([0.2, 0.4, 0.8])
    assert crossing(times, curve, 0.6) == pytest.approx(3.0) and crossing(times, curve, 0.1) == 1.0
    assert crossing(times, curve, 0.9) is None


def test_the_rate_that_is_first_is_chosen_and_else_the_best():
    times = np.array([1.0, 2.0, 3.0])
    assert choose(times, np.array([[0.1, 0.5], [0.5, 0.9], [0.9, 0.7]]), 0.8) == 1
    assert choose(times, np.array([[0.1, 0.5], [0.5, 0.6], [0.7, 0.6]]), 0.8) == 0


def test_same_seed_same_learning(task):
    key = Key(rule="downpour", channels=2, tau=1)
    first, again = Cell.run(task, key), Cell.run(task, key)
    assert (first.accuracy == again.accuracy).all() and first.outcome.makespan_ps == again.outcome.makespan_ps
    assert first.pages == 2 * (first.events.round.max() + 1)


@pytest.mark.parametrize("rule", RULES)
def test_every_algorithm_learns(task, rule):
    assert Cell.run(task, Key(rule=rule, channels=2, tau=1)).accuracy[-1] > 0.5


def test_claims_are_worked_out_from_cells_and_hosts(task):
    """With a plan of four τ they are tried: those by construction are reached, others have a number or a reason."""
    wide = replace(task, plan=replace(task.plan, taus=(1, 2, 3, 4)))
    cells = [Cell.run(wide, key) for key in wide.plan.keys]
    found = {claim.id: claim for claim in claims(wide, cells, in_host(wide))}
    for name in ("one-channel-is-sgd", "synchronous-is-minibatch", "no-run-beats-its-bound"):
        assert found[name].status == "reached", found[name]
    assert found["one-channel-is-sgd"].measured == 0
    for claim in found.values():
        assert claim.status in ("reached", "not-reached") and (claim.measured is not None or claim.reason)
        assert "memory" in claim.paper_source or claim.paper_source == "true by construction of the method"


def test_joules_are_those_of_the_components(result):
    for row in result.rows:
        if row.layers:
            assert sum(layer["joules"] for layer in row.layers) == pytest.approx(row.energy[0].joules)
    assert sum(bool(row.layers) for row in result.rows) == 1 + 4 * 2 + 5


def test_the_timeline_starts_at_nothing_and_never_exceeds_all(result):
    timelines = [series for series in result.series if "utilisation" in series.name]
    assert {series.system for series in timelines} == {"flash", "channel", "compute", "link", "master"}
    assert all(series.x[0] == 0 and min(series.y) >= 0 and max(series.y) <= 1 + 1e-9 for series in timelines)


def dataset(pixels: torch.Tensor) -> Dataset:
    labels = torch.arange(len(pixels)) % 10
    part = Images(images=pixels, labels=labels)
    return Dataset(name="own", train=part, test=part, sha256="")


def test_data_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="61460 bytes are needed for a model of 30730 parameters, 16384 are there"):
        Task.of(PLANS["quick"], dataset(torch.rand(80, 3, 32, 32)), SMOKE)
    with pytest.raises(DataError, match="pixels outside 0 to 1"):
        Task.of(PLANS["quick"], dataset(2 * torch.rand(80, 1, 20, 20)), SMOKE)


def test_the_first_steps_of_the_full_mode():
    """One cell of the full plan on little data, for less time."""
    plan = replace(PLANS["full"], horizon_s=0.01, copies=2)
    task = Task.of(plan, dataset(torch.rand(400, 1, 28, 28)), Settings(mode="full", data="given"))
    cell = Cell.run(task, Key(rule="easgd", channels=16, tau=1))
    assert len(cell.times_s) == plan.times and cell.rate in plan.rates and task.page_samples == 10
