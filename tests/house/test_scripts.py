"""The scripts are POSIX shell, re-runnable by their own words, and the build server runs the tests and nothing else."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [ROOT / "scripts" / name for name in ("demo", "docs", "test", "venv", "wheel")] + [ROOT / ".ci" / "run"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_is_posix_shell(script):
    assert script.read_text().startswith("#!/bin/sh\n")
    assert os.access(script, os.X_OK)
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0


def test_build_server_runs_the_tests():
    text = (ROOT / ".ci" / "run").read_text()
    commands = [line for line in text.splitlines() if line and not line.startswith(("#", "set "))]
    assert commands == ['exec "$(dirname "$0")/../scripts/test" "$@"']


def test_torch_is_named_first_so_that_pip_takes_the_small_build():
    text = (ROOT / "scripts" / "venv").read_text()
    assert text.index("torch==2.13.0") < text.index('-e ".[$extra]"')
    assert "-c constraints.txt" in text
