"""Two processes of torchrun at the same global batch are one process, but for the order of sums."""

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
import sys, pathlib, torch
from functools import partial
from torch import nn
from torch.nn.functional import cross_entropy
from safetensors.torch import save_file
from picojoule.data.vision import synthetic
from picojoule.train import Shuffled, Validation, fit
from picojoule.train.parallel import processes
from picojoule.train.schedule import cosine

torch.set_num_threads(1)
out, dies = pathlib.Path(sys.argv[1]), sys.argv[2:] == ["dies"]
torch.manual_seed(processes().rank)  # the first one's weights are to count
model = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(49, 20), nn.Tanh(), nn.Linear(20, 10)).double()

class Source:
    def __init__(self):
        self.inner = Shuffled(samples=synthetic.load(train=55, test=10).train, size=11)
    def __len__(self):
        return len(self.inner)
    def __call__(self, generator):
        for x, y in self.inner(generator):
            yield x.double(), y

calls = 0
def loss(model, x, y):
    global calls
    calls += 1
    if dies and calls == 8:
        sys.exit(7)
    return cross_entropy(model(x), y)

history = fit(model, loss, Source(), epochs=3, optimiser=partial(torch.optim.Adam, lr=0.01), schedule=cosine, clip=0.5,
    validation=Validation(score=lambda model: -float(model[4].weight.square().sum())),
    folder=out / "run", seconds_between_checkpoints=0)
if processes().rank == 0:
    losses = torch.tensor(history.losses, dtype=torch.float64)
    save_file({**model.state_dict(), "losses": losses}, out / "end.safetensors")
"""


def script(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(SCRIPT)
    return folder / "train.py"


def two_processes(folder: Path, *words: str) -> subprocess.CompletedProcess:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    here = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*launch, str(script(folder)), str(folder), *words], env=here, capture_output=True, check=False
    )


def test_two_processes_are_one(tmp_path, monkeypatch):
    """float64, batches of 11 in shares of 5 and 6, gradients clipped, Adam; the two die once and go on."""
    monkeypatch.setattr(sys, "argv", ["train.py", str(tmp_path / "one")])
    runpy.run_path(str(script(tmp_path / "one")))
    assert two_processes(tmp_path / "two", "dies").returncode != 0
    assert not (tmp_path / "two" / "end.safetensors").exists()
    together = two_processes(tmp_path / "two")
    assert together.returncode == 0, together.stderr.decode()
    one, two = (load_file(tmp_path / each / "end.safetensors") for each in ("one", "two"))
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, rtol=1e-9, atol=1e-12)
    assert (tmp_path / "two" / "run" / "metrics.jsonl").read_text().count("\n") == 3


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


def test_a_batch_smaller_than_the_processes_is_refused():
    with pytest.raises(InputError, match=r"torchrun: a batch of 1 for 2 processes.*Remedy: use larger batches"):
        Processes(0, 2).share(torch.rand(1, 2), torch.zeros(1))
