"""The words of the command line are a promise: a change here is meant and is written down."""

import argparse
from pathlib import Path

from picojoule.cli.parser import parser

FROZEN = Path(__file__).with_name("cli_words.txt")


def words() -> str:
    verbs = next(action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    lines = []
    for verb, sub in verbs.choices.items():
        actions = [action for action in sub._actions if action.dest != "help"]
        names = [" ".join(action.option_strings) or action.metavar or action.dest for action in actions]
        lines.append(f"{verb}: {' | '.join(names)}")
    return "\n".join(lines) + "\n"


def test_words_are_those_written_down():
    assert words() == FROZEN.read_text(), "if the change is meant, write the new words into cli_words.txt"


def test_every_verb_of_the_design_is_listed():
    verbs = {line.split(":")[0] for line in FROZEN.read_text().splitlines()}
    assert verbs == {
        *("compare", "convert", "diagnose", "tune", "list", "run", "report"),
        *("detect", "extract", "export", "bench", "profiles", "cite", "completion"),
    }
