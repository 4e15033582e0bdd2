"""Brackets around spans, held against a slow oracle that inserts one bracket after the other."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import DataError, InputError
from picojoule.data.language.relations import FORMS, Bracket, Entity, Relation, Sentence, bracket, mark, pair
from picojoule.data.language.relations.markers import new_words
from picojoule.data.language.relations.spans import spread

WORDS = tuple("abcdef")


@st.composite
def brackets(draw):
    spans = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)).filter(lambda s: s[0] < s[1]), max_size=4))
    return [Bracket(start=a, stop=b, opening=(f"<{n}", f"!{n}"), closing=(f"{n}>",)) for n, (a, b) in enumerate(spans)]


@given(brackets())
def test_everything_is_where_it_is_said_to_be(given_brackets):
    done = bracket(WORDS, given_brackets)
    assert [done.tokens[place] for place in done.places] == list(WORDS)
    for number, each in enumerate(given_brackets):
        assert done.tokens[done.opened[number]] == f"<{number}"
        assert done.tokens[done.closed[number] - 1] == f"{number}>"
        start, stop = done.moved(each.start, each.stop)
        inside = [word for word in done.tokens[start:stop] if word in WORDS]
        assert inside == list(WORDS[each.start : each.stop])
        assert done.opened[number] < start < stop < done.closed[number] + 1
    assert [word for word in done.tokens if word in WORDS] == list(WORDS)


@given(brackets())
def test_brackets_of_nested_spans_are_nested(given_brackets):
    done = bracket(WORDS, given_brackets)
    for i, outer in enumerate(given_brackets):
        for j, inner in enumerate(given_brackets):
            strictly = (
                outer.start <= inner.start
                and inner.stop <= outer.stop
                and outer.stop - outer.start > (inner.stop - inner.start)
            )
            first = (outer.start, outer.stop) == (inner.start, inner.stop) and i < j
            if strictly or first:
                assert done.opened[i] < done.opened[j] and done.closed[j] < done.closed[i]


@given(brackets(), st.randoms())
def test_the_order_in_which_spans_are_given_says_nothing_unless_they_are_equal(given_brackets, random):
    distinct = list({(each.start, each.stop): each for each in given_brackets}.values())
    shuffled = random.sample(distinct, len(distinct))
    assert bracket(WORDS, distinct).tokens == bracket(WORDS, shuffled).tokens


@given(brackets())
def test_hidden_words_are_left_out_once(given_brackets):
    done = bracket(WORDS, [replace(each, hides=True) for each in given_brackets])
    hidden = {i for each in given_brackets for i in range(each.start, each.stop)}
    assert [word for word in done.tokens if word in WORDS] == [w for i, w in enumerate(WORDS) if i not in hidden]


def test_a_broken_pass_would_be_caught():
    """Inserting one after the other without moving the later spans, as a naive code does, loses track."""
    outer, inner = (Bracket(start=a, stop=b, opening=("(",), closing=(")",)) for a, b in ((0, 3), (1, 2)))
    naive = list(WORDS)
    for each in (outer, inner):
        naive.insert(each.stop, ")")
        naive.insert(each.start, "(")
    assert tuple(naive) != bracket(WORDS, (outer, inner)).tokens


def test_spread_over_pieces():
    assert spread((0, 1, 3), (2, 1, 3)) == (0, 2, 6)


BEFORE = pair(["Ann", "works", "for", "Big", "X", "now"], Entity(start=0, stop=1, kind="PERSON"),
              Entity(start=3, stop=5, kind="BIG_ORG"), "works for")  # fmt: skip
AFTER = replace(BEFORE, relations=(Relation(subject=1, object=0, label="employs"),))
INSIDE = pair(["the", "Bank", "of", "Spain", "fell"], Entity(start=3, stop=4, kind="PLACE"),
              Entity(start=1, stop=4, kind="ORG"), "in")  # fmt: skip
EXPECTED = {
    ("typed punctuation", "before"): ("@ * person * Ann @ works for # ^ big org ^ Big X # now", 0, 8),
    ("typed punctuation", "after"): ("# ^ person ^ Ann # works for @ * big org * Big X @ now", 8, 0),
    ("typed punctuation", "inside"): ("the # ^ org ^ Bank of @ * place * Spain @ # fell", 7, 1),
    ("punctuation", "before"): ("@ Ann @ works for # Big X # now", 0, 5),
    ("punctuation", "after"): ("# Ann # works for @ Big X @ now", 5, 0),
    ("punctuation", "inside"): ("the # Bank of @ Spain @ # fell", 4, 1),
    ("typed tokens", "before"): ("[SUBJ-PERSON] Ann [/SUBJ-PERSON] works for [OBJ-BIG_ORG] Big X [/OBJ-BIG_ORG] now",
                                 0, 5),
    ("typed tokens", "after"): ("[OBJ-PERSON] Ann [/OBJ-PERSON] works for [SUBJ-BIG_ORG] Big X [/SUBJ-BIG_ORG] now",
                                5, 0),
    ("typed tokens", "inside"): ("the [OBJ-ORG] Bank of [SUBJ-PLACE] Spain [/SUBJ-PLACE] [/OBJ-ORG] fell", 4, 1),
    ("tokens", "before"): ("[E1] Ann [/E1] works for [E2] Big X [/E2] now", 0, 5),
    ("tokens", "after"): ("[E2] Ann [/E2] works for [E1] Big X [/E1] now", 5, 0),
    ("tokens", "inside"): ("the [E2] Bank of [E1] Spain [/E1] [/E2] fell", 4, 1),
    ("mask", "before"): ("[SUBJ-PERSON] works for [OBJ-BIG_ORG] now", 0, 3),
    ("mask", "after"): ("[OBJ-PERSON] works for [SUBJ-BIG_ORG] now", 3, 0),
    ("mask", "inside"): ("the [OBJ-ORG] [SUBJ-PLACE] fell", 2, 1),
}  # fmt: skip
SENTENCES = {"before": BEFORE, "after": AFTER, "inside": INSIDE}


@pytest.mark.parametrize(("form", "where"), EXPECTED)
def test_marks_of_every_form_with_the_subject_before_after_and_inside_the_object(form, where):
    text, subject, object = EXPECTED[form, where]
    done = mark(SENTENCES[where], form)
    assert (" ".join(done.tokens), done.subject, done.object) == (text, subject, object)


def test_every_form_was_tried():
    assert {form for form, _ in EXPECTED} == set(FORMS)


def test_subject_and_object_may_be_the_same_words():
    sentence = pair(("Ann", "sleeps"), Entity(start=0, stop=1), Entity(start=0, stop=1), "is")
    assert " ".join(mark(sentence, "tokens").tokens) == "[E1] [E2] Ann [/E2] [/E1] sleeps"


def test_new_words_are_those_that_forms_write():
    for form in FORMS:
        written = {word for where in SENTENCES.values() for word in mark(where, form).tokens if word.startswith("[")}
        assert written <= set(new_words(("PERSON", "BIG_ORG", "PLACE", "ORG"), form))
    assert new_words((), "tokens") == ("[/E1]", "[/E2]", "[E1]", "[E2]") and new_words(("A",), "punctuation") == ()


def test_what_cannot_be():
    with pytest.raises(InputError, match="no marks named 'stars'"):
        mark(BEFORE, "stars")
    with pytest.raises(DataError, match="without a word"):
        Sentence(tokens=())
    with pytest.raises(DataError, match=r"words 1 … 2 in a sentence of 2"):
        Sentence(tokens=("a", "b"), entities=(Entity(start=1, stop=3),))
    with pytest.raises(DataError, match="words 1 … 0"):
        Sentence(tokens=("a", "b"), entities=(Entity(start=1, stop=1),))
    with pytest.raises(DataError, match="entities 0 and 1 where there are 1"):
        Sentence(
            tokens=("a",), entities=(Entity(start=0, stop=1),), relations=(Relation(subject=0, object=1, label="r"),)
        )
    with pytest.raises(DataError, match="0 relations where there has to be one"):
        mark(Sentence(tokens=("a",)))
