"""The verb ``bench``: a user's own network, wrong input, an interruption."""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from functools import partial

import pytest

from picojoule.benchmark import kernels, peaks, search, session
from picojoule.benchmark.memory import Peak
from picojoule.benchmark.rivals import RIVALS
from picojoule.cli.main import main

WORDS = ["bench", "--model", "mine:make", "--weights", "weights.safetensors", "--data", "data.npz"]
SMALL = [*WORDS, "--limit", "12", "--steps", "4,2", "--repeats", "2"]


class NoMemory:
    """In place of the process that measures memory; tests/benchmark has the real one."""

    def peak(self, system, choice, x):
        return Peak(process=None, tensors=len(x))


@pytest.fixture
def quick(monkeypatch):
    verb = importlib.import_module("picojoule.benchmark.bench")
    monkeypatch.setattr(verb, "helper", lambda: contextlib.nullcontext(NoMemory()))
    monkeypatch.setattr(session, "_LEAST", 0.0)
    monkeypatch.setattr(search, "_LEAST", 0.0)
    monkeypatch.setattr(peaks, "_SECONDS", 0.001)
    monkeypatch.setattr(peaks, "BEYOND_CACHE", 1 << 16)
    monkeypatch.setattr(peaks.gemm, "__defaults__", (64,))
    monkeypatch.setattr(kernels, "_CACHED", 1 << 12)
    monkeypatch.setattr(kernels, "_LARGE", 1 << 14)


def test_bench_on_the_users_own_model(home, quick, capsys):
    assert main([*SMALL, "--out", "a/b", "--threads", "1"]) == 0
    out, err = capsys.readouterr()
    found = json.loads((home / "a" / "b" / "bench.json").read_text())
    assert sorted(path.name for path in (home / "a" / "b").iterdir()) == ["bench.json"]
    assert "wrote a/b/bench.json" in err and found["title"] == "Net on data" and found["data"]["test"] == 12
    rows = {(row["system"], row["by"]): row for row in found["rows"]}
    for steps in (4, 2):
        for by in ("picojoule layered", "picojoule stepped", "picojoule auto", "plain PyTorch loop"):
            row = rows[f"rate T={steps}", by]
            assert row["accuracy"] == rows[f"rate T={steps}", "picojoule stepped"]["accuracy"]
            assert (
                len(row["seconds"]["turns"]) == 2 and row["ratio"] > 0 and by.split()[-1] in out
            )  # names may be wrapped
    assert {"ann fp32", "ttfs T=80"} <= {system for system, _ in rows}
    assert min(row["ratio"] for row in rows.values() if row["ratio"] and row["ours"]) == 1
    assert [each["system"] for each in found["memory"]] == ["rate T=32", "rate T=512"]
    assert {each["kernel"] for each in found["kernels"]} >= {"scan", "staircase.quantise"}
    for rival in RIVALS:
        why = rival.missing()
        assert (rival.name in [each["name"] for each in found["missing"]]) == bool(why)
        assert not why or rival.install in out.replace("\n", " ")


def test_quietly_as_json(home, quick, capsys):
    assert main([*SMALL, "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and json.loads(out) == json.loads((home / "out" / "bench.json").read_text())


WRONG = {
    "a model without data": ["bench", "--model", "mine:make"],
    "weights without a model": ["bench", "--weights", "weights.safetensors"],
    "there is no module 'elsewhere'": ["bench", "--model", "elsewhere:make", "--data", "data.npz"],
    "the operation sin has no counterpart": ["bench", "--model", "mine:wavy", "--data", "data.npz"],
    "nowhere: there is no such file or folder": [*WORDS[:-1], "nowhere"],
    "cannot write there": [*SMALL, "--out", "data.npz"],
}


@pytest.mark.parametrize(("message", "words"), WRONG.items(), ids=WRONG)
def test_wrong_input_is_one_line(home, capsys, message, words):
    before = {path for path in home.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert main(words) == 2
    out, err = capsys.readouterr()
    line = err.splitlines()[-1]
    assert out == "" and message in line and ". Remedy: " in line and "Traceback" not in err
    assert {path for path in home.rglob("*") if path.is_file() and "__pycache__" not in path.parts} == before


def test_labels_that_do_not_fit(home, capsys):
    import numpy as np

    np.savez(home / "many.npz", x=np.zeros((90, 12, 12), np.uint8), y=np.arange(90) % 9)
    assert main([*WORDS[:-1], "many.npz", "--quiet"]) == 2
    assert "for 3 outputs" in capsys.readouterr().err


@pytest.mark.parametrize("steps", ["0", "8,", "x", "-4", "1.5"])
def test_wrong_steps(capsys, steps):
    with pytest.raises(SystemExit) as caught:
        main(["bench", f"--steps={steps}"])
    assert caught.value.code == 2 and "whole number" in capsys.readouterr().err


def test_ctrl_c_leaves_nothing_half_written(home):
    command = [sys.executable, "-m", "picojoule", *WORDS, "--repeats", "999"]
    hears = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # also where tests run in the background
    given = {"text": True, "env": {**os.environ, "OMP_NUM_THREADS": "1"}, "preexec_fn": hears}
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **given)
    while "fewest steps" not in running.stderr.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 130 and out == "" and "Traceback" not in err and "interrupted" in err
    assert list((home / "out").iterdir()) == []
