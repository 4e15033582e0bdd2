"""The user's own functions, named on the command line as ``package.module:function``."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from picojoule.base.errors import InputError

_FORM = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<function>[^\W\d]\w*)")


def is_function_spec(spec: str) -> bool:
    """Whether `spec` has the form ``package.module:function``."""
    return _FORM.fullmatch(spec) is not None


def module_function(spec: str, what: str, *, error: type[InputError] = InputError) -> Callable[..., Any]:
    """The function that `spec` names; its module is also looked for in the current folder, as ``python -m`` does.

    Args:
        spec: ``package.module:function``.
        what: what it is to give, for the messages ("the model", "the data").
        error: class of the error raised.

    Raises:
        InputError: another form, no such module, a module that fails, no such function, or not a function.
    """
    match = _FORM.fullmatch(spec)
    if match is None:
        raise error(f"{what} is not of the form package.module:function", where=spec, remedy="e.g. mypackage.nets:make")
    with _current_folder_importable():
        module = _import(match["module"], spec, what, error)
    function = getattr(module, match["function"], None)
    if not callable(function):
        own = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        raise error(
            f"the module has no function {match['function']!r}"
            if function is None
            else f"{match['function']!r} is no function",
            where=spec,
            remedy=f"name one of: {', '.join(sorted(own)[:8])}" if own else f"define it in {module.__file__}",
        )
    return function


def call_function(spec: str, what: str, *, error: type[InputError] = InputError) -> Any:
    """What the function named by `spec` returns, called without arguments.

    Args and errors are those of `module_function`; a function that raises is an error too, with its own text in it.
    """
    function = module_function(spec, what, error=error)
    try:
        with _current_folder_importable():
            return function()
    except InputError:
        raise
    except Exception as problem:
        raise error(
            f"the function raised {type(problem).__name__}: {problem}",
            where=_place(problem, spec),
            remedy=f"{what} is made by calling it without arguments: try that in Python",
        ) from problem


def _import(name: str, spec: str, what: str, error: type[InputError]) -> ModuleType:
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        own = problem.name is not None and (name + ".").startswith(problem.name + ".")
        raise error(
            f"there is no module {problem.name!r}"
            if own
            else f"its module needs {problem.name!r}, which is not installed",
            where=spec,
            remedy=f"run in the folder that holds it (now {Path.cwd()}), or install it",
        ) from None
    except Exception as problem:
        raise error(
            f"importing the module of {what} raised {type(problem).__name__}: {problem}",
            where=_place(problem, spec),
            remedy=f"make `python -c 'import {name}'` work",
        ) from problem


@contextlib.contextmanager
def _current_folder_importable() -> Iterator[None]:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(here)


def _place(problem: BaseException, spec: str) -> str:
    """`spec` and the file and line where `problem` arose."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return spec if trace is None else f"{spec} ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
