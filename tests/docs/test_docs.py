"""Everything the documents say that a machine can check: code runs, commands exist, links resolve, tables are true."""

import argparse
import ast
import contextlib
import importlib.util
import re
import runpy
import shlex
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from picojoule.cli.parser import parser
from picojoule.recipes.index import RECIPES

ROOT = Path(__file__).parents[2]
FOLDERS = ("", "docs/**/", "examples/**/", "benchmarks/**/", "tests/**/", "picojoule/**/")
PAGES = sorted({page for folder in FOLDERS for page in ROOT.glob(f"{folder}*.md")})
RUNNABLE = [page for page in PAGES if page == ROOT / "README.md" or page.is_relative_to(ROOT / "docs")]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
ARGUMENTS = {"compare_codes.py": ["10", "report.html"]}
MOST_LINES = 40


class Block(NamedTuple):
    """A fenced block: its info string, its text, and the line of the page it starts on."""

    info: str
    text: str
    line: int


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[Block]:
    """Every fenced block of a page, in order."""
    found = re.finditer(r"^```([^\n`]*)\n(.*?)^```[ \t]*$", text, re.MULTILINE | re.DOTALL)
    return [Block(each[1].strip(), each[2], text[: each.start()].count("\n") + 2) for each in found]


def prose(text: str) -> str:
    """A page without its fenced blocks and code spans."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```[ \t]*$", "", text, flags=re.MULTILINE | re.DOTALL))


def code_of(page: Path) -> list[Block]:
    return [each for each in blocks(page.read_text()) if each.info.split()[:1] == ["python"]]


# --- code -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in RUNNABLE if code_of(page)], ids=named)
def test_code_runs(page, tmp_path, monkeypatch):
    """The blocks of a page run one after the other in one namespace, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    name = f"docs_{re.sub(r'[^a-z0-9]', '_', named(page).lower())}"
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader=None))
    monkeypatch.setitem(sys.modules, name, module)  # a dataclass looks its own module up
    for block in code_of(page):
        code = compile("\n" * (block.line - 1) + block.text, named(page), "exec")
        if "no-run" not in block.info.split():
            exec(code, vars(module))


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.name)
def test_example_runs(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [script.name, *ARGUMENTS.get(script.name, [])])
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.name)
def test_example_is_short_and_says_what_it_is(script):
    text = script.read_text()
    assert len(text.splitlines()) < MOST_LINES
    assert ast.get_docstring(ast.parse(text))


def test_the_worked_example_keeps_the_promises_of_a_code(tmp_path, monkeypatch):
    """The code of one's own in docs/extend.md is held to the same suite as ours, and is the one in examples/."""
    from nets import converted, dyadic, inputs
    from suite import CODE_CHECKS, check_engines_agree

    monkeypatch.chdir(tmp_path)
    code = runpy.run_path(str(ROOT / "examples" / "write_a_code.py"))["Binary"](steps=8)
    for check in CODE_CHECKS:
        check(code)
    check_engines_agree(dyadic(converted(code)), (inputs(4) * 16).round().double() / 16, exactly=True)
    methods = {each.name: ast.unparse(each.args) for each in methods_of(ROOT / "examples" / "write_a_code.py")}
    page = "\n".join(block.text for block in code_of(ROOT / "docs" / "extend.md") if "class Binary" in block.text)
    assert methods and all(f"def {name}(" in page for name in methods)


def methods_of(script: Path) -> list[ast.FunctionDef]:
    return [each for each in ast.walk(ast.parse(script.read_text())) if isinstance(each, ast.FunctionDef)]


# --- commands -------------------------------------------------------------------------------------------------------


@cache
def words() -> dict[str, set[str]]:
    """Every verb of the command line with its options."""
    verbs = next(each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    return {
        verb: {word for action in sub._actions for word in action.option_strings} for verb, sub in verbs.choices.items()
    }


def commands(text: str) -> list[list[str]]:
    """Every command line of the shell blocks of a page, as words."""
    shell = [each.text for each in blocks(text) if each.info.split()[:1] in (["sh"], ["bash"])]
    lines = "\n".join(shell).replace("\\\n", " ").splitlines()
    return [split for line in lines if (split := shlex.split(line.removeprefix("$ "), comments=True))]


def wrong_words(command: list[str]) -> list[str]:
    """The words of a ``picojoule …`` or ``scripts/demo …`` command that the command line does not have."""
    program = Path(command[0]).name
    if program not in ("picojoule", "demo"):
        return []
    verb, rest = ("compare", command[1:]) if program == "demo" else (command[1], command[2:])
    if verb not in words():
        return [verb]
    rest = rest[: rest.index(">")] if ">" in rest else rest
    options = [word.split("=")[0] for word in rest if word.startswith("-")]
    return [option for option in options if option not in words()[verb] | {"--help", "-h"}]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_exist(page):
    wrong = {" ".join(each): bad for each in commands(page.read_text()) if (bad := wrong_words(each))}
    assert not wrong


def test_a_wrong_command_would_be_noticed():
    text = "```sh\npicojoule comparr\npicojoule compare --limits 3\n./scripts/demo --limit 3\npip install x\n```\n"
    assert [wrong_words(each) for each in commands(text)] == [["comparr"], ["--limits"], [], []]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_scripts_exist(page):
    programs = {command[0] for command in commands(page.read_text())}
    missing = [each for each in programs if each.startswith(("./", "scripts/")) and not (ROOT / each).exists()]
    assert not missing


# --- links ----------------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.replace("`", "").lower()).replace(" ", "-") for each in headings}


def broken(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    text = prose(page.read_text())
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"""(?:src|href)=["']([^"']+)["']""", text)
    return [link for link in found if "://" not in link and not link.startswith("mailto:") and not _leads(page, link)]


def _leads(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    with contextlib.suppress(ValueError):
        target.relative_to(ROOT)
        return target.is_file() and (not anchor or target.suffix != ".md" or anchor in anchors(target))
    return False


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_files(page):
    assert not broken(page)


def test_a_broken_link_would_be_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[a](nowhere.md) [b](https://example.org) `[c](code.md)` [d](#heading)\n\n# Heading\n")
    assert broken(page) == ["nowhere.md", "#heading"]  # outside the repository nothing counts


# --- tables and names -----------------------------------------------------------------------------------------------


def section(page: Path, heading: str) -> str:
    """The text under a heading, up to the next of any level."""
    return re.split(r"^#+ .*$", page.read_text().split(f"## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of a Markdown table, without its first two lines."""
    table = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_the_table_of_operations_is_the_one_in_the_code():
    from picojoule.conversion.operations import BUILDERS, MOVES

    listed = [
        name
        for row in rows(section(ROOT / "docs" / "bring-your-model.md", "Supported operations"))
        for name in re.findall(r"`([^`]+)`", row[1])
    ]
    assert sorted(listed) == sorted({*BUILDERS, *MOVES})


def test_the_counts_are_all_defined():
    from picojoule.cost.counts import COUNTED

    defined = {row[0].strip("`") for row in rows(section(ROOT / "docs" / "read-a-joule.md", "The counts"))}
    assert set(COUNTED) <= defined


def test_every_profile_is_described():
    from picojoule.cost.profiles import NORMALISED, PROFILES

    cells = " ".join(row[0] for row in rows(section(ROOT / "docs" / "read-a-joule.md", "The profiles")))
    suffixes = re.findall(r"`…(-[a-z-]+)`", cells)
    for profile in (*PROFILES, *NORMALISED):
        assert f"`{profile.name}`" in cells or any(profile.name.endswith(suffix) for suffix in suffixes), profile.name


def test_the_table_of_codes_states_their_contracts():
    from picojoule.codes import CODES

    table = {row[0]: row[1:] for row in rows(section(ROOT / "docs" / "choose-a-code.md", "Side by side"))}
    for column, (name, code) in enumerate(CODES.items()):
        contract = code.contract
        assert table["closed form"][column] == contract.closed, name
        assert table["error falls as"][column].startswith(contract.error.replace("2^-T", "2^−T")), name
        assert table["payload"][column].split(":")[0] == contract.payload.replace("_", " "), name
        assert table["most spikes of a neuron"][column] == str(contract.spikes or "T"), name


def test_the_recipes_are_those_of_the_index():
    listed = rows((ROOT / "docs" / "recipes" / "index.md").read_text().split("## ", 1)[0])
    state = {re.search(r"`([^`]+)`", row[0])[1]: row for row in listed}
    assert list(state) == [entry.name for entry in RECIPES]
    for entry in RECIPES:
        assert f"[{entry.paper}]" in state[entry.name][2]
        assert state[entry.name][3] == f"{entry.quick_seconds} s", entry.name


def first_line(room: str) -> str:
    """The first sentence of a room's own docstring, without the floor it may name itself."""
    doc = ast.get_docstring(ast.parse((ROOT / "picojoule" / room / "__init__.py").read_text())) or ""
    return re.sub(r"^Floor \d+: ", "", doc.splitlines()[0]).rstrip(".").replace("``", "`")


def floors_table() -> str:
    """The table in CONTRIBUTING.md, from the tests' floors and the rooms' docstrings, the top floor first."""
    floors = runpy.run_path(str(ROOT / "tests" / "house" / "test_layers.py"))["FLOORS"]
    lines = [
        f"| {level} | `{room}` | {first_line(room)} |" for level, rooms in enumerate(floors) for room in sorted(rooms)
    ]
    return "\n".join(["| floor | room | what |", "|---|---|---|", *reversed(lines)])


def test_the_map_of_the_house_is_the_real_one():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert floors_table() in text, f"the floors changed; put this into CONTRIBUTING.md:\n{floors_table()}"


def test_the_drawing_of_the_house_has_every_room_on_its_floor():
    floors = runpy.run_path(str(ROOT / "tests" / "house" / "test_layers.py"))["FLOORS"]
    drawing = blocks((ROOT / "docs" / "how-it-is-built.md").read_text())[0].text
    drawn = {int(line[:2]): set(line[2:].split()) for line in drawing.splitlines() if line[:2].strip().isdigit()}
    assert len(drawn) == len(floors)
    assert all(set(rooms) <= drawn[level] for level, rooms in enumerate(floors))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_named_files_exist(page):
    """A path in a code span that looks like one of ours is one of ours."""
    text = re.sub(r"^```.*?^```[ \t]*$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    paths = re.findall(r"`((?:picojoule|tests|docs|examples|scripts|benchmarks)/[\w./-]+\.(?:py|md|txt|json))`", text)
    assert not [path for path in paths if not (ROOT / path).is_file()]


def test_versions_agree():
    import picojoule

    assert f"version: {picojoule.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## [{picojoule.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
