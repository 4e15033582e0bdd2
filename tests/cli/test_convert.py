"""`picojoule convert` writes a network that can be read again, and what became of each node."""

import json

import numpy as np
import pytest
import torch

import picojoule as pj
from picojoule.base.errors import InputError
from picojoule.cli.main import main
from picojoule.codes import CODES, TTFS, Burst, Hybrid, Phase, Poisson, Rate
from picojoule.codes.words import parse


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("rate", Rate()),
        ("rate:steps=8,weighted=true", Rate(steps=8, weighted=True)),
        ("rate:T=8,corrected", Rate(steps=8, corrected=True)),
        ("rate:T=8,corrected=yes", Rate(steps=8, corrected=True)),
        ("ttfs:T=12,tau=2,threshold=0.5", TTFS(steps=12, tau=2, threshold=0.5)),
        ("rate:num_steps=8", Rate(steps=8)),
        ("ttfs:T=80,start=40", TTFS(steps=80, start=40)),
        ("burst:T=32,beta=1.5,v_th=0.25", Burst(steps=32, beta=1.5, threshold=0.25)),
        ("real-burst", Hybrid(input=None, hidden=Burst())),
        ("phase-burst:T=24,v_th=0.25", Hybrid(input=Phase(steps=24), hidden=Burst(steps=24, threshold=0.25))),
        ("poisson-rate:T=9,input.seed=4", Hybrid(input=Poisson(steps=9, seed=4), hidden=Rate(steps=9))),
    ],
)
def test_words_of_a_code(words, code):
    assert parse(words, CODES) == code


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("spike", "no code 'spike'"),
        ("rate:", None),
        ("rate:speed=3", "'speed' is no setting of rate"),
        ("rate:steps", "'steps' of rate is a number"),
        ("rate:corrected=3", "'corrected' of rate is yes or no"),
        ("rate:steps=many", "is no number"),
        ("rate:steps=-1", "steps=-1"),
        ("phase-spike", "no code 'spike'"),
        ("loud-burst", "no code 'loud'"),
        ("phase-burst:T=12", "steps=12"),
        ("phase-burst:input.speed=1", "'speed' is no setting of phase"),
        ("phase-ttfs:T=16", "a value comes once every 16 steps"),
        ("real-burst:input.seed=1", "no code 'real'"),
    ],
)
def test_wrong_words(words, message):
    if message is None:
        assert parse(words, CODES) == Rate()
        return
    with pytest.raises(InputError, match=message) as caught:
        parse(words, CODES)
    assert caught.value.remedy


def test_a_users_network_is_converted_and_kept(home, capsys):
    given = ["--model", "mine:make", "--weights", "weights.safetensors", "--data", "data.npz"]
    assert main(["convert", *given, "--code", "rate:steps=8", "--out", "kept", "--quiet"]) == 0
    assert "rate T=8 neurons of conv1" in capsys.readouterr().out
    network = pj.load(home / "kept" / "network.safetensors")
    told = json.loads((home / "kept" / "conversion.json").read_text())
    assert told["name"] == network.name == "rate T=8" and told["choices"]["code"] == "rate T=8"
    assert any(fate["became"] == "rate T=8 neurons of conv1" for fate in told["fates"])
    assert pj.run(network, torch.rand(2, 1, 12, 12)).counts.steps == 8
    assert main(["convert", *given, "--out", "kept", "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "ttfs T=80"


def test_a_darknet_network_too(home, capsys):
    cfg = "[net]\nwidth=12\nheight=12\nchannels=1\n[convolutional]\nfilters=3\nsize=12\nactivation=leaky\n"
    (home / "tiny.cfg").write_text(cfg)
    numbers = np.zeros(3 + 3 * 144, "<f4")
    (home / "tiny.weights").write_bytes(np.asarray([0, 2, 0, 0, 0], "<i4").tobytes() + numbers.tobytes())
    given = ["--model", "tiny.cfg", "--weights", "tiny.weights", "--data", "data.npz", "--quiet"]
    assert main(["convert", *given]) == 0
    assert "leaky ReLU (0.1)" in capsys.readouterr().out
    assert main(["convert", *given, "--code", "phase"]) == 2
    assert "cannot compute leaky ReLU" in capsys.readouterr().err


def test_a_wrong_code_leaves_nothing(home, capsys):
    assert main(["convert", "--code", "rate:steps=x", "--out", "new"]) == 2
    assert "is no number" in capsys.readouterr().err
    assert not list((home / "new").glob("*"))


def test_a_converted_network_is_trained_further(home, capsys):
    given = ["--model", "mine:make", "--weights", "weights.safetensors", "--data", "data.npz"]
    assert main(["convert", *given, "--code", "rate:steps=2", "--finetune", "2", "--out", "kept", "--quiet"]) == 0
    assert "fine-tuned: 2 epochs, loss " in capsys.readouterr().out
    assert pj.load(home / "kept" / "network.safetensors").name == "rate T=2 +finetuned"
    assert not (home / "kept" / "finetuning").exists()
