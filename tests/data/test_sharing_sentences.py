"""Generated sentences: the dial does what it says, and what is generated is what it claims to be."""

import pytest

from picojoule.base.errors import InputError
from picojoule.data.language.relations.order import ceiling, ordered
from picojoule.data.language.relations.sharing import generate, mixed
from picojoule.data.language.relations.sharing.clauses import APART, ARGUMENTS, BOTH, RELATED


def test_without_sharing_one_pointer_says_everything():
    sentences = generate(sharing=0, train=400).train
    assert ceiling(sentences) == {"forward": 1, "backward": 1, "union": 1}
    assert any(len(each.relations) > 1 for each in sentences)


def test_one_pointer_says_less_the_more_is_shared_and_two_say_nearly_all():
    found = [ceiling(generate(sharing=rho, train=600).train) for rho in (0, 0.25, 0.5, 0.75, 1)]
    for which in ("forward", "backward"):
        values = [each[which] for each in found]
        assert values == sorted(values, reverse=True) and values[-1] < 0.75
    assert 0.9 < found[-1]["union"] < 1  # several of both are more than two pointers can say
    gains = [each["union"] - max(each["forward"], each["backward"]) for each in found]
    assert gains == sorted(gains)


def test_sentences_are_whole():
    for each in (*generate(sharing=0.5, train=300).train, *mixed(train=300).train):
        assert each == ordered(each)
        for relation in each.relations:
            kinds = tuple(each.entities[end].kind for end in (relation.subject, relation.object))
            assert kinds == ARGUMENTS[relation.label] and relation.subject != relation.object
        names = [(each.words(entity), entity.kind) for entity in each.entities]
        assert len({*names}) == len(names) and not any("|" in word or word in ("S", "O") for word in each.tokens)


def test_parts_differ_and_seeds_decide():
    one = generate(sharing=0.5, train=50, valid=50, test=50)
    assert one.sha256 == generate(sharing=0.5, train=50, valid=50, test=50).sha256
    assert one.sha256 != generate(sharing=0.5, train=50, valid=50, test=50, seed=1).sha256
    assert not {each.tokens for each in one.train} & {each.tokens for each in one.test}
    names = [{each.words(entity) for each in part for entity in each.entities} for part in (one.train, one.test)]
    assert len(names[1] - names[0]) > 0.5 * len(names[1])


def test_clauses_name_what_they_relate():
    assert set(RELATED) == set(ARGUMENTS)
    for label, texts in RELATED.items():
        assert all(text.split().count("S") == text.split().count("O") == 1 for text in texts), label
    for text, held in BOTH:
        assert {letter for pairs in held.values() for letter in pairs if letter != " "} <= {*text.split()}
    for _, pairs, text in APART:
        assert {*pairs.replace(" ", "")} <= {*text.split()}


def test_no_fraction_is_refused():
    with pytest.raises(InputError, match="ρ = 2"):
        generate(sharing=2)
    with pytest.raises(InputError, match="0, 200, 400 sentences"):
        generate(sharing=0, train=0)
