"""Much work in one process: memory stays flat, threads do not disturb each other, depth costs what it should."""

import gc
import threading

import pytest
import torch
from torch import nn

import picojoule as pj
from picojoule.codes import TTFS, Rate


def _deep(layers: int) -> nn.Sequential:
    torch.manual_seed(0)
    parts: list[nn.Module] = []
    for _ in range(layers):
        linear = nn.Linear(4, 4)
        nn.init.eye_(linear.weight)
        nn.init.zeros_(linear.bias)
        parts += [linear, nn.ReLU()]
    return nn.Sequential(*parts, nn.Linear(4, 3)).eval()


def _small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)).eval()


def _tensors_alive() -> int:
    gc.collect()
    return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())


def test_conversions_and_runs_leave_nothing_behind():
    x, model = torch.rand(4, 1, 8, 8), _small()

    def work(times: int) -> int:
        for number in range(times):
            code = (TTFS(steps=8), Rate(steps=8))[number % 2]
            pj.run(pj.convert(model, x, code=code), x)
        return _tensors_alive()

    work(4)
    assert work(6) == work(16)


@pytest.mark.slow
def test_memory_of_two_hundred_conversions_is_flat():
    resource = pytest.importorskip("resource")
    x, model = torch.rand(4, 1, 8, 8), _small()

    def peak(times: int) -> int:
        for _ in range(times):
            pj.run(pj.convert(model, x, code=Rate(steps=8)), x)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    after_a_few = peak(20)
    assert peak(200) - after_a_few < 20 * 1024  # kB


def test_eight_threads_get_what_one_gets():
    x = torch.rand(8, 1, 8, 8)
    networks = [pj.convert(_small(), x, code=code) for code in (TTFS(steps=16), Rate(steps=16))]
    alone = [pj.run(each, x) for each in networks]
    wrong: list[str] = []

    def work() -> None:
        for network, told in zip(networks, alone, strict=True):
            done = pj.run(network, x)
            if not torch.equal(done.values, told.values) or done.counts != told.counts:
                wrong.append(network.name)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong


@pytest.mark.slow
def test_a_thousand_layers():
    x = torch.rand(8, 4)
    model = _deep(1000)
    network = pj.convert(model, x, code=TTFS(steps=4096))
    torch.testing.assert_close(pj.run(network, x).values, model(x).detach(), atol=0.3, rtol=0)


def test_conversion_calls_grow_with_the_layers_and_not_faster():
    """Counted by what Python does, not by a clock: calls of functions."""
    import sys

    def calls(layers: int) -> int:
        model, count = _deep(layers), [0]

        def seen(frame, event, argument):  # type: ignore[no-untyped-def]
            count[0] += event == "call"

        sys.setprofile(seen)
        try:
            pj.convert(model, torch.rand(2, 4), code=TTFS(steps=8))
        finally:
            sys.setprofile(None)
        return count[0]

    calls(2)
    first, second, third = calls(10), calls(20), calls(40)
    assert (third - second) < 2.4 * (second - first)
