"""Commands stopped at any moment: the folder holds the old state or the new, and the next run gives the same."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from picojoule.recipes.index import RECIPES

CLOCK = re.compile(r"environment|peak_bytes|.*(second|ms_|_ms|per_s|speed).*")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def _start(folder: Path, words: tuple[str, ...]) -> subprocess.Popen:
    """With Ctrl-C as on a terminal, even where the tests were started in the background."""
    command = [sys.executable, "-m", "picojoule.cli.main", *words, "--out", str(folder), "--quiet"]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _finished(folder: Path, words: tuple[str, ...]) -> dict:
    run = _start(folder, words)
    said = run.communicate()[1]
    assert run.returncode == 0, said
    return _state(folder)


def _state(folder: Path) -> dict:
    """The JSON files, without what a clock or a meter of memory told; every other file is whole."""
    found = {}
    for path in sorted(each for each in folder.glob("*") if not each.name.startswith(".")):
        if path.suffix == ".json":
            found[path.name] = _without_clock(json.loads(path.read_text()))
        elif path.suffix == ".html":
            assert path.read_text().rstrip().endswith("</html>")
    return found


def _without_clock(value):
    if isinstance(value, dict):
        return {key: _without_clock(each) for key, each in value.items() if not CLOCK.fullmatch(key)}
    if isinstance(value, list):
        return [_without_clock(each) for each in value if not (isinstance(each, dict) and _is_timed(each))]
    return value


def _is_timed(value: dict) -> bool:
    """Whether it is a curve over time."""
    return any(value.get(axis) in ("ms", "s", "seconds") for axis in ("x_unit", "y_unit"))


def _stopped_at_any_moment(words: tuple[str, ...], folder: Path, moments: int) -> None:
    started = time.monotonic()
    good = _finished(folder / "undisturbed", words)
    seconds = time.monotonic() - started
    draw = random.Random(" ".join(words))
    out = folder / "disturbed"
    for moment in range(moments):
        run = _start(out, words)
        time.sleep(draw.uniform(0.2, 1) * seconds)
        run.send_signal(SIGNALS[moment % len(SIGNALS)])
        assert "Traceback" not in run.communicate()[1]
        found = _state(out)
        assert found == {name: good[name] for name in found}
    assert _finished(out, words) == good
    assert not list(out.glob("unfinished*")), "what was unfinished is done"


def test_a_conversion_is_stopped_at_any_moment(tmp_path):
    _stopped_at_any_moment(("convert", "--limit", "20"), tmp_path, moments=2)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [each.name for each in RECIPES])
def test_every_recipe_is_stopped_at_any_moment(recipe, tmp_path):
    _stopped_at_any_moment(("run", recipe, "--smoke"), tmp_path, moments=3)
