"""What the command line's tests share: a user's folder with a model, its weights and its data."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

MODELS = '''
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    """A user's network, written as users write them."""

    def __init__(self):
        super().__init__()
        self.conv1, self.norm = nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4)
        self.conv2, self.fc = nn.Conv2d(4, 6, 3), nn.Linear(54, 3)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.norm(self.conv1(x)), 2))
        return self.fc(torch.flatten(F.relu(self.conv2(x)), 1))


class Wavy(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(144, 3)

    def forward(self, x):
        return torch.sin(self.fc(x.flatten(1)))


def make():
    torch.manual_seed(0)
    return Net()


def wavy():
    return Wavy()


def broken():
    raise KeyError("no such layer")


def number():
    return 3


not_a_function = 7
'''


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """The user's folder, as the current one."""
    (tmp_path / "mine.py").write_text(MODELS)
    generator = np.random.default_rng(0)
    images, labels = (255 * generator.random((60, 12, 12))).astype(np.uint8), np.arange(60) % 3
    np.savez(tmp_path / "data.npz", x_train=images[:40], y_train=labels[:40], x_test=images[40:], y_test=labels[40:])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("mine", None)
    import mine

    state = {name: value.contiguous() for name, value in mine.make().state_dict().items()}
    save_file(state, tmp_path / "weights.safetensors")
    torch.save(state, tmp_path / "weights.pt")
    yield tmp_path
    sys.modules.pop("mine", None)


@pytest.fixture(autouse=True)
def as_before():
    """The command line sets threads and silence for its process; here they go back."""
    from picojoule.base.progress import set_quiet

    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    set_quiet(False)
