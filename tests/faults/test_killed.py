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

METERED = re.compile(r"/environment/|peak_bytes|second|ms_|_ms|per_s|speed")
"""In names of what a clock or a meter said."""
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
    """The JSON files, leaf by leaf; every other file is whole."""
    found = {}
    for path in sorted(each for each in folder.glob("*") if not each.name.startswith(".")):
        if path.suffix == ".json":
            found |= dict(_leaves(json.loads(path.read_text()), path.name))
        elif path.suffix == ".html":
            assert path.read_text().rstrip().endswith("</html>")
    return found


def _leaves(value, where):
    """Every number, text and emptiness under its place."""
    if isinstance(value, dict | list) and value:
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(each, f"{where}/{key}")
    else:
        yield where, value


def _unclocked(one: dict, other: dict) -> dict:
    """What two undisturbed runs agree on, without what a clock or a meter said: the rest follows from that."""
    assert one.keys() == other.keys()
    agreed = {place: value for place, value in one.items() if value == other[place] and not METERED.search(place)}
    assert len(agreed) > 0.5 * len(one)
    return agreed


def _stopped_at_any_moment(words: tuple[str, ...], folder: Path, moments: int) -> None:
    started = time.monotonic()
    first = _finished(folder / "undisturbed", words)
    seconds = time.monotonic() - started
    good = _unclocked(first, _finished(folder / "undisturbed again", words))
    draw = random.Random(" ".join(words))
    out = folder / "disturbed"
    for moment in range(moments):
        run = _start(out, words)
        time.sleep(draw.uniform(0.2, 1) * seconds)
        run.send_signal(SIGNALS[moment % len(SIGNALS)])
        assert "Traceback" not in run.communicate()[1]
        _check(_state(out), good)
    last = _finished(out, words)
    assert last.keys() == first.keys()
    _check(last, good)
    assert not list(out.glob("unfinished*")), "what was unfinished is done"


def test_a_conversion_is_stopped_at_any_moment(tmp_path):
    _stopped_at_any_moment(("convert", "--limit", "20"), tmp_path, moments=2)


def _check(found: dict, good: dict) -> None:
    """What is there is what was to come; what went on from before has no time of its own, and says so."""
    other = {place: value for place, value in found.items() if place in good and value != good[place]}
    assert {place: value for place, value in other.items() if "from a journal" not in str(value)} == {}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [each.name for each in RECIPES])
def test_every_recipe_is_stopped_at_any_moment(recipe, tmp_path):
    _stopped_at_any_moment(("run", recipe, "--smoke"), tmp_path, moments=3)
