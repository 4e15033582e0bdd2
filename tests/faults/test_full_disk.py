"""A disk that is full, or a folder that cannot be written: one line, status 2, and what was there is as it was."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest


def _almost_full() -> None:
    """Files end at 1000 bytes: writing more fails as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


def _run(folder: Path, *words: str, prepare=None) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "picojoule.cli.main", *words, "--out", str(folder)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, capture_output=True, text=True, preexec_fn=prepare, env=environment, timeout=300)


@pytest.mark.parametrize("words", [("run", "isp-ml", "--smoke"), ("convert", "--limit", "20")], ids=" ".join)
def test_a_full_disk(words, tmp_path):
    (tmp_path / "result.json").write_text("old")
    done = _run(tmp_path, *words, prepare=_almost_full)
    assert done.returncode == 2, done.stderr
    assert "cannot write" in done.stderr and "File too large" in done.stderr and "Traceback" not in done.stderr
    assert {each.name for each in tmp_path.iterdir()} == {"result.json"}
    assert (tmp_path / "result.json").read_text() == "old"


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("mine")
    done = _run(tmp_path / "out", "convert", "--limit", "20")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "cannot write there" in done.stderr
    assert (tmp_path / "out").read_text() == "mine"
