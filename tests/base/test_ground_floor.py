"""The ground floor: errors that help, files that are whole or absent, numbers people read, progress, citations."""

import inspect
import pickle
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base import errors, progress
from picojoule.base.bibliography import BIBLIOGRAPHY, bibtex
from picojoule.base.environment import environment
from picojoule.base.errors import InputError, MissingExtra, PicojouleError
from picojoule.base.files import read_bytes, require_writable, sha256, write_whole
from picojoule.base.units import percent, si
from picojoule.codes import CODES
from picojoule.recipes.index import RECIPES

# --- errors -----------------------------------------------------------------------------------------------------------

CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]


def test_a_message_says_where_what_and_remedy():
    error = InputError("it is bent", where="the nail", remedy="straighten it")
    assert str(error) == "the nail: it is bent. Remedy: straighten it"
    assert (error.what, error.where, error.remedy) == ("it is bent", "the nail", "straighten it")
    assert isinstance(error, ValueError)


def test_every_error_is_ours_and_drawn_in_the_tree():
    assert all(issubclass(cls, PicojouleError) for cls in CLASSES)
    assert {cls.__name__ for cls in CLASSES} <= set(re.findall(r"\w+", errors.__doc__))


def test_errors_with_a_form_of_their_own():
    assert "pip install 'picojoule[nir]'" in str(MissingExtra("nir", extra="nir", needed_for="export"))


def test_an_error_comes_back_from_a_worker_process_as_it_was_raised():
    raised = MissingExtra("nir", extra="nir", needed_for="export")
    for error in (
        raised,
        *(cls("it is bent", where="the nail", remedy="straighten it") for cls in CLASSES if cls is not MissingExtra),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error)
        assert (again.what, again.where, again.remedy) == (error.what, error.where, error.remedy)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_is_written_whole_in_a_folder_that_was_missing(tmp_path):
    path = tmp_path / "a" / "b" / "file.txt"
    assert write_whole(path, "héllo") == path
    assert path.read_bytes() == "héllo".encode() and path.stat().st_mode & 0o777 == 0o644
    write_whole(path, b"\x00new")
    assert path.read_bytes() == b"\x00new" and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "ctrl-c"]
)
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failure):
    path = write_whole(tmp_path / "file.txt", "old")

    def fail(*_):
        raise failure

    monkeypatch.setattr("picojoule.base.files.os.replace", fail)
    expected = InputError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_whole(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_folder_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for attempt in (require_writable, lambda folder: write_whole(folder / "x", "y")):
        with pytest.raises(InputError, match="cannot write there") as caught:
            attempt(tmp_path / "file" / "folder")
        assert "--out" in caught.value.remedy


def test_proving_a_folder_leaves_nothing_in_it(tmp_path):
    assert list(require_writable(tmp_path / "out").iterdir()) == []


def test_a_file_that_cannot_be_read(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match="cannot read the weights"):
            read_bytes(path, what="weights")


def test_sha256_is_of_the_parts_together():
    assert sha256(b"ab", b"c") == sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# --- numbers ----------------------------------------------------------------------------------------------------------

SHOWN = {
    (1.2e-6, "J"): "1.20 µJ",
    (4.6e-12, "J"): "4.60 pJ",
    (0.0, "J"): "0 J",
    (None, "J"): "–",
    (float("nan"), "J"): "–",
    (float("inf"), ""): "–",
    (1000.0, ""): "1.00 k",
    (-1234.0, "B"): "-1.23 kB",
    (0.25, ""): "250 m",
    (3e15, "s"): "3000 Ts",
}


@pytest.mark.parametrize(("given_", "expected"), SHOWN.items(), ids=SHOWN.values())
def test_si(given_, expected):
    assert si(*given_) == expected


@given(st.floats(1e-14, 1e13))
def test_si_keeps_three_digits(value):
    number, _, prefix = si(value).partition(" ")
    scale = dict(zip("fpnµmkMGT", (-15, -12, -9, -6, -3, 3, 6, 9, 12), strict=True)).get(prefix, 0)
    assert float(number) * 10.0**scale == pytest.approx(value, rel=0.0051)
    assert 1 <= float(number) < 1000 or prefix == "T"


def test_percent():
    assert (percent(0.981), percent(None), percent(1.0, digits=0)) == ("98.1 %", "–", "100 %")


# --- progress ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def loud():
    progress.set_quiet(False)
    yield
    progress.set_quiet(False)


def test_progress_passes_everything_on_and_is_silent_when_short(loud, capsys):
    assert list(progress.track(range(5), "counting")) == [0, 1, 2, 3, 4]
    assert capsys.readouterr() == ("", "")


def test_piped_progress_is_a_line_now_and_then(loud, capsys, monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", -1.0)
    list(progress.track(iter("ab"), "counting", total=2))
    assert capsys.readouterr() == ("", "counting: 0 of 2\ncounting: 1 of 2\n")


def test_a_terminal_gets_a_bar(loud, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(progress.track([1, 2], "counting")) == [1, 2]
    assert capsys.readouterr().out == ""


def test_quiet_is_silent(loud, capsys, monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", -1.0)
    progress.set_quiet(True)
    progress.say("hello")
    assert list(progress.track([1, 2], "counting")) == [1, 2]
    assert capsys.readouterr() == ("", "")


# --- environment and citations ----------------------------------------------------------------------------------------


def test_the_environment_is_known():
    found = environment()
    assert set(found) == {"picojoule", "torch", "python", "cpu", "threads"} and all(found.values())


def test_everything_that_is_cited_has_an_entry():
    cited = {key for entry in RECIPES for key in entry.cite} | {key for code in CODES.values() for key in code.cite}
    assert cited <= set(BIBLIOGRAPHY)
    assert {"horowitz2014", "davies2018"} <= set(BIBLIOGRAPHY)


@pytest.mark.parametrize("entry", RECIPES, ids=lambda entry: entry.name)
def test_a_recipe_cites_its_paper(entry):
    assert entry.paper in {BIBLIOGRAPHY[key].eprint for key in entry.cite}
    assert entry.paper in bibtex(entry.cite)


def test_bibtex_is_balanced_and_lists_each_once():
    text = bibtex((*BIBLIOGRAPHY, *BIBLIOGRAPHY))
    assert text.count("@misc{") == len(BIBLIOGRAPHY) and text.count("{") == text.count("}")
    with pytest.raises(InputError, match="no entry nobody1999"):
        bibtex(("nobody1999",))
