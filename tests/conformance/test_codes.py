"""Every code keeps every promise; every broken twin is caught."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from nets import converted, dyadic, inputs
from picojoule.codes import (
    CODES,
    TTAS,
    TTFS,
    Burst,
    Code,
    Contract,
    Direct,
    FewSpikes,
    Hybrid,
    Phase,
    Poisson,
    Rate,
    TwoPhase,
)
from picojoule.conversion import convert
from picojoule.engines import journey, layered
from picojoule.ir import Fire
from suite import CODE_CHECKS, REFUSES, check_engines_agree, transmitted

BASE2 = 1 / math.log(2)
DYADIC_CODES = [
    Rate(steps=16),
    Rate(steps=32, initial=0.0),
    Rate(steps=16, threshold=0.5, amount=1.0, initial=0.25),
    Phase(steps=8),
    Phase(steps=32, period=4),
    Phase(steps=24, period=8, threshold=2.0),
    TTFS(steps=12, tau=BASE2),
    TTFS(steps=20, tau=BASE2, delay=-1.0),
    TTFS(steps=16, tau=2 * BASE2, threshold=0.5),
    TTFS(steps=16, tau=BASE2, start=5),
    Rate(steps=16, slope=1.0),
    Rate(steps=32, slope=0.25),
    Rate(steps=32, slope=0.25, weighted=True, initial=0.0),
    TTFS(steps=12, tau=BASE2, slope=1.0),
    TTFS(steps=12, tau=BASE2, slope=0.25),
    Rate(steps=32, period=8),
    Rate(steps=16, corrected=True),
    Rate(steps=16, threshold=0.5, initial=-0.25, corrected=True),
    Rate(steps=32, period=8, corrected=True),
    Burst(steps=16),
    Burst(steps=64, threshold=0.03125),
    Burst(steps=32, amount=0.0625, initial=0.0625),
    Burst(steps=32, period=8),
    Burst(steps=16, beta=1.5),
    Burst(steps=16, beta=1.0, threshold=1.0),
    Poisson(steps=64),
    Poisson(steps=64, seed=3, period=8),
    TTAS(steps=12, tau=BASE2, further=1),
    TTAS(steps=16, tau=2 * BASE2, delay=-1.0),
    TTAS(steps=12, tau=2.0, threshold=0.8, further=0),
    Direct(steps=8),
    Direct(steps=16, leak=0.5, threshold=0.25),
    Direct(steps=16, leak=0.75, to_zero=True),
    Direct(steps=16, leak=0.5, floor=0.5),
    Direct(steps=16, leak=0.75, to_zero=True, floor=2.0),
    FewSpikes(steps=8),
    FewSpikes(steps=4),
    FewSpikes(steps=8, slope=1.0),
    FewSpikes(steps=5, slope=1.0),
    FewSpikes(steps=6, slope=0.25),
    TwoPhase(steps=32),
    TwoPhase(steps=16, switch=4, early=2.0, late=0.5),
    TwoPhase(steps=32, switch=16, early=0.25, slope=0.25),
]
DYADIC_NETWORKS = [
    Rate(steps=16),
    Rate(steps=40, corrected=True),
    Rate(steps=16, threshold=0.5, initial=-0.25, corrected=True),
    Phase(steps=16),
    Burst(steps=16),
    Burst(steps=32, period=8, threshold=0.0625),
    FewSpikes(steps=6),
    TwoPhase(steps=16, switch=5),
    *(TTFS(steps=12, tau=BASE2, start=s) for s in (None, 1, 6, 11)),
]
USED_CODES = [
    Rate(steps=12),
    Rate(steps=12, corrected=True),
    Phase(steps=16),
    Burst(steps=12),
    Burst(steps=12, beta=1.5, threshold=0.1, initial=0.05),
    TTFS(steps=20, tau=5),
    TTFS.nearest(steps=12, tau=2),
    TTFS(steps=20, start=10),
    TTAS(steps=20, tau=5),
    TTAS(steps=20, start=10, further=2),
    FewSpikes(steps=7),
]


@pytest.mark.parametrize("code", DYADIC_CODES, ids=repr)
@pytest.mark.parametrize("check", CODE_CHECKS, ids=lambda check: check.__name__)
def test_promise(code, check):
    check(code)


def test_every_code_is_tried():
    assert {type(code) for code in DYADIC_CODES} == set(CODES.values())


@pytest.mark.parametrize("code", DYADIC_NETWORKS, ids=repr)
@pytest.mark.parametrize("source", ["coded", "analogue"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_engines_bit_identical_on_dyadic_numbers(code, source, dtype):
    network = dyadic(converted(code, input=source), dtype=dtype)
    x = (inputs(6) * 16).round() / 16
    check_engines_agree(network, x.to(dtype), exactly=True)


@pytest.mark.parametrize("code", USED_CODES, ids=repr)
@pytest.mark.parametrize("source", ["coded", "analogue"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_engines_agree(code, source, dtype):
    network = converted(code, input=source).to("cpu", str(dtype).removeprefix("torch."))
    check_engines_agree(network, inputs(6).to(dtype), exactly=False)


HYBRIDS = [
    Hybrid(input=None, hidden=Burst(steps=16)),
    Hybrid(input=None, hidden=Phase(steps=16)),
    Hybrid(input=Poisson(steps=16), hidden=Rate(steps=16)),
    Hybrid(input=Poisson(steps=16), hidden=Burst(steps=16)),
    Hybrid(input=Phase(steps=16), hidden=Rate(steps=16)),
    Hybrid(input=Phase(steps=16), hidden=Rate(steps=16, corrected=True)),
    Hybrid(input=None, hidden=Rate(steps=16, corrected=True)),
    Hybrid(input=Phase(steps=16), hidden=Burst(steps=16)),
    Hybrid(input=Burst(steps=16, period=8), hidden=Burst(steps=16, threshold=0.0625)),
    Hybrid(input=TTFS(steps=16, tau=2 * BASE2), hidden=Burst(steps=16, threshold=2.0**-6)),
    Hybrid(input=TTFS(steps=16, tau=2 * BASE2), hidden=Rate(steps=16)),
    Hybrid(input=Rate(steps=16), hidden=Phase(steps=16)),
    Hybrid(input=Poisson(steps=16), hidden=Phase(steps=16)),
    Hybrid(input=Burst(steps=16), hidden=Phase(steps=16)),
]


@pytest.mark.parametrize("code", HYBRIDS, ids=lambda code: code.label)
def test_engines_bit_identical_on_hybrids(code):
    network = dyadic(converted(code), dtype=torch.float64)
    assert network.name == code.label
    check_engines_agree(network, ((inputs(6) * 16).round() / 16).double(), exactly=True)


@pytest.mark.parametrize("code", HYBRIDS, ids=lambda code: code.label)
def test_blocks_of_steps_change_nothing(code, monkeypatch):
    for each in (layered, journey):
        monkeypatch.setattr(each, "_STEPS", 5)
    network = dyadic(converted(code), dtype=torch.float64)
    check_engines_agree(network, ((inputs(2) * 16).round() / 16).double(), exactly=True)


@pytest.mark.parametrize("source", ["coded", "analogue"])
@pytest.mark.parametrize(
    "code",
    [
        Rate(steps=12), Rate(steps=12, weighted=True), TTFS(steps=20, tau=5), FewSpikes(steps=7),
        TwoPhase(steps=16, switch=8, early=0.25),
    ],
    ids=repr,
)  # fmt: skip
def test_engines_agree_below_zero(code, source):
    """Leaky ReLUs: signed neurons, all engines that take them."""
    torch.manual_seed(0)
    first, second = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 8, 3, stride=2)
    leaky = [nn.LeakyReLU(0.25), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(72, 5)]
    net = nn.Sequential(first, nn.LeakyReLU(0.25), second, *leaky).eval()
    network = convert(net, inputs(64), code=code, percentile=100, input=source)
    assert any(fire.code.slope for fire in network.all(Fire))
    assert any(refuses(network) is None for refuses in REFUSES.values())
    check_engines_agree(network, inputs(6), exactly=False)


ORDERS = {
    Rate: ([Rate(steps=2**k) for k in range(3, 10)], lambda steps: np.log(steps), -1.0),
    Burst: ([Burst(steps=2**k) for k in range(3, 10)], lambda steps: np.log(steps), -1.0),
    Phase: ([Phase(steps=k, period=k) for k in range(2, 10)], lambda steps: steps * math.log(2), -1.0),
    Poisson: ([Poisson(steps=2**k) for k in range(3, 10)], lambda steps: np.log(steps), -0.5),
    FewSpikes: ([FewSpikes(steps=k) for k in range(2, 10)], lambda steps: steps * math.log(2), -1.0),
    TTFS: ([TTFS(steps=2**k) for k in range(5, 11)], lambda steps: np.log(steps), -1.0),
    TTAS: ([TTAS(steps=2**k) for k in range(5, 11)], lambda steps: np.log(steps), -1.0),
    TwoPhase: (
        [TwoPhase(steps=2**k, switch=2**k // 4, early=2.0) for k in range(3, 10)],
        lambda steps: np.log(steps),
        -1.0,
    ),
}


@pytest.mark.parametrize("kind", ORDERS, ids=lambda kind: kind.__name__)
def test_declared_order_of_error(kind):
    """The slope of log error over log T (or over T within a phase period) is the declared one."""
    codes, abscissa, slope = ORDERS[kind]
    u = torch.linspace(0.05, 0.95, 20011, dtype=torch.float64)
    errors = [float((code.value(u) - u).abs().mean()) for code in codes]
    measured = np.polyfit([abscissa(code.steps) for code in codes], np.log(errors), 1)[0]
    assert abs(measured - slope) < 0.1
    declared = {Phase: "2^-T", FewSpikes: "2^-T", Poisson: "1/√T"}
    assert all(code.contract.error == declared.get(kind, "1/T") for code in codes)


# --- broken twins: each breaks one promise, and the suite must notice ---------------------------------------------


class _Twin(Code):
    """Delegates to a good code; subclasses break one thing."""

    good: ClassVar[Code] = Rate(steps=16)
    contract: ClassVar[Contract] = Rate.contract
    name: ClassVar[str] = "twin"
    waits: ClassVar[bool] = False
    cite: ClassVar[tuple[str, ...]] = ()

    def neuron(self):
        return self.good.neuron()

    def amplitudes(self):
        return self.good.amplitudes()

    def injections(self):
        return self.good.injections()

    def value(self, u):
        return self.good.value(u)

    def staircase(self):
        return self.good.staircase()


@dataclass(frozen=True, kw_only=True)
class WrongClosedForm(_Twin):
    def value(self, u):
        return (u * self.steps).round().clamp(0, self.steps) / self.steps + 1 / self.steps


@dataclass(frozen=True, kw_only=True)
class WrongPayload(_Twin):
    contract: ClassVar[Contract] = replace(Rate.contract, payload="power_of_two")

    def amplitudes(self):
        return tuple(1 + 0.1 * t for t in range(self.steps))


@dataclass(frozen=True, kw_only=True)
class TooManySpikes(_Twin):
    contract: ClassVar[Contract] = replace(Rate.contract, spikes=3)


@dataclass(frozen=True, kw_only=True)
class FiresOnNothing(_Twin):
    def neuron(self):
        return replace(self.good.neuron(), initial=5.0)


@dataclass(frozen=True, kw_only=True)
class ShortTable(_Twin):
    def injections(self):
        return self.good.injections()[1:]


@dataclass(frozen=True, kw_only=True)
class NotMonotone(_Twin):
    def value(self, u):
        return torch.sin(6 * u)


@dataclass(frozen=True, kw_only=True)
class GrowsTooFast(_Twin):
    good: ClassVar[Code] = Burst(steps=16)

    def neuron(self):
        return replace(self.good.neuron(), growth=3.0)

    def carried(self, spikes_tb, dtype=torch.float32):
        return self.good.carried(spikes_tb, dtype)


TWINS = {
    GrowsTooFast: "check_closed_equals_stepped",
    WrongClosedForm: "check_closed_equals_stepped",
    WrongPayload: "check_payload",
    TooManySpikes: "check_spike_bound",
    FiresOnNothing: "check_negative_is_silent",
    ShortTable: "check_tables",
    NotMonotone: "check_monotone",
}


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.__name__)
def test_broken_twin_is_caught(twin):
    check = next(each for each in CODE_CHECKS if each.__name__ == TWINS[twin])
    with pytest.raises(AssertionError):
        check(twin(steps=16))


def test_every_check_has_a_twin():
    assert set(TWINS.values()) == {check.__name__ for check in CODE_CHECKS}


def test_broken_engine_is_caught(monkeypatch):
    """An engine that is one step late in one layer is noticed."""
    from picojoule.engines import closed
    from picojoule.kernels import staircase

    honest = staircase.index
    monkeypatch.setattr(closed.staircase, "index", lambda u, table: honest(u * 0.98, table))
    network = dyadic(converted(TTFS(steps=12, tau=BASE2)))
    with pytest.raises(AssertionError):
        check_engines_agree(network, inputs(4).double(), exactly=True)


@pytest.mark.parametrize("engine", ["layered", "event"])
def test_an_engine_that_forgets_significance_is_caught(engine, monkeypatch):
    """Between two blocks of time, or from step to step."""
    from picojoule.engines import journey, layered

    if engine == "event":
        honest = journey.advance
        monkeypatch.setattr(journey, "advance", lambda *given: honest(*given[:-3], 1.0, *given[-2:]))
    else:
        monkeypatch.setattr(
            layered.Layers, "_second_state", lambda self, node, v: torch.ones_like(v).flatten(1)
        )  # every block begins anew
    network = dyadic(converted(Burst(steps=40, threshold=0.03125), input="analogue"))
    with pytest.raises(AssertionError):
        check_engines_agree(network, ((inputs(4) * 16).round() / 16).double(), exactly=True)


@pytest.mark.parametrize("engine", ["layered", "event"])
def test_an_engine_that_forgets_what_it_sent_is_caught(engine, monkeypatch):
    """From one block of time to the next."""
    from picojoule.engines import journey, layered

    if engine == "event":
        honest = journey.advance
        monkeypatch.setattr(
            journey,
            "advance",
            lambda *given: honest(*given[:-1], None if given[-1] is None else torch.zeros_like(given[-1])),
        )
    else:
        monkeypatch.setattr(layered.Layers, "_second_state", lambda self, node, v: torch.zeros_like(v).flatten(1))
    network = dyadic(converted(Rate(steps=40, corrected=True), input="analogue"))
    with pytest.raises(AssertionError):
        check_engines_agree(network, ((inputs(4) * 16).round() / 16).double(), exactly=True)


def test_signed_spikes_are_signed_in_what_is_carried():
    """A corrected code's spikes add up to what its neurons have kept of their charge, under any drive."""
    from picojoule.neurons import scan

    code, u = Rate(steps=24, corrected=True), dyadic_currents(24)
    spikes, left = scan(code.neuron(), u)
    assert (spikes < 0).any() and torch.equal(code.carried(spikes, u.dtype) * 24 + left, code.initial + u.sum(0))


def dyadic_currents(steps):
    generator = torch.Generator().manual_seed(2)
    return torch.randint(-64, 96, (steps, 500), generator=generator).double() / 64


def test_charge_is_conserved():
    """What a neuron took in is what it sent out and what it still holds."""
    for code in (Rate(steps=24), Phase(steps=24), Burst(steps=24), Burst(steps=24, beta=1.25, period=8)):
        u = torch.rand(500, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        share = torch.tensor(code.injections(), dtype=torch.float64).view(-1, 1)
        from picojoule.neurons import scan

        _, left = scan(code.neuron(), share * u)
        sent = transmitted(code, u)[0] * code.repeats
        torch.testing.assert_close(sent + left, code.initial + u * code.repeats)
