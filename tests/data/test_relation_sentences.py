"""Generated sentences of known difficulty, hashed words, and sentences as numbers."""

from collections import Counter

import pytest
import torch

from picojoule.base.errors import DataError, InputError
from picojoule.data.language.relations import Entity, pair
from picojoule.data.language.relations.encoding import NOTHING, OBJECT, SUBJECT, TOKEN, Encoding
from picojoule.data.language.relations.generating import LABELS, NEGATIVE, generate
from picojoule.data.language.relations.templates import DENIED, LEVELS, NEUTRAL, RELATIONS, TEMPLATES
from picojoule.data.language.relations.words import HashedWords

MADE = generate(train=3000, valid=50, test=50, noise=0.2)


def test_every_relation_has_eight_templates_or_more_from_plain_to_indirect():
    assert set(TEMPLATES) == set(RELATIONS) == set(DENIED) and len(RELATIONS) == 12
    for relation, levels in TEMPLATES.items():
        assert len(levels) == LEVELS and sum(map(len, levels)) >= 8
        for template in (*(each for level in levels for each in level), *DENIED[relation]):
            assert template.count("{s}") == template.count("{o}") == 1 and template.endswith(" .")
        assert f"{{{RELATIONS[relation][1]}}}" in levels[2][-1], "an entity of the object's type stands on the way"
    assert len(NEUTRAL) == LEVELS


def test_sentences_are_typed_and_most_have_no_relation():
    truths = Counter(MADE.truths)
    assert set(truths) == set(LABELS) and truths[NEGATIVE] / 3000 == pytest.approx(0.7, abs=0.03)
    for each, truth in zip(MADE.corpus.train, MADE.truths, strict=True):
        if truth != NEGATIVE:
            assert tuple(entity.kind for entity in each.pair) == RELATIONS[truth]


def test_types_do_not_tell():
    """Every pair of types occurs with a relation and without."""
    kinds = {tuple(each.kind for each in one.pair): set() for one in MADE.corpus.train}
    for one, truth in zip(MADE.corpus.train, MADE.truths, strict=True):
        kinds[tuple(each.kind for each in one.pair)].add(truth == NEGATIVE)
    assert set(map(frozenset, kinds.values())) == {frozenset({True, False})}


def test_wrong_labels_are_as_many_as_asked_for_fit_the_types_and_gather_in_hard_sentences():
    assert sum(MADE.wrong) == 600
    rates = [
        sum(w for w, level in zip(MADE.wrong, MADE.levels, strict=True) if level == k) / MADE.levels.count(k)
        for k in range(LEVELS)
    ]
    assert rates == sorted(rates) and rates[3] > 3 * rates[0]
    for each in MADE.corpus.train:
        assert each.label == NEGATIVE or tuple(one.kind for one in each.pair) == RELATIONS[each.label]


def test_noise_changes_labels_and_nothing_else():
    clean = generate(train=300, valid=20, test=20)
    noisy = generate(train=300, valid=20, test=20, noise=0.3)
    assert not any(clean.wrong) and [each.label for each in clean.corpus.train] == list(noisy.truths)
    assert [each.tokens for each in clean.corpus.train] == [each.tokens for each in noisy.corpus.train]
    assert (clean.corpus.valid, clean.corpus.test) == (noisy.corpus.valid, noisy.corpus.test)
    assert generate(train=300, valid=20, test=20, seed=1).corpus.sha256 != clean.corpus.sha256


@pytest.mark.parametrize("wrong", [{"train": 0}, {"noise": 0.6}, {"noise": -0.1}])
def test_what_cannot_be_generated(wrong):
    with pytest.raises(InputError, match="share from 0 to"):
        generate(**{"train": 5, "valid": 5, "test": 5, **wrong})


def test_words_are_hashed():
    words = HashedWords(buckets=1000, shortest=3, longest=4, most=50)
    (ann,), (anna,) = words("ann"), words("Anna")
    assert len(ann) == 1 + 3 + 2 and all(1 <= each <= 1000 for each in ann)
    assert len(set(ann) & set(anna)) >= 2, "<an and ann are in both"
    assert words("ann") == words("ANN") != HashedWords(buckets=1000, shortest=3, longest=4, keeps_case=True)("ANN")
    assert len(words("@")[0]) == len(words("[SUBJ-PERSON]")[0]) == 1, "a mark has no pieces"
    assert len(HashedWords(most=4)("extraordinary")[0]) == 4
    with pytest.raises(InputError, match="at least one"):
        HashedWords(buckets=0)


LETTERS = pair(("a", "bb", "c"), Entity(start=1, stop=2), Entity(start=2, stop=3), "r")


def letters(word):
    """A token for each letter."""
    return [(1 + ord(letter) % 50,) for letter in word]


def test_sentences_become_numbers_and_marks_are_found_again():
    encoding = Encoding(pieces=letters, form="punctuation", first=(98,), last=(99,))
    found = encoding([LETTERS, pair(("x", "y"), Entity(start=0, stop=1), Entity(start=1, stop=2), "q")], ("q", "r"))
    marked = "a@bb@#c#"
    assert found.x[0, 1:-1, 1].tolist() == [1 + ord(letter) % 50 for letter in marked]
    assert found.x[0, 0].tolist() == [TOKEN, 98] and found.x[0, -1].tolist() == [TOKEN, 99]
    assert found.x[0, :, 0].tolist() == [1, 1, SUBJECT, 1, 1, 1, OBJECT, 1, 1, 1]
    assert found.y.tolist() == [1, 0] and found.lengths.tolist() == [10, 8]
    assert found.x[1, 8:].eq(NOTHING).all()
    x, y = found.pick(torch.tensor([1]))
    assert x.shape == (1, 8, 2) and y.tolist() == [0], "no longer than its longest"
    assert len(found.select(found.y == 1)) == 1 and [len(y) for _, y in found.batches(1)] == [1, 1]


def test_of_a_long_sentence_the_marks_are_kept():
    words = tuple("abcdefghij")
    late = pair(words, Entity(start=8, stop=9), Entity(start=9, stop=10), "r")
    early = pair(words, Entity(start=0, stop=1), Entity(start=1, stop=2), "r")
    encoding = Encoding(pieces=letters, form="punctuation", most=8)
    for sentence in (late, early):
        roles = [token[0] for token in encoding.tokens(sentence)]
        assert len(roles) == 8 and SUBJECT in roles and OBJECT in roles


def test_wrong_encodings():
    encoding = Encoding(pieces=letters)
    with pytest.raises(DataError, match="no sentence"):
        encoding([], ("r",))
    with pytest.raises(DataError, match="the label 'r' is not known"):
        encoding([LETTERS], ("q",))
