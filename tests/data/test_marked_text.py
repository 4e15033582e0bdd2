"""Text with marked entities: words, places, sentences, and what is refused."""

import pytest

from picojoule.base.errors import DataError, InputError
from picojoule.data.language.relations.marked_text import read


def sentences(tmp_path, text):
    path = tmp_path / "text.md"
    path.write_text(text)
    return read(path)


def named(sentence):
    return [(" ".join(sentence.words(each)), each.kind) for each in sentence.entities]


def test_marks_become_entities(tmp_path):
    (one,) = sentences(tmp_path, "[Ann Lee](Peop) works for\n[X-1 Corp.](Org), in [O'Hara's](Loc)!")
    assert one.tokens == ("Ann", "Lee", "works", "for", "X-1", "Corp", ".", ",", "in", "O'Hara's", "!")
    assert named(one) == [("Ann Lee", "Peop"), ("X-1 Corp .", "Org"), ("O'Hara's", "Loc")]
    assert one.name.endswith("text.md:1") and not one.relations


def test_sentences_end_where_they_end(tmp_path):
    text = "[Ann](Peop) met Dr. [Bo](Peop) at 3.5 p.m. [Cy](Peop) left. Nothing here."
    text += "\n\n\n[Di](Peop) came? [Ed](Peop) (x) sat"
    found = sentences(tmp_path, text)
    assert [[name for name, _ in named(each)] for each in found] == [["Ann", "Bo", "Cy"], ["Di"], ["Ed"]]
    assert [int(each.name.rpartition(":")[2]) for each in found] == [1, 4, 4]


@pytest.mark.parametrize("text", ["", "Ann works for X.", "[Ann] works for (X)"])
def test_unmarked_text_is_refused_with_the_remedy(tmp_path, text):
    with pytest.raises(DataError, match="no entity is marked") as caught:
        sentences(tmp_path, text)
    assert "[Ann](Peop) works for [X](Org)" in caught.value.remedy


def test_marks_that_lack_something_are_refused_with_their_line(tmp_path):
    for mark, what in (("[Ann]()", "has no type"), ("[ ](Peop)", "has no words")):
        with pytest.raises(DataError, match=what) as caught:
            sentences(tmp_path, f"[Bo](Peop) slept.\n\n{mark} works.")
        assert caught.value.where.endswith(":3")


def test_no_file(tmp_path):
    with pytest.raises(InputError, match="cannot read the data"):
        read(tmp_path / "none.txt")
