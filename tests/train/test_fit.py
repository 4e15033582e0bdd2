"""The loop: it learns, it is the same for a seed, and a resumed run equals one that was not interrupted."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from picojoule.base.errors import InputError
from picojoule.data.vision import Images, synthetic
from picojoule.train import Shuffled, fit
from picojoule.train.augment import RandomAffine
from picojoule.train.checkpoint import FILE
from picojoule.train.journal import FILE as JOURNAL
from picojoule.train.schedule import constant, cosine, one_cycle

DATA = synthetic.load(train=50, test=10).train
ADAM = partial(torch.optim.AdamW, lr=1e-2)
MOMENTUM = partial(torch.optim.SGD, lr=1e-2, momentum=0.9)
EPOCHS = 3


def network() -> nn.Sequential:
    """A tiny network with all that a checkpoint must carry: buffers, dropout, tied weights."""
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.AvgPool2d(4), nn.Flatten(), nn.BatchNorm1d(49), nn.Linear(49, 49), nn.Linear(49, 49), nn.Dropout(0.2)
    )
    model[4].weight = model[3].weight
    return model.append(nn.Linear(49, 10))


def loss(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return cross_entropy(model(x), y)


class Stop:
    """A loss that interrupts at its k-th call, as Ctrl-C would."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return loss(model, x, y)


def train(model: nn.Module, folder: Path | None = None, **changes):
    arguments = {"loss": loss, "optimiser": ADAM, "schedule": one_cycle, "augment": RandomAffine(), "seed": 3}
    arguments |= {"source": Shuffled(samples=DATA, size=8), "epochs": EPOCHS, "folder": folder} | changes
    return fit(model, **arguments)


def equal(one: nn.Module, other: nn.Module) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return all(torch.equal(a[key], b[key]) for key in a)


def test_it_learns() -> None:
    history = train(network(), epochs=15)
    assert history.losses[-1] < 0.6 * history.losses[0]
    assert history.steps == 15 * 6
    assert len(history.losses) == 15


def test_a_seed_decides_everything() -> None:
    one, same, other = network(), network(), network()
    torch.manual_seed(10)
    train(one)
    torch.manual_seed(20)
    train(same)
    train(other, seed=4)
    assert equal(one, same)
    assert not equal(one, other)


def test_the_callers_random_state_is_left_alone() -> None:
    model = network()
    before = torch.get_rng_state()
    train(model)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("optimiser", [ADAM, MOMENTUM, partial(torch.optim.SGD, lr=1e-2)], ids=["adam", "sgd-m", "sgd"])
@pytest.mark.parametrize("every", [0.0, 1e9], ids=["each step", "each epoch"])
@pytest.mark.parametrize("at", [0, 1, 6, 9, 17])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, optimiser, every: float, at: int) -> None:
    whole = network()
    history = train(whole, optimiser=optimiser)
    setting = {"optimiser": optimiser, "seconds_between_checkpoints": every}
    with pytest.raises(KeyboardInterrupt):
        train(network(), tmp_path, loss=Stop(at), **setting)
    assert {FILE} <= {path.name for path in tmp_path.iterdir()} <= {FILE, JOURNAL, "tensorboard"}
    resumed = network()
    with torch.no_grad():
        for parameter in resumed.parameters():
            parameter.zero_()  # what the checkpoint holds must be all that counts
    again = train(resumed, tmp_path, **setting)
    assert equal(whole, resumed)
    assert again.losses == history.losses
    assert again.steps == history.steps


def test_a_killed_run_goes_on(tmp_path) -> None:
    """SIGKILL in the middle of an epoch: nothing is caught, nothing is cleaned up."""
    script = (
        "import os, sys, pathlib, torch, test_fit as t\n"
        f"torch.set_num_threads({torch.get_num_threads()})\n"
        "stop = t.Stop(9)\n"
        "die = lambda *a: stop(*a) if stop.left else os.kill(os.getpid(), 9)\n"
        "t.train(t.network(), pathlib.Path(sys.argv[1]), loss=die, seconds_between_checkpoints=0)\n"
    )
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=here, capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr.decode()
    whole, resumed = network(), network()
    assert train(whole).losses == train(resumed, tmp_path).losses
    assert equal(whole, resumed)


def test_a_finished_run_is_not_repeated(tmp_path) -> None:
    first = network()
    history = train(first, tmp_path)
    second = network()
    assert train(second, tmp_path, loss=Stop(0)).losses == history.losses
    assert equal(first, second)


@pytest.mark.parametrize("change", [{"seed": 5}, {"epochs": 4}, {"source": Shuffled(samples=DATA, size=5)}])
def test_a_checkpoint_of_another_run_is_refused(tmp_path, change) -> None:
    train(network(), tmp_path, epochs=EPOCHS)
    with pytest.raises(InputError, match=rf"{FILE}: the checkpoint is of another run.*Remedy: name another folder"):
        train(network(), tmp_path, **change)


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_a_damaged_checkpoint_is_refused(tmp_path, keep: int) -> None:
    train(network(), tmp_path, epochs=1)
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=rf"{FILE}: the checkpoint is damaged.*Remedy: delete it"):
        train(network(), tmp_path, epochs=1)


def test_a_loss_that_is_not_finite_is_an_error() -> None:
    with pytest.raises(InputError, match=r"the loss is nan in epoch 1.*Remedy: lower the learning rate"):
        train(network(), loss=lambda model, x, y: model(x).sum() * float("nan"))


def test_a_source_that_gives_too_few_is_an_error() -> None:
    class Short:
        def __len__(self) -> int:
            return 9

        def __call__(self, generator: torch.Generator):
            yield from Shuffled(samples=DATA, size=8)(generator)

    with pytest.raises(InputError, match=r"the source gave 6 batches but its length is 9.*Remedy"):
        train(network(), source=Short())


def test_an_optimiser_with_another_state_is_an_error(tmp_path) -> None:
    class Odd(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            self.state[self.param_groups[0]["params"][0]]["memory"] = [1, 2]

    with pytest.raises(InputError, match=r"Odd: its state 'memory' is a list.*Remedy: train without a checkpoint"):
        train(network(), tmp_path, optimiser=partial(Odd, lr=0.1))


def test_the_folder_must_be_writable(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file: cannot write there.*Remedy"):
        train(network(), tmp_path / "file")


def test_shuffled_gives_each_image_once() -> None:
    labels = torch.arange(13)
    source = Shuffled(samples=Images(images=torch.zeros(13, 1, 2, 2), labels=labels), size=4)
    batches = [y for _, y in source(torch.Generator().manual_seed(0))]
    assert len(batches) == len(source) == 3
    assert torch.cat(batches).unique().numel() == 12
    few = Shuffled(samples=Images(images=torch.zeros(3, 1, 2, 2), labels=labels[:3]), size=4)
    assert [len(y) for _, y in few(torch.Generator())] == [3]
    with pytest.raises(InputError, match=r"Shuffled: batches of 0 from 13 samples.*Remedy"):
        Shuffled(samples=source.samples, size=0)


def test_schedules() -> None:
    assert [constant(f) for f in (0.0, 1.0)] == [1, 1]
    assert [cosine(f) for f in (0.0, 0.5, 1.0)] == pytest.approx([1, 0.5, 0])
    assert [one_cycle(f) for f in (0.0, 0.2, 0.6, 1.0)] == pytest.approx([0.05, 1, 0.5, 0])


def test_augmentation_without_room_is_the_identity() -> None:
    still = RandomAffine(degrees=0, stretch=0, shear=0, pixels=0)
    assert torch.allclose(still(DATA.images, torch.Generator()), DATA.images, atol=1e-5)


def test_augmentation_moves_by_whole_pixels_at_most_its_limit() -> None:
    dot = torch.zeros(200, 1, 28, 28)
    dot[:, :, 14, 14] = 1
    moved = RandomAffine(degrees=0, stretch=0, shear=0, pixels=2)(dot, torch.Generator().manual_seed(0))
    lit = torch.nonzero(moved[:, 0] > 0)[:, 1:] - 14
    assert lit.abs().max() == 2
    assert torch.allclose(moved.sum((1, 2, 3)), torch.ones(200), atol=1e-4)


def test_augmentation_turns_without_distortion() -> None:
    image = torch.zeros(1, 1, 28, 40)
    image[:, :, 13:15] = 1
    turned = RandomAffine(degrees=12, stretch=0, shear=0, pixels=0)(image, torch.Generator().manual_seed(0))[0, 0]
    rows, columns = (torch.arange(n).float() for n in (28, 40))
    centre = (turned * rows[:, None]).sum(0) / turned.sum(0)
    angle = torch.atan2(centre[30] - centre[10], columns[30] - columns[10]).rad2deg().abs()
    draw = 12 * abs(2 * torch.rand(1, generator=torch.Generator().manual_seed(0)) - 1)
    assert torch.allclose(angle, draw, atol=0.2)
