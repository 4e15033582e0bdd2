"""The verbs convert, diagnose and tune on the user's own model."""

import json

import pytest

import picojoule as pj
from picojoule.cli.main import main
from picojoule.result import Result

OWN = ["--model", "mine:make", "--weights", "weights.safetensors", "--data", "data.npz"]


def test_convert_calibrated_then_diagnose_the_file(home, capsys):
    assert main(["convert", *OWN, "--code", "rate:T=16", "--calibrate", "membrane,bias"]) == 0
    assert "membrane" in capsys.readouterr().out
    assert pj.load("out/network.safetensors").name == "rate T=16 +membrane +bias"
    assert main(["diagnose", *OWN, "--network", "out/network.safetensors", "--limit", "10"]) == 0
    out, err = capsys.readouterr()
    assert "rate T=16 +membrane +bias beside its ANN" in out and "10 samples" in out
    assert "wrote out/diagnosis.json" in err
    assert "<svg" in (home / "out" / "diagnosis.html").read_text()


def test_diagnose_converts_what_it_is_not_given(home, capsys):
    assert main(["diagnose", *OWN, "--code", "ttfs:T=4", "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and json.loads(out) == json.loads((home / "out" / "diagnosis.json").read_text())
    assert json.loads(out)["system"] == "ttfs T=4"


@pytest.mark.parametrize("profile", ["horowitz-45nm-fp32", "horowitz-45nm-int8"])
def test_tune(home, capsys, profile):
    words = ["tune", *OWN, "--max-drop", "0.5", "--code", "rate", "--anytime", "--profile", profile]
    assert main(words) == 0
    out, err = capsys.readouterr()
    result = Result.load("out/result.json")
    assert result.recipe == "tune" and result.title in out
    assert pj.load("out/network.safetensors").name in result.title
    assert "unseen samples, 50.00% allowed" in err
    assert sum(" exit c=" in row.system for row in result.rows) <= 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tune", "--profile", "gold"), "no profile 'gold'"),
        (("tune", "--code", "morse"), "no code morse"),
        (("tune", "--max-drop", "7"), "max_drop=7"),
        (("tune", "--code", "rate", "--weight-bits", "4,99"), "99"),
        (("diagnose", "--network", "nothing.safetensors"), "nothing.safetensors"),
        (("diagnose", "--calibrate", "stars"), "no calibration 'stars'"),
    ],
    ids=str,
)
def test_wrong_words(home, capsys, words, told):
    assert main([*words, *OWN]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert told in line and "Remedy" in line
