"""Readers of the public formats on small files of their layout, what they refuse, and the real files where they are."""

import gzip
import json

import pytest

from picojoule.base.errors import DataError, InputError
from picojoule.data.language.lines import items, text_of
from picojoule.data.language.relations import Corpus, Entity, fewrel, opening, pair, semeval, tacred


def item(number=1, relation="per:title", **changed):
    """A sentence as TACRED has it."""
    row = {
        "id": f"e{number}", "relation": relation, "token": ["Ann", "-LRB-", "a", "chief", "judge", "-RRB-", "spoke"],
        "subj_start": 0, "subj_end": 0, "obj_start": 3, "obj_end": 4, "subj_type": "PERSON", "obj_type": "TITLE",
    }  # fmt: skip
    return row | changed


def written(folder, **parts):
    """A folder of TACRED; an array with an item a line, the first on line 2."""
    for split in ("train", "dev", "test"):
        rows = parts.get(split, [item(1), item(2, "no_relation")])
        (folder / f"{split}.json").write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]")
    return folder


def test_tacred(tmp_path):
    corpus = tacred.load(written(tmp_path))
    assert corpus.labels == ("no_relation", "per:title") and corpus.negative == "no_relation"
    first = corpus.train[0]
    assert first.tokens == ("Ann", "(", "a", "chief", "judge", ")", "spoke")
    assert [first.words(each) for each in first.pair] == [("Ann",), ("chief", "judge")]
    assert [each.kind for each in first.pair] == ["PERSON", "TITLE"] and corpus.kinds == ("PERSON", "TITLE")
    assert (first.name, first.label, len(corpus.valid)) == ("e1", "per:title", 2)
    assert opening.load(tmp_path).sha256 == corpus.sha256


def test_re_tacred_patches_labels_and_leaves_out_what_it_does_not_have(tmp_path):
    written(tmp_path)
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}_id2label.json").write_text(json.dumps({"e2": "per:identity"}))
    corpus = opening.load(tmp_path)
    assert corpus.name == "re-tacred"
    assert [(each.name, each.label) for each in corpus.train] == [("e2", "per:identity")]
    (tmp_path / "dev_id2label.json").write_text('{\n"e2": "per:identity",\n}')
    with pytest.raises(DataError, match=r"dev_id2label.json:3: it is no JSON"):
        opening.load(tmp_path)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"subj_end": 7}, r"train.json:3: an entity of the words 0 … 7 in a sentence of 7"),
        ({"obj_start": -1}, r"train.json:3: an entity of the words -1 … 4"),
        ({"obj_start": 5}, r"train.json:3: an entity of the words 5 … 4"),
        ({"token": []}, r"train.json:3: a sentence without a word"),
        ({"token": "Ann spoke"}, r"train.json:3: the tokens are no list of words"),
        ({"token": ["Ann", 7]}, r"train.json:3: the tokens are no list of words"),
        ({"subj_start": "none"}, r"train.json:3: it is no sentence of this format"),
    ],
)
def test_wrong_sentences_are_named_by_file_and_line(tmp_path, changed, says):
    with pytest.raises(DataError, match=says):
        tacred.load(written(tmp_path, train=[item(1), item(2, **changed)]))


def test_other_wrong_files(tmp_path):
    folder = written(tmp_path, test=[item(1), item(2), item(3, "per:unheard_of")])
    with pytest.raises(DataError, match=r"test.json:4: the label 'per:unheard_of' is not known"):
        tacred.load(folder)
    row = item(2)
    del row["obj_type"]
    with pytest.raises(DataError, match=r"dev.json:2: .*'obj_type' is missing"):
        tacred.load(written(tmp_path, dev=[row]))
    (tmp_path / "train.json").unlink()
    with pytest.raises(InputError, match=r"train.json"):
        tacred.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[\n{"a": 1},\n{"a": }\n]', 3),
        ('[\n{"a": 1}\n{"a": 2}\n]', 2),
        ('[\n{"a": 1},\n', 3),
        ('{"a": 1}\n\n{"a": 2\n{"a": 3}\n', 3),
        ('{"a": 1} {"a": 2}\n', 1),
    ],
)
def test_malformed_json_is_named_by_its_line(tmp_path, text, line):
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(DataError, match=rf"f\.json:{line}: it is no JSON"):
        list(items(tmp_path / "f.json"))


def test_a_text_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("picojoule.data.language.lines.LIMIT_BYTES", 10_000)
    (tmp_path / "fits.json.gz").write_bytes(gzip.compress(b"[" + b" " * 9_998 + b"]"))
    assert not [*items(tmp_path / "fits.json.gz")]
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(bytes(10**8)))
    with pytest.raises(DataError, match="it is a text of more than"):
        text_of(tmp_path / "bomb.json.gz")


def test_arrays_and_lines_are_read_alike(tmp_path):
    rows = [{"a": 1, "b": ["x\n", "]"]}, {"a": 2}]
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    (tmp_path / "array.json").write_text(" " + json.dumps(rows, indent=1))
    packed = tmp_path / "lines.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "lines.jsonl").read_bytes()))
    for name in ("lines.jsonl", "array.json", "lines.jsonl.gz"):
        assert [value for _, value in items(tmp_path / name)] == rows
    assert [where.rpartition(":")[2] for where, _ in items(tmp_path / "array.json")] == ["2", "9"]
    packed.write_bytes(b"no gzip")
    with pytest.raises(DataError, match="cannot be read"):
        list(items(packed))


TEXT = "The <e1>child</e1> was put into the <e2>hand-made cradle</e2>."


def row(number, split, text=TEXT, relation="Entity-Destination(e1,e2)"):
    return {"id": number, "split": split, "text": text, "relation": relation}


def lines(path, *rows):
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return path


def test_semeval(tmp_path):
    corpus = opening.load(lines(tmp_path / "s.jsonl", row(1, "train"), row(2, "test", relation="Other")))
    (first,) = corpus.train
    assert first.tokens == ("The", "child", "was", "put", "into", "the", "hand-made", "cradle", ".")
    assert [first.words(each) for each in first.pair] == [("child",), ("hand-made", "cradle")]
    assert corpus.labels == semeval.LABELS and len(corpus.labels) == 19 and corpus.labels[0] == "Other"


def test_semeval_as_it_is_distributed(tmp_path):
    block = f'1\t"{TEXT}"\nEntity-Destination(e1,e2)\nComment: none\n\n'
    for name in ("a/TRAIN_FILE.TXT", "b/TEST_FILE_FULL.TXT"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(block)
    corpus = opening.load(tmp_path)
    assert corpus.train == corpus.test == semeval.load(tmp_path).train and corpus.train[0].name == "1"
    (tmp_path / "b/TEST_FILE_FULL.TXT").write_text(block + f'2\t"{TEXT}"\nEntity-Journey(e1,e2)\n')
    with pytest.raises(DataError, match=r"TEST_FILE_FULL.TXT:5: the label 'Entity-Journey\(e1,e2\)' is not known"):
        semeval.load(tmp_path)
    (tmp_path / "b/TEST_FILE_FULL.TXT").unlink()
    with pytest.raises(DataError, match=r"no TEST_FILE_FULL.TXT"):
        semeval.load(tmp_path)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (row(2, "test", text="A <e1>b</e1> c"), r"s.jsonl:2: nominal e2 is not marked"),
        (row(2, "test", text="<e1></e1> <e2>b</e2>"), r"s.jsonl:2: an entity of the words 0 … -1"),
        (row(2, "test", relation="Else"), r"s.jsonl:2: the label 'Else' is not known. Remedy: use one of"),
        (row(2, "dev"), r"s.jsonl:2: the split 'dev'"),
        ({"id": 2}, r"s.jsonl:2: .*'split' is missing"),
        (row(2, "train"), r"it has no test sentence"),
        (row(2, "test", text=3), r"s.jsonl:2: text is no text"),
    ],
)
def test_wrong_semeval(tmp_path, second, says):
    with pytest.raises(DataError, match=says):
        semeval.load(lines(tmp_path / "s.jsonl", row(1, "train"), second))


def test_turned_is_seen_from_the_other_nominal():
    one = semeval.sentence(TEXT, "Cause-Effect(e2,e1)")
    other = semeval.turned(one)
    assert other.label == "Cause-Effect(e1,e2)" and other.pair == one.pair[::-1]
    assert semeval.turned(other) == one
    assert semeval.turned(semeval.sentence(TEXT, "Other")).label == "Other"


def few(relation="P1", h=(0, 1), t=(3,), source="val_wiki", tokens=("A", "B", "is", "C", ".")):
    return {"source": source, "relation": relation, "tokens": [*tokens], "h": ["a b", [*h]], "t": ["c", [*t]]}


def test_fewrel(tmp_path):
    rows = [few(relation=label) for label in ("P1", "P2") for _ in range(10)] + [few(source="val_nyt", relation="x")]
    corpus = opening.load(lines(tmp_path / "f.jsonl", *rows))
    assert corpus.labels == ("P1", "P2") and corpus.negative is None
    assert (len(corpus.train), len(corpus.valid), len(corpus.test)) == (14, 2, 4)
    assert [each.span for each in corpus.train[0].pair] == [(0, 2), (3, 4)]
    nested = {"P1": [{**few(), "h": ["a b", "Q1", [[0, 1], [3]]], "t": ["c", "Q2", [[3]]]}] * 10}
    (tmp_path / "f.json").write_text(json.dumps(nested))
    assert opening.load(tmp_path / "f.json").train[0].pair == corpus.train[0].pair


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"h": (0, 2)}, r"f.jsonl:1: the words \[0, 2\] are not in a row"),
        ({"t": (5,)}, r"f.jsonl:1: an entity of the words 5 … 5 in a sentence of 5"),
        ({"t": ()}, r"f.jsonl:1: it is no sentence of this format"),
        ({"tokens": ()}, r"f.jsonl:1: a sentence without a word"),
        ({"source": "other"}, r"no sentence of 'val_wiki'"),
    ],
)
def test_wrong_fewrel(tmp_path, changed, says):
    with pytest.raises(DataError, match=says):
        fewrel.load(lines(tmp_path / "f.jsonl", few(**changed)))


def test_what_is_none_of_them(tmp_path):
    with pytest.raises(DataError, match="no data of relation classification"):
        opening.load(lines(tmp_path / "x.jsonl", {"story": 1}))
    with pytest.raises(InputError, match="nowhere"):
        opening.load(tmp_path / "nowhere.jsonl")


def test_a_corpus_knows_its_labels():
    sentence = pair(("a", "b"), Entity(start=0, stop=1), Entity(start=1, stop=2), "likes")
    parts = {"train": (sentence,), "valid": (), "test": (), "sha256": ""}
    with pytest.raises(DataError, match="the label 'likes' is not known"):
        Corpus(name="c", labels=("knows",), negative=None, **parts)
    with pytest.raises(DataError, match="negative label 'none'"):
        Corpus(name="c", labels=("likes",), negative="none", **parts)


def test_the_real_files(real_data):
    corpus = semeval.load(real_data)
    assert (len(corpus.train), len(corpus.test)) == (8000, 2717)
    assert sum(each.label == "Other" for each in (*corpus.train, *corpus.test)) == 1864
    wiki = fewrel.load(real_data)
    assert len(wiki.labels) == 16 and (len(wiki.train), len(wiki.valid), len(wiki.test)) == (7840, 1120, 2240)
    directed = fewrel.load(real_data, source="val_semeval")
    assert sum(map(len, (directed.train, directed.valid, directed.test))) == 8851 and len(directed.labels) == 17
