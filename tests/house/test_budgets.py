"""Short files, short functions, every public thing documented, every class abstract or final."""

import ast
import importlib
import inspect
import pkgutil
from abc import ABC
from pathlib import Path
from statistics import median, quantiles

import pytest

import picojoule

HOUSE = Path(picojoule.__file__).parent
FILES = sorted(HOUSE.rglob("*.py"))
LONG_FILES: dict[str, str] = {}
"""Files above the hard limit: path → date and reason."""


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield path, node


def body_lines(node) -> int:
    """Lines of a function without its docstring."""
    first = node.body[0]
    doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return node.end_lineno - node.lineno + 1 - (first.end_lineno - first.lineno + 1 if doc else 0)


def test_files_are_short():
    sizes = {path.relative_to(HOUSE).as_posix(): lines(path) for path in FILES}
    assert median(sizes.values()) <= 150
    assert not {name for name, size in sizes.items() if size > 650} - set(LONG_FILES)


def test_functions_are_short():
    sizes = [body_lines(node) for _, node in functions()]
    assert median(sizes) <= 10
    assert quantiles(sizes, n=10)[-1] <= 35
    assert max(sizes) <= 80


def public_functions():
    """(where, function, inherits): functions of a module, and methods of its public classes."""
    for path in FILES:
        for node in ast.parse(path.read_text()).body:
            members = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
            inherits = isinstance(node, ast.ClassDef) and bool(node.bases)
            for each in members:
                if isinstance(each, ast.FunctionDef) and not each.name.startswith("_"):
                    yield f"{path.relative_to(HOUSE)}:{each.lineno} {each.name}", each, inherits


def test_public_functions_are_documented_and_typed():
    """A method that implements an abstract one has that one's docstring."""
    found = list(public_functions())
    undocumented = [where for where, node, inherits in found if not ast.get_docstring(node) and not inherits]
    untyped = [where for where, node, _ in found if node.returns is None and not _numba(node)]
    assert not undocumented + untyped


def _numba(node) -> bool:
    return any("njit" in ast.unparse(each) for each in node.decorator_list)


def modules():
    for found in pkgutil.walk_packages([str(HOUSE)], "picojoule."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def test_every_module_says_what_it_is():
    assert not [module.__name__ for module in modules() if not (module.__doc__ or "").strip()]


def test_classes_are_abstract_or_final():
    """Nothing of ours inherits from a concrete class of ours; errors, which form a tree, may."""
    wrong = []
    for module in modules():
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if cls.__module__ != module.__name__ or issubclass(cls, BaseException):
                continue
            ours = [base for base in cls.__bases__ if base.__module__.startswith("picojoule")]
            wrong += [f"{cls.__qualname__} inherits from {base.__qualname__}" for base in ours if not _abstract(base)]
    assert not wrong, "\n".join(wrong)


def _abstract(cls) -> bool:
    return ABC in cls.__bases__


def test_exports_exist_and_are_sorted():
    for name in picojoule.__all__:
        assert getattr(picojoule, name) is not None
    assert picojoule.__all__[:-1] == sorted(picojoule.__all__[:-1])
    for module in modules():
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{module.__name__}.{name}"


def test_the_verbs_are_functions_and_not_modules():
    """A submodule of the same name would shadow the verb once it is imported."""
    for module in modules():
        assert module
    for verb in ("convert", "run", "measure", "report", "cite", "trace", "quantise"):
        assert inspect.isfunction(getattr(picojoule, verb)), verb


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        picojoule.nothing  # noqa: B018
