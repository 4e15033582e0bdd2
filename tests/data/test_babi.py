"""The bAbI tasks: the text form, the readers, the encoding, and how close the generated twins come."""

import gzip
import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from picojoule.base.errors import DataError, InputError
from picojoule.data.language.babi import Statistics, Vocabulary, encode, generate, load, parse, write
from picojoule.data.language.babi.stories import TITLES, first_questions, questions

PUBLIC = Path(os.environ.get("PICOJOULE_DATA", "/nowhere")) / "babi_en10k.jsonl.gz"
needs_public = pytest.mark.skipif(not PUBLIC.is_file(), reason="needs babi_en10k.jsonl.gz in $PICOJOULE_DATA")
MEASURED: dict[int, tuple[float, float, float, int, float]] = {
    1: (10.0, 6.0, 5.20, 19, 0.17),
    2: (22.0, 15.6, 5.10, 33, 0.18),
    3: (74.0, 50.0, 4.93, 34, 0.19),
    4: (2.0, 2.0, 7.0, 14, 0.17),
    5: (27.3, 20.1, 5.24, 39, 0.185),
    6: (10.3, 6.28, 5.12, 33, 0.50),
    7: (13.0, 8.67, 5.25, 39, 0.487),
    8: (13.3, 8.77, 5.12, 34, 0.362),
    9: (10.0, 6.0, 5.48, 22, 0.625),
    10: (10.0, 6.0, 6.10, 21, 0.475),
    11: (10.0, 6.0, 5.94, 26, 0.17),
    12: (10.0, 6.0, 7.19, 20, 0.17),
    13: (10.0, 6.0, 6.95, 26, 0.17),
    14: (11.7, 7.70, 6.87, 25, 0.17),
    15: (8.0, 8.0, 4.5, 17, 0.26),
    16: (9.0, 9.0, 3.56, 17, 0.253),
    17: (2.0, 2.0, 9.17, 16, 0.503),
    18: (6.29, 6.32, 7.16, 16, 0.503),
    19: (5.0, 5.0, 7.0, 19, 0.086),
    20: (10.7, 5.88, 4.39, 35, 0.187),
}
"""Of en-10k's training files: statements a story, memories at a question, words a statement, vocabulary, majority."""


@pytest.fixture(scope="module")
def twins():
    many = {3: 5000, 17: 10_000}  # few or long stories: their means settle late
    return {number: Statistics.of(generate(number, train=many.get(number, 3000), test=1).train) for number in TITLES}


@pytest.mark.parametrize("number", TITLES)
def test_a_twin_has_the_measured_statistics(twins, number):
    statements, memories, words, vocabulary, majority = MEASURED[number]
    twin = twins[number]
    assert twin.statements == pytest.approx(statements, rel=0.05)
    assert twin.memories == pytest.approx(memories, rel=0.05)
    assert twin.words == pytest.approx(words, rel=0.05)
    assert twin.vocabulary == vocabulary
    assert twin.majority == pytest.approx(majority, abs=0.03)


@pytest.fixture(scope="module")
def public():
    return {number: load(PUBLIC, number) for number in TITLES}


@needs_public
@pytest.mark.parametrize("number", TITLES)
def test_a_twin_tells_in_the_same_forms(public, twins, number):
    public, twin = Statistics.of(public[number].train).templates, twins[number].templates
    apart = {form: abs(public.get(form, 0) - twin.get(form, 0)) for form in {*public, *twin}}
    assert max(apart.values()) <= 0.02, max(apart, key=apart.get)


@needs_public
def test_the_public_files_are_whole(public):
    for number, task in public.items():
        assert sum(1 for _ in questions(task.test)) == 1000
        assert sum(1 for _ in questions(task.train)) == (1000 if number == 3 else 10_000)
    assert len(Vocabulary.of(story for task in public.values() for story in task.train)) == 176
    assert load(PUBLIC.parent, 4) == public[4]


@pytest.mark.parametrize("number", TITLES)
def test_text_and_back(number):
    task = generate(number, train=60, test=20, seed=3)
    assert parse(write(task.train), "own") == task.train
    assert sum(1 for _ in questions(task.train)) == 60 and sum(1 for _ in questions(task.test)) == 20
    assert generate(number, train=60, test=20, seed=3) == task != generate(number, train=60, test=20, seed=4)
    for story in task.train:
        for place, line in enumerate(story, 1):
            assert all(0 < s < place and story[s - 1].answer is None for s in line.support)


def test_answers_follow_from_what_was_told():
    """By an independent reading: where somebody is, is where they last went."""
    for number in (1, 11, 12, 13):
        for told, asked in questions(generate(number, train=200, test=1).train):
            who = asked.words[-1]
            place, named = None, ()
            for line in told:
                people = {"he", "she", "they"} & {*line.words}
                named = named if people else line.words
                place = line.words[-1] if who in named else place
            assert place == asked.answer


def test_two_steps_lead_where_they_should():
    step = {"n": (0, 1), "s": (0, -1), "e": (1, 0), "w": (-1, 0)}
    for told, asked in questions(generate(19, train=100, test=1).train):
        at = {told[0].words[-1]: (0, 0)}
        while len(at) < 6:
            for line in told:
                a, way, b = line.words[1], line.words[3], line.words[-1]
                dx, dy = step[way[0]]
                if b in at:
                    at[a] = (at[b][0] + dx, at[b][1] + dy)
                elif a in at:
                    at[b] = (at[a][0] - dx, at[a][1] - dy)
        x, y = at[asked.words[6]]
        for way in asked.answer.split(","):
            x, y = x + step[way][0], y + step[way][1]
        assert (x, y) == at[asked.words[-1]]
        assert len(set(at.values())) == 6


def test_plain_folders_and_packed_files_are_read_alike(tmp_path):
    task = generate(4, train=30, test=10)
    (tmp_path / "en-10k").mkdir()
    (tmp_path / "en").mkdir()
    texts = {f"en-10k/qa4_two-arg-relations_{part}.txt": write(getattr(task, part)) for part in ("train", "test")}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    packed = tmp_path / "x.jsonl.gz"
    packed.write_bytes(gzip.compress("\n".join(json.dumps({"file": f, "text": t}) for f, t in texts.items()).encode()))
    folder, file = load(tmp_path, 4), load(packed, 4)
    assert folder.train == file.train == task.train and folder.test == task.test
    assert folder.sha256 == file.sha256 == task.sha256


def test_wrong_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="no train and test file of task 1"):
        load(tmp_path, 1)
    with pytest.raises(InputError, match="no task 21"):
        load(tmp_path, 21)
    (tmp_path / "bad.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "bad.jsonl.gz", 1)
    for text, what in (("Mary is here.\n", "cannot read"), ("1 Mary is here.\n", "no question")):
        with pytest.raises(DataError, match=what):
            parse(text, "own")
    with pytest.raises(InputError, match="0 and 5 questions"):
        generate(1, train=0, test=5)


def test_two_sums_give_the_position_encoding():
    """½ s⁰A + (½ − k/E)(sʲA) is Σ_j l_kj A[x_j], l_kj = (1 − j/J) − (k/E)(1 − 2j/J)."""
    task = generate(5, train=10, test=1)
    words = Vocabulary.of(task.train)
    encoded = encode(task.train, words)
    e = 7
    a = torch.randn(len(words), e)
    k = torch.arange(1, e + 1) / e
    told, asked = next(questions(task.train))
    for sentence, row in ((told[-1], encoded.story[0, 0]), (asked, encoded.question[0])):
        bags = encoded.sentences[row]
        ours = 0.5 * bags[0] @ a + (0.5 - k) * (bags[1] @ a)
        j = len(sentence.words)
        theirs = sum(
            ((1 - i / j) - k * (1 - 2 * i / j)) * a[words.tokens.index(word)]
            for i, word in enumerate(sentence.words, 1)
        )
        torch.testing.assert_close(ours, theirs)


def test_the_newest_memories_come_first_and_old_ones_are_left_out():
    task = generate(2, train=40, test=1)
    words = Vocabulary.of(task.train)
    encoded = encode(task.train, words, memories=5)
    assert encoded.story.shape[1] == 5
    for row, (told, _) in zip(encoded.story, questions(task.train), strict=True):
        newest = [encoded.sentences[i, 0].sum() for i in row if i]
        assert newest == [len(line.words) for line in reversed(told[-5:])]


def test_a_word_that_was_never_read_is_refused():
    task, other = generate(1, train=10, test=1), generate(15, train=10, test=1)
    with pytest.raises(DataError, match="words that no training story has"):
        encode(other.train, Vocabulary.of(task.train))


def test_cutting_questions_off():
    stories = generate(1, train=23, test=1).train
    kept = first_questions(stories, 7)
    assert [q for _, q in questions(kept)] == [q for _, q in questions(stories)][:7]
    assert all(a[-1].answer for a, _ in pairwise([*kept, kept[-1]]))
