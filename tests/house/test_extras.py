"""Optional packages are imported by one function, so that what is missing is said in one way."""

import ast
from pathlib import Path

import pytest

import picojoule
from picojoule.base.errors import MissingExtra
from picojoule.base.extras import needed

HOUSE = Path(picojoule.__file__).parent


def own_ways(source: str) -> list[int]:
    """Lines at which an import that fails becomes a missing extra by itself."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ExceptHandler)
        and any(isinstance(each, ast.Name) and each.id == "MissingExtra" for each in ast.walk(node))
    ]


def test_one_function_misses_packages():
    found = {path.relative_to(HOUSE).as_posix() for path in HOUSE.rglob("*.py") if own_ways(path.read_text())}
    assert found == {"base/extras.py"}


def test_what_is_there_is_given_and_what_is_not_is_said():
    assert needed("json.decoder", extra="demo", needed_for="this").JSONDecoder
    with pytest.raises(MissingExtra) as caught:
        needed("no_such_package.part", extra="demo", needed_for="this test")
    assert str(caught.value) == (
        "this test: the package 'no_such_package' is not installed. Remedy: pip install 'picojoule[demo]'"
    )
    with pytest.raises(MissingExtra, match="'no-such-package' is not"):
        needed("no_such_package", extra="demo", needed_for="this test", package="no-such-package")
