"""Real gradients in simulated time: what each algorithm is on one channel, and by hand on several."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from picojoule.base.errors import DataError, InputError
from picojoule.sim.near_data import ISP_ML, Job, learn
from picojoule.sim.ssd import ISP_ML as DRIVE
from picojoule.train.gradients import by_autograd, flat, gradient, outputs, softmax_regression
from picojoule.train.replay import Pages, replay
from picojoule.train.rules import Downpour, Elastic, Rule, Synchronous

FEATURES, CLASSES, RATE = 12, 3, 0.25
JOB = Job(parameters=39, macs=78, others=30, sample_bytes=FEATURES + 1)
RULES = [Synchronous(), Downpour(), Elastic(alpha=0.1)]


def named(rule: Rule) -> str:
    return rule.protocol


def regression() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(FEATURES, CLASSES)


def perceptron() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(FEATURES, 7), nn.Tanh(), nn.Linear(7, CLASSES))


def data(pages: int = 16, size: int = 4) -> Pages:
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(pages * size, FEATURES, generator=generator)
    return Pages.of(x, torch.randint(0, CLASSES, (len(x),), generator=generator), size)


def run(rule: Rule, workers: int, tau: int = 1, model=None, pages: int = 8, rates=(RATE,), **options):
    model = model or regression()
    job = replace(JOB, parameters=flat(model).numel())
    events, _ = learn(replace(DRIVE, channels=workers), ISP_ML, job, protocol=rule.protocol, tau=tau, pages=pages)
    return replay(events, rule, model, data(), rates=rates, tau=tau, **options)


def sgd(model, batches) -> torch.Tensor:
    """θ ← θ − η·g, minibatch by minibatch."""
    theta, step = flat(model)[None, None], gradient(model)
    for x, y in batches:
        theta = theta - RATE * step(theta, x[None], y[None])
    return theta[0, 0]


@pytest.mark.parametrize("make", [regression, perceptron])
@pytest.mark.parametrize("rule", [Synchronous(), Downpour(), Elastic(alpha=0.0)], ids=named)
def test_on_one_channel_every_algorithm_is_plain_sgd_bit_for_bit(rule, make):
    models = run(rule, 1, model=make()).models
    learned = models.own[0, 0] if isinstance(rule, Elastic) else models.master[0]
    pages = data()
    expected = sgd(make(), [(pages.x[p], pages.y[p]) for p in pages.order(1, 8, 0)[0]])
    assert torch.equal(learned, expected) and not torch.equal(learned, flat(make()))


def test_plain_sgd_is_torchs_own():
    model, pages = regression(), data()
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE)
    for page in pages.order(1, 8, 0)[0]:
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(pages.x[page]), pages.y[page]).backward()
        optimiser.step()
    assert torch.allclose(run(Synchronous(), 1).models.master[0], flat(model), atol=1e-6)


@pytest.mark.parametrize("tau", [1, 2])
@pytest.mark.parametrize("workers", [2, 4])
def test_synchronous_is_sgd_with_all_pages_of_a_round_as_minibatch(workers, tau):
    pages, rounds = data(), data().order(workers, 8, 0)
    batches = [rounds[:, k : k + tau].flatten() for k in range(0, 8, tau)]
    expected = sgd(regression(), [(pages.x[b].flatten(0, 1), pages.y[b].flatten()) for b in batches])
    assert torch.allclose(run(Synchronous(), workers, tau).models.master[0], expected, atol=1e-6)


def by_hand(rule: Rule, workers: int, tau: int, rounds: int) -> torch.Tensor:
    """The rules of the docstrings, one event after the other, gradients one by one."""
    job = replace(JOB, parameters=39)
    events, _ = learn(replace(DRIVE, channels=workers), ISP_ML, job, protocol=rule.protocol, tau=tau, pages=rounds)
    pages, order, step = data(), data().order(workers, rounds, 0), gradient(regression())
    master = flat(regression())
    own, sent = [master.clone() for _ in range(workers)], [torch.zeros_like(master) for _ in range(workers)]
    for stage, i, k in zip(events.stage, events.client, events.round, strict=True):
        name, page = events.stages[stage], order[i, k]
        if name == "compute":
            move = RATE * step(own[i][None, None], pages.x[page][None], pages.y[page][None])[0, 0]
            own[i] = own[i] - move
            sent[i] = sent[i] - move if rule.protocol == "downpour" else sent[i]
        elif name == "merge":
            master = master + sent[i]
            sent[i] = torch.zeros_like(master)
        elif name == "pull" and rule.protocol == "downpour":
            own[i] = master.clone()
        elif name == "pull":
            sent[i] = master.clone()
        elif name == "part":
            e = rule.alpha * (own[i] - sent[i])
            own[i], sent[i] = own[i] - e, e
    return master


@pytest.mark.parametrize(("workers", "tau"), [(2, 1), (3, 2), (4, 4)])
@pytest.mark.parametrize("rule", RULES[1:], ids=named)
def test_asynchronous_rules_by_hand(rule, workers, tau):
    assert torch.allclose(run(rule, workers, tau).models.master[0], by_hand(rule, workers, tau, 8), atol=1e-6)


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_rates_side_by_side_are_rates_one_by_one(rule):
    together = run(rule, 3, rates=(0.1, RATE)).models.master
    assert torch.allclose(together[1], run(rule, 3).models.master[0], atol=1e-6)
    assert not torch.allclose(together[0], together[1], atol=1e-4)


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_the_same_twice_and_another_seed(rule):
    first, again, other = (run(rule, 4, seed=seed).models.master for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_the_model_is_not_changed_and_half_precision_is_kept():
    model = regression()
    before = flat(model)
    models = run(Elastic(alpha=0.1), 2, model=model, stored=torch.float16).models
    assert torch.equal(flat(model), before)
    assert torch.equal(models.own, models.own.half().float()) and not torch.equal(
        models.master, models.master.half().float()
    )


def test_accuracy_is_measured_at_its_time():
    """Before the first merge the master is as it was; after the last event it stands."""
    seen: list[torch.Tensor] = []
    events, outcome = learn(replace(DRIVE, channels=2), ISP_ML, JOB, protocol="downpour", tau=1, pages=4)
    first = int(events.end_ps[events.of("merge")][0])
    times = (first - 1, first, outcome.makespan_ps, 2 * outcome.makespan_ps)
    done = replay(
        events, Downpour(), regression(), data(), rates=[RATE], tau=1, times_ps=times,
        measure=lambda master: seen.append(master.clone()) or master.clone(),
    )  # fmt: skip
    start, at_first, *ends = seen
    assert torch.equal(start[0], flat(regression())) and not torch.equal(start, at_first)
    assert all(torch.equal(end, done.models.master) for end in ends) and len(done.measured) == 4
    assert done.pages == 8


def test_bytes_are_fractions_of_255():
    pages = data()
    stored = Pages(x=(pages.x * 255).round().to(torch.uint8), y=pages.y)
    page = torch.tensor([3, 1])
    assert (
        torch.allclose(stored.values(page), pages.x[page], atol=1 / 255) and stored.values(page).dtype == torch.float32
    )


def test_every_page_once_an_epoch_and_each_worker_its_own():
    order = data(pages=10).order(4, 6, 0)
    assert order.shape == (4, 6) and all(set(row % 4) == {worker} for worker, row in enumerate(order))
    for worker, row in enumerate(order):
        own = np.arange(worker, 10, 4)
        assert sorted(row[: len(own)]) == own.tolist()


def test_refusals():
    with pytest.raises(DataError, match="3 samples do not fill a page of 4"):
        Pages.of(torch.zeros(3, 2), torch.zeros(3, dtype=torch.long), 4)
    with pytest.raises(DataError, match="2 pages for 3 workers"):
        data(pages=2).order(3, 1, 0)
    events, _ = learn(replace(DRIVE, channels=2), ISP_ML, JOB, protocol="downpour", tau=1, pages=2)
    with pytest.raises(InputError, match="events of the protocol elastic"):
        replay(events, Elastic(), regression(), data(), rates=[RATE], tau=1)
    with pytest.raises(InputError, match="give a rate"):
        replay(events, Downpour(), regression(), data(), rates=[], tau=1)


# --- gradients of many copies -----------------------------------------------------------------------------------------


def test_the_closed_form_is_autograds():
    model, generator = regression().double(), torch.Generator().manual_seed(3)
    copies = torch.randn(2, 3, 39, generator=generator, dtype=torch.float64)
    x = torch.rand(3, 4, FEATURES, generator=generator, dtype=torch.float64)
    y = torch.randint(0, CLASSES, (3, 4), generator=generator)
    closed, slow = softmax_regression(CLASSES, FEATURES)(copies, x, y), by_autograd(model)(copies, x, y)
    assert torch.allclose(closed, slow, atol=1e-12)


def test_outputs_of_copies_are_those_of_the_model():
    model, x = perceptron(), torch.rand(5, FEATURES)
    theta = flat(model)
    assert torch.allclose(outputs(model, torch.stack((theta, 2 * theta)), x)[0], model(x), atol=1e-6)
