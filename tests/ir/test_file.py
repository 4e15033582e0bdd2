"""A saved network is the network; anything else is one clear error."""

import json
from dataclasses import dataclass, replace

import pytest
import torch
from safetensors.torch import save_file

import zoo
from nets import converted, inputs, small_cnn
from picojoule.base.errors import ConversionError, WeightsError
from picojoule.codes import TTFS, Phase, Rate
from picojoule.conversion import convert, quantise, trace
from picojoule.engines import run
from picojoule.ir import Network, Rewire
from picojoule.ir.file import load, save
from picojoule.ir.stages import FOLDED, SPIKING, verify

X = zoo.pictures(3, 9)


@pytest.mark.parametrize("name", ["mobilenet-v2", "u-net", "dict of heads", "standardised"])
@pytest.mark.parametrize(
    "code", [Rate(steps=9, weighted=True), Rate(steps=9, corrected=True), TTFS(steps=9, start=4)], ids=repr
)
def test_saved_and_loaded_is_the_same(tmp_path, name, code):
    network = convert(zoo.trained(name), zoo.pictures(16, 1), code=code)
    again = load(save(network, tmp_path / "network.safetensors"))
    one, two = (run(each, X) for each in (network, again))
    assert torch.equal(zoo.row(one.values), zoo.row(two.values)) and one.counts == two.counts
    assert (again.name, again.conversion, again.heads) == (network.name, network.conversion, network.heads)


def test_anns_and_quantised_networks_too(tmp_path):
    for network in (trace(small_cnn(), inputs(1)), quantise(small_cnn(), inputs(8)), converted(Phase(steps=8))):
        again = load(save(network, tmp_path / "network.safetensors"))
        assert torch.equal(run(network, inputs(4)).values, run(again, inputs(4)).values)
        assert again.precision == network.precision


@dataclass(frozen=True, kw_only=True)
class Own(Rate):
    """A code of one's own."""

    name = "own"


def test_a_code_of_ones_own_is_named(tmp_path):
    path = save(converted(Own(steps=4)), tmp_path / "network.safetensors")
    with pytest.raises(WeightsError, match="code 'own' is not known"):
        load(path)
    assert run(load(path, codes={"own": Own}), inputs(2)).counts.steps == 4


def rewritten(tmp_path, change):
    """A saved network with its description changed."""
    path = save(converted(Rate(steps=4)), tmp_path / "network.safetensors")
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        told = json.loads(file.metadata()["picojoule"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(told, tensors)
    save_file(tensors, path, {"picojoule": json.dumps(told)})
    return path


DAMAGES = {
    "a newer version": (lambda told, _: told.update(version=99), "version 99"),
    "an unknown kind": (lambda told, _: told["nodes"][2].update(kind="System"), "KeyError"),
    "a field too many": (lambda told, _: told["nodes"][2].update(colour=3), "colour"),
    "a field too few": (lambda told, _: told["nodes"][2].pop("stride"), "a Conv with"),
    "a missing tensor": (lambda told, tensors: tensors.pop("0/weight"), "0/weight"),
    "weights of another shape": (
        lambda told, tensors: tensors.update({"4/weight": torch.zeros(8, 2, 3, 3)}),
        "has weights",
    ),
    "a circle": (lambda told, _: told["nodes"][2].update(inputs=["8"]), "not all of which are in front"),
    "no nodes": (lambda told, _: told.update(nodes=[]), "nothing is there"),
    "nonsense": (lambda told, _: told.update(nodes=7), "TypeError"),
    "negative steps": (lambda told, _: told["nodes"][1]["code"].update(steps=-3), "steps=-3"),
}


@pytest.mark.parametrize(("change", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_changed_file_is_one_error(tmp_path, change, message):
    with pytest.raises(WeightsError, match=message) as caught:
        load(rewritten(tmp_path, change))
    assert caught.value.remedy and "\n" not in str(caught.value)


def test_other_files_are_one_error(tmp_path):
    save_file({"w": torch.zeros(2)}, tmp_path / "weights.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    for name, message in (("weights", "tensors and no network"), ("text", "no network"), ("none", "No such file")):
        with pytest.raises(WeightsError, match=message):
            load(tmp_path / f"{name}.safetensors")


def test_a_stage_refuses_what_it_does_not_have():
    """The broken twins: kinds of another stage, a table that points nowhere, sums that are read as events."""
    network = converted(Rate(steps=4))
    with pytest.raises(ConversionError, match="is a Fire, which no folded network has"):
        verify(network, FOLDED)
    flat = next(node for node in network.nodes if type(node).__name__ == "Flatten")
    far = Rewire(name=flat.name, inputs=flat.inputs, shape=flat.shape, index=torch.arange(1, flat.size + 1))
    with pytest.raises(ConversionError, match="values that are not there"):
        verify(Network(nodes=tuple(far if node is flat else node for node in network.nodes)), SPIKING)
    first = network.nodes[2]
    twice = replace(first, name="again", inputs=(first.name,), weight=torch.zeros(6, 6, 3, 3))
    with pytest.raises(ConversionError, match="reads sums"):
        verify(Network(nodes=(*network.nodes[:3], twice)), SPIKING)
