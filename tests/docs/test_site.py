"""The site: API pages name what exists, the newcomer's path is short, and (slow) it builds without a dead link."""

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import picojoule

ROOT = Path(__file__).parents[2]
API = sorted((ROOT / "docs" / "api").glob("*.md"))
NAMED = {name for page in API for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)}


def found(name: str):
    """What a dotted name is."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part)
        return thing
    raise AttributeError(name)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_api_pages_name_what_exists(name):
    assert found(name).__doc__


def test_every_function_of_the_public_face_has_a_place_in_the_api():
    functions = {name for name, where in picojoule._PUBLIC.items() if ":" in where and "errors" not in where}
    named = [found(name) for name in NAMED]
    assert not {name for name in functions if not any(getattr(picojoule, name) is each for each in named)}


def test_every_page_of_the_api_is_in_its_index():
    linked = set(re.findall(r"\]\(([\w]+\.md)\)", (ROOT / "docs" / "api" / "index.md").read_text()))
    assert linked == {page.name for page in API} - {"index.md"}


def test_every_example_is_listed_and_the_newcomers_path_is_fifteen_lines():
    scripts = {path.name for path in (ROOT / "examples").glob("*.py")}
    assert set(re.findall(r"\[(\w+\.py)\]", (ROOT / "docs" / "examples.md").read_text())) == scripts
    assert len(scripts) >= 8
    text = (ROOT / "examples" / "newcomer.py").read_text()
    (_, *statements) = ast.parse(text).body
    lines = {line for each in statements for line in range(each.lineno, each.end_lineno + 1)}
    assert len(lines) <= 15
    places = [text.index(word) for word in ("pj.convert", "pj.diagnose", "pj.report", "to_nir")]
    assert places == sorted(places)


class Links(HTMLParser):
    """The targets and anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.targets += [given[key] for key in ("href", "src") if given.get(key)]
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}


def dead(site: Path) -> list[str]:
    """Links between the pages of a site that lead nowhere."""
    pages = {}
    for path in site.rglob("*.html"):
        pages[path.resolve()] = Links()
        pages[path.resolve()].feed(path.read_text())
    wrong = []
    for path, page in pages.items():
        for target in page.targets:
            where = urlsplit(target)
            if where.scheme or target.startswith("/"):
                continue
            to = (path.parent / unquote(where.path)).resolve() if where.path else path
            to = to / "index.html" if to.is_dir() else to
            missing = where.fragment and to in pages and unquote(where.fragment) not in pages[to].anchors
            if path.name != "404.html" and (not to.exists() or missing):
                wrong.append(f"{path.relative_to(site.resolve())}: {target}")
    return wrong


def test_a_dead_link_would_be_noticed(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#there">b</a><a href="c.html">c</a><a href="b.html#not">b</a>')
    (tmp_path / "b.html").write_text('<h1 id="there">b</h1>')
    assert dead(tmp_path) == ["a.html: c.html", "a.html: b.html#not"]


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_all_its_links_lead_somewhere(tmp_path):
    program = os.environ.get("ZENSICAL") or shutil.which("zensical", path=f"{Path(sys.executable).parent}:{os.defpath}")
    if not program:
        pytest.skip("needs zensical: pip install 'picojoule[docs]'")
    for name in ("docs", "examples", "benchmarks", "picojoule", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*ROOT.glob("*.md"), ROOT / "zensical.toml"):
        shutil.copy(path, tmp_path)
    built = subprocess.run(
        [tmp_path / "scripts" / "docs"], env={**os.environ, "ZENSICAL": program}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "build" / "site" / "docs" / "api" / "convert.html").stat().st_size > 10_000
    assert not dead(tmp_path / "build" / "site")
