"""A module trained with spiking neurons as a network of ours: the same spikes, bit for bit where sums are exact."""

import pytest
import torch
from torch import nn

import picojoule as pj
from picojoule.base.errors import ConversionError, InputError
from picojoule.codes import Direct
from picojoule.conversion import convert, freeze
from picojoule.cost.profiles import HOROWITZ_FP32
from picojoule.engines import run
from picojoule.ir import Conv, Fire, Linear
from picojoule.models.events import EventNet
from picojoule.neurons import IF, LIF, PLIF, Join, Signed
from picojoule.neurons.trainable import Membrane
from suite import REFUSES, check_engines_agree

STEPS = 6


class Folded(nn.Module):
    """Layers without time on steps and batch folded into one axis."""

    def __init__(self, *layers):
        super().__init__()
        self.inner = nn.Sequential(*layers)

    def forward(self, x):
        return self.inner(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class Vision(nn.Module):
    """Folded layers, two leaks, average pooling of spikes, logits as a mean over time."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            *(Folded(nn.Conv2d(2, 6, 3, padding=1)), LIF(0.5)),
            *(Folded(nn.AvgPool2d(2), nn.Conv2d(6, 8, 3, stride=2, groups=2)), IF(threshold=0.5, reset="zero")),
            *(Folded(nn.Conv2d(8, 8, 2, stride=2)), LIF(0.75, detach_reset=True)),
            Folded(nn.Flatten(), nn.Linear(8, 5)),
        )

    def forward(self, x):
        return self.layers(x).mean(0)


class Functional(nn.Module):
    """Steps and batch folded by hand, one neuron used twice, spikes concatenated, a sum over time."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.act, self.fc = LIF(0.5), nn.Linear(8 * 256, 5)

    def forward(self, x):
        steps, batch = x.shape[:2]
        first = self.act(self.conv1(x.reshape(steps * batch, *x.shape[2:])).reshape(steps, batch, 4, 16, 16))
        second = self.act(self.conv2(first.flatten(0, 1)).unflatten(0, (steps, batch)))
        return self.fc(torch.cat((first, second), 2).flatten(2)).sum(0)


class Residual(nn.Module):
    """Spikes that join currents, which are pooled, neurons on the input, spikes of every step as the output."""

    def __init__(self):
        super().__init__()
        self.stem, self.one, self.two = LIF(0.5), Folded(nn.Conv2d(2, 2, 3, padding=1)), LIF(0.5)
        self.pool = Folded(nn.AvgPool2d(2))
        self.down, self.out = nn.Linear(128, 5), IF()

    def forward(self, x):
        x = self.stem(x)
        x = self.two(self.pool(self.one(x) + x))
        return self.out(self.down(x.flatten(2)))


def rows():
    return nn.Sequential(nn.Flatten(2), nn.Linear(512, 20), LIF(0.5), nn.Linear(20, 12), IF(), nn.Linear(12, 5))


class Scaled(nn.Module):
    """Ten times the sum, divided by the steps."""

    def __init__(self):
        super().__init__()
        self.net = rows()

    def forward(self, x):
        return torch.sum(self.net(x), dim=0) / STEPS * 8


class Sums(nn.Module):
    """Spikes that are added to a pool's and to such sums, averaged, joined with others, read in groups."""

    def __init__(self):
        super().__init__()
        self.stem, self.join = nn.Sequential(Folded(nn.Conv2d(2, 4, 3, padding=1)), LIF(0.5)), Join()
        self.one = nn.Sequential(Folded(nn.Conv2d(4, 4, 3, padding=1, groups=2)), LIF(0.5, threshold=0.5))
        self.two = nn.Sequential(Folded(nn.Conv2d(4, 4, 1)), IF(reset="zero"))
        self.down = nn.Sequential(Folded(nn.AvgPool2d(4), nn.Conv2d(8, 6, 2, groups=2)), LIF(0.5, threshold=0.25))
        self.pool, self.head = Folded(nn.MaxPool2d(3, 1, 1)), nn.Linear(54, 5)

    def forward(self, x):
        x = self.pool(self.stem(x))
        y = self.join(x, self.one(x))
        y = y + self.two(y)
        z = self.down(torch.cat((y, x), 2))
        return self.head(z.flatten(2)).mean(0)


class Pools(nn.Module):
    """Maximum pools of spikes: overlapping, padded, dilated, over the end, one behind the other; and of the input."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            *(Folded(nn.Conv2d(2, 4, 3, padding=1)), LIF(0.5)),
            *(Folded(nn.MaxPool2d(3, 2, 1), nn.Conv2d(4, 6, 3)), LIF(0.5, threshold=0.5)),
            Folded(nn.MaxPool2d(3, 2, ceil_mode=True), nn.MaxPool2d(2, 1, dilation=2), nn.Flatten(), nn.Linear(6, 5)),
        )

    def forward(self, x):
        return self.layers(x).mean(0)


class BothWays(nn.Module):
    """Neurons that fire below zero, too, with a leak and both resets, and spikes of theirs that are added."""

    def __init__(self):
        super().__init__()
        self.one = nn.Sequential(Folded(nn.Conv2d(2, 4, 3, padding=1)), Signed(0.5, leak=0.75))
        self.two = nn.Sequential(Folded(nn.Conv2d(4, 4, 3, padding=1)), Signed(0.25, reset="zero", threshold=0.5))
        self.head = nn.Sequential(Folded(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(64, 6)), Signed(0.5), nn.Linear(6, 5))

    def forward(self, x):
        x = self.one(x)
        return self.head(x + self.two(x)).mean(0)


MODULES = {
    "vision": Vision,
    "functional": Functional,
    "residual": Residual,
    "rows": rows,
    "scaled": Scaled,
    "sums": Sums,
    "pools": Pools,
    "both ways": BothWays,
}


def dyadic(name: str) -> nn.Module:
    torch.manual_seed(2)
    module = MODULES[name]().eval()
    for parameter in module.parameters():
        parameter.data = (parameter.data * 64).round() / 32
    return module


def images(samples: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return (torch.rand(samples, 2, 16, 16, generator=generator) * 8).round() / 8


def answer(module: nn.Module, x: torch.Tensor, steps: int = STEPS) -> torch.Tensor:
    """What the module gives for a constant input; the mean over time where it gives every step."""
    with torch.no_grad():
        values = module(x.unsqueeze(0).expand(steps, *x.shape))
    return values.mean(0) if values.shape[:2] == (steps, len(x)) else values


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("engine", ["event", "layered", "stepped"])
def test_outputs_are_the_modules_own_bit_for_bit(name, engine):
    module, x = dyadic(name), images()
    network = freeze(module, x, steps=STEPS)
    if name == "residual" and engine == "event":
        assert "which are not events" in str(REFUSES[engine](network))
        return
    done = run(network, x, engine=engine)
    if name == "scaled":  # a division by six is not exact
        torch.testing.assert_close(done.values, answer(module, x))
    elif name == "functional":
        assert torch.equal(done.values * 0 + (done.values / STEPS), answer(module, x) / STEPS)
    else:
        assert torch.equal(done.values, answer(module, x))
    assert done.counts.hidden_spikes > 40 and done.counts.steps == STEPS


def test_spikes_are_the_modules_own_bit_for_bit():
    module, x, found = dyadic("vision"), images(), {}
    for name, each in module.named_modules():
        if isinstance(each, (IF, LIF)):
            each.register_forward_hook(lambda _, __, spikes, name=name: found.update({name: spikes}))
    answer(module, x)
    network = freeze(module, x, steps=STEPS)
    layers = {fire.name: fire.layer for fire in network.all(Fire)}
    assert set(layers) == set(found) and len(found) == 3
    for engine in ("event", "layered", "stepped"):
        done = run(network, x, engine=engine, record=layers.values())
        for name, layer in layers.items():
            assert torch.equal(done.trains[layer].spikes, found[name] != 0), name


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_engines_agree(name, dtype):
    torch.manual_seed(0)
    module = MODULES[name]().to(dtype).eval()
    for parameter in module.parameters():
        parameter.data *= 2
    check_engines_agree(freeze(module, images(), steps=5), images().to(dtype), exactly=False)


def test_norms_are_folded_and_a_learnt_leak_is_kept():
    torch.manual_seed(0)
    module = nn.Sequential(
        *(Folded(nn.Conv2d(2, 6, 3, bias=False), nn.BatchNorm2d(6)), PLIF(0.8)),
        *(Folded(nn.Conv2d(6, 4, 3, stride=3, bias=False), nn.BatchNorm2d(4)), PLIF(0.4)),
        *(nn.Flatten(2), nn.Linear(64, 3)),
    )
    for _ in range(3):
        module(images(8).unsqueeze(0).expand(4, 8, 2, 16, 16))
    module.double().eval()
    network = freeze(module, images(), steps=9)
    assert [type(node) for node in network.all(Conv)] + [type(node) for node in network.all(Linear)] == [
        Conv,
        Conv,
        Linear,
    ]
    leaks = [fire.code.leak for fire in network.all(Fire)]
    assert leaks == [module[1].leak.item(), module[3].leak.item()]
    torch.testing.assert_close(
        run(network, images()).values, answer(module, images().double(), 9), rtol=1e-9, atol=1e-9
    )


def test_a_neuron_that_is_registered_twice_is_two_populations():
    torch.manual_seed(0)
    act = LIF(0.5, threshold=0.25)
    module = nn.Sequential(nn.Flatten(2), nn.Linear(512, 12), act, nn.Linear(12, 9), act, nn.Linear(9, 3))
    network = freeze(module, images(), steps=5)
    assert [fire.name for fire in network.all(Fire)] == ["2", "2@2"]
    torch.testing.assert_close(run(network, images()).values, answer(module, images(), 5))


def test_it_is_a_network_like_any_other(tmp_path):
    module, x = dyadic("vision"), images(8)
    network = freeze(module, x, steps=STEPS)
    assert network.name == f"direct T={STEPS}" and module.training is False
    told = str(network.conversion)
    assert "layers.1          LIF → direct T=6 a=0.5 neurons of layers.0.inner.0  (freeze)" in told
    assert "leaky" not in told
    row = pj.measure(network, (x, torch.arange(8) % 5), profiles=[HOROWITZ_FP32]).rows[0]
    assert row.energy[0].joules > 0 and row.counts["spikes"] > 0
    again = pj.load(pj.save(network, tmp_path / "frozen.safetensors"))
    assert torch.equal(run(again, x).values, run(network, x).values)
    first = run(network, x)
    longer = run(network, x, state=first.state)
    twice = answer(module, x, 2 * STEPS)
    assert torch.equal(longer.values, twice)


def hidden(module, x):
    """The spikes ``[steps, batch, ...]`` of the neurons, by name, for a constant input."""
    found = {}
    for name, each in module.named_modules():
        if isinstance(each, Membrane):
            each.register_forward_hook(lambda _, __, spikes, name=name: found.update({name: spikes}))
    answer(module, x)
    return found


@pytest.mark.parametrize("name", ["sums", "pools", "both ways"])
def test_every_population_fires_as_in_the_module(name):
    module, x = dyadic(name), images()
    found, network = hidden(module, x), freeze(module, x, steps=STEPS)
    layers = {fire.name: fire.layer for fire in network.all(Fire)}
    assert set(found) <= set(layers) and (len(layers) > len(found)) == (name != "both ways")
    for engine in ("event", "layered", "stepped"):
        done = run(network, x, engine=engine, record=layers.values())
        for neurons, spikes in found.items():
            assert torch.equal(done.trains[layers[neurons]].spikes, spikes != 0) and spikes.any(), neurons
    if name == "both ways":
        assert all((spikes < 0).any() and (spikes > 0).any() for spikes in found.values())


def test_a_maximum_of_every_step_is_neurons_that_forget():
    """Their spikes are the pool's own values; each spike is a synaptic operation for each window it is in."""
    torch.manual_seed(0)
    pool = nn.MaxPool2d(3, 2, 1)
    module = nn.Sequential(Folded(nn.Conv2d(2, 3, 3)), LIF(0.5), Folded(pool, nn.Flatten(), nn.Linear(147, 2)))
    x = images()
    (spikes,), network = hidden(module, x).values(), freeze(module, x, steps=STEPS)
    gate = next(fire for fire in network.all(Fire) if fire.code.leak == 0)
    done = run(network, x, engine="stepped", record=[gate.layer])
    pooled = pool(spikes.flatten(0, 1)).unflatten(0, spikes.shape[:2])
    assert torch.equal(done.trains[gate.layer].spikes, pooled != 0)
    windows = nn.functional.conv2d(spikes.flatten(0, 1).sum(1, keepdim=True), torch.ones(1, 1, 3, 3), None, 2, 1)
    counts = {layer.name: layer for layer in done.counts.layers}
    assert counts[gate.layer].synops == windows.sum() and counts[gate.layer].spikes == pooled.sum()
    assert f"max_pool → direct T={STEPS} a=0 to_zero neurons of 2.inner.0.sum" in str(network.conversion)


@pytest.mark.parametrize(("join", "twice"), [(torch.add, 1), (lambda x, y: x + y + x, 2)], ids=["x + y", "x + y + x"])
def test_each_term_of_a_sum_of_spikes_has_its_own_synapses(join, twice):
    module, x = Added(join), torch.rand(3, 4)
    for layer in (module.one[0], module.two[0]):
        layer.weight.data.mul_(4)
    found, network = hidden(module, x), freeze(module, x, steps=STEPS)
    torch.testing.assert_close(run(network, x).values, answer(module, x))
    counts = {layer.name: layer for layer in run(network, x).counts.layers}
    one, two = (int(spikes.sum()) for spikes in found.values())
    assert counts["head"].synops == 2 * (twice * one + two) > 0
    assert counts["two.0"].synops == 4 * one


def test_counts_are_those_of_the_module():
    module, x = dyadic("rows"), images()
    hidden = []
    for each in module:
        if isinstance(each, (IF, LIF)):
            each.register_forward_hook(lambda _, __, spikes: hidden.append(spikes))
    answer(module, x)
    counts = {layer.name: layer for layer in run(freeze(module, x, steps=STEPS), x).counts.layers}
    spikes = [int(each.sum()) for each in hidden]
    assert [counts[name].spikes for name in ("1", "3")] == spikes
    assert [counts[name].synops for name in ("3", "5")] == [spikes[0] * 12, spikes[1] * 5]
    assert counts["1"].macs == 4 * 512 * 20, "a constant input is multiplied once"
    assert counts["1"].state_updates == 4 * 20 * STEPS


def event_frames(samples: int = 3, steps: int = STEPS) -> torch.Tensor:
    """Sparse frames ``[samples, steps, ...]``, with counts of 0, 1 and 2."""
    generator = torch.Generator().manual_seed(5)
    return torch.poisson(torch.full((samples, steps, 2, 16, 16), 0.2), generator=generator).clamp_(max=2)


@pytest.mark.parametrize("name", ["vision", "functional", "residual", "rows", "sums", "pools", "both ways"])
@pytest.mark.parametrize("engine", ["event", "layered", "stepped"])
def test_frames_that_change_with_time(name, engine):
    module, x = dyadic(name), event_frames()
    network = freeze(module, x[:, 0], steps=STEPS, frames=True)
    with torch.no_grad():
        expected = module(x.transpose(0, 1))
    expected = expected.mean(0) if expected.shape[:2] == (STEPS, len(x)) else expected
    done = run(network, x, engine="auto" if name == "residual" and engine == "event" else engine)
    torch.testing.assert_close(done.values, expected, rtol=1e-6, atol=1e-6)
    if name != "functional":  # a mean over six steps, times six
        assert torch.equal(done.values, expected)
    check_engines_agree(network.to("cpu", "float64"), x.double(), exactly=False)


def test_frames_are_counted_as_events():
    module, x = dyadic("rows"), event_frames()
    network = freeze(module, x[:, 0], steps=STEPS, frames=True)
    first = run(network, x).counts.layers[0]
    assert (first.name, first.events_in, first.synops) == ("1", int((x != 0).sum()), 20 * int((x != 0).sum()))
    assert first.payload == "real" and first.macs == 0 and first.spikes > 0
    row = pj.measure(network, (x, torch.arange(3)), profiles=[HOROWITZ_FP32]).rows[0]
    assert row.energy[0].joules > 0
    half = freeze(module, x[:, 0], steps=STEPS // 2, frames=True)
    rest = run(half, x[:, 3:], state=run(half, x[:, :3]).state)
    assert torch.equal(rest.values, run(network, x).values)
    pools = nn.Sequential(Folded(nn.Conv2d(2, 3, 3), nn.MaxPool2d(2)), LIF(0.5), nn.Flatten(2), nn.Linear(147, 2))
    with pytest.raises(ConversionError, match="not spikes of 0 and 1"):
        freeze(pools, x[:, 0], steps=3, frames=True)
    with pytest.raises(InputError, match="a batch of shape"):
        run(network, x[:, :2])


def test_the_classifier_of_event_frames():
    """Our own training module, PerStep and batch norms, as it is."""
    torch.manual_seed(0)
    module = EventNet(classes=4)
    x = torch.poisson(torch.full((6, 5, 2, 34, 34), 0.1))
    for _ in range(5):
        module(x.transpose(0, 1))
    module.eval()
    for parameter in module.parameters():
        parameter.data *= 2
    network = freeze(module, x[:, 0], steps=5, frames=True)
    with torch.no_grad():
        expected = module.double()(x.double().transpose(0, 1))
    done = run(network.to("cpu", "float64"), x.double(), engine="event")
    torch.testing.assert_close(done.values, expected, rtol=1e-5, atol=1e-6)
    assert [fire.layer for fire in network.all(Fire)] == [f"layers.{i}.inner.0" for i in (0, 2, 4)]
    assert done.counts.hidden_spikes > 1000


class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.lif = nn.Linear(4, 3), LIF(0.5)

    def forward(self, x):
        v, out = None, []
        for t in range(len(x)):
            step = self.lif.run(self.fc(x[t : t + 1]), v)
            v = step.v
            out.append(step.spikes)
        return torch.cat(out)


class Behind(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Sequential(nn.Linear(4, 3), LIF(0.5)), nn.Linear(3, 2)

    def forward(self, x):
        return self.head(self.body(x).mean(0))


class Added(nn.Module):
    def __init__(self, join=torch.add, bare=False):
        super().__init__()
        self.one, self.two = nn.Sequential(nn.Linear(4, 4), LIF(0.5)), nn.Sequential(nn.Linear(4, 4), LIF(0.5))
        self.head, self.join, self.bare = nn.Linear(4, 2), join, bare

    def forward(self, x):
        x = self.one(x)
        return self.head(self.join(x, self.two[0](x) if self.bare else self.two(x)))


class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.lif = nn.Linear(4, 4), LIF(0.5)

    def forward(self, x):
        return self.lif(self.fc(x)).flip(0)


def two(layer):
    return nn.Sequential(nn.Linear(4, 4), layer, nn.Linear(4, 2), LIF(0.5))


FAILS = {
    "an ANN": (lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU()), "no spiking neurons"),
    "a loop over steps": (Loop, "hands potentials on"),
    "layers behind the mean": (Behind, "does not end in one tensor"),
    "spikes plus currents": (lambda: Added(bare=True), "what is added to spikes must be spikes"),
    "spikes times spikes": (lambda: Added(torch.mul), "mul"),
    "a pool of currents": (
        lambda: two(nn.Sequential(LIF(0.5), nn.Linear(4, 4), nn.MaxPool1d(2), nn.Linear(2, 4))),
        "not spikes",
    ),
    "a pool of spikes with signs": (
        lambda: two(nn.Sequential(Signed(0.5), nn.MaxPool1d(2), nn.Linear(2, 4))),
        "not spikes",
    ),
    "a ReLU": (lambda: two(nn.ReLU()), "no spiking neuron"),
    "two layers": (lambda: two(nn.Linear(4, 4)), None),
    "an operation": (lambda: two(nn.GELU()), "no spiking neuron"),
    "time reversed": (Mixed, "between samples|first axis"),
    "no time": (lambda: nn.Sequential(nn.Flatten(0, 1), nn.Linear(4, 3), IF()), "does not end in one tensor"),
}


@pytest.mark.parametrize(("module", "message"), FAILS.values(), ids=FAILS)
def test_what_cannot_be_frozen(module, message):
    x = torch.rand(2, 4)
    if message is None:  # the input is constant, so two layers on it are one
        torch.testing.assert_close(run(freeze(module(), x, steps=3), x).values.shape, torch.Size([2, 2]))
        return
    with pytest.raises(InputError, match=message) as caught:
        freeze(module(), x, steps=3)
    assert caught.value.remedy and "islands" not in caught.value.remedy


def test_a_maximum_of_constant_currents_is_one_maximum():
    first = nn.Sequential(Folded(nn.Conv2d(2, 3, 3), nn.MaxPool2d(2)), LIF(0.5), nn.Flatten(2), nn.Linear(147, 2))
    network = freeze(first, images(), steps=3)
    torch.testing.assert_close(run(network, images()).values, answer(first, images(), 3))


@pytest.mark.parametrize("steps", [0, 2.5, None])
def test_steps_are_a_number(steps):
    with pytest.raises(InputError, match="steps"):
        freeze(rows(), images(), steps=steps)


def test_trained_neurons_are_no_code_for_an_ann():
    ann = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    with pytest.raises(ConversionError, match="trained, not converted"):
        convert(ann, torch.rand(4, 4), code=Direct(steps=4))
