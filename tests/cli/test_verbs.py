"""What the verbs do when all is well, in this process and as a real command."""

import json
import os
import signal
import subprocess
import sys

import pytest

from picojoule import __version__
from picojoule.cli import verbs
from picojoule.cli.main import main
from picojoule.ir import Island
from picojoule.ir.file import load
from picojoule.recipes.index import RECIPES
from picojoule.result import Result


@pytest.mark.parametrize("verb", list(verbs.VERBS))
def test_help(capsys, verb):
    with pytest.raises(SystemExit) as caught:
        main([verb, "--help"])
    out, err = capsys.readouterr()
    assert caught.value.code == 0 and err == "" and f"picojoule {verb}" in out


def test_help_lists_every_verb(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(f"\n    {verb}" in out for verb in verbs.VERBS)


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0 and capsys.readouterr().out == f"picojoule {__version__}\n"


def test_list(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [entry.name for entry in RECIPES]


def test_list_json(capsys):
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in found] == [entry.name for entry in RECIPES]


def test_profiles(capsys):
    from picojoule.cost.profiles import NORMALISED, PROFILES

    assert main(["profiles"]) == 0
    out = capsys.readouterr().out
    for profile in (*PROFILES, *NORMALISED):
        assert profile.name in out
    for profile in PROFILES:
        assert all(price.source in out for price in profile.prices.values())


def test_profiles_json(capsys):
    from picojoule.cost.profiles import PROFILES

    assert main(["profiles", "--json"]) == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert {profile.name for profile in PROFILES} <= set(found)
    assert found["loihi"]["prices"]["synop_binary"][0] == 23.6e-12


@pytest.mark.parametrize("entry", RECIPES, ids=lambda entry: entry.name)
def test_cite(capsys, entry):
    assert main(["cite", entry.name]) == 0
    out = capsys.readouterr().out
    assert out.startswith("@misc{") and entry.paper in out


# --- the main job -----------------------------------------------------------------------------------------------------

COMPARE = ["compare", "--model", "mine:make", "--weights", "weights.safetensors", "--data", "data.npz", "--limit", "20"]
SYSTEMS = ("ann fp32", "ann int8", "ann int4", "rate T=64", "phase T=64", "ttfs T=80")


def test_compare_on_the_users_own_model(home, capsys):
    assert main([*COMPARE, "--out", "a/b", "--seed", "3"]) == 0
    out, err = capsys.readouterr()
    result = Result.load("a/b/result.json")
    names = [row.system for row in result.rows]
    assert set(SYSTEMS) <= set(names) and "ann fp32 (no sparsity training)" not in names
    assert result.title.startswith("Net on data") and result.seed == 3 and result.data["test"] == 20
    page = (home / "a" / "b" / "report.html").read_text()
    for system in SYSTEMS:
        assert system in out and system in page
    assert "running ttfs T=80" in err and "wrote a/b/result.json" in err
    assert sorted(path.name for path in (home / "a" / "b").iterdir()) == ["report.html", "result.json"]


def test_compare_quietly_as_json_with_all_options(home, capsys):
    words = [
        "--json",
        "--quiet",
        "--dtype",
        "float64",
        "--threads",
        "1",
        "--batch",
        "7",
        "--mean",
        "0.5",
        "--std",
        "0.25",
    ]
    assert main([*COMPARE, *words]) == 0
    out, err = capsys.readouterr()
    assert err == "" and Result.from_dict(json.loads(out)) == Result.load("out/result.json")


def test_a_trusted_pickle(home, capsys):
    words = ["weights.pt" if word == "weights.safetensors" else word for word in COMPARE]
    assert main([*words, "--trust-pickle", "--quiet"]) == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_run_and_report(home, capsys, dtype):
    assert main(["run", "t2fsnn", "--smoke", "--limit", "8", "--dtype", dtype, "--out", "t"]) == 0
    assert "ttfs T=12 go ef" in capsys.readouterr().out
    for name in ("r.html", "r.md", "r.csv", "r.tex", "r.json"):
        assert main(["report", "t/result.json", "-o", name]) == 0
        assert "ttfs T=12" in (home / name).read_text()
    capsys.readouterr()
    assert main(["report", "t/result.json", "t/result.json"]) == 0
    assert "ttfs T=12" in capsys.readouterr().out


# --- status -----------------------------------------------------------------------------------------------------------


def test_ctrl_c_is_130(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setitem(verbs.VERBS, "list", interrupted)
    assert main(["list"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_fault_of_ours_shows_its_traceback(monkeypatch):
    monkeypatch.setitem(verbs.VERBS, "list", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["list"])


def _hears_ctrl_c() -> None:
    """Whoever starts the tests in the background may have told them to ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def command(*words: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "picojoule", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hears_ctrl_c,
        **options,
    )


def test_as_a_command_wrong_input_is_status_2_and_one_line(tmp_path):
    done = command("compare", "--model", "elsewhere:make", "--data", "nowhere", cwd=tmp_path)
    out, err = done.communicate(timeout=120)
    assert (done.returncode, out) == (2, "") and len(err.splitlines()) == 1 and err.startswith("picojoule: ")


def test_as_a_command_ctrl_c_leaves_nothing_half_written(tmp_path):
    running = command("run", "t2fsnn", "--out", "out", cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert "running" in running.stderr.readline()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 130 and out == "" and "Traceback" not in err and "interrupted" in err
    assert list((tmp_path / "out").iterdir()) == []


def test_a_reader_that_stops_early_is_no_error(tmp_path):
    done = command("profiles", "--json", cwd=tmp_path)
    done.stdout.close()
    assert done.stderr.read() == "" and done.wait(120) in (0, -signal.SIGPIPE)
    done.stderr.close()


def test_convert_lets_operations_stay_analogue_when_asked(home, capsys):
    (home / "more.py").write_text(
        "from torch import nn\n"
        "def make():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(144, 8), nn.ReLU(), nn.Softmax(1), nn.Linear(8, 3))\n"
    )
    words = ["convert", "--model", "more:make", "--data", "data.npz", "--code", "rate:T=8", "--limit", "20", "--quiet"]
    assert main(words) == 2
    assert "islands=True" in capsys.readouterr().err
    assert main([*words, "--islands", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["choices"]["analogue islands"] == "1: 1 Softmax"
    assert json.loads((home / "out" / "conversion.json").read_text()) == told
    assert load(home / "out" / "network.safetensors").all(Island)
