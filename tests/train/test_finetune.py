"""Fine-tuning: what is trained is what runs, and its gradient is that of the ramp and of the kernel."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch.nn.functional import cross_entropy

import picojoule as pj
from nets import converted, dyadic, inputs, small_cnn
from picojoule.base.errors import ConversionError, InputError
from picojoule.codes import TTFS, Code, Phase, Rate
from picojoule.data.vision import Images
from picojoule.ir import Fire, WeightLayer
from picojoule.train import Shuffled
from picojoule.train.distillation import distillation
from picojoule.train.kernel import Kernel
from picojoule.train.surrogate import Surrogate

CODES = [
    Rate(steps=4),
    Rate(steps=7, threshold=0.4, amount=1.0, initial=0.0),
    Rate(steps=6, corrected=True),
    Phase(steps=16),
    TTFS(steps=12),
    TTFS.nearest(steps=8, tau=2.0),
]
ENGINES = {Rate: "layered", Phase: "layered", TTFS: "closed"}


def samples(number: int, seed: int = 3) -> Images:
    x = inputs(number, seed)
    return Images(images=x, labels=small_cnn()(x).argmax(1))


def tuned(code: Code, epochs: int = 3, **options) -> tuple[pj.Network, pj.Network]:
    network = converted(code)
    source = Shuffled(samples=samples(96), size=16)
    return network, pj.finetune(network, distillation(small_cnn()), source, epochs=epochs, **options)


def equal(one: pj.Network, other: pj.Network) -> bool:
    pairs = zip(one.all(WeightLayer), other.all(WeightLayer), strict=True)
    return all(torch.equal(a.weight, b.weight) and torch.equal(a.bias, b.bias) for a, b in pairs)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.label)
def test_it_gives_what_the_network_gives(code):
    network, x = converted(code), inputs(5, 9)
    surrogate = Surrogate(network)
    run = pj.run(network, x, engine=ENGINES[type(code)]).values
    assert torch.allclose(surrogate(x), run, atol=1e-5)
    assert torch.equal(pj.run(surrogate.network(), x).values, pj.run(network, x).values)


def test_the_closed_form_starts_where_the_neurons_start():
    """One layer under a steady drive: what runs and what stands for it are the same, with calibrated potentials too."""
    torch.manual_seed(0)
    model, x = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(256, 20), torch.nn.ReLU()), inputs(32)
    network = pj.convert(model, x, code=Rate(steps=8), input="analogue", calibrate="membrane")
    shifts = [fire.start - 0.5 for fire in network.all(Fire)]
    network = network.evolve(
        replace(node, start=(node.start * 64).round() / 64) if isinstance(node, Fire) else node
        for node in dyadic(network).nodes
    )
    x = ((x * 16).round() / 16).double()
    assert float(shifts[0].abs().max()) > 1 / 64
    assert torch.equal(Surrogate(network, ideal=True)(x), pj.run(network, x).values)


def test_the_closed_form_is_nearer_to_corrected_neurons():
    x, errors = inputs(16, 5), {}
    for corrected in (False, True):
        network = converted(Rate(steps=8, corrected=corrected), input="analogue")
        runs = pj.run(network, x).values
        stands = Surrogate(network, ideal=True)(x).detach()
        errors[corrected] = float((stands - runs).norm() / runs.norm())
    assert errors[True] < 0.8 * errors[False]


@pytest.mark.parametrize("steps", [4, 12])
def test_learnt_kernels_start_as_the_codes(steps):
    for code in (TTFS(steps=steps), TTFS.nearest(steps=steps, tau=2.0, delay=-0.5), TTFS(steps=steps, slope=0.5)):
        table = Kernel(code)
        u = torch.cat([torch.linspace(-1.5, 1.5, 4001), torch.zeros(1)])
        assert (table(u) - code.value(u)).abs().max() < 1e-5 or _only_ties(table(u), code.value(u))
        again = table.code()
        assert (again.kernel_tau, again.delay) == pytest.approx((code.kernel_tau, code.delay))
        assert again.threshold == pytest.approx(code.threshold)


def _only_ties(one: torch.Tensor, other: torch.Tensor) -> bool:
    return int(((one - other).abs() > 1e-5).sum()) <= 2


def test_gradients_of_a_kernel_are_those_of_the_source():
    """In range û/u and û·(t − t_f)/τ²; saturated û/τ and −û·d/τ²; silent none."""
    kernel = Kernel(TTFS(steps=8, tau=2.0, delay=-0.6))
    tau, d = 2.0, -0.6
    for u, found in ((0.3, "in range"), (0.9, "saturated"), (0.001, "silent")):
        x = torch.tensor(u, requires_grad=True)
        kernel.zero_grad()
        value = kernel(x)
        value.backward()
        t_f = max(0.0, d - tau * math.log(u))
        t, of_tau = math.ceil(t_f), kernel.log_tau.grad.item() / tau
        û = 0.0 if found == "silent" else math.exp((d - t) / tau)
        expected = {
            "in range": (û / u, 0.0, û * (t - t_f) / tau**2),
            "saturated": (0.0, û / tau, -û * d / tau**2),
            "silent": (0.0, 0.0, 0.0),
        }[found]
        assert value.item() == pytest.approx(û, abs=1e-6)
        assert (x.grad.item(), kernel.delay.grad.item(), of_tau) == pytest.approx(expected, abs=1e-5)


def test_the_ramp_has_the_gradient_of_an_ann_that_saturates():
    """Many steps: the gradient of the weights is that of the network with min(max(u, 0), 1) for its neurons."""
    network, x = converted(TTFS.nearest(steps=400, tau=50.0), percentile=90.0), inputs(8, 9)
    surrogate = Surrogate(network)
    surrogate(x).square().sum().backward()
    found = torch.cat([each.grad.flatten() for each in surrogate.parameters()])
    ramp = Surrogate(network)
    ramp._sent = lambda node, u, real: u.clamp(0, 1)
    ramp(x).square().sum().backward()
    due = torch.cat([each.grad.flatten() for each in ramp.parameters()])
    assert (found - due).norm() / due.norm() < 0.05


@pytest.mark.parametrize("code", [Rate(steps=2), TTFS(steps=4, tau=1.0)], ids=lambda code: code.label)
def test_it_comes_nearer_to_the_ann(code):
    ann, x = small_cnn(), inputs(200, 77)

    def distance(model, x, y):
        return (model(x) - ann(x).detach()).square().mean()

    before, source = converted(code), Shuffled(samples=samples(96), size=16)
    after = pj.finetune(before, distance, source, epochs=8, optimiser=partial(torch.optim.Adam, lr=3e-3))
    due = ann(x).detach()
    errors = [float((pj.run(each, x).values - due).square().mean()) for each in (before, after)]
    assert errors[1] < 0.8 * errors[0]
    counts = [pj.run(each, x).counts for each in (before, after)]
    assert counts[0].steps == counts[1].steps and counts[0].neurons == counts[1].neurons


def test_kernels_are_learnt_and_run_as_they_were_learnt():
    before, after = tuned(TTFS.nearest(steps=6, tau=1.5), kernels=True)
    for old, new in zip(before.all(Fire), after.all(Fire), strict=True):
        assert new.code.kernel_tau != old.code.kernel_tau
        assert new.code.threshold == pytest.approx(math.exp(-1 / (2 * new.code.kernel_tau)))
        assert (new.code.delay == 0) == (new.layer == "input")
    x = inputs(40, 5)
    stepped, closed = (pj.run(after, x, engine=engine).values for engine in ("stepped", "closed"))
    assert torch.allclose(stepped, closed, atol=1e-4)


def test_it_says_what_it_did_and_leaves_the_network_alone():
    network, found = tuned(Rate(steps=2), epochs=1)
    assert found.name == "rate T=2 +finetuned" and network.name == "rate T=2"
    assert dict(found.conversion.choices)["fine-tuned"].startswith("1 epochs, loss ")
    assert "wu2021tandem" in pj.cite(found) and "wu2021tandem" not in pj.cite(network)
    assert equal(network, converted(Rate(steps=2))) and not equal(network, found)


def test_equal_seeds_give_equal_networks():
    one, other = (tuned(Rate(steps=2), epochs=1, seed=4)[1] for _ in range(2))
    assert equal(one, other)


def test_a_killed_run_goes_on(tmp_path):
    class Killed(Exception):
        pass

    def dies(model, x, y, calls=[]):  # noqa: B006
        calls.append(1)
        if len(calls) == 8:
            raise Killed
        return cross_entropy(model(x), y)

    network, source = converted(Rate(steps=2)), Shuffled(samples=samples(96), size=16)
    go = partial(pj.finetune, network, epochs=2, source=source)
    with pytest.raises(Killed):
        go(dies, folder=tmp_path)
    resumed = go(lambda model, x, y: cross_entropy(model(x), y), folder=tmp_path)
    whole = go(lambda model, x, y: cross_entropy(model(x), y))
    assert equal(resumed, whole)


def test_wrong_requests():
    ann = pj.trace(small_cnn(), inputs(1))
    with pytest.raises(InputError, match="nothing in it spikes"):
        Surrogate(ann)
    with pytest.raises(InputError, match="no kernel"):
        Surrogate(converted(Rate(steps=2)), kernels=True)
    with pytest.raises(InputError, match="temperatures of 0"):
        distillation(ann, temperature=0)
    early = Surrogate(converted(TTFS(steps=8, start=4)))
    with pytest.raises(ConversionError, match="one after the other"):
        early(inputs(2))
