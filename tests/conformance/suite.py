"""The conformance suite: every promise of a code, as a check that raises where it is broken.

Run on every code, and on deliberately broken twins, which must fail.
"""

import math

import torch
from torch import Tensor

from picojoule.codes import Code
from picojoule.engines import closed, event, layered, run
from picojoule.engines.run import ENGINES
from picojoule.ir import Network
from picojoule.neurons import scan, step
from picojoule.spikes import Times

REFUSES = {"closed": closed.refuses, "event": event.refuses, "layered": layered.refuses}
"""Every engine beside the oracle, and what tells which networks it takes."""


def transmitted(code: Code, u: Tensor) -> tuple[Tensor, Tensor]:
    """What a receiver decodes from one neuron under the constant drive `u`, step by step, and its spikes."""
    share = torch.tensor(code.injections(), dtype=u.dtype).view(-1, *[1] * u.dim())
    noise = code.noise(u, 0, code.steps) if code.contract.random else 0.0
    spikes, _ = scan(code.neuron(), share * u + noise)
    return code.carried(spikes, u.dtype), spikes != 0


def _may_fall(code: Code, u: Tensor) -> float:
    """By how much a larger drive may carry less."""
    if code.contract.random:
        return 6 / math.sqrt(2 * code.steps)  # six standard deviations of the difference of two means of T draws
    return 0.0 if code.contract.monotone == "always" else _largest_spike(code, u)


def _largest_spike(code: Code, u: Tensor) -> float:
    """The largest change of what a receiver decodes that one spike makes, of all that come at these drives."""
    neuron, v, g, most = code.neuron(), torch.full_like(u, code.neuron().initial), 1.0, 0.0
    for t, (share, amplitude) in enumerate(zip(code.injections(), code.amplitudes(), strict=True)):
        before = g
        v, spikes, g = step(neuron, v, share * u, t, g)
        most = max(most, float((before * amplitude * spikes).max()))
    return most / code.repeats


def dyadic_drives() -> Tensor:
    """Multiples of 1/256 from −1.5 to 1.5: every sum is exact."""
    return torch.arange(-384, 385, dtype=torch.float64) / 256


def check_closed_equals_stepped(code: Code) -> None:
    """Bit for bit, for a constant drive on dyadic numbers; a code without a closed form says what its neuron does."""
    u = dyadic_drives()
    assert torch.equal(transmitted(code, u)[0], code.value(u))


def check_tables(code: Code) -> None:
    """Tables have one entry a step; injections carry a unit `repeats` times; an exact code has its closed form."""
    assert len(code.amplitudes()) == len(code.injections()) == code.neuron().steps == code.steps
    assert code.repeats == sum(code.injections()) > 0
    assert (code.staircase() is None) or (code.successive() is None)
    closed = code.staircase() is not None or code.successive() is not None
    assert closed == (code.contract.closed == "exact")


def check_spike_bound(code: Code) -> None:
    """No neuron fires more often than declared."""
    most = int(transmitted(code, dyadic_drives())[1].sum(0).max())
    assert most <= (code.steps if code.contract.spikes is None else code.contract.spikes)
    assert most > 0, "a code that never fires proves nothing"


def check_negative_is_silent(code: Code) -> None:
    """A neuron whose drive is not positive transmits nothing: the code stands for a ReLU; or, signed, less than α·u."""
    u = dyadic_drives()
    values, fired = transmitted(code, u[u <= 0])
    if not code.slope:
        assert not fired.any()
    else:
        nearest = 1e-6 if code.successive() is None else code.amplitudes()[-1] / 2
        assert fired.any() and (values <= 0).all() and (values >= code.slope * u[u <= 0] - nearest).all()


def check_monotone(code: Code) -> None:
    """A larger drive never transmits less, or by no more than the contract allows."""
    u = dyadic_drives()
    assert bool((code.value(u).diff() >= -_may_fall(code, u)).all())


def check_payload(code: Code) -> None:
    """The amplitudes, and the growth of significance, are what the payload says."""
    kinds = {
        "binary": lambda a: len(set(a)) == 1,
        "power_of_two": lambda a: all(math.frexp(each)[0] == 0.5 for each in a),
        "real": lambda a: len(set(a)) > 1,
    }
    growth = code.neuron().growth
    if growth != 1:
        assert code.payload == ("power_of_two" if growth == 2 else "real")
    else:
        assert kinds[code.contract.payload](code.amplitudes())


def check_engines_agree(network: Network, x: Tensor, *, exactly: bool) -> None:
    """Every engine that takes the network gives the oracle's values, spikes and counts."""
    layers = [node.layer for node in network.nodes if hasattr(node, "layer")]
    oracle = run(network, x, engine="stepped", record=layers)
    tried = [engine for engine, refuses in REFUSES.items() if refuses(network) is None]
    assert {*REFUSES, "stepped"} == set(ENGINES)
    assert tried, "nothing is compared"
    for engine in tried:
        done = run(network, x, engine=engine, record=layers)
        if exactly:
            assert torch.equal(done.values, oracle.values)
        else:
            torch.testing.assert_close(done.values, oracle.values, rtol=1e-4, atol=1e-5)
        assert done.counts == oracle.counts
        for layer in layers:
            mine, theirs = done.trains[layer], oracle.trains[layer]
            mine = mine.raster() if isinstance(mine, Times) else mine
            assert torch.equal(mine.spikes, theirs.spikes), f"{engine}: spikes of {layer}"


CODE_CHECKS = (
    check_tables,
    check_closed_equals_stepped,
    check_spike_bound,
    check_negative_is_silent,
    check_monotone,
    check_payload,
)
