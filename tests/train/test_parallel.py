"""Two processes of torchrun at the same global batch are one process, but for the order of sums, also if one dies."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from picojoule.base.errors import InputError
from picojoule.train.parallel import Processes, processes

SCRIPT = """
import atexit, os, pathlib, signal, sys, torch
from functools import partial
from torch import nn
from torch.nn.functional import cross_entropy
from safetensors.torch import save_file
from picojoule.data.vision import synthetic
from picojoule.train import Shuffled, Validation, fit
from picojoule.train.parallel import processes
from picojoule.train.schedule import cosine

torch.set_num_threads(1)
out, dies = pathlib.Path(sys.argv[1]), sys.argv[2:]

@atexit.register
def no_thread_outlives_the_group():  # one that asks for the interpreter's lock once it ends would abort the process
    living = [each.read_text() for each in pathlib.Path("/proc/self/task").glob("*/comm")]
    if any("gloo" in each for each in living):
        os._exit(8)

together = processes()
torch.manual_seed(together.rank)  # the first one's weights are to count
model = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(49, 20), nn.BatchNorm1d(20), nn.Linear(20, 10)).double()
model.rare = nn.Parameter(torch.ones(10, dtype=torch.float64))
model.never = nn.Parameter(torch.ones(3, dtype=torch.float64))

class Source:
    def __init__(self):
        self.inner = Shuffled(samples=synthetic.load(train=55, test=10).train, size=11)
    def __len__(self):
        return len(self.inner)
    def __call__(self, generator):
        for x, y in self.inner(generator):
            yield x.double(), y

def of_a_share(model, x, y):
    found, threes = cross_entropy(model(x), y), y == 3
    if threes.any():  # some shares have a gradient of this parameter, others not
        found = found + (model.rare.square().sum() * threes).mean()
    return found

calls = 0
def loss(model, x, y):
    global calls
    calls += 1
    if dies == ["leaves"] and calls == 8:
        sys.exit(7)
    if dies == ["killed", str(together.rank)] and calls == 8 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        os.kill(os.getpid(), signal.SIGKILL)
    if together.size > 1:
        assert len(x) == (4, 7)[together.rank]
        return of_a_share(model, x, y)
    shares = (x[:4], y[:4]), (x[4:], y[4:])  # batch norm sees a share
    return sum(of_a_share(model, *each) * (len(each[0]) / 11) for each in shares)

history = fit(model, loss, Source(), epochs=3, optimiser=partial(torch.optim.Adam, lr=0.01), schedule=cosine, clip=0.5,
    validation=Validation(score=lambda model: -float(model[4].weight.square().sum())), shares=(4, 7)[:together.size],
    folder=out / "run", seconds_between_checkpoints=0)
assert model.never.grad is None
if together.rank == 0:
    losses = torch.tensor(history.losses, dtype=torch.float64)
    restarts = torch.tensor(int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)))
    save_file({**dict(model.named_parameters()), "losses": losses, "restarts": restarts}, out / "end.safetensors")
"""


def script(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(SCRIPT)
    return folder / "train.py"


def two_processes(folder: Path, *words: str, restarts: int = 0) -> subprocess.CompletedProcess:
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node=2", f"--max-restarts={restarts}"]
    here = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *launch, str(script(folder)), str(folder), *words]
    return subprocess.run(command, env=here, capture_output=True, check=False)


def one_process(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", str(folder)])
    runpy.run_path(str(script(folder)))


def same_end(one: Path, other: Path, *, restarts: int) -> None:
    one, other = (load_file(each / "end.safetensors") for each in (one, other))
    assert other.pop("restarts") == restarts and not one.pop("restarts")
    for key, value in one.items():
        torch.testing.assert_close(other[key], value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rank", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_two_of_which_one_is_killed_are_one(tmp_path, monkeypatch, rank):
    """float64, uneven shares, local batch norm, gradients that only one has, clipping, Adam: SIGKILL in the middle of
    an epoch, one restart by torchrun, and the end is that of one process that nothing happened to."""
    one_process(tmp_path / "one", monkeypatch)
    together = two_processes(tmp_path / "two", "killed", str(rank), restarts=3)
    assert together.returncode == 0, together.stderr.decode()
    same_end(tmp_path / "one", tmp_path / "two", restarts=1)
    assert (tmp_path / "two" / "run" / "metrics.jsonl").read_text().count("\n") == 3


def test_one_goes_on_where_two_were(tmp_path, monkeypatch):
    one_process(tmp_path / "one", monkeypatch)
    assert two_processes(tmp_path / "two", "leaves").returncode != 0
    assert (tmp_path / "two" / "run" / "checkpoint.safetensors").exists()
    assert not (tmp_path / "two" / "end.safetensors").exists()
    one_process(tmp_path / "two", monkeypatch)
    same_end(tmp_path / "one", tmp_path / "two", restarts=0)


def test_one_process_shares_nothing():
    x, y = torch.rand(5, 2), torch.arange(5)
    assert processes() == Processes()
    part, labels, weight = Processes().share(x, y)
    assert part is x and labels is y and weight == 1


@pytest.mark.parametrize("size", [2, 3, 5])
def test_shares_are_the_whole(size):
    x, y = torch.rand(7, 2), torch.arange(7)
    parts = [Processes(rank, size).share(x, y) for rank in range(size)]
    assert torch.equal(torch.cat([part for part, _, _ in parts]), x)
    assert torch.equal(torch.cat([labels for _, labels, _ in parts]), y)
    assert sum(weight for _, _, weight in parts) == pytest.approx(1)


@pytest.mark.parametrize(("shares", "parts"), [((1, 3), [2, 6]), ((0.1, 0.2, 0.1), [2, 4, 2]), ((5, 1, 2), [5, 1, 2])])
def test_unlike_shares(shares, parts):
    x, y = torch.rand(8, 2), torch.arange(8)
    found = [Processes(rank, len(shares), shares).share(x, y) for rank in range(len(shares))]
    assert [len(part) for part, _, _ in found] == parts
    assert [weight for _, _, weight in found] == [part / 8 for part in parts]


@pytest.mark.parametrize("shares", [(1,), (1, 0), (1, 2, 3)])
def test_shares_are_one_for_each(shares):
    with pytest.raises(InputError, match=r"torchrun: shares .* of 2 processes.*Remedy"):
        Processes(0, 2, shares)


@pytest.mark.parametrize(("batch", "shares"), [(1, ()), (3, (1, 9))])
def test_a_share_without_a_sample_is_refused(batch, shares):
    with pytest.raises(InputError, match=rf"torchrun: a batch of {batch} for 2 processes.*Remedy: use larger batches"):
        Processes(0, 2, shares).share(torch.rand(batch, 2), torch.zeros(batch))
