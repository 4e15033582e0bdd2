"""Curricula: who judges whom, what is visited how often, and the loop that takes it."""

from functools import partial
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from picojoule.base.errors import InputError
from picojoule.train import Course, Shuffled, Source, Validation, fit, loop
from picojoule.train.curriculum import (
    Curriculum,
    Plan,
    Stage,
    annealing,
    baby_step,
    buckets,
    cross_review,
    in_order,
    one_pass,
    shuffled,
    split,
)

SIZE, BUCKETS = 8, 4


class Points:
    """Samples that are their own numbers."""

    def __init__(self, n: int) -> None:
        self.x = torch.arange(float(n))[:, None]

    def __len__(self) -> int:
        return len(self.x)

    def pick(self, index):
        return self.x[index], (self.x[index, 0] % 2).long()


POINTS = Points(BUCKETS * 16)
BY_EASE = buckets(-POINTS.x[:, 0], BUCKETS)


def course(plan: Plan, steps: int = 30) -> Curriculum:
    parts = BY_EASE if plan.buckets == BUCKETS else (torch.cat(BY_EASE),)
    return Curriculum(samples=POINTS, buckets=parts, plan=plan, size=SIZE, steps=steps)


def visited(lesson, seed: int = 0) -> torch.Tensor:
    """How often each sample is visited in an epoch."""
    seen = torch.cat([x[:, 0] for x, _ in lesson(torch.Generator().manual_seed(seed))]).long()
    return torch.bincount(seen, minlength=len(POINTS))


def of_buckets(lesson) -> list[int]:
    return [int(visited(lesson)[bucket].sum()) for bucket in BY_EASE]


def test_buckets_are_equal_and_the_first_is_the_easiest():
    assert [bucket.tolist() for bucket in BY_EASE] == [list(range(16 * k, 16 * k + 16)) for k in range(BUCKETS)]


@given(st.integers(5, 60), st.integers(1, 5), st.integers(1, 3))
def test_each_bucket_has_its_share_of_every_group(n, count, classes):
    draw = torch.Generator().manual_seed(n)
    ease, groups = torch.rand(n, generator=draw), torch.randint(classes, (n,), generator=draw)
    parts = buckets(ease, count, groups=groups)
    assert sorted(torch.cat(parts).tolist()) == list(range(n))
    for group in groups.unique():
        sizes = [int((groups[part] == group).sum()) for part in parts]
        assert max(sizes) - min(sizes) <= 1
        easiest = [ease[part[groups[part] == group]] for part in parts]
        for easier, harder in pairwise(easiest):
            assert not len(easier) or not len(harder) or easier.min() >= harder.max()


def test_equally_easy_samples_are_not_ordered_as_the_data_has_them():
    first = buckets(torch.zeros(100), 2)[0]
    assert first.tolist() != sorted(first.tolist()) and 15 < int((first < 50).sum()) < 35
    assert torch.equal(first, buckets(torch.zeros(100), 2)[0])
    assert not torch.equal(first, buckets(torch.zeros(100), 2, seed=1)[0])


VISITS = {
    "annealing": (annealing(BUCKETS), [[4, 0, 0, 0], [4, 4, 0, 0], [4, 4, 4, 0], [4, 4, 4, 4], [16] * 4]),
    "baby step": (baby_step(BUCKETS), [[16, 0, 0, 0], [16, 16, 0, 0], [16, 16, 16, 0], [16] * 4, [16] * 4]),
    "baby step twice": (baby_step(BUCKETS, epochs=2), [[16, 0, 0, 0], [16, 0, 0, 0], [16, 16, 0, 0]]),
    "one pass": (one_pass(BUCKETS), [[16, 0, 0, 0], [0, 16, 0, 0], [0, 0, 16, 0], [0, 0, 0, 16], [16] * 4]),
    "left out": (baby_step(BUCKETS, last=0), [[16, 0, 0, 0], [16, 16, 0, 0], [16, 16, 16, 0], [16, 16, 16, 0]]),
    "half": (one_pass(BUCKETS, last=0.5), [[16, 0, 0, 0], [0, 16, 0, 0], [0, 0, 16, 0], [0, 0, 0, 8], [16, 16, 16, 8]]),
    "anti": (annealing(BUCKETS).backwards(), [[0, 0, 0, 4], [0, 0, 4, 4], [0, 4, 4, 4], [4, 4, 4, 4], [16] * 4]),
    "random": (shuffled(BUCKETS), [[16] * 4, [16] * 4]),
    "sorted": (in_order(), [[16] * 4, [16] * 4]),
    "easy only": (shuffled(BUCKETS, last=0), [[16, 16, 16, 0]]),
}


@pytest.mark.parametrize("name", VISITS)
def test_every_plan_visits_each_bucket_as_often_as_it_says(name):
    plan, epochs = VISITS[name]
    made = course(plan, steps=1000)
    for epoch, due in enumerate(epochs):
        lesson = made.at(epoch)
        multiple = sum(due) // SIZE * SIZE
        assert len(lesson) == max(1, sum(due) // SIZE)
        found = of_buckets(lesson)
        assert sum(found) == min(multiple or sum(due), sum(due))
        if multiple == sum(due):
            assert found == due
        assert visited(lesson).max() == 1


def test_what_is_left_of_a_bucket_is_drawn_anew():
    lesson = course(annealing(BUCKETS), steps=1000).at(3)
    assert not torch.equal(visited(lesson, 0), visited(lesson, 1))


def test_sorted_is_sorted_and_the_others_are_not():
    seen = [torch.cat([x[:, 0] for x, _ in course(plan).at(0)(torch.Generator())]) for plan in (in_order(), shuffled())]
    assert seen[0].tolist() == list(range(64)) and seen[1].tolist() != list(range(64))


@given(st.integers(1, 100))
def test_steps_are_as_many_as_were_asked_for(steps):
    for plan, _ in VISITS.values():
        made = course(plan, steps)
        lengths = [len(made.at(epoch)) for epoch in range(made.epochs)]
        assert sum(lengths) == steps and min(lengths) > 0


def linear() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(1, 2)


def loss(model, x, y):
    return nn.functional.cross_entropy(model(x / 64), y)


SGD = partial(torch.optim.SGD, lr=0.1, momentum=0.9)


def test_it_is_a_course_and_its_lessons_are_sources():
    made = course(annealing(BUCKETS))
    assert isinstance(made, Course) and not isinstance(Shuffled(samples=POINTS, size=8), Course)
    lesson: Source = made.at(0)
    assert len(lesson) == len(list(lesson(torch.Generator())))


def test_without_a_plan_it_is_what_shuffling_is():
    """The loop gives the same weights for one course of equal epochs as for the plain source."""
    plain, planned = linear(), linear()
    everything = Curriculum(samples=POINTS, buckets=(torch.arange(64),), plan=shuffled(), size=8, steps=24)
    fit(plain, loss, Shuffled(samples=POINTS, size=8), epochs=3, optimiser=SGD)
    fit(planned, loss, everything, epochs=everything.epochs, optimiser=SGD)
    assert torch.equal(plain.weight, planned.weight)


def test_the_loop_goes_through_epochs_of_unequal_length():
    made = course(annealing(BUCKETS), steps=21)
    moments = []

    class Notes:
        optimiser, stream = None, 0

        def __init__(self) -> None:
            from picojoule.train.parallel import processes

            self.model, self.processes = linear(), processes()

        def learn(self, x, y, moment) -> float:
            moments.append((moment.step, moment.total, moment.epoch))
            return 1.0

        def metrics(self):
            return {}

    history = loop(Notes(), made, epochs=made.epochs)
    lengths = [1, 1, 1, 2, 8, 8]
    assert moments == [(s, 21, e) for s, e in enumerate(e for e, n in enumerate(lengths) for _ in range(n))]
    assert history.losses == (1.0,) * 6 and history.steps == 21
    assert [epoch.steps for epoch in history.epochs] == [1, 2, 3, 5, 13, 21]


@pytest.mark.parametrize("until", [1, 3, 4, 9])
def test_a_course_goes_on_where_it_was_killed(tmp_path, until):
    made = course(annealing(BUCKETS), steps=13)
    whole, killed = linear(), linear()
    expected = fit(whole, loss, made, epochs=made.epochs, optimiser=SGD)
    steps = 0

    def dies(model, x, y):
        nonlocal steps
        steps += 1
        if steps > until:
            raise KeyboardInterrupt
        return loss(model, x, y)

    common = {"epochs": made.epochs, "optimiser": SGD, "folder": tmp_path, "seconds_between_checkpoints": 0.0}
    with pytest.raises(KeyboardInterrupt):
        fit(killed, dies, made, **common)
    resumed = linear()
    history = fit(resumed, loss, made, **common)
    assert torch.equal(resumed.weight, whole.weight) and history.losses == expected.losses


def test_another_course_does_not_go_on_there(tmp_path):
    for steps, fine in ((13, True), (12, False)):
        made = course(annealing(BUCKETS), steps=steps)
        train = partial(fit, linear(), loss, made, epochs=5, optimiser=SGD, folder=tmp_path)
        if fine:
            train()
        else:
            with pytest.raises(InputError):
                train()


def test_it_stops_early_too():
    made = course(baby_step(BUCKETS), steps=100)
    scores = iter((0.5, 0.9, 0.1, 0.2))
    watch = Validation(score=lambda _: next(scores), patience=2)
    assert len(fit(linear(), loss, made, epochs=made.epochs, optimiser=SGD, validation=watch).epochs) == 4


class Staff:
    """Teachers that remember what they were taught and call everything class 0; asking one about that is an error."""

    def __init__(self) -> None:
        self.taught, self.seeds, self.asked = [], [], []

    def teach(self, index, seed):
        self.taught.append(set(index.tolist()))
        self.seeds.append(seed)
        return nn.Linear(1, 1)

    def answer(self, model, index):
        assert not model.training and not torch.is_grad_enabled()
        assert not self.taught[-1] & set(index.tolist()), "a teacher is asked about what it saw"
        self.asked.append(set(index.tolist()))
        return torch.tensor([[2.0, 0.0]]).repeat(len(index), 1)


def review(labels, parts, **options):
    staff = Staff()
    return cross_review(labels, staff.teach, staff.answer, parts=parts, **options), staff


LABELS = torch.tensor([0] * 16 + [1] * 4)


def test_no_teacher_judges_what_it_saw_and_all_others_do():
    found, staff = review(LABELS, 4)
    assert staff.seeds == [0, 1, 2, 3]
    for mine, asked in zip(staff.taught, staff.asked, strict=True):
        assert mine | asked == set(range(20)) and not mine & asked
    assert sorted(n for mine in staff.taught for n in mine) == list(range(20))
    for k in range(4):
        own = found.folds == k
        assert found.right[k, own].isnan().all() and found.chances[k, own].isnan().all()
        assert not found.right[k, ~own].isnan().any()
    assert found.answers == 3 * 20


def test_a_review_that_asks_everybody_would_be_caught():
    """The same staff under a review that forgets to leave a teacher's own part out."""
    staff = Staff()
    teacher = staff.teach(torch.arange(5), 0).eval()
    with pytest.raises(AssertionError, match="what it saw"), torch.no_grad():
        staff.answer(teacher, torch.arange(20))


def test_votes():
    found, _ = review(LABELS, 4)
    assert found.ease("hard").tolist() == [1.0] * 16 + [0.0] * 4
    chance = float(torch.tensor([2.0, 0.0]).softmax(0)[0])
    torch.testing.assert_close(found.ease("soft"), torch.tensor([chance] * 16 + [1 - chance] * 4))
    with pytest.raises(InputError, match="use soft or hard"):
        found.ease("loud")


def test_parts_have_their_share_of_each_class():
    folds = split(LABELS, 4)
    assert [int(((folds == k) & (LABELS == 1)).sum()) for k in range(4)] == [1] * 4
    loose = [split(LABELS, 4, stratified=False, seed=seed) for seed in range(20)]
    assert any(((folds == k) & (LABELS == 1)).sum() != 1 for folds in loose for k in range(4))
    assert all(torch.bincount(folds).tolist() == [5] * 4 for folds in loose)


def test_answers_are_kept(tmp_path):
    first, staff = review(LABELS, 4, folder=tmp_path)
    again, idle = review(LABELS, 4, folder=tmp_path)
    assert len(staff.taught) == 4 and not idle.taught
    assert torch.equal(first.chances.nan_to_num(-1), again.chances.nan_to_num(-1))
    next(iter(tmp_path.glob("teacher-2-*"))).unlink()
    missing = review(LABELS, 4, folder=tmp_path)[1]
    assert missing.seeds == [2], "a review that was killed asks only the teachers that are missing"
    assert len(review(LABELS, 4, folder=tmp_path, key="other settings")[1].taught) == 4
    for file in tmp_path.glob("teacher-1-*"):
        file.write_bytes(b"no answers")
    with pytest.raises(InputError, match="delete it"):
        review(LABELS, 4, folder=tmp_path)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: split(LABELS, 1), "at least two parts"),
        (lambda: split(LABELS, 21), "at most one a sample"),
        (lambda: buckets(torch.zeros(3), 4), "4 buckets of 3"),
        (lambda: Stage((0.0, 0.0)), "at least one above 0"),
        (lambda: Stage((1.5,)), "from 0 to 1"),
        (lambda: course(annealing(5)), "1 buckets for a plan of 5"),
        (lambda: course(annealing(BUCKETS), steps=0), "at least one of each"),
        (
            lambda: Curriculum(samples=POINTS, buckets=[b[:1] for b in BY_EASE], plan=annealing(4), size=1, steps=1),
            "without a sample",
        ),
    ],
)
def test_what_cannot_be(wrong, says):
    with pytest.raises(InputError, match=says):
        wrong()
