"""Weights from files: every form, every wrong input, and never half a load."""

import pickle
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save as to_safetensors
from torch import nn

from picojoule.base.errors import WeightsError
from picojoule.models import embedded_metadata, load_model, load_weights


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))


GOOD = network(1).state_dict()


def write_safetensors(path: Path, state) -> Path:
    path.write_bytes(to_safetensors(state))
    return path


def write_npz(path: Path, state) -> Path:
    np.savez(path, **{key: value.numpy() for key, value in state.items()})
    return path


def write_pt(path: Path, state) -> Path:
    torch.save(state, path)
    return path


WRITERS = {"w.safetensors": write_safetensors, "w.npz": write_npz}


def same(one, other) -> bool:
    return all(torch.equal(one[key], other[key]) for key in other)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("rename", [False, True], ids=["own suffix", "wrong suffix"])
def test_round_trip(tmp_path, name: str, rename: bool) -> None:
    path = WRITERS[name](tmp_path / name, GOOD)
    path = path.rename(tmp_path / "w.bin") if rename else path
    assert same(load_weights(network(), path).state_dict(), GOOD)


@given(rows=st.integers(1, 4), columns=st.integers(1, 4), double=st.booleans())
def test_any_shape(tmp_path_factory, rows: int, columns: int, double: bool) -> None:
    model, other = nn.Linear(columns, rows), nn.Linear(columns, rows)
    state = {key: value.double() if double else value for key, value in other.state_dict().items()}
    for name, write in WRITERS.items():
        load_weights(model, write(tmp_path_factory.getbasetemp() / name, state))
        assert same(model.state_dict(), other.state_dict())


def test_a_header_whose_length_looks_like_a_pickle(tmp_path) -> None:
    """A header of 640 bytes makes a safetensors file begin with 80 02, the first two bytes of a pickle."""
    model = nn.Linear(2, 2)
    header = to_safetensors(model.state_dict())
    length = struct.unpack("<Q", header[:8])[0]
    padded = struct.pack("<Q", 640) + header[8 : 8 + length].ljust(640) + header[8 + length :]
    path = tmp_path / "w.safetensors"
    path.write_bytes(padded)
    load_weights(nn.Linear(2, 2), path)


@pytest.mark.parametrize("content", [GOOD, {"state_dict": GOOD}, network(1)], ids=["state", "nested", "module"])
def test_a_trusted_pickle(tmp_path, content) -> None:
    path = write_pt(tmp_path / "w.pt", content)
    assert same(load_weights(network(), path, trust_pickle=True).state_dict(), GOOD)


def without(*keys: str) -> dict[str, torch.Tensor]:
    return {key: value for key, value in GOOD.items() if key not in keys}


def one_nan() -> dict[str, torch.Tensor]:
    weight = GOOD["3.weight"].clone()
    weight[1, 1] = float("nan")
    return {**GOOD, "3.weight": weight}


WRONG_STATES = {
    "missing": (without("3.bias"), r"1 missing \(3\.bias\)"),
    "many missing": (without(*list(GOOD)[:5]), r"5 missing \(0\.weight, 0\.bias, 1\.weight, …\)"),
    "unexpected": ({**GOOD, "4.weight": torch.ones(1)}, r"1 unexpected \(4\.weight\)"),
    "both": ({**without("3.bias"), "b": torch.ones(1)}, r"1 missing \(3\.bias\) and 1 unexpected \(b\)"),
    "shape": (
        {**GOOD, "3.weight": torch.ones(3, 9)},
        r"'3\.weight' has the shape \[3, 9\] but the network's is \[3, 8\]",
    ),
    "nan": (one_nan(), r"'3\.weight' has 1 weights that are not finite"),
}


@pytest.mark.parametrize(("state", "message"), WRONG_STATES.values(), ids=list(WRONG_STATES))
@pytest.mark.parametrize("name", WRITERS)
def test_wrong_states_leave_the_network_as_it_was(tmp_path, name: str, state, message: str) -> None:
    path, model = WRITERS[name](tmp_path / name, state), network()
    with pytest.raises(WeightsError, match=rf"w\.\w+: .*{message}.*Remedy: "):
        load_weights(model, path)
    assert same(model.state_dict(), network().state_dict())


def damaged() -> dict[str, tuple[bytes, str]]:
    whole = to_safetensors(GOOD)
    return {
        "empty": (b"", "neither safetensors nor .npz"),
        "text": (b"these are not the weights you look for", "neither safetensors nor .npz"),
        "truncated data": (whole[:-7], "cannot be read"),
        "truncated header": (whole[:100], r"header has \d+ bytes but the file only 100"),
        "corrupt length": (struct.pack("<Q", 2**60) + whole[8:], "truncated or its header corrupt"),
        "corrupt header": (whole[:12] + b"\xff" + whole[13:], "cannot be read"),
        "pickle": (pickle.dumps({"a": 1}), "it is a pickle, which can run code.*safetensors.*--trust-pickle"),
        "half a zip": (b"PK\x03\x04" + bytes(50), "not a whole .npz file"),
    }


@pytest.mark.parametrize(("content", "message"), damaged().values(), ids=list(damaged()))
def test_damaged_files(tmp_path, content: bytes, message: str) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"w\.safetensors: .*{message}"):
        load_weights(network(), path)


def test_a_pickle_is_never_run_unasked(tmp_path) -> None:
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "exploded",)

    for name, content in (("a.pt", {"w": Bomb()}), ("b.npz", None), ("c.pkl", None)):
        path = tmp_path / name
        torch.save(content, path) if content else path.write_bytes(pickle.dumps(Bomb()))
        with pytest.raises(WeightsError, match=r"it is a pickle.*Remedy: save the weights with safetensors"):
            load_weights(network(), path)
    np.savez(tmp_path / "d.npz", **{"0.weight": np.array([Bomb()], object)}, allow_pickle=True)
    with pytest.raises(WeightsError, match=r"'0\.weight' holds pickled objects.*Remedy"):
        load_weights(network(), tmp_path / "d.npz")
    assert not (tmp_path / "exploded").exists()


def test_a_trusted_pickle_that_holds_something_else(tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"it holds a list, not a state dict.*Remedy: save model\.state_dict"):
        load_weights(network(), write_pt(tmp_path / "w.pt", [1]), trust_pickle=True)
    (tmp_path / "w.pkl").write_bytes(b"\x80\x04broken")
    with pytest.raises(WeightsError, match=r"w\.pkl: the weights cannot be read.*Remedy"):
        load_weights(network(), tmp_path / "w.pkl", trust_pickle=True)


def test_npz_of_text(tmp_path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array(["x"]))
    with pytest.raises(WeightsError, match=r"'a' is of the type <U1.*Remedy: save real numbers"):
        load_weights(network(), tmp_path / "w.npz")


@pytest.mark.parametrize("name", ["absent.safetensors", "."])
def test_no_such_file(tmp_path, name: str) -> None:
    with pytest.raises(WeightsError, match=r"cannot be read \((No such file|Is a directory).*Remedy: check the path"):
        load_weights(network(), tmp_path / name)
    with pytest.raises(WeightsError, match=r"cannot be read.*Remedy: check the path"):
        embedded_metadata(tmp_path / name)


@pytest.fixture
def users_module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users_nets_d.py").write_text(
        "from torch import nn\ndef make():\n    return nn.Linear(2, 2)\ndef number():\n    return 3\n"
        "def fail():\n    raise RuntimeError('no weights for you')\ndef needs(x): ...\n"
    )
    yield "users_nets_d"
    sys.modules.pop("users_nets_d", None)


def test_a_users_network(users_module, tmp_path) -> None:
    other = nn.Linear(2, 2)
    path = write_safetensors(tmp_path / "w.safetensors", other.state_dict())
    model = load_model("users_nets_d:make", path)
    assert not model.training
    assert same(model.state_dict(), other.state_dict())
    assert isinstance(load_model("users_nets_d:make"), nn.Linear)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("absent", r"has no function 'absent'.*Remedy: name one of: .*make"),
        ("number", r"returns a int, not an nn\.Module.*Remedy: return the network"),
        ("fail", r"users_nets_d\.py:7\): the function raised RuntimeError: no weights for you.*Remedy"),
        ("needs", r"raised TypeError: needs\(\) missing 1 required.*Remedy: the model is made by calling it without"),
    ],
)
def test_wrong_functions(users_module, function: str, message: str) -> None:
    with pytest.raises(WeightsError, match=rf"users_nets_d:{function}.*{message}"):
        load_model(f"users_nets_d:{function}")
