"""What each of the real processes does; the first one writes what was measured.

``python -m picojoule.recipes.smartphone_cluster.worker ORDER.json FOUND.json``, started by
:func:`picojoule.train.launch.launch`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from picojoule.base.files import write_whole
from picojoule.data.vision import synthetic
from picojoule.measurement.collectives import sweep
from picojoule.measurement.rates import rates, timed
from picojoule.models.vision import DigitNet, perceptron
from picojoule.models.vision.mobilenet import MobileNet
from picojoule.models.vision.resnet import ResNet
from picojoule.train import Shuffled, fit
from picojoule.train.gradient import Gradient
from picojoule.train.loop import Moment
from picojoule.train.parallel import processes
from picojoule.train.schedule import constant

_WIDTHS = (16, 32, 64, 128)
NETWORKS = {
    "resnet-18": partial(ResNet, 18, 10, inputs=1, small=True, widths=_WIDTHS),
    "resnet-34": partial(ResNet, 34, 10, inputs=1, small=True, widths=_WIDTHS),
    "mobilenet": partial(MobileNet, 10, width=0.25, inputs=1),
    "digit-net": DigitNet,
}
"""What is timed, on digits of 28×28."""
PICTURE = (1, 28, 28)


def measure(order: Mapping[str, Any]) -> dict[str, Any]:
    """All-reduces, rates of this process and steps of training, in every process alike."""
    together = processes()
    reductions = sweep(order["sizes"], repeats=order["repeats"])
    own = rates(repeats=order["repeats"])
    mine = torch.tensor([own.flop_per_s, own.grouped_flop_per_s, own.bytes_per_s], dtype=torch.float64)
    steps = {name: _learner(NETWORKS[name]()) for name in order["networks"]}
    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(order["rounds"]):
        for name, learner in steps.items():
            for batch in order["batches"]:
                times.setdefault(f"{name} {batch}", []).extend(_times(learner, batch * together.size))
    fastest = torch.tensor([[min(each) for each in zip(*values, strict=True)] for values in times.values()])
    busiest = torch.stack(together.collect(fastest, torch.device("cpu"))).amax(0)
    return {
        "reductions": [(each.size, each.seconds) for each in reductions],
        "rates": [each.tolist() for each in together.collect(mine, torch.device("cpu"))],
        "seconds": dict(zip(times, busiest[:, 0].tolist(), strict=True)),
        "busy": dict(zip(times, busiest[:, 1].tolist(), strict=True)),
        "weights": train_exactly(),
    }


def _learner(model: nn.Module) -> Gradient:
    """As :func:`picojoule.train.fit` makes it."""
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return Gradient(model.train(), _loss, optimiser, constant, clip=None, autocast=None, processes=processes())


def _loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return cross_entropy(model(x), y)


def _times(learner: Gradient, batch: int) -> list[tuple[float, float]]:
    """Seconds by the clock and of the processor, of two steps behind one that is not timed."""
    x, y = torch.rand(batch, *PICTURE), torch.randint(0, 10, (batch,))
    found = []
    for _ in range(3):
        begun = time.process_time()
        clock = timed(lambda: learner.learn(x, y, Moment(0, 1, 0)))
        found.append((clock, time.process_time() - begun))
    return found[1:]


def train_exactly() -> list[float]:
    """The weights after a few epochs in float64, clipped, with uneven shares where there are several processes."""
    data = synthetic.load(train=55, test=10).train
    samples = Shuffled(samples=_Double(data), size=11)
    torch.manual_seed(0)
    model = nn.Sequential(nn.AvgPool2d(4), perceptron((49, 20, 10))).double()
    fit(model, _loss, samples, epochs=3, optimiser=partial(torch.optim.SGD, lr=0.1, momentum=0.9), clip=0.5)
    return torch.cat([each.detach().flatten() for each in model.parameters()]).tolist()


class _Double:
    """Samples in float64."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __len__(self) -> int:
        return len(self.inner)

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor]:
        x, y = self.inner.pick(index)
        return x.double(), y


def main(order: str, found: str) -> None:
    """Read what is to be done, do it with the others, and write what was found."""
    torch.set_num_threads(1)
    result = measure(json.loads(Path(order).read_text()))
    if processes().rank == 0:
        write_whole(found, json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
