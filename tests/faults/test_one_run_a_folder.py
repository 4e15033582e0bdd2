"""Two runs never write into one folder."""

import subprocess
import sys
from functools import partial

import pytest
import torch
from torch import nn

from picojoule.base.errors import InputError
from picojoule.base.files import alone_in
from picojoule.cli.main import main
from picojoule.data.vision import synthetic
from picojoule.train import Shuffled, fit


def test_the_second_is_refused_and_a_third_may_follow(tmp_path, capsys):
    with alone_in(tmp_path):
        assert main(["run", "isp-ml", "--smoke", "--out", str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert "another run is writing there" in said and str(tmp_path) in said and len(said.splitlines()) == 1
        assert not list(tmp_path.iterdir())
    with alone_in(tmp_path):
        pass


def test_a_process_that_was_killed_holds_nothing(tmp_path):
    code = (
        f"from picojoule.base.files import alone_in\nwith alone_in({str(tmp_path)!r}):\n print(1, flush=True); input()"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    other.stdout.readline()
    with pytest.raises(InputError, match="another run"), alone_in(tmp_path):
        pass
    other.kill()
    other.wait()
    other.stdin.close()
    other.stdout.close()
    with alone_in(tmp_path):
        pass


def test_two_trainings_do_not_share_a_checkpoint(tmp_path):
    data = synthetic.load(train=20, test=10).train
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

    def loss(model, x, y):
        return nn.functional.cross_entropy(model(x), y)

    train = partial(fit, model, loss, Shuffled(samples=data, size=10), epochs=1, folder=tmp_path)
    train = partial(train, optimiser=partial(torch.optim.SGD, lr=0.1))
    with alone_in(tmp_path), pytest.raises(InputError, match="another run"):
        train()
    assert train().steps == 2
