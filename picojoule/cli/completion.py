"""Shell completion: scripts for bash, zsh and fish, made from the words of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from picojoule.cli.parser import parser
from picojoule.recipes.index import RECIPES


def words() -> dict[str, list[str]]:
    """What may stand behind each verb: its options, and the recipes where it takes one."""
    verbs = next(each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    return {verb: _of(sub) for verb, sub in verbs.choices.items()}


def choices() -> dict[str, list[str]]:
    """What may stand behind an option that has a few values, by ``verb option``."""
    verbs = next(each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    return {
        f"{verb} {name}": [str(each) for each in action.choices]
        for verb, sub in verbs.choices.items()
        for action in sub._actions
        for name in action.option_strings
        if action.choices
    }


def _of(sub: argparse.ArgumentParser) -> list[str]:
    options = [name for action in sub._actions for name in action.option_strings if name.startswith("--")]
    fixed = [str(each) for action in sub._actions if not action.option_strings and action.choices
             for each in action.choices]  # fmt: skip
    takes_recipe = any(action.dest == "recipe" for action in sub._actions)
    return [*fixed, *([entry.name for entry in RECIPES] if takes_recipe else []), *options]


def _bash() -> str:
    cases = "\n".join(f"    {verb}) words='{' '.join(some)}' ;;" for verb, some in words().items())
    values = "\n".join(f"    '{place}') words='{' '.join(some)}' ;;" for place, some in choices().items())
    return f"""# picojoule completion bash > ~/.local/share/bash-completion/completions/picojoule
_picojoule() {{
  local here words
  here="${{COMP_WORDS[COMP_CWORD]}}"
  words='{" ".join(words())} --help --version'
  case "${{COMP_WORDS[1]}}" in
    "$here") ;;
{cases}
  esac
  case "${{COMP_WORDS[1]}} ${{COMP_WORDS[COMP_CWORD-1]}}" in
{values}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$here"))
}}
complete -o default -F _picojoule picojoule
"""


def _zsh() -> str:
    return f"""#compdef picojoule
# picojoule completion zsh > "${{fpath[1]}}/_picojoule"
autoload -U +X bashcompinit && bashcompinit
{_bash()}"""


def _fish() -> str:
    lines = ["# picojoule completion fish > ~/.config/fish/completions/picojoule.fish"]
    every = " ".join(words())
    lines.append(f"complete -c picojoule -n 'not __fish_seen_subcommand_from {every}' -f -a '{every}'")
    for verb, some in words().items():
        for word in some:
            what = f"-l {word[2:]}" if word.startswith("--") else f"-f -a {word}"
            given = choices().get(f"{verb} {word}")
            more = f" -x -a '{' '.join(given)}'" if given else ""
            lines.append(f"complete -c picojoule -n '__fish_seen_subcommand_from {verb}' {what}{more}")
    return "\n".join(lines) + "\n"


SHELLS: dict[str, Callable[[], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
"""The script of each shell."""
