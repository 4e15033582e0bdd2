"""NeuroBench's metrics: by its definitions written out here, and by the package where it is installed."""

import copy
from itertools import pairwise

import pytest
import torch
from torch import nn

from nets import converted, inputs, small_cnn
from picojoule.codes import Burst, Rate
from picojoule.conversion import freeze, quantise, trace
from picojoule.measurement import measure
from picojoule.neurons.trainable import LIF

WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d)


def perceptron() -> nn.Module:
    """The ANN of NeuroBench's motor prediction example in shape: 96 inputs, two hidden layers, two outputs."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(96, 32), nn.ReLU(), nn.Linear(32, 48), nn.ReLU(), nn.Linear(48, 2)).eval()


def convolutions() -> nn.Module:
    """The ANN of its speech example in kind: one-dimensional convolutions with ReLU and pooling."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv1d(1, 8, 9, stride=4, padding=2), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(8, 12, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(12 * 5, 7),
    ).eval()  # fmt: skip


def by_definition(model: nn.Module, x: torch.Tensor) -> dict:
    """Footprint, sparsities and operations of an ANN as its documentation has them, with hooks."""
    macs, dense, outputs = [], [], []

    def operations(layer, arriving, _):
        ones = copy.deepcopy(layer)
        ones.bias = None
        ones._forward_hooks.clear()
        for total, given in ((macs, arriving[0] != 0), (dense, torch.ones_like(arriving[0], dtype=torch.bool))):
            ones.weight.data = (layer.weight != 0).float() if total is macs else torch.ones_like(layer.weight)
            total.append(float(ones(given.float()).sum()))

    handles = [each.register_forward_hook(operations) for each in model.modules() if isinstance(each, WEIGHTED)]
    handles += [
        each.register_forward_hook(lambda _m, _i, given: outputs.append(given))
        for each in model.modules()
        if isinstance(each, nn.ReLU)
    ]
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    weights = torch.cat([each.weight.flatten() for each in model.modules() if isinstance(each, WEIGHTED)])
    return {
        "Footprint": sum(each.numel() * each.element_size() for each in model.parameters()),
        "ConnectionSparsity": float((weights == 0).float().mean()),
        "ActivationSparsity": float(torch.cat([each.flatten() for each in outputs]).eq(0).float().mean()),
        "SynapticOperations": {
            "Effective_MACs": sum(macs) / len(x),
            "Effective_ACs": 0.0,
            "Dense": sum(dense) / len(x),
        },
    }


ANNS = {"linear": (perceptron, (96,)), "convolutions": (convolutions, (1, 64))}


@pytest.mark.parametrize("name", ANNS)
def test_an_ann_by_the_definitions(name):
    make, shape = ANNS[name]
    model, x = make(), torch.randn(6, *shape, generator=torch.Generator().manual_seed(2))
    found, expected = measure(model, x, batch=4).rows[0].neurobench, by_definition(model, x)
    assert found["SynapticOperations"] == expected["SynapticOperations"]
    assert found["Footprint"] == expected["Footprint"]
    assert found["ConnectionSparsity"] == expected["ConnectionSparsity"] == 0
    assert found["ActivationSparsity"] == pytest.approx(expected["ActivationSparsity"], abs=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ANNS)
def test_an_ann_as_the_package_has_it(name):
    pytest.importorskip("neurobench.benchmarks")
    from neurobench.benchmarks import Benchmark
    from neurobench.metrics.static import ConnectionSparsity, Footprint
    from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
    from neurobench.models import TorchModel

    make, shape = ANNS[name]
    x = torch.randn(6, *shape, generator=torch.Generator().manual_seed(2))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, torch.zeros(6)), batch_size=3)
    metrics = [[Footprint, ConnectionSparsity], [ActivationSparsity, SynapticOperations]]
    theirs = Benchmark(TorchModel(make()), loader, [], [], metrics).run(quiet=True)
    ours = measure(make(), x).rows[0].neurobench
    assert ours["SynapticOperations"] == theirs["SynapticOperations"]
    assert ours["Footprint"] == theirs["Footprint"]
    assert ours["ConnectionSparsity"] == theirs["ConnectionSparsity"]
    assert ours["ActivationSparsity"] == pytest.approx(theirs["ActivationSparsity"])


@pytest.mark.filterwarnings("ignore")
def test_a_spiking_network_as_the_package_has_it():
    """The network of its speech example, with weights drawn: frames of 20, four layers of leaky neurons, 35 classes."""
    pytest.importorskip("neurobench.benchmarks")
    snn = pytest.importorskip("snntorch")
    from neurobench.benchmarks import Benchmark
    from neurobench.metrics.static import ConnectionSparsity
    from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
    from neurobench.models import SNNTorchModel

    from picojoule.exchange import from_snntorch

    torch.manual_seed(3)
    sizes = (20, 256, 256, 256, 35)
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs_, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs_, outputs), snn.Leaky(beta=0.9, init_hidden=True, output=outputs == 35)]
        layers[-2].weight.data.mul_(3)
    net = nn.Sequential(*layers)
    x = (torch.rand(4, 9, 20) > 0.7).float()
    network = from_snntorch(net, x, num_steps=9, frames=True)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, torch.zeros(4)), batch_size=4)
    metrics = [[ConnectionSparsity], [ActivationSparsity, SynapticOperations]]
    theirs = Benchmark(SNNTorchModel(net), loader, [], [], metrics).run(quiet=True)
    ours = measure(network, x).rows[0].neurobench
    assert ours["SynapticOperations"] == theirs["SynapticOperations"]
    assert ours["SynapticOperations"]["Effective_ACs"] > 0
    assert ours["ActivationSparsity"] == pytest.approx(theirs["ActivationSparsity"])
    assert ours["ConnectionSparsity"] == theirs["ConnectionSparsity"]


def test_a_spiking_network_by_hand():
    """Two neurons, three steps: a weight of 1 fires each step, one of 1/2 every other."""
    model = nn.Sequential(nn.Linear(1, 2, bias=False), LIF(leak=1.0), nn.Linear(2, 3, bias=False))
    model[0].weight.data = torch.tensor([[1.0], [0.5]])
    network = freeze(model, torch.ones(1, 1), steps=3)
    found = measure(network, torch.ones(2, 1)).rows[0].neurobench
    assert found == {
        "Footprint": 4 * (2 + 6),
        "ConnectionSparsity": 0.0,
        "ActivationSparsity": 1 - 4 / 6,
        # what stays the same is multiplied once: 2; four spikes reach three outputs each; 2·3 synapses in three steps
        "SynapticOperations": {"Effective_MACs": 2.0, "Effective_ACs": 12.0, "Dense": 2 + 18.0},
    }


def test_graded_spikes_are_macs():
    found = measure(converted(Burst(steps=16)), inputs(2)).rows[0].neurobench["SynapticOperations"]
    assert found["Effective_ACs"] == 0 < found["Effective_MACs"]
    found = measure(converted(Rate(steps=16)), inputs(2)).rows[0].neurobench["SynapticOperations"]
    assert found["Effective_MACs"] == 0 < found["Effective_ACs"]


def test_where_weights_are_zero_effective_operations_are_unknown():
    """The package leaves such synapses out, and the counts have them in."""
    model = small_cnn()
    model[4].weight.data[0] = 0
    found = measure(model, inputs(3)).rows[0].neurobench
    assert found["SynapticOperations"]["Effective_MACs"] is None and found["SynapticOperations"]["Dense"] > 0
    assert 0 < found["ConnectionSparsity"] < 1


def test_few_bits_take_fewer_bytes():
    wide, narrow = (measure(each, inputs(3)).rows[0].neurobench for each in
                    (trace(small_cnn(), inputs(1)), quantise(small_cnn(), inputs(64), bits=8)))  # fmt: skip
    assert narrow["Footprint"] < wide["Footprint"] / 3
    assert 0 < narrow["ActivationSparsity"] < 1
