"""What comes from others: pinned versions, known licences, and no import that reaches the network."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement


def _needed(requirements: list[str]) -> set[str]:
    """Names of what is needed here, without the extras' own."""
    parsed = map(Requirement, requirements)
    return {_plain(each.name) for each in parsed if not each.marker or each.marker.evaluate({"extra": ""})}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINNED = {
    _plain(line.split("==")[0])
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if "==" in line and not line.startswith("#")
}
LICENCES = (ROOT / "docs" / "licences.md").read_text()


def test_every_dependency_we_name_has_a_tested_version():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    named = set().union(*map(_needed, groups)) - {"picojoule"}
    assert not named - PINNED


def test_every_dependency_has_a_line_in_the_list_of_licences():
    """Those that the demo installs, and those they bring."""
    listed = {_plain(row.split("|")[1].strip()) for row in LICENCES.splitlines() if row.startswith("| ")}
    known: set[str] = set()
    queue = _needed([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["demo"]])
    while queue:
        name = queue.pop()
        known.add(name)
        queue |= _needed(metadata.requires(name) or []) - known
    assert not known - listed


def test_no_import_reaches_the_network():
    code = """
import socket, sys, importlib, pkgutil
def refused(*_, **__): raise SystemExit('an import reached for the network')
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refused
socket.getaddrinfo = socket.create_connection = refused
import picojoule
for found in pkgutil.walk_packages(picojoule.__path__, 'picojoule.'):
    if found.name.endswith('__main__'): continue
    importlib.import_module(found.name)
for name in ("optuna", "skimage", "sklearn", "pycocotools", "mlxtend"):
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
