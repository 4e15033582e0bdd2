"""`picojoule extract` reads marked text and JSON, writes a table and a graph, and says what is wrong in one line."""

import json

import pytest

from picojoule.cli.main import main

TEXT = "[Ann Lee](Peop) works for [X Corp.](Org). It rained.\n\n[Bo](Peop) lives in [Rome](Loc), [Italy](Loc)."


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    return tmp_path


def told(capsys, *words):
    assert main(["extract", *words, "--quiet"]) == 0
    return capsys.readouterr().out


def error_of(capsys, *words):
    assert main(["extract", *words, "--quiet"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "Remedy" in line
    return line


def found_in(text):
    return {(r["subject"]["text"], r["relation"], r["object"]["text"]) for r in json.loads(text)["relations"]}


def test_relations_of_marked_text(here, capsys):
    said = told(capsys, "text.txt", "--json")
    assert {("Ann Lee", "Work_For", "X Corp."), ("Bo", "Live_In", "Rome")} <= found_in(said)
    assert json.loads((here / "out" / "relations.json").read_text()) == json.loads(said)
    assert (here / "out" / "relations.png").read_bytes().startswith(b"\x89PNG")
    table = told(capsys, "text.txt").splitlines()
    assert table[0].split() == ["subject", "relation", "object", "probability"]
    assert any(line.startswith("Ann Lee (Peop)") and "Work_For" in line for line in table[1:])


def test_relations_of_json_with_their_score(here, capsys):
    item = {
        "tokens": ["Ann", "works", "for", "X", "."],
        "entities": [[3, 4, "Org"], [0, 1, "Peop"]],
        "relations": [[0, 1, 3, 4, "Work_For"]],
    }
    (here / "one.json").write_text(json.dumps([item]))
    said = told(capsys, "one.json", "--json")
    assert found_in(said) == {("Ann", "Work_For", "X")} and json.loads(said)["f1"] == 1
    assert "F1 100.0 % against the relations in the file" in told(capsys, "one.json")
    assert found_in(told(capsys, "one.json", "--json", "--threshold", "1")) == set()
    assert told(capsys, "one.json", "--threshold", "1").startswith("no relation")


def test_what_is_refused(here, capsys):
    (here / "plain.txt").write_text("Ann works for X.")
    line = error_of(capsys, "plain.txt")
    assert "no entity is marked" in line and "[Ann](Peop) works for [X](Org)" in line
    (here / "type.txt").write_text("Hello.\n\n[Ann](Person) works for [X](Org).")
    line = error_of(capsys, "type.txt")
    assert "type.txt:3" in line and "'Person' is not known" in line and "Loc, Org, Other, Peop" in line
    (here / "bad.json").write_text('{"tokens": ["a"], "entities": [[0, 2, "Org"]], "relations": []}')
    assert "bad.json:1: an entity of the words 0 … 1 in a sentence of 1" in error_of(capsys, "bad.json")
    (here / "none.json").write_text("[]")
    assert "no sentence has an entity" in error_of(capsys, "none.json")
    assert "cannot read" in error_of(capsys, "nowhere.txt")
    assert "2 is no probability" in error_of(capsys, "text.txt", "--threshold", "2")
    assert "text.txt" in error_of(capsys, "text.txt", "--weights", "text.txt")


def test_a_linker_of_ones_own(here, capsys):
    """Trained by the command, on data with types and labels of one's own."""
    from picojoule.train import linker

    parts = ["train"] * 60 + ["valid"] * 10 + ["test"]
    lines = [
        {"split": part, "tokens": [f"cat{i}", "eats", f"fish{3 * i}"], "entities": [[0, 1, "Cat"], [2, 3, "Fish"]],
         "relations": [[0, 1, 2, 3, "Eats"]]}
        for i, part in enumerate(parts)
    ]  # fmt: skip
    (here / "cats.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert linker.main(["own.safetensors", "--data", "cats.jsonl", "--epochs", "40"]) == 0
    (here / "cats.txt").write_text("[cat7](Cat) eats [fish2](Fish)")
    assert found_in(told(capsys, "cats.txt", "--weights", "own.safetensors", "--json")) == {("cat7", "Eats", "fish2")}
