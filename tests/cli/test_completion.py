"""The completion scripts are good shell, and complete what the command line has."""

import shutil
import subprocess

import pytest

from picojoule.cli.completion import SHELLS, words
from picojoule.cli.main import main


def completed(line: str) -> list[str]:
    """What bash offers at the end of a line."""
    *before, last = line.split(" ")
    script = SHELLS["bash"]() + (
        f"COMP_WORDS=({' '.join(before)} '{last}'); COMP_CWORD={len(before)}; _picojoule; echo ${{COMPREPLY[@]}}"
    )
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_verb_prints_good_shell(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True, check=False).returncode == 0
    assert all(verb in script for verb in words())


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("picojoule con", ["convert"]),
        ("picojoule run t2", ["t2fsnn"]),
        ("picojoule run --sm", ["--smoke"]),
        ("picojoule export --to s", ["snntorch"]),
        ("picojoule export --to nir --mo", ["--model", "--mode"]),
        ("picojoule completion z", ["zsh"]),
    ],
)
def test_bash_offers_what_there_is(line, offered):
    assert completed(line) == offered


def test_an_unknown_shell_is_one_line(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["completion", "tcsh"])
    assert caught.value.code == 2 and "invalid choice" in capsys.readouterr().err
