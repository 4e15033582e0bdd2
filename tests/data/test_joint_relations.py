"""Readers of data with any number of relations in a sentence; what is wrong is said with file and line."""

import gzip
import json

import pytest

from picojoule.base.errors import DataError, InputError
from picojoule.data.language.relations import Entity, Relation
from picojoule.data.language.relations.joint import load, sentences_of
from picojoule.data.language.relations.order import ceiling, ordered, pointed, triples

TOKENS = ["Ann", "and", "Bob", "Lee", "work", "for", "X", "."]
PACKED = {
    "split": "train",
    "tokens": TOKENS,
    "entities": [[6, 7, "Org"], [0, 1, "Peop"], [2, 4, "Peop"]],
    "relations": [[0, 1, 6, 7, "Work_For"], [2, 4, 6, 7, "Work_For"], [2, 4, 6, 7, "Work_For"]],
}
SPERT = {
    "tokens": TOKENS,
    "entities": [{"type": t, "start": a, "end": b} for t, a, b in (("Org", 6, 7), ("Peop", 0, 1), ("Peop", 2, 4))],
    "relations": [{"type": "Work_For", "head": head, "tail": 0} for head in (1, 2)],
}
DYGIE = {
    "doc_key": "d",
    "sentences": [["Hello", "."], TOKENS],
    "ner": [[], [[8, 8, "Org"], [2, 2, "Peop"], [4, 5, "Peop"]]],
    "relations": [[], [[2, 2, 8, 8, "Work_For"], [4, 5, 8, 8, "Work_For"]]],
}
NYT = {
    "sentText": " ".join(TOKENS),
    "entityMentions": [{"text": t, "label": k} for t, k in (("X", "Org"), ("Ann", "Peop"), ("Bob Lee", "Peop"))],
    "relationMentions": [
        *({"em1Text": who, "em2Text": "X", "label": "Work_For"} for who in ("Ann", "Bob Lee")),
        {"em1Text": "X", "em2Text": "Ann", "label": "None"},
    ],
}
COPYRE = {"text": " ".join(TOKENS), "triple_list": [["Ann", "Work_For", "X"], ["Bob Lee", "Work_For", "X"]]}
FORMATS = {"packed": PACKED, "SpERT": SPERT, "DyGIE++": DYGIE, "NYT": NYT, "CopyRE": COPYRE}


def written(folder, *items, name="data.jsonl"):
    path = folder / name
    path.write_text("\n".join(json.dumps(each) for each in items))
    return path


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("array", [False, True])
def test_every_format_gives_the_same_sentence(tmp_path, name, array):
    path = written(tmp_path, [FORMATS[name]] if array else FORMATS[name])
    sentence = [each for _, each in sentences_of(path)][-1]
    assert sentence.tokens == tuple(TOKENS)
    assert [each.span for each in sentence.entities] == [(0, 1), (2, 4), (6, 7)]
    kinds = ("Peop", "Peop", "Org") if name != "CopyRE" else ("",) * 3
    assert tuple(each.kind for each in sentence.entities) == kinds
    assert sentence.relations == tuple(Relation(subject=who, object=2, label="Work_For") for who in (0, 1))
    assert sentence.name.startswith(f"{path}:1")


def test_a_file_with_parts_and_a_folder_with_files(tmp_path):
    parts = [PACKED | {"split": part} for part in ("train", "dev", "test")]
    packed = tmp_path / "own.jsonl.gz"
    packed.write_bytes(gzip.compress("\n".join(map(json.dumps, parts)).encode()))
    folder = tmp_path / "folder"
    folder.mkdir()
    for part in ("train", "dev", "test"):
        written(folder, SPERT, name=f"own_{part}.json")
    for corpus in (load(packed), load(folder)):
        assert corpus.labels == ("Work_For",) and corpus.kinds == ("Org", "Peop") and corpus.negative is None
        assert len(corpus.train) == len(corpus.valid) == len(corpus.test) == 1


WRONG = {
    "it is no JSON": "{'tokens': []}",
    "of no format known here": {"words": ["a"]},
    "are no entity": PACKED | {"relations": [[0, 1, 4, 5, "Work_For"]]},
    "an entity of the words 6 … 8 in a sentence of 8": PACKED | {"entities": [[6, 9, "Org"]], "relations": []},
    "a sentence without a word": PACKED | {"tokens": [], "entities": [], "relations": []},
    "no list of words": PACKED | {"tokens": "Ann"},
    "it is no sentence of this format": PACKED | {"entities": [[0, 1]]},
    "a relation of entities 1 and 7 where there are 3": SPERT | {"relations": [{"type": "a", "head": 1, "tail": 7}]},
    "'Y' is not in the text": COPYRE | {"triple_list": [["Ann", "Work_For", "Y"]]},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_with_its_line(tmp_path, what):
    item = WRONG[what]
    path = tmp_path / "bad.jsonl"
    path.write_text("\n".join([json.dumps(PACKED), item if isinstance(item, str) else json.dumps(item)]))
    with pytest.raises(DataError, match=what) as caught:
        list(sentences_of(path))
    assert caught.value.where == f"{path}:2" and caught.value.remedy


def test_data_without_a_part_or_with_an_unknown_label_are_refused(tmp_path):
    unknown = PACKED | {"split": "test", "relations": [[0, 1, 6, 7, "Owns"]]}
    path = written(tmp_path, PACKED, unknown)
    with pytest.raises(DataError, match="the label 'Owns' is not known") as caught:
        load(path)
    assert caught.value.where == f"{path}:2"
    for items, what in (
        ([PACKED], "no sentences to test"),
        ([SPERT], "the item names no part"),
        ([PACKED | {"split": "x"}], "in no part"),
    ):
        with pytest.raises(DataError, match=what):
            load(written(tmp_path, *items))
    with pytest.raises(InputError, match="cannot read"):
        load(tmp_path / "none.json")


def test_order_of_the_text_keeps_relations_and_nesting():
    sentence = next(each for _, each in sentences_of_items(PACKED))
    turned = ordered(
        type(sentence)(
            tokens=sentence.tokens,
            entities=(Entity(start=2, stop=3, kind="b"), Entity(start=2, stop=4, kind="a"), sentence.entities[0]),
            relations=(Relation(subject=0, object=2, label="r"), Relation(subject=1, object=0, label="s")),
        )
    )
    assert [each.kind for each in turned.entities] == ["Peop", "a", "b"]
    assert triples(turned) == {(2, "r", 0), (1, "s", 2)}
    assert ordered(turned) == turned


def sentences_of_items(*items):
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        return list(sentences_of(written(Path(folder), *items)))


def test_of_several_objects_the_last_listed_is_pointed_at():
    relations = [[0, 1, 6, 7, "a"], [0, 1, 2, 4, "b"], [2, 4, 6, 7, "c"]]
    ((_, sentence),) = sentences_of_items(PACKED | {"relations": relations})
    objects, subjects = pointed(sentence)
    assert {place: r.label for place, r in objects.items()} == {0: "b", 1: "c"}
    assert {place: r.label for place, r in subjects.items()} == {2: "c", 1: "b"}
    assert ceiling((sentence,)) == {"forward": 2 / 3, "backward": 2 / 3, "union": 2 / 3}  # Ann –a→ X is lost twice


def test_what_two_pointers_can_say_of_conll04(real_data):
    """The table of what perfect pointers reach on the shared file, and that the union has no less than either."""
    path = real_data / "conll04.jsonl.gz"
    if not path.is_file():
        pytest.skip("needs conll04.jsonl.gz in $PICOJOULE_DATA")
    corpus = load(real_data)
    due = {"train": (0.882, 0.870, 0.978), "valid": (0.860, 0.851, 0.980), "test": (0.872, 0.834, 0.957)}
    for part, (forward, backward, union) in due.items():
        sentences = getattr(corpus, part)
        found = ceiling(sentences)
        assert found == pytest.approx({"forward": forward, "backward": backward, "union": union}, abs=0.0005)
        for each in sentences:
            own = ceiling((each,))
            assert own["union"] >= max(own["forward"], own["backward"])
    assert (len(corpus.train), len(corpus.valid), len(corpus.test)) == (922, 231, 288)
    assert corpus.labels == ("Kill", "Live_In", "Located_In", "OrgBased_In", "Work_For")
