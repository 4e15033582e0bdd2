"""The user's functions by name: found, or a clear error."""

import sys

import pytest

from picojoule.base.errors import DataError, InputError
from picojoule.data.importing import call_function, is_function_spec, module_function


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module of a name of its own into the current folder."""
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)

    def write_module(name: str, text: str) -> None:
        (tmp_path / f"{name}.py").write_text(text)

    yield write_module
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_function_in_the_current_folder(write) -> None:
    write("users_module_a", "def make():\n    import users_module_helper\n    return users_module_helper.value\n")
    write("users_module_helper", "value = 7\n")
    path = list(sys.path)
    assert call_function("users_module_a:make", "the model") == 7
    assert sys.path == path


def test_an_installed_function() -> None:
    assert module_function("os.path:join", "the model")("a", "b") == "a/b"


@pytest.mark.parametrize("spec", ["a.b:c", "a:b", "_a:_b"])
def test_specs(spec: str) -> None:
    assert is_function_spec(spec)


@pytest.mark.parametrize("spec", ["a.b", "a:b:c", "a/b:c", ":a", "a:", "1a:b", "data.npz", "a..b:c"])
def test_not_specs(spec: str) -> None:
    assert not is_function_spec(spec)
    with pytest.raises(InputError, match=r"the model is not of the form package.module:function.*Remedy"):
        module_function(spec, "the model")


@pytest.mark.parametrize(
    ("text", "spec", "message"),
    [
        (
            "",
            "users_module_none:make",
            "users_module_none:make: there is no module 'users_module_none'.*Remedy: run in",
        ),
        ("import absent_xyz", "users_module_b:make", "needs 'absent_xyz', which is not installed.*Remedy"),
        ("1 / 0", "users_module_b:make", r"users_module_b\.py:1\).*raised ZeroDivisionError: division.*Remedy"),
        ("def (", "users_module_b:make", "raised SyntaxError.*Remedy"),
        ("def other(): ...", "users_module_b:make", "has no function 'make'.*Remedy: name one of: other"),
        ("make = 3", "users_module_b:make", "'make' is no function.*Remedy: define it in"),
        (
            "def make():\n    raise OSError('no disk')",
            "users_module_b:make",
            r"\.py:2\): .*raised OSError: no disk.*Remedy",
        ),
    ],
)
def test_what_can_be_wrong(write, text: str, spec: str, message: str) -> None:
    write("users_module_b", text)
    with pytest.raises(DataError, match=message):
        call_function(spec, "the data", error=DataError)
