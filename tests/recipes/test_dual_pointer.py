"""The recipe's parts: the rule, what is counted, rounding, and claims that can fail."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.data.language.relations.order import triples
from picojoule.data.language.relations.sharing import mixed
from picojoule.metrics.triples import micro
from picojoule.models.language.pointing import DualPointer
from picojoule.recipes.dual_pointer import curves
from picojoule.recipes.dual_pointer.claims import claims
from picojoule.recipes.dual_pointer.curves import WORDS, crowd, growth
from picojoule.recipes.dual_pointer.material import Task, obtain
from picojoule.recipes.dual_pointer.networks import Bench, Judged, rounded
from picojoule.recipes.dual_pointer.plan import (
    BASELINE,
    DUAL,
    GIVEN,
    IN_PLACE,
    NETWORKS,
    OBJECTS,
    PLACED_OBJECTS,
    PLACED_SUBJECTS,
    PLANS,
    SHARED,
    SUBJECTS,
    SYSTEMS,
    plan_of,
)
from picojoule.recipes.dual_pointer.rows import Cost, work
from picojoule.recipes.dual_pointer.rule import TypeRule
from picojoule.recipes.settings import Settings
from picojoule.train.linker import form_of
from picojoule.train.linking import Material

CORPUS = mixed(train=120, valid=40, test=30)
FORM = form_of(CORPUS, word=8, letter=4, type=4, filters=4, context=8, entity=16, heads=2, buckets=64)
TASK = Task(corpus=CORPUS, tests={0.0: CORPUS.test[:15], 1.0: CORPUS.test[15:]})


@pytest.fixture(scope="module")
def bench():
    torch.manual_seed(0)
    return Bench(task=TASK, form=FORM, networks={name: [make(FORM).eval()] for name, make in NETWORKS.items()})


def test_systems_are_apart_and_have_networks():
    assert len({system.name for system in SYSTEMS}) == len(SYSTEMS)
    assert {system.network for system in SYSTEMS} == set(NETWORKS)


def test_the_rule_is_the_majority_of_its_key():
    rule = TypeRule.learn(CORPUS.train)
    sought = [triples(each) for each in CORPUS.train]
    found = micro(rule(CORPUS.train), sought)
    assert 0.3 < found.f1 < 0.9 and found.precision > rule.threshold
    assert TypeRule(labels=rule.labels, threshold=1.0)(CORPUS.train) == [set()] * 120


def test_the_threshold_is_that_of_validation():
    chosen, plain = TypeRule.chosen(CORPUS.train, CORPUS.valid), TypeRule.learn(CORPUS.train)
    sought = [triples(each) for each in CORPUS.valid]
    scores = [micro(rule(CORPUS.valid), sought).f1 for rule in (chosen, plain)]
    assert scores[0] >= scores[1]


def test_perfect_answers_and_both_f1(bench):
    perfect = [[triples(each) for each in CORPUS.test]]
    judged = Judged.of(perfect, CORPUS.test)
    assert judged.score.f1 == judged.other.f1 == 1 and judged.interval == (1, 1)
    silent = Judged.of([[set()] * 30], CORPUS.test)
    assert silent.score.f1 == 0 and 0 < silent.other.f1 < 1
    both = Judged.of([*perfect, [set()] * 30], CORPUS.test)
    assert both.seeds == (1, 0) and both.score.recall == 0.5 and both.score.precision == 1


def test_work_is_that_of_one_sentence_on_average(bench):
    net, material = bench.networks[DUAL.network][0], bench.material(CORPUS.test[:3])
    alone = [material.batch.pick(torch.tensor([i])) for i in range(3)]
    counts = work(net, alone)
    assert counts.samples == 3
    assert counts.total("macs") == sum(work(net, [each]).total("macs") for each in alone)
    assert Cost.of(net, material).seconds > 0


def test_pairs_that_are_read_apart_grow_with_the_square(bench):
    found = growth(bench, (2, 4, 8))
    apart, together, pointers = ([found[s.name][n][0] for n in (2, 4, 8)] for s in (BASELINE, SHARED, DUAL))
    assert apart[2] / apart[0] == pytest.approx(56 / 2, rel=0.15)
    assert pointers[2] / pointers[0] < 4 and together[2] / together[0] < 4
    sentence = crowd(8, FORM.kinds)
    assert len(sentence.tokens) == WORDS and len(sentence.entities) == 8
    with pytest.raises(ValueError, match="21 entities"):
        crowd(21, FORM.kinds)


def test_rounding_keeps_biases_and_leaves_the_network_alone():
    net = DualPointer(FORM)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    small = rounded(net, 8)
    for name, value in net.named_parameters():
        other = dict(small.named_parameters())[name]
        assert torch.equal(value, before[name])
        if value.dim() < 2:
            assert torch.equal(value, other)
        else:
            step = float(value.detach().abs().max()) / 127
            assert float((value - other).detach().abs().max()) <= 0.5001 * step
            assert len(other.unique()) <= 255
    assert float((net.join.weight - rounded(net, 2).join.weight).detach().abs().max()) > 0.01  # and is not the identity


def judged_claims(bench, scores=None, **f1):
    """The claims where some systems answer a share of all triples, and the others two thirds."""
    answers = {}
    everything = [triples(each) for each in CORPUS.test]
    for system in SYSTEMS:
        share = f1.get(system.name, 0.67)
        answers[system.name] = [
            [{triple for k, triple in enumerate(sorted(each)) if (hash((i, k)) % 1000) / 1000 < share}
             for i, each in enumerate(everything)]
        ]  # fmt: skip
    even = {system.name: {0.0: 0.9, 1.0: 0.9} for system in SYSTEMS}
    grown = {
        s.name: {10: (macs, 1.0, 1.0)} for s, macs in ((BASELINE, 40.0), (SHARED, 5.0), (DUAL, 10.0), (IN_PLACE, 10.0))
    }
    return {each.id: each.status for each in claims(bench, answers, even | (scores or {}), grown)}


def test_claims_can_fail_and_can_be_reached(bench):
    even = judged_claims(bench)
    for name in ("union-above-forward", "union-above-backward", "context", "gain-grows", "fewer-macs-shared"):
        assert even[name] == "not-reached"
    assert even["fewer-macs"] == even["union-holds-both"] == even["only-entities"] == "reached"
    assert even["ace"] == even["nyt"] == "not-tried"
    better = judged_claims(
        bench,
        scores={IN_PLACE.name: {0.0: 0.9, 1.0: 0.95}},
        **{DUAL.name: 1.0, OBJECTS.name: 0.5, SUBJECTS.name: 0.5},
    )
    assert better["union-above-forward"] == better["union-above-backward"] == better["context"] == "reached"
    assert better["placed-gain-grows"] == "reached" and better["gain-grows"] == "not-reached"


def test_an_entity_that_is_not_there_would_be_noticed(bench):
    answers = {system.name: [[set() for _ in CORPUS.test]] for system in SYSTEMS}
    answers[DUAL.name][0][0].add((0, "Kill", 99))
    scores = {system.name: {} for system in SYSTEMS}
    grown = {s.name: {4: (1.0, 1.0, 1.0)} for s in (BASELINE, SHARED, DUAL)}
    found = {each.id: each for each in claims(bench, answers, scores, grown)}
    assert found["only-entities"].measured == 1 and found["only-entities"].status == "not-reached"
    assert found["gain-grows"].status == "not-tried"


def test_series_by_sharing(bench):
    material = bench.material(CORPUS.test)
    answers = {system.name: bench.answers(system, material) for system in SYSTEMS}
    scores = curves.by_sharing(bench, answers)
    assert all([*points] == [0.0, 1.0] for points in scores.values())
    names = {series.name for series in curves.sharing(bench, scores)}
    assert len(names) == 2
    halves = [scores[s.name] for s in (IN_PLACE, PLACED_OBJECTS, PLACED_SUBJECTS, OBJECTS, SUBJECTS)]
    assert all(0 <= value <= 1 for points in halves for value in points.values())


def test_data_that_is_given(tmp_path):
    with pytest.raises(InputError, match="the full mode has no data"):
        obtain(Settings(mode="full"), PLANS["full"])
    assert plan_of(Settings(data="x")) is GIVEN and plan_of(Settings()) is PLANS["quick"]
    assert plan_of(Settings(mode="full", data="x")) is PLANS["full"]
    (tmp_path / "bad.json").write_text('{"tokens": []')
    with pytest.raises(InputError, match=r"bad\.json:1: it is no JSON"):
        obtain(Settings(data=str(tmp_path / "bad.json")), GIVEN)


def test_material_is_of_its_form():
    assert Material.of(CORPUS.train[:2], FORM).form is FORM
