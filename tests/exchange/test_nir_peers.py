"""Ours → NIR → another library: the same spikes, where that library can express the network."""

import pytest
import torch

pytest.importorskip("nir")

from exchanged import perceptron, spikes, vectors
from picojoule.codes import Rate
from picojoule.conversion import convert
from picojoule.engines import run
from picojoule.exchange import from_nir, to_nir

pytestmark = pytest.mark.filterwarnings("ignore")  # of the other libraries


def stepped(module, x, steps):
    """The outputs of a module of one step ``(x, state) → (y, state)`` in every step."""
    state, given = None, []
    for _ in range(steps):
        y, state = module(x, state)
        given.append(y)
    return torch.stack(given)


def test_snntorch_reads_leaky_neurons_that_are_reset_to_zero():
    pytest.importorskip("snntorch")
    pytest.importorskip("nirtorch")
    from snntorch.import_nir import import_from_nir

    network, x = perceptron(), vectors()
    module = import_from_nir(to_nir(network, mode="relaxed"))
    given = []
    for _ in range(12):
        y = module(x)
        given.append(y[0] if isinstance(y, tuple) else y)
    torch.testing.assert_close(torch.stack(given).mean(0), run(network, x).values, rtol=1e-4, atol=1e-5)
    assert torch.stack(given).unique(dim=0).shape[0] > 1, "spikes reach the output"


@pytest.mark.parametrize("leak", [0.75, 1.0], ids=["LIF", "IF"])
def test_spikingjelly_reads_neurons_that_are_reset_to_zero(leak):
    pytest.importorskip("spikingjelly")
    pytest.importorskip("nirtorch")
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    network, x = perceptron(leak=leak), vectors()
    module = import_from_nir(to_nir(network, mode="relaxed"))
    given = stepped(lambda x, state: module(x, state) if state is not None else module(x), x, 12)
    torch.testing.assert_close(given.mean(0), run(network, x).values, rtol=1e-4, atol=1e-5)


def test_sinabs_reads_neurons_that_subtract():
    """Weights are small enough for one spike a step: its own neurons fire several. It clamps potentials at −θ."""
    pytest.importorskip("sinabs")
    from sinabs.nir import from_nir as sinabs_from_nir

    torch.manual_seed(5)
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)).eval()
    for layer in (model[0], model[2]):
        layer.weight.data.abs_()
        layer.bias.data.abs_().mul_(0.1)
    network = convert(model, vectors(64), code=Rate(steps=12, initial=0.0), input="analogue", percentile=100)
    x = vectors()
    module = sinabs_from_nir(to_nir(network, mode="relaxed"), batch_size=len(x))
    given = module(x.repeat_interleave(12, 0))
    given = given[0] if isinstance(given, tuple) else given
    torch.testing.assert_close(given.unflatten(0, (5, 12)).mean(1), run(network, x).values, rtol=1e-4, atol=1e-5)
    assert sum(float(train.sum()) for train in spikes(network, x).values()) > 50


def test_norse_reads_neurons_that_are_reset_to_zero():
    """Norse's LIF leaves R out, so weights are divided by it; its step is given by hand."""
    pytest.importorskip("norse")
    pytest.importorskip("nirtorch")
    from norse.torch.utils.import_nir import from_nir as norse_from_nir

    network, x = perceptron(leak=1.0), vectors()
    module = norse_from_nir(to_nir(network, mode="relaxed", dt=1.0), dt=1.0)
    torch.testing.assert_close(stepped(module, x, 12).mean(0), run(network, x).values, rtol=1e-4, atol=1e-5)


def test_what_spikingjelly_writes_is_read():
    pytest.importorskip("spikingjelly")
    pytest.importorskip("nirtorch")
    from spikingjelly.activation_based import functional, layer, neuron
    from spikingjelly.activation_based.nir_exchange import export_to_nir

    torch.manual_seed(2)
    module = torch.nn.Sequential(layer.Linear(6, 12), neuron.LIFNode(tau=4.0), layer.Linear(12, 3), neuron.IFNode())
    module[0].weight.data.mul_(6)
    module[2].weight.data.mul_(3)
    x = vectors()
    with torch.no_grad():
        graph = export_to_nir(module.eval(), x)
        functional.reset_net(module)
        expected = torch.stack([module(x) for _ in range(10)]).mean(0)
    torch.testing.assert_close(run(from_nir(graph, steps=10), x).values, expected)
    assert expected.any()


def test_what_snntorch_writes_is_read():
    """Node by node: its exporter of whole modules does not get past its own 0-dimensional numbers."""
    snn = pytest.importorskip("snntorch")
    pytest.importorskip("nirtorch")
    import nir
    from snntorch.export_nir import _extract_snntorch_module

    torch.manual_seed(2)
    module = torch.nn.Sequential(
        torch.nn.Linear(6, 12), snn.Leaky(beta=0.75, reset_mechanism="zero", init_hidden=True), torch.nn.Linear(12, 3)
    )
    module[0].weight.data.mul_(3)
    x = vectors()
    graph = nir.NIRGraph.from_list([_extract_snntorch_module(each) for each in module], type_check=False)
    with torch.no_grad():
        expected = torch.stack([module(x) for _ in range(10)]).mean(0)
    torch.testing.assert_close(run(from_nir(graph, steps=10), x).values, expected, rtol=1e-4, atol=1e-5)
