"""Wrong input is one clear line that says what, where and the remedy: status 2, no traceback, nothing half-written."""

from pathlib import Path

import numpy as np
import pytest

from picojoule.cli.main import main


@pytest.fixture
def refused(home, capsys):
    """Run a command that must fail by the user's fault; returns the line on standard error."""

    def run(*words: str) -> str:
        before = {path for path in home.rglob("*") if "__pycache__" not in path.parts}
        assert main([*words]) == 2
        out, err = capsys.readouterr()
        lines = err.splitlines()
        assert out == "" and lines[-1].startswith("picojoule: ")
        assert ". Remedy: " in lines[-1] and "Traceback" not in err
        assert all(line.startswith(("running ", "picojoule: ")) or "kept for the test" in line for line in lines), err
        new = {path for path in home.rglob("*") if "__pycache__" not in path.parts} - before
        assert all(path.is_dir() for path in new), f"left behind: {new}"
        return lines[-1]

    return run


COMPARE = ("compare", "--model", "mine:make", "--weights", "weights.safetensors", "--data", "data.npz", "--limit", "4")


def compare(**changed: str | None) -> list[str]:
    """The words of a compare that works, with options changed, added or (None) left out."""
    options = dict(zip(COMPARE[1::2], COMPARE[2::2], strict=True))
    options.update({f"--{name.replace('_', '-')}": value for name, value in changed.items()})
    return ["compare", *(word for name, value in options.items() if value is not None for word in (name, value))]


# --- names ------------------------------------------------------------------------------------------------------------


def test_unknown_recipe_gets_a_suggestion(refused):
    for verb in ("run", "cite"):
        line = refused(verb, "t2fsn")
        assert "recipe t2fsn: there is no such recipe" in line and "did you mean t2fsnn?" in line


def test_weights_for_a_recipe_that_takes_none(refused):
    line = refused("run", "t2fsnn", "--smoke", "--weights", "weights.safetensors")
    assert "recipe t2fsnn: --weights: it has no use for given weights" in line
    line = refused("run", "m2former", "--smoke", "--train", "--weights", "weights.safetensors")
    assert "recipe m2former: --weights: the weights are given, and trained again" in line


def test_weights_of_another_network(refused):
    line = refused("run", "m2former", "--smoke", "--weights", "weights.safetensors")
    assert "weights.safetensors: it has no weights of the MViT" in line


# --- the model and its weights ----------------------------------------------------------------------------------------

MODELS = {
    "missing module": ("elsewhere:make", "there is no module 'elsewhere'"),
    "missing function": ("mine:build", "no function 'build'"),
    "no function": ("mine:not_a_function", "is no function"),
    "another form": ("mine.make", "package.module:function"),
    "raising": ("mine:broken", "raised KeyError"),
    "no module returned": ("mine:number", "returns a int"),
}


@pytest.mark.parametrize(("spec", "message"), MODELS.values(), ids=MODELS)
def test_wrong_model(refused, spec, message):
    assert message in refused(*compare(model=spec, weights=None))


def test_unsupported_layer(refused):
    line = refused(*compare(model="mine:wavy", weights=None))
    assert "the operation sin has no counterpart" in line and "mine.py" in line and "in forward" in line


def test_weights_missing(refused):
    assert "none.safetensors: the weights cannot be read (No such file" in refused(*compare(weights="none.safetensors"))


def test_weights_truncated(refused, home):
    whole = (home / "weights.safetensors").read_bytes()
    for name, content in {
        "short": whole[:-40],
        "header": whole[:30],
        "empty": b"",
        "noise": b"not weights" * 9,
    }.items():
        (home / name).write_bytes(content)
        assert f"{name}:" in refused(*compare(weights=name))


def test_weights_of_another_model(refused):
    assert "other keys than the network" in refused(*compare(model="mine:wavy"))


def test_pickle_only_where_it_is_trusted(refused):
    assert "--trust-pickle" in refused(*compare(weights="weights.pt"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--model", "mine:make"), "a model without data"),
        (("--weights", "weights.safetensors"), "weights without a model"),
        (("--model", "mine:make", "--data", "data.npz", "--train"), "only the embedded network can be trained"),
    ],
)
def test_options_that_do_not_go_together(refused, words, message):
    assert message in refused("compare", *words)


# --- data -------------------------------------------------------------------------------------------------------------


def test_wrong_data_path(refused):
    assert "nowhere: there is no such file or folder" in refused(*compare(data="nowhere"))


def test_empty_data_folder(refused, home):
    (home / "images").mkdir()
    assert "images" in refused(*compare(data="images"))


def test_corrupt_npz(refused, home):
    whole = (home / "data.npz").read_bytes()
    for name, content in {"short.npz": whole[: len(whole) // 2], "noise.npz": b"PK noise", "empty.npz": b""}.items():
        (home / name).write_bytes(content)
        assert f"{name}:" in refused(*compare(data=name))


def test_data_of_another_shape(refused, home):
    np.savez(home / "small.npz", x=np.zeros((30, 5, 5), np.uint8), y=np.arange(30) % 3)
    assert "Net: the model fails on an input of shape (1, 1, 5, 5)" in refused(*compare(data="small.npz"))


def test_more_classes_than_outputs(refused, home):
    np.savez(home / "many.npz", x=np.zeros((90, 12, 12), np.uint8), y=np.arange(90) % 9)
    assert "for 3 outputs" in refused(*compare(data="many.npz", limit="18"))


@pytest.mark.parametrize("option", ["mean", "std"])
def test_mean_of_wrong_length(refused, option):
    assert option in refused(*compare(**{option: "0.1,0.2"}))


def test_full_mode_without_data(refused):
    assert "the full mode has no data" in refused("run", "t2fsnn", "--full")


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [compare(out="file/out"), ["run", "t2fsnn", "--smoke", "--out", "file/out"]])
def test_out_that_cannot_be_made(refused, home, words):
    """Found before any work is done."""
    (home / "file").write_text("in the way")
    line = refused(*words)
    assert "cannot write there" in line and "--out" in line and (home / "file").read_text() == "in the way"


@pytest.mark.parametrize(
    "words", [compare, lambda **o: ["run", "t2fsnn", "--smoke", *(w for k, v in o.items() for w in (f"--{k}", v))]]
)
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("device", "abacus", "--device: no device 'abacus'"),
        ("device", "meta", "--device: no device 'meta'"),
        ("dtype", "float31", "--dtype: no number type"),
        ("dtype", "int8", "--dtype: no number type"),
    ],
)
def test_bad_device_or_numbers(refused, words, option, value, message):
    assert message in refused(*words(**{option: value}))


# --- reports ----------------------------------------------------------------------------------------------------------

NO_RESULTS = {
    "no file": (None, "No such file"),
    "no json": ("picojoule", "not JSON"),
    "another json": ('{"a": 1}', "schema"),
    "a list": ("[1, 2]", "object"),
    "later schema": ('{"schema": 99}', "schema is 99"),
    "binary": ("\x00\x01", "not JSON"),
}


@pytest.mark.parametrize(("content", "message"), NO_RESULTS.values(), ids=NO_RESULTS)
def test_report_of_no_result(refused, home, content, message):
    if content is not None:
        (home / "r.json").write_text(content)
    line = refused("report", "r.json", "-o", "r.html")
    assert "r.json" in line and message in line


def good_result(folder: Path) -> str:
    from picojoule.result import Result, Row

    row = Row(system="ann fp32", metrics={"accuracy": 0.5})
    Result(recipe="measure", title="t", mode="quick", seed=0, data={"name": "d"}, rows=(row,)).save(
        folder / "good.json"
    )
    return "good.json"


@pytest.mark.parametrize("name", ["r.pdf", "r", "r.html.zip"])
def test_unknown_suffix(refused, home, name):
    assert ".html, .md, .csv" in refused("report", good_result(home), "-o", name)


def test_report_below_a_file(refused, home):
    assert "cannot write there" in refused("report", good_result(home), "-o", "data.npz/r.html")


# --- the words themselves ---------------------------------------------------------------------------------------------

WORDS = {
    "no verb": ([], "VERB"),
    "no such verb": (["compere"], "invalid choice: 'compere'"),
    "no such option": (["compare", "--modell", "a:b"], "unknown option --modell"),
    "no such short option": (["list", "-q"], "unknown option -q"),
    "limit 0": (["compare", "--limit", "0"], "'0' is not a whole number of at least 1"),
    "limit text": (["compare", "--limit", "many"], "'many' is not a whole number of at least 1"),
    "batch negative": (["compare", "--batch=-3"], "'-3' is not a whole number of at least 1"),
    "mean text": (["compare", "--mean", "a,b"], "'a,b' is not numbers with commas between"),
    "seed text": (["run", "t2fsnn", "--seed", "x"], "--seed"),
    "no recipe": (["run"], "RECIPE"),
    "no result": (["report"], "RESULT.json"),
    "option without value": (["compare", "--data"], "--data"),
}


@pytest.mark.parametrize(("words", "message"), WORDS.values(), ids=WORDS)
def test_wrong_words(capsys, words, message):
    with pytest.raises(SystemExit) as caught:
        main(words)
    out, err = capsys.readouterr()
    assert caught.value.code == 2 and out == "" and "Traceback" not in err
    assert message in err.splitlines()[-1]
    assert "_positive" not in err and "_numbers" not in err, "no names of our functions"
