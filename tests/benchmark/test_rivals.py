"""Every rival runs our network with our weights; the plain loop gives exactly what the oracle gives."""

import pytest
import torch
from torch import nn

from nets import converted, dyadic, inputs
from picojoule.base.errors import EngineError
from picojoule.benchmark.rivals import RIVALS, Rival, ann, plain
from picojoule.benchmark.rivals.modules import cut
from picojoule.codes import Phase, Rate
from picojoule.conversion import convert, trace
from picojoule.engines import run
from picojoule.ir import Quantise

PEERS = [rival for rival in RIVALS if rival.package]


def stepped(network, x):
    return run(network, x, engine="stepped", count=False).values


def without_maximum(steps: int):
    """A network whose pools the rivals have in our sense."""
    torch.manual_seed(0)
    layers = (nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 4, 3, stride=2), nn.ReLU())
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(36, 5)).eval()
    return convert(net, inputs(64), code=Rate(steps=steps), input="analogue")


class Branches(nn.Module):
    """A residual sum, a shortcut that halves and pads, and branches side by side."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.third, self.fourth = nn.Conv2d(4, 6, 3, 2, padding=1), nn.Conv2d(10, 3, 1)
        self.last = nn.Linear(192, 5)

    def forward(self, x):
        x = self.first(x).relu()
        x = (x + self.second(x).relu()).relu()
        halved = nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 1, 1))
        x = torch.cat([(self.third(x) + halved).relu(), x[:, :, ::2, 1::2]], 1)
        return self.last(self.fourth(x).relu().flatten(1))


def branching(steps: int):
    return convert(Branches().eval(), inputs(64), code=Rate(steps=steps), input="analogue")


@pytest.mark.parametrize("way", ["channels first", "channels last"])
@pytest.mark.parametrize("coded", ["analogue", "coded"])
@pytest.mark.parametrize("steps", [1, 2, 3, 8])
def test_the_plain_loop_is_the_oracle_bit_for_bit(steps, coded, way):
    """After every number of steps, both kinds of pool in it: then the spikes of every step are the same."""
    network = dyadic(converted(Rate(steps=steps), input=coded), dtype=torch.float32)
    x = (inputs(4) * 16).round() / 16
    assert torch.equal(plain.build(network)[way](x), stepped(network, x))


def test_the_plain_loop_within_rounding():
    network, x = converted(Rate(steps=16), input="analogue"), inputs(8)
    for forward in plain.build(network).values():
        torch.testing.assert_close(forward(x), stepped(network, x))
        assert torch.equal(forward(x), forward(x)), "nothing remembers between calls"


def test_the_plain_loop_runs_branches_bit_for_bit():
    network, x = dyadic(branching(9), dtype=torch.float32), (inputs(4) * 16).round() / 16
    for forward in plain.build(network).values():
        assert torch.equal(forward(x), stepped(network, x))


@pytest.mark.parametrize("make", [without_maximum, branching])
@pytest.mark.parametrize("rival", PEERS, ids=lambda rival: rival.name)
def test_a_peer_gives_the_same_spikes_where_its_pools_are_ours(rival, make):
    pytest.importorskip(rival.package)
    network, x = make(12), inputs(6)
    for way, forward in rival.build(network).items():
        torch.testing.assert_close(forward(x), stepped(network, x), rtol=1e-4, atol=1e-5, msg=way)
        torch.testing.assert_close(forward(x[:2]), stepped(network, x[:2]), rtol=1e-4, atol=1e-5, msg=way)


@pytest.mark.parametrize("rival", PEERS, ids=lambda rival: rival.name)
def test_a_peer_runs_the_network_with_maximum_pools(rival):
    pytest.importorskip(rival.package)
    for forward in rival.build(converted(Rate(steps=4), input="analogue")).values():
        assert forward(inputs(3)).shape == (3, 5)


def test_an_ann_that_is_no_modules_of_torch_runs_in_our_dense_pass():
    network = trace(nn.Sequential(nn.Flatten(), nn.Linear(256, 3), nn.GELU(), nn.Linear(3, 2)).eval(), inputs(2))
    ((way, forward),) = ann.build(network).items()
    assert not way
    assert torch.equal(forward(inputs(4)), run(network, inputs(4), count=False).values)


@pytest.mark.parametrize("model", [Branches, lambda: nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten())])
def test_the_ann_is_the_folded_forward(model):
    x = inputs(4)
    network = trace(model().eval(), x)
    assert set(ann.build(network)) == {"channels first", "channels last"}
    for forward in ann.build(network).values():
        torch.testing.assert_close(forward(x), run(network, x, count=False).values)


def test_every_way_starts_afresh_and_keeps_the_networks_own_weights():
    network = converted(Rate(steps=4), input="analogue")
    before = [node.weight.clone() for node in network.nodes if hasattr(node, "weight")]
    for forward in plain.build(network).values():
        forward(inputs(2))
    after = [node.weight for node in network.nodes if hasattr(node, "weight")]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", [Phase(steps=8), Rate(steps=8, threshold=0.4, initial=0.0), Rate(steps=8, corrected=True)], ids=repr
)
def test_other_codes_are_refused(code):
    with pytest.raises(EngineError, match="plain rate coding"):
        cut(converted(code), torch.channels_last, plain._Neurons)


def test_neurons_below_zero_are_refused():
    net = nn.Sequential(nn.Flatten(), nn.Linear(256, 6), nn.LeakyReLU(0.2), nn.Linear(6, 2)).eval()
    with pytest.raises(EngineError, match="plain rate coding"):
        plain.build(convert(net, inputs(16), code=Rate(steps=8)))


def test_unknown_nodes_are_refused():
    network = converted(Rate(steps=4))
    last = network.output
    strange = Quantise(name="q", inputs=(last.name,), shape=last.shape, step=1.0, bits=8)
    with pytest.raises(EngineError, match="no Quantise"):
        cut(network.evolve([*network.nodes, strange]), torch.channels_last, plain._Neurons)


def test_what_is_missing_says_why(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import a_dependency_that_is_not_here\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    absent = Rival(name="Absent", package="a_package_that_is_not_here", build=plain.build, install="pip install it")
    assert absent.missing() == "is not installed" and absent.label == "Absent"
    half = Rival(name="Half", package="half_installed", build=plain.build)
    assert half.missing() == "cannot be imported (No module named 'a_dependency_that_is_not_here')"
    assert RIVALS[0].missing() is None


def test_every_peer_says_how_to_install_it():
    assert all("pip install" in rival.install for rival in PEERS)
