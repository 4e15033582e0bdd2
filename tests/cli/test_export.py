"""`picojoule export` writes what others read, and says what they cannot."""

import runpy

import pytest

import picojoule as pj
from picojoule.cli.main import main

GIVEN = ["--model", "plain:make", "--data", "data.npz", "--quiet"]


@pytest.fixture
def plain(home):
    """A network without maximum pools in the user's folder."""
    (home / "plain.py").write_text(
        "import torch\nfrom torch import nn\n\n\ndef make():\n    torch.manual_seed(0)\n"
        "    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(100, 3))\n"
    )
    return home


@pytest.mark.parametrize("mode", ["strict", "relaxed"])
def test_a_nir_file_is_written_and_read_back(plain, mode):
    pytest.importorskip("nir")
    assert main(["export", "--to", "nir", "--code", "rate:T=6", "--mode", mode, *GIVEN]) == 0
    network = pj.exchange.from_nir("out/network.nir")
    assert network.name == "rate T=6"


def test_a_saved_network_becomes_a_script_for_snntorch(plain):
    pytest.importorskip("snntorch")
    assert main(["convert", "--code", "rate:T=6", *GIVEN, "--out", "kept"]) == 0
    assert main(["export", "--to", "snntorch", "--network", "kept/network.safetensors"]) == 0
    net = runpy.run_path("out/network_snntorch.py")["net"]
    import torch

    x = torch.rand(2, 1, 12, 12)
    ours = pj.run(pj.load("out/network.safetensors"), x).values
    torch.testing.assert_close(net(x).mean(0), ours, rtol=1e-4, atol=1e-5)


def test_onnx_is_written_of_the_ann(plain):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    assert main(["export", "--to", "onnx", "--ann", *GIVEN]) == 0
    assert (plain / "out" / "network.onnx").stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "nir", "--code", "ttfs"], "change in time"),
        (["--to", "nir", "--ann"], "without spiking neurons"),
        (["--to", "nir", "--dt", "0"], "seconds of a step"),
    ],
)
def test_what_cannot_be_written_is_one_line(plain, capsys, words, message):
    pytest.importorskip("nir")
    assert main(["export", *words, *GIVEN]) == 2
    told = capsys.readouterr().err
    assert message in told and len(told.splitlines()) == 1


def test_the_users_own_network_with_maxima_is_refused_with_a_remedy(home, capsys):
    pytest.importorskip("nir")
    assert main(["export", "--to", "nir", "--model", "mine:make", "--data", "data.npz", "--quiet"]) == 2
    assert "use average pooling" in capsys.readouterr().err
