"""What the loop does besides learning: validation, clipping, number types, journals, learners without a gradient."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from picojoule.base.errors import InputError
from picojoule.data.vision import synthetic
from picojoule.herding import BackwardPotential, DeepSpikingNet, Form
from picojoule.train import Epoch, Shuffled, Validation, fit, loop
from picojoule.train import journal as journals
from picojoule.train.checkpoint import FILE
from picojoule.train.journal import Journal
from picojoule.train.online import Online
from picojoule.train.validation import best

DATA = synthetic.load(train=60, test=10).train
SGD = partial(torch.optim.SGD, lr=0.05)
SOURCE = Shuffled(samples=DATA, size=12)


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(49, 10))


def loss(model, x, y):
    return nn.functional.cross_entropy(model(x), y)


class Scores:
    """Scores that are given, one an epoch."""

    def __init__(self, *values: float) -> None:
        self.values, self.states = list(values), []

    def __call__(self, model: nn.Module) -> float:
        assert not model.training
        self.states.append(model[2].weight.detach().clone())
        return self.values[len(self.states) - 1]


def test_the_best_weights_are_kept():
    model, scores = network(), Scores(0.1, 0.5, 0.4, 0.5)
    history = fit(model, loss, SOURCE, epochs=4, optimiser=SGD, validation=Validation(score=scores))
    assert history.scores == (0.1, 0.5, 0.4, 0.5) and history.best == 1
    assert torch.equal(model[2].weight, scores.states[1])
    assert model.training


def test_or_the_last():
    model, scores = network(), Scores(0.1, 0.5, 0.4)
    fit(model, loss, SOURCE, epochs=3, optimiser=SGD, validation=Validation(score=scores, keep_best=False))
    assert torch.equal(model[2].weight, scores.states[2])


def test_it_stops_early():
    scores = Scores(0.1, 0.5, 0.4, float("nan"), 0.9)
    watch = Validation(score=scores, patience=2)
    history = fit(network(), loss, SOURCE, epochs=9, optimiser=SGD, validation=watch)
    assert len(history.epochs) == 4 and history.steps == 4 * 5


def test_best_is_the_first_highest():
    assert best([None, 0.2, float("nan"), 0.2]) == 1
    assert best([None]) == 0


def test_a_resumed_run_knows_the_best_weights(tmp_path):
    whole, resumed = network(), network()
    values = (0.1, 0.9, 0.4, 0.3)
    expected = fit(whole, loss, SOURCE, epochs=4, optimiser=SGD, validation=Validation(score=Scores(*values)))

    def dies(model):
        raise KeyboardInterrupt

    scores = Scores(*values)
    calls = iter([scores, scores, scores, dies])
    first = Validation(score=lambda model: next(calls)(model))
    with pytest.raises(KeyboardInterrupt):
        fit(network(), loss, SOURCE, epochs=4, optimiser=SGD, validation=first, folder=tmp_path)
    last = Validation(score=lambda model: values[3])
    history = fit(resumed, loss, SOURCE, epochs=4, optimiser=SGD, validation=last, folder=tmp_path)
    assert history.scores == expected.scores == values
    assert torch.equal(whole[2].weight, resumed[2].weight)


def test_a_run_that_stopped_early_is_not_gone_on_with(tmp_path):
    watch = Validation(score=Scores(0.5, 0.4), patience=1)
    first = network()
    history = fit(first, loss, SOURCE, epochs=5, optimiser=SGD, validation=watch, folder=tmp_path)
    again = network()
    watch = Validation(score=Scores(), patience=1)
    assert fit(again, loss, SOURCE, epochs=5, optimiser=SGD, validation=watch, folder=tmp_path).scores == history.scores
    assert torch.equal(first[2].weight, again[2].weight)


def test_gradients_are_clipped():
    """A step of SGD moves the weights by the rate times the norm of the gradient, which is at most the clip."""
    source = Shuffled(samples=DATA, size=60)
    moved = {}
    for clip in (None, 0.1, 100.0):
        model, start = network(), network()
        fit(model, loss, source, epochs=1, optimiser=SGD, clip=clip)
        pairs = zip(model.parameters(), start.parameters(), strict=True)
        moved[clip] = float(torch.cat([(a - b).detach().flatten() for a, b in pairs]).norm())
    assert moved[0.1] == pytest.approx(0.05 * 0.1, rel=1e-3)
    assert moved[100.0] == moved[None] > moved[0.1]
    with pytest.raises(InputError, match=r"gradients clipped at 0.*Remedy"):
        fit(network(), loss, source, epochs=1, optimiser=SGD, clip=0)


def test_numbers_of_the_forward_pass():
    seen = []

    def watching(model, x, y):
        seen.append(model(x).dtype)
        return loss(model, x, y)

    for autocast in ("auto", torch.bfloat16, None):
        fit(network(), watching, Shuffled(samples=DATA, size=60), epochs=1, optimiser=SGD, autocast=autocast)
    assert seen == [torch.float32, torch.bfloat16, torch.float32]


def test_the_rate_is_that_of_the_schedule(tmp_path):
    fit(network(), loss, SOURCE, epochs=2, optimiser=SGD, schedule=lambda done: 1 - done, folder=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / journals.FILE).read_text().splitlines()]
    assert [each["rate"] for each in lines] == pytest.approx([0.05 * 0.6, 0.05 * 0.1])


def test_the_journal_has_each_epoch_once(tmp_path):
    """A run that is killed after its checkpoint and before its report, and goes on."""
    watch = Validation(score=lambda model: 0.5)
    fit(network(), loss, SOURCE, epochs=3, optimiser=SGD, validation=watch, folder=tmp_path)
    path = tmp_path / journals.FILE
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [each["epoch"] for each in lines] == [1, 2, 3] and [each["steps"] for each in lines] == [5, 10, 15]
    assert all(each["score"] == 0.5 and each["loss"] > 0 and each["seconds"] > 0 for each in lines)
    whole = path.read_text()
    path.write_text("".join(whole.splitlines(keepends=True)[:2]))
    fit(network(), loss, SOURCE, epochs=3, optimiser=SGD, validation=watch, folder=tmp_path)
    assert path.read_text() == whole


def test_tensorboard_is_written_where_it_is_installed(tmp_path, monkeypatch):
    """The writer is asked for each number of the last epoch, once."""
    written = []

    class Writer:
        def __init__(self, folder, purge_step):
            written.append((Path(folder).name, purge_step))

        def add_scalar(self, name, value, step):
            written.append((name, value, step))

        def flush(self): ...

        def close(self): ...

    board = type(sys)("torch.utils.tensorboard")
    board.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", board)
    monkeypatch.setattr(journals, "find_spec", lambda name: object())
    journal = Journal(tmp_path, 1)
    epochs = [Epoch(steps=5, loss=1.0), Epoch(steps=10, loss=0.5, metrics={"rate": 0.1})]
    journal.write(epochs)
    assert written == [("tensorboard", 1), ("rate", 0.1, 2), ("loss", 0.5, 2), ("seconds", 0.0, 2)]


def spiking(potential=None) -> Online:
    form = Form(
        sizes=(784, 20, 10), std=None, steps=4, potential=potential or BackwardPotential.uniform(), integer=True
    )
    return Online(DeepSpikingNet(form, generator=torch.Generator().manual_seed(2)))


@pytest.mark.parametrize("potential", [BackwardPotential.uniform(), BackwardPotential.carry()], ids=["drawn", "kept"])
def test_a_rule_of_its_own_resumes_bit_for_bit(tmp_path, potential):
    """Weights, potentials and tally: what a deep spiking network remembers is all in its state."""
    whole, resumed = spiking(potential), spiking(potential)
    history = loop(whole, SOURCE, epochs=3, seed=4)
    assert history.losses[-1] < history.losses[0]

    class Dying(Online):
        def learn(self, x, y, moment):
            if moment.step == 8:
                raise KeyboardInterrupt
            return super().learn(x, y, moment)

    dying = Dying.__new__(Dying)
    dying.__dict__ |= spiking(potential).__dict__
    with pytest.raises(KeyboardInterrupt):
        loop(dying, SOURCE, epochs=3, seed=4, folder=tmp_path, seconds_between_checkpoints=0)
    assert loop(resumed, SOURCE, epochs=3, seed=4, folder=tmp_path).losses == history.losses
    for key, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[key]), key


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_a_checkpoint_is_written(tmp_path, moment):
    """SIGKILL between the bytes and the name, and just after the name: the run goes on and ends alike."""
    script = (
        "import os, pathlib, sys, test_loop as t\n"
        "import torch; torch.set_num_threads(1)\n"
        "real, left = os.replace, [4]\n"
        "def replace(*names):\n"
        "    left[0] -= 1\n"
        f"    if left[0] == 0 and {moment == 'before'}: os.kill(os.getpid(), 9)\n"
        "    real(*names)\n"
        "    if left[0] == 0: os.kill(os.getpid(), 9)\n"
        "os.replace = replace\n"
        "t.fit(t.network(), t.loss, t.SOURCE, epochs=2, optimiser=t.SGD, folder=pathlib.Path(sys.argv[1]),\n"
        "      seconds_between_checkpoints=0)\n"
    )
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=here, capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr.decode()
    assert (tmp_path / FILE).exists()
    whole, resumed = network(), network()
    losses = fit(whole, loss, SOURCE, epochs=2, optimiser=SGD).losses
    assert fit(resumed, loss, SOURCE, epochs=2, optimiser=SGD, folder=tmp_path).losses == losses
    assert torch.equal(whole[2].weight, resumed[2].weight)
