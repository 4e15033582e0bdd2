"""Neurons in training: the equation, its gradients, and that nothing is remembered."""

import subprocess
import sys
import weakref

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from picojoule.base.errors import InputError
from picojoule.neurons import IF, LIF, PLIF, packed_spikes, scan, spike, surrogates
from picojoule.neurons.surrogates import SURROGATES

MODULES = {"IF": IF, "LIF": lambda **options: LIF(0.8, **options), "PLIF": lambda **options: PLIF(0.8, **options)}


def currents(*shape, dtype=torch.float32, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


class Fire(torch.autograd.Function):
    """The step written out once more, for the test alone."""

    @staticmethod
    def forward(ctx, z, surrogate):
        ctx.save_for_backward(z)
        ctx.surrogate = surrogate
        return (z >= 0).to(z.dtype)

    @staticmethod
    def backward(ctx, g):
        return g * ctx.surrogate.derivative(ctx.saved_tensors[0]), None


def eager(x, v, leak, surrogate, reset, detach):
    """A plain loop, as a user would write it."""
    spikes = []
    for t in range(len(x)):
        u = leak * v + x[t]
        s = Fire.apply(u - 1.0, surrogate)
        r = s.detach() if detach else s
        v = u - r if reset == "subtract" else u - r * u
        spikes.append(s)
    return torch.stack(spikes), v


@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("detach", [False, True])
def test_gradients_are_those_of_a_plain_loop(name, reset, detach):
    surrogate = SURROGATES[name]()
    x, v, leak = currents(16, 3, 40), currents(3, 40, seed=1), torch.tensor(0.9)
    g, w = currents(16, 3, 40, seed=2), currents(3, 40, seed=3)
    inputs = [each.requires_grad_() for each in (x, v, leak)]
    expected = eager(*inputs, surrogate, reset, detach)
    found = spike(x, v, leak=leak, reset=reset, detach_reset=detach, surrogate=surrogate)
    assert found.spikes.grad_fn.name() == "_FusedBackward"
    assert torch.equal(found.spikes, expected[0]) and torch.equal(found.v, expected[1])
    wanted = torch.autograd.grad(expected, inputs, (g, w))
    for mine, theirs in zip(torch.autograd.grad(found, inputs, (g, w)), wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5 * max(1, theirs.abs().max().item()))


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_the_function(name):
    module = MODULES[name](reset="zero", detach_reset=True, threshold=0.7, surrogate=surrogates.sigmoid(2.0))
    x = currents(8, 4, 6)
    expected = spike(
        x, leak=module.leak, reset="zero", detach_reset=True, threshold=0.7, surrogate=surrogates.sigmoid(2.0)
    )
    assert torch.equal(module(x), expected.spikes) and torch.equal(module.run(x).v, expected.v)
    assert module(x).shape == x.shape and set(module(x).unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("name", MODULES)
def test_a_call_starts_fresh_and_state_is_a_value(name):
    module, x = MODULES[name](), currents(10, 2, 5)
    assert torch.equal(module(x), module(x))
    whole = module.run(x)
    first = module.run(x[:4])
    second = module.run(x[4:], first.v)
    assert torch.equal(torch.cat([first.spikes, second.spikes]), whole.spikes) and torch.equal(second.v, whole.v)
    assert not list(module.buffers())


def test_gradients_flow_through_the_state():
    """Two calls, joined by the potential, have the gradient of one."""
    x = currents(10, 2, 5).requires_grad_()
    module = PLIF(0.8)
    (whole,) = torch.autograd.grad(module(x).square().sum() + module(x)[-1].sum(), x)
    first = module.run(x[:4])
    second = module(x[4:], first.v)
    loss = first.spikes.square().sum() + second.square().sum() + second[-1].sum()
    torch.testing.assert_close(torch.autograd.grad(loss, x)[0], whole, rtol=1e-5, atol=1e-5)


def test_the_leak_of_plif_learns():
    module = PLIF(0.8)
    assert module.leak.item() == pytest.approx(0.8) and [name for name, _ in module.named_parameters()] == ["m"]
    x, m = currents(12, 3, 4), module.m.detach().clone().requires_grad_()
    module(x).sum().backward()
    spikes, _ = eager(x, torch.zeros(3, 4), torch.sigmoid(m), surrogates.atan(), "subtract", False)
    spikes.sum().backward()
    assert module.m.grad.item() == pytest.approx(m.grad.item(), rel=1e-5) != 0


def test_a_first_potential_may_be_a_number_or_broadcast():
    x, v = currents(5, 3, 4), currents(4, seed=1).requires_grad_()
    full = v.detach().expand(3, 4).clone().requires_grad_()
    for each in (v, full):
        spike(x, each).v.sum().backward()
    torch.testing.assert_close(v.grad, full.grad.sum(0))
    assert torch.equal(LIF(0.5)(x, 0.25), LIF(0.5)(x, torch.full((3, 4), 0.25)))


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_float64_and_gradcheck_of_smooth_parts(reset):
    """No spike, no step: then the gradient is the exact one."""
    x = (currents(4, 2, 3, dtype=torch.float64) * 0.01).requires_grad_()
    v, leak = torch.full((2, 3), 0.1, dtype=torch.float64).requires_grad_(), torch.tensor(0.7, dtype=torch.float64)
    module = lambda x, v, leak: spike(x, v, leak=leak, reset=reset, surrogate=surrogates.rectangle()).v  # noqa: E731
    assert torch.autograd.gradcheck(module, (x, v, leak.requires_grad_()))


def test_float64_agrees_with_float32():
    x = currents(9, 50)
    ours, exact = x.clone().requires_grad_(), x.double().requires_grad_()
    for each in (ours, exact):
        LIF(0.5)(each).square().sum().backward()
    assert torch.equal(LIF(0.5)(x), LIF(0.5)(x.double()).float())
    torch.testing.assert_close(ours.grad.double(), exact.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_runs(dtype):
    x = currents(4, 6).to(dtype).requires_grad_()
    LIF(0.5)(x).sum().backward()
    assert x.grad.dtype == dtype and x.grad.isfinite().all()


def test_gradient_of_a_gradient():
    """The compiled form hands over to plain torch, and both agree with float64."""
    results = []
    for dtype in (torch.float32, torch.float64):
        x, leak = currents(5, 7, dtype=dtype).requires_grad_(), torch.tensor(0.8, dtype=dtype, requires_grad=True)
        found = spike(x, leak=leak)
        first = torch.autograd.grad(found.spikes.sum() + found.v.sum(), (x, leak), create_graph=True)
        results.append(torch.autograd.grad(first[0].square().sum() + first[1], (x, leak)))
    for mine, exact in zip(*results, strict=True):
        torch.testing.assert_close(mine.double(), exact, rtol=1e-4, atol=1e-4)


def test_compiled_by_torch_it_is_plain_torch():
    module, x = PLIF(0.5), currents(4, 10)
    whole = torch.compile(module, backend="eager", fullgraph=True)
    found = [torch.autograd.grad(each(x).sum(), module.m)[0] for each in (whole, module)]
    assert torch.equal(whole(x), module(x)) and torch.allclose(*found)


def test_no_graph_where_none_is_asked_for():
    x = currents(5, 7)
    assert LIF(0.5)(x).grad_fn is None and IF().run(x).v.grad_fn is None
    with torch.no_grad():
        assert PLIF(0.5)(x.requires_grad_()).grad_fn is None


def test_currents_that_need_no_gradient_beside_a_leak_that_does():
    module, x = PLIF(0.5), currents(5, 7)
    module(x).sum().backward()
    assert x.grad is None and module.m.grad is not None


def test_currents_changed_before_backward_are_noticed():
    x = currents(5, 7).requires_grad_() * 1.0
    spikes = LIF(0.5)(x)
    x.zero_()
    with pytest.raises(RuntimeError, match="inplace"):
        spikes.sum().backward()


def test_backward_keeps_the_currents_and_no_potentials():
    kept = []
    x = currents(16, 8, 32).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(lambda each: kept.append(each) or each, lambda each: each):
        LIF(0.5, reset="zero")(x)
    assert [each.data_ptr() for each in kept] == [x.data_ptr()]


@pytest.mark.parametrize("steps", [1, 6])
def test_a_trained_neuron_is_a_neuron_of_the_engines(steps):
    x = torch.randint(-64, 128, (steps, 3, 20), generator=torch.Generator().manual_seed(0)) / 64
    for module in (IF(threshold=0.5), LIF(0.5), PLIF(0.5), IF(reset="zero"), LIF(0.5, reset="zero", threshold=0.5)):
        spikes, v = scan(module.neuron(steps), x)
        found = module.run(x)
        assert torch.equal(found.spikes, spikes.float()) and torch.allclose(found.v, v)


@pytest.mark.parametrize("shape", [(1, 3), (4,), (3, 0, 5), (2, 1, 1, 1, 1)])
def test_odd_shapes(shape):
    x = currents(*shape).requires_grad_()
    module = PLIF(0.5)
    spikes, v = module.run(x)
    assert spikes.shape == x.shape and v.shape == x.shape[1:]
    (spikes.sum() + v.sum()).backward()
    assert x.grad.shape == x.shape and module.m.grad.isfinite()


WRONG = {
    "no dimension": lambda: IF()(torch.tensor(1.0)),
    "no step": lambda: IF()(torch.zeros(0, 3)),
    "whole numbers": lambda: IF()(torch.zeros(2, 3, dtype=torch.int64)),
    "a list": lambda: IF()([1.0]),
    "a potential that does not fit": lambda: IF()(torch.zeros(2, 3), torch.zeros(4)),
    "a potential of another dtype": lambda: IF()(torch.zeros(2, 3), torch.zeros(3, dtype=torch.float64)),
    "a leak above 1": lambda: LIF(1.5),
    "a leak of 1 to learn": lambda: PLIF(1.0),
    "a leak for each neuron": lambda: spike(torch.zeros(2, 3), leak=torch.zeros(3)),
    "a leak of words": lambda: spike(torch.zeros(2, 3), leak="half"),
    "no threshold": lambda: LIF(0.5, threshold=0.0),
    "an unknown reset": lambda: LIF(0.5, reset="hard"),
    "a surrogate by name": lambda: LIF(0.5, surrogate="atan"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_refused(case):
    with pytest.raises(InputError, match="Remedy"):
        WRONG[case]()


def test_print_and_state():
    assert (
        repr(LIF(0.5, reset="zero", detach_reset=True)) == "LIF(leak=0.5, threshold=1, reset=zero, detached, lorentz)"
    )
    copy = PLIF(0.5)
    copy.load_state_dict(PLIF(0.9).state_dict())
    assert copy.leak.item() == pytest.approx(0.9)


class Simulated(Dataset):
    """Samples made by neurons in the workers."""

    def __len__(self):
        return 6

    def __getitem__(self, i):
        return LIF(0.5)(currents(4, 300, seed=i))


def test_in_the_workers_of_a_data_loader():
    expected = torch.stack([Simulated()[i] for i in range(6)])
    loader = DataLoader(Simulated(), batch_size=3, num_workers=2, multiprocessing_context="fork")
    assert torch.equal(torch.cat(list(loader)), expected)


def conv_net():
    torch.manual_seed(0)
    return nn.ModuleList([nn.Conv2d(2, 16, 3, padding=1), nn.Conv2d(16, 8, 3, padding=1), nn.Linear(8 * 36, 10)])


def run_net(net, x, channels_last=False):
    first, second, last = net
    steps, batch = x.shape[:2]
    x = x.flatten(0, 1).contiguous(memory_format=torch.channels_last) if channels_last else x.flatten(0, 1)
    s = LIF(0.5)(first(x).unflatten(0, (steps, batch)))
    s = nn.functional.max_pool2d(s.flatten(0, 1), 2)
    s = LIF(0.5)(second(s).unflatten(0, (steps, batch)))
    return last(s.flatten(2)).mean(0)


@pytest.mark.parametrize("channels_last", [False, True])
def test_packed_spikes_give_the_same_gradients(channels_last):
    x, gradients = currents(4, 3, 2, 12, 12, seed=3) * 2, []
    for packing in (False, True):
        net = conv_net()
        if packing:
            with packed_spikes() as kept:
                out = run_net(net, x, channels_last)
        else:
            out = run_net(net, x, channels_last)
        out.square().sum().backward()
        gradients.append([each.grad for each in net.parameters()])
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(*gradients, strict=True))
    # Saved: the input of the pooling, its output for the second convolution, the input of the last layer.
    values = [4 * 3 * 16 * 12 * 12, 4 * 3 * 16 * 6 * 6, 4 * 3 * 8 * 6 * 6]
    assert kept.tensors == 3 and kept.full_bytes == 4 * sum(values)
    assert kept.packed_bytes == sum(256 * -(-each // 2048) for each in values)


def test_packing_takes_one_thirty_second():
    """Counted over everything autograd keeps between the passes."""

    def kept_bytes(packing):
        sizes = []
        hooks = torch.autograd.graph.saved_tensors_hooks(
            lambda each: sizes.append(each.nbytes) or each, lambda each: each
        )
        layer, x = nn.Linear(1024, 8), LIF(0.5)(currents(16, 4, 1024) * 2)
        if packing:
            with packed_spikes() as kept:
                layer(x)
            return kept.packed_bytes
        with hooks:
            layer(x)
        return sum(size for size in sizes if size == x.nbytes)

    assert kept_bytes(True) * 32 == kept_bytes(False) == 16 * 4 * 1024 * 4


def test_packing_leaves_other_tensors_alone():
    x = currents(64, 64).requires_grad_()
    with packed_spikes() as kept:
        y = torch.exp(x) * x.sigmoid()
        nn.functional.linear(torch.ones(64, 64, 64)[:, ::2, ::2], x[:, :32]).sum().backward()
    assert kept.tensors == 0
    y.sum().backward()
    assert x.grad is not None


def test_packing_leaks_nothing():
    x = currents(64, 64).requires_grad_()
    with packed_spikes():
        y = torch.exp(LIF(0.5)(x[None])[0] @ x)
    gone = weakref.ref(y)
    del y
    assert gone() is None


def test_packing_notices_what_torch_would_notice():
    x = currents(8, 8).requires_grad_()
    with packed_spikes():
        y = torch.exp(x)
        z = y * 1.0
    y.zero_()
    with pytest.raises(InputError, match="inplace"):
        z.sum().backward()


def test_packing_and_the_gradient_of_a_gradient():
    found = []
    for packing in (False, True):
        x = currents(4, 512).requires_grad_()
        if packing:
            with packed_spikes():
                y = (torch.exp(x) * LIF(0.5)(x)).sum()
        else:
            y = (torch.exp(x) * LIF(0.5)(x)).sum()
        (first,) = torch.autograd.grad(y, x, create_graph=True)
        found += torch.autograd.grad(first.square().sum(), x)
    assert torch.equal(*found)


def test_packed_spikes_may_be_changed_afterwards():
    """What was saved is what was there when it was saved."""
    weight = currents(64, 64).requires_grad_()
    gradients = []
    for change in (False, True):
        s = LIF(0.5)(currents(32, 64) * 3)
        with packed_spikes() as kept:
            y = s @ weight
        if change:
            s.zero_()
        gradients += torch.autograd.grad(y.square().sum(), weight)
    assert kept.tensors == 1 and torch.equal(*gradients)


def test_importing_the_room_imports_no_kernels():
    code = "import picojoule.neurons, sys; assert 'numba' not in sys.modules; picojoule.neurons.LIF(0.5)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sys.modules["picojoule.neurons"].nothing  # noqa: B018
