"""Rewirings as weights of 1: the convolution or the matrix moves values as the rewiring does, and comes back."""

import os

import pytest
import torch
import torch.nn.functional as F

from exchanged import joining, spikes
from nets import dyadic
from picojoule.base.errors import ConversionError
from picojoule.codes import Rate
from picojoule.conversion import convert
from picojoule.conversion.moves import Places
from picojoule.engines import run
from picojoule.exchange import from_nir, to_nir, to_snntorch
from picojoule.exchange.onnx_writing import unrolled
from picojoule.exchange.picking import joined, picks, rewired, without_rewiring
from picojoule.ir import Add, Conv, Fire, Input, Linear, Network, Rewire
from picojoule.ir.dense import evaluate_all
from zoo import cifar, resnet8, resnet20

DATA = os.environ.get("PICOJOULE_DATA", "")

MOVES = {
    "zeros all around": ((3, 5, 4), lambda x: F.pad(x, (1, 1, 1, 1)), Conv),
    "zeros on one side, two channels more": ((3, 5, 4), lambda x: F.pad(x, (0, 1, 2, 0, 1, 1)), Conv),
    "every other value, more channels": ((4, 8, 8), lambda x: F.pad(x[:, :, ::2, ::2], (0,) * 4 + (2, 2)), Conv),
    "a slice of positions": ((2, 7, 6), lambda x: x[:, :, 2:5, 1::3], Conv),
    "a slice and zeros": ((2, 7, 6), lambda x: F.pad(x, (-2, 3, 1, -1)), Conv),
    "channels in another order": ((6, 3, 3), lambda x: x.unflatten(1, (2, 3)).transpose(1, 2).flatten(1, 2), Conv),
    "a slice of channels": ((6, 3, 3), lambda x: x[:, 2:5], Conv),
    "pixels moved into channels": ((3, 6, 6), lambda x: F.pixel_unshuffle(x, 2), Conv),
    "one position": ((4, 5, 5), lambda x: x[:, :, 3:4, 4:5], Conv),
    "one value among zeros": ((2, 3, 3), lambda x: F.pad(x[:, :1, :1, :1], (3, 2, 1, 4)), Conv),
    "a row of one channel": ((3, 9), lambda x: F.pad(x[:, :, 1::2], (2, 1)), Conv),
    "a vector reversed": ((7,), lambda x: x.flip(1), Linear),
    "a vector of positions first": ((3, 4, 2), lambda x: x.permute(0, 2, 3, 1).flatten(1), Linear),
}  # fmt: skip


def moved(shape, move):
    """A network of nothing but a rewiring."""
    places = Places(2)
    there = places.moved(lambda marked: move(marked(places.of("input", shape))))
    return Network(nodes=(Input(name="input", shape=shape), places.node("move", there)))


@pytest.mark.parametrize(("shape", "move", "kind"), MOVES.values(), ids=MOVES)
def test_weights_of_one_move_values_as_the_rewiring_does(shape, move, kind):
    network, x = moved(shape, move), torch.rand(3, *shape)
    lowered, names = without_rewiring(network)
    assert [type(node) for node in lowered.nodes if node.name in names] == [kind] and not any(lowered.all(Rewire))
    assert torch.equal(evaluate_all(lowered.nodes, x)["move"], move(x))
    layer = lowered.output
    assert picks(layer) and torch.equal(rewired(layer, lowered.source(layer)).index, network.output.index)


@pytest.mark.parametrize(
    "move",
    [lambda x: x.flip(3), lambda x: F.interpolate(x, scale_factor=2), lambda x: x.transpose(2, 3)],
    ids=["reversed", "repeated", "transposed"],
)
def test_what_is_no_convolution_stays_a_rewiring(move):
    network = moved((2, 3, 3), move)
    assert without_rewiring(network)[0].nodes == network.nodes


def test_a_join_is_a_sum_and_comes_back_as_a_join():
    nodes = (
        Input(name="input", shape=(2, 4, 4)),
        Rewire(name="a", inputs=("input",), shape=(2, 4, 4), index=torch.arange(32).flip(0)),
    )
    join = Rewire(name="join", inputs=("input", "a"), shape=(4, 4, 4), index=torch.arange(64))
    lowered, names = without_rewiring(Network(nodes=(*nodes, join)))
    x = torch.rand(2, 2, 4, 4)
    before, after = evaluate_all((*nodes, join), x), evaluate_all(lowered.nodes, x)
    assert torch.equal(after["join"], before["join"]) and isinstance(lowered.output, Add) and len(names) == 2
    back = {each.name: rewired(each, lowered.source(each)) if each.name in names else each for each in lowered.nodes}
    one = joined("join", [*lowered.output.inputs], back)
    assert one.inputs == join.inputs and torch.equal(one.index, join.index)
    assert joined("twice", [lowered.output.inputs[0]] * 2, back) is None, "these overlap"


def test_large_matrices_are_not_made(monkeypatch):
    network = moved((3, 4, 2), lambda x: x.permute(0, 2, 3, 1).flatten(1))
    monkeypatch.setattr("picojoule.exchange.picking.MOST", 24 * 24 - 1)
    assert without_rewiring(network)[0].nodes == network.nodes


def layers(counts):
    return {layer.name: layer for layer in counts.layers}


def test_a_join_that_comes_back_is_one_again():
    pytest.importorskip("nir")
    network = joining()
    back = from_nir(to_nir(network))
    assert [len(each.inputs) for each in back.all(Rewire)] == [len(each.inputs) for each in network.all(Rewire)] == [2]


def test_what_nir_cannot_move_is_said():
    pytest.importorskip("nir")

    class Repeated(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = torch.nn.Conv2d(1, 2, 3), torch.nn.Conv2d(2, 2, 3)

        def forward(self, x):
            return self.two(F.interpolate(torch.relu(self.one(x)), scale_factor=2))

    network = convert(Repeated(), torch.rand(8, 1, 6, 6), code=Rate(steps=4))
    with pytest.raises(ConversionError, match="no convolution") as caught:
        to_nir(network)
    assert "interpolate" in str(caught.value) and caught.value.remedy


@pytest.mark.skipif(not DATA, reason="PICOJOULE_DATA is not set")
@pytest.mark.parametrize(("model", "standardised"), [(resnet20, True), (resnet8, False)], ids=["ResNet-20", "ResNet-8"])
class TestRealNetworks:
    """Trained on CIFAR-10, shortcuts that skip, and padding on one side, on a few pictures and steps."""

    @staticmethod
    def converted(model, standardised, exact=False):
        """The network and inputs; `exact`: in numbers whose sums do not depend on their order."""
        train, test, _ = cifar(DATA, standardised)
        network, x = convert(model(DATA), train[:64], code=Rate(steps=4)), test[:2]
        return (dyadic(network, dtype=torch.float32), (x * 16).round() / 16) if exact else (network, x)

    def test_they_come_back_from_nir_with_the_same_counts(self, model, standardised, tmp_path):
        pytest.importorskip("nir")
        network, x = self.converted(model, standardised)
        assert any(network.all(Rewire))
        to_nir(network, tmp_path / "net.nir")
        back = from_nir(tmp_path / "net.nir")
        ours, theirs = run(network, x), run(back, x)
        torch.testing.assert_close(theirs.values, ours.values, rtol=1e-5, atol=1e-5)
        assert layers(theirs.counts) == layers(ours.counts) and ours.counts.hidden_spikes > 50_000

    def test_as_a_module_of_snntorch_they_fire_the_same(self, model, standardised):
        pytest.importorskip("snntorch")
        network, x = self.converted(model, standardised, exact=True)
        with torch.no_grad():
            found = to_snntorch(network).record(x)
        ours = spikes(network, x)
        assert all(torch.equal(found[fire.name], ours[fire.layer]) for fire in network.all(Fire))

    def test_unrolled_for_onnx_they_give_the_same(self, model, standardised):
        network, x = self.converted(model, standardised, exact=True)
        with torch.no_grad():
            torch.testing.assert_close(unrolled(network)(x), run(network, x).values)
