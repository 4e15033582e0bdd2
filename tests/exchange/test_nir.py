"""NIR: what is written says the same spikes in NIR's own terms, and what is read back is the same network."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

nir = pytest.importorskip("nir")

from exchanged import joining, perceptron, pooling, resnet, spikes, vectors  # noqa: E402
from nets import converted, inputs  # noqa: E402
from picojoule.base.errors import ConversionError, InputError  # noqa: E402
from picojoule.codes import TTFS, Phase, Rate  # noqa: E402
from picojoule.codes.direct import Direct  # noqa: E402
from picojoule.conversion import convert  # noqa: E402
from picojoule.engines import run  # noqa: E402
from picojoule.exchange import from_nir, to_nir  # noqa: E402
from picojoule.ir import Fire  # noqa: E402

DT = 1e-4


def interpreted(graph, x, steps, soft=False):
    """The graph in NIR's own terms: forward Euler, wires back one step late; what every node gives in every step."""
    state, held, given = {}, {}, []
    order = [name for name in graph.nodes if type(graph.nodes[name]).__name__ != "Output"]
    for _ in range(steps):
        now = {}
        for name in order:
            node = graph.nodes[name]
            arrive = [now[a] if a in now else held.get(a, 0.0) for a, b in graph.edges if b == name]
            now[name] = _given(node, sum(arrive), x, state, name, soft)
        held = now
        (output,) = [name for name, node in graph.nodes.items() if type(node).__name__ == "Output"]
        given.append({**now, "out": sum(now[a] for a, b in graph.edges if b == output)})
    return {name: torch.stack([torch.as_tensor(each[name]) for each in given]) for name in given[0]}


def _given(node, arriving, x, state, name, soft):
    kind = type(node).__name__
    if kind == "Input":
        return x.double()
    if kind in ("Affine", "Linear"):
        return arriving @ torch.tensor(node.weight).double().T + torch.tensor(getattr(node, "bias", 0.0)).double()
    if kind == "Conv2d":
        return torch.nn.functional.conv2d(
            arriving, torch.tensor(node.weight).double(), torch.tensor(node.bias).double(), node.stride, node.padding,
            node.dilation, node.groups,
        )  # fmt: skip
    if kind == "AvgPool2d":
        return torch.nn.functional.avg_pool2d(arriving, *(tuple(map(int, each)) for each in
                                                          (node.kernel_size, node.stride, node.padding)))  # fmt: skip
    if kind == "Flatten":
        return arriving.flatten(1)
    if kind == "Scale":
        return arriving * torch.tensor(node.scale)
    if kind == "Threshold":
        return (arriving >= torch.tensor(node.threshold)).double()
    v = state.get(name, 0.0)
    if hasattr(node, "tau"):
        v = v + DT / torch.tensor(node.tau) * (torch.tensor(node.v_leak) - v + torch.tensor(node.r) * arriving)
    else:
        v = v + DT * torch.tensor(node.r) * arriving
    if kind in ("I", "LI"):
        state[name] = v
        return v
    fired = v >= torch.tensor(node.v_threshold)
    after = v - torch.tensor(node.v_threshold) if soft else torch.tensor(node.v_reset)
    state[name] = torch.where(fired, after, v)
    return fired.double()


class Averaged(torch.nn.Module):
    """A mean over all positions, as a function."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = torch.nn.Conv2d(1, 4, 3, 2), torch.nn.Linear(4, 3)

    def forward(self, x):
        return self.head(torch.relu(self.conv(x)).mean((2, 3)))


def averaged():
    torch.manual_seed(2)
    return convert(Averaged().eval(), inputs(64), code=Rate(steps=12))


NETS = {
    "a mean over all positions": (averaged, inputs(3)),
    "a residual network, soft reset, half-threshold start": (resnet, inputs(3)),
    "a residual network, analogue input": (lambda: resnet(input="analogue"), inputs(3)),
    "trained, reset to zero": (perceptron, vectors()),
    "trained, reset by subtraction": (lambda: perceptron("subtract"), vectors()),
    "trained, no leak": (lambda: perceptron("subtract", leak=1.0), vectors()),
    "trained, spikes joined and cropped": (joining, inputs(3)),
    "trained, maxima and sums of spikes": (pooling, inputs(3)),
}


@pytest.mark.parametrize("name", NETS)
def test_a_strict_graph_says_the_same_spikes_in_nirs_own_terms(name):
    make, x = NETS[name]
    network = make().to("cpu", "float64")
    graph, ours = to_nir(network), run(network, x.double(), engine="stepped", record=())
    found = interpreted(graph, x, 16 if "residual" in name else 12)
    torch.testing.assert_close(found["out"].mean(0), ours.values)
    for fire, train in spikes(network, x.double()).items():
        node = next(each.name for each in network.all(Fire) if each.layer == fire)
        key = next((k for k in found if k == f"{node}_spikes".replace(".", "_")), node.replace(".", "_"))
        assert torch.equal(found[key].float(), train), fire


@pytest.mark.parametrize("mode", ["strict", "relaxed"])
@pytest.mark.parametrize("name", NETS)
def test_a_network_comes_back_with_the_same_spikes_and_counts(name, mode, tmp_path):
    make, x = NETS[name]
    network = make()
    to_nir(network, tmp_path / "net.nir", mode=mode)
    back = from_nir(tmp_path / "net.nir")
    ours, theirs = run(network, x), run(back, x)
    torch.testing.assert_close(theirs.values, ours.values, rtol=1e-5, atol=1e-6)
    assert layers(theirs.counts) == layers(ours.counts)


def test_torchvisions_residual_network_comes_back(tmp_path):
    """In small, its maximum pool an average pool; ten layers of neurons."""
    from zoo import ResNet, pictures, trained

    def averaging():
        model = ResNet()
        model.maxpool = torch.nn.AvgPool2d(3, 2, 1)
        return model

    network, x = convert(trained(averaging), pictures(64), code=Rate(steps=16)), pictures(6, seed=9)
    to_nir(network, tmp_path / "resnet.nir")
    ours, theirs = run(network, x), run(from_nir(tmp_path / "resnet.nir"), x)
    torch.testing.assert_close(theirs.values, ours.values, rtol=1e-4, atol=1e-5)
    assert layers(theirs.counts) == layers(ours.counts) and ours.counts.hidden_spikes > 1000


def test_joined_maps_come_back():
    """A small DenseNet: maps joined again and again, and a mean over all positions of the last ones."""
    from zoo import pictures, trained

    network, x = convert(trained("densenet"), pictures(64), code=Rate(steps=8)), pictures(4, seed=9)
    ours, theirs = run(network, x), run(from_nir(to_nir(network)), x)
    torch.testing.assert_close(theirs.values, ours.values, rtol=1e-4, atol=1e-5)
    assert layers(theirs.counts) == layers(ours.counts) and ours.counts.hidden_spikes > 1000


def layers(counts):
    """The counts of every layer; files keep no order."""
    return {layer.name: layer for layer in counts.layers}


def test_a_broken_wire_back_would_be_seen():
    """A twin whose spikes subtract a little more than they should gives other spikes."""
    network, x = perceptron("subtract"), vectors()
    graph = to_nir(network)
    for node in graph.nodes.values():
        if type(node).__name__ == "Scale":
            node.scale = node.scale * 1.3
    assert run(from_nir(graph), x).counts != run(network, x).counts


def test_relaxed_says_what_is_lost_and_strict_loses_nothing(capsys):
    soft = to_nir(resnet(), mode="relaxed")
    assert "subtracts" in soft.metadata["notice"] and "start at 0" in soft.metadata["notice"]
    assert "subtracts" in capsys.readouterr().err
    assert "notice" not in to_nir(resnet()).metadata
    assert "notice" not in to_nir(perceptron(), mode="relaxed").metadata
    kinds = {type(node).__name__ for node in soft.nodes.values()}
    assert kinds <= {"Input", "Output", "Conv2d", "Affine", "AvgPool2d", "Flatten", "IF", "Scale"}


def test_files_of_older_versions_are_read(tmp_path):
    """nir 1.0.4 and before wrote no v_reset and no types, and 0-dimensional numbers."""
    h5py = pytest.importorskip("h5py")
    network, x = perceptron(), vectors()
    path = tmp_path / "old.nir"
    to_nir(network, path, mode="relaxed")
    with h5py.File(path, "r+") as file:
        del file["version"]
        file["version"] = "0.2.0"
        del file["node/metadata"]
        for node in file["node/nodes"].values():
            for key in ("metadata", "v_reset", "input_type"):
                if key in node:
                    del node[key]
            if "tau" in node:
                for key in ("tau", "r", "v_leak", "v_threshold"):
                    value = float(node[key][()].flatten()[0])
                    del node[key]
                    node[key] = np.float64(value)
    with pytest.raises(InputError, match="how many steps"):
        from_nir(path)
    back = from_nir(path, steps=12)
    torch.testing.assert_close(run(back, x).values, run(network, x).values, rtol=1e-5, atol=1e-6)


def chain(*nodes, shape=(3,)):
    """A graph of nodes one behind the other."""
    names = ["input", *(f"n{number}" for number in range(len(nodes))), "output"]
    size = np.array(shape)
    ends = (nir.Input({"input": size}), *nodes, nir.Output({"output": size}))
    return nir.NIRGraph(dict(zip(names, ends, strict=True)), list(pairwise(names)), type_check=False)


def neurons(threshold, size=3, r=1 / DT):
    full = np.full(size, 1.0)
    return nir.IF(r=full * r, v_threshold=full * threshold, v_reset=full * 0)


WEIGHT = np.array([[0.5, 0.25, -0.25], [0.75, 0.0, 0.5], [0.25, 0.5, 1.0]], dtype=np.float32)


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize(
    "nodes",
    [
        (nir.Linear(WEIGHT), neurons(1.0), nir.Linear(WEIGHT)),
        (nir.Linear(WEIGHT), neurons(np.array([0.5, 1.0, 2.0])), nir.Linear(WEIGHT)),
        (nir.Linear(WEIGHT), neurons(0.5, r=2 / DT), nir.Affine(WEIGHT, WEIGHT[0])),
        (nir.Scale(np.array([1.0, 2.0, 0.5])), neurons(0.75), nir.Linear(WEIGHT)),
        (nir.Scale(np.array([2.0, 2.0, 2.0])), nir.Linear(WEIGHT), neurons(1.0), nir.Scale(np.array([4.0, 1.0, 1.0]))),
    ],
    ids=["plain", "thresholds that differ", "resistance", "scale in front", "scales at both ends"],
)
def test_graphs_of_others_mean_what_they_say(nodes, reset):
    x = torch.rand(4, 3, generator=torch.Generator().manual_seed(0))
    graph = chain(*nodes)
    network = from_nir(graph, steps=9, reset=reset).to("cpu", "float64")
    expected = interpreted(graph, x, 9, soft=reset == "subtract")["out"].mean(0)
    torch.testing.assert_close(run(network, x.double()).values, expected)


def test_sum_pools_are_pools_times_their_size():
    x = inputs(2, shape=(2, 4, 4))
    pool = nir.SumPool2d(kernel_size=np.array([2, 2]), stride=np.array([2, 2]), padding=np.array([0, 0]))
    weight = np.linspace(-1, 1, 24).reshape(3, 8).astype(np.float32)
    flat = nir.Flatten({"input": np.array([2, 2, 2])}, 0, -1)
    graph = chain(neurons(0.75, (2, 4, 4)), pool, flat, nir.Linear(weight), shape=(2, 4, 4))
    network = from_nir(graph, steps=6)
    fired = spikes(network, x)["input"]
    summed = torch.nn.functional.avg_pool2d(fired.flatten(0, 1), 2, divisor_override=1).flatten(1)
    expected = (summed @ torch.tensor(weight).T).unflatten(0, (6, 2)).mean(0)
    torch.testing.assert_close(run(network, x).values, expected)


def loop(edges):
    graph = chain(nir.Linear(WEIGHT), neurons(1.0), nir.Linear(WEIGHT))
    graph.edges += edges
    return graph


@pytest.mark.parametrize(
    ("graph", "what"),
    [
        (lambda: loop([("n2", "n1")]), "circle"),
        (lambda: chain(nir.Linear(WEIGHT), nir.Delay(np.ones(3)), neurons(1.0)), "no Delay"),
        (lambda: chain(nir.Linear(WEIGHT), nir.Threshold(np.ones(3))), "threshold without an integrator"),
        (lambda: chain(nir.Linear(WEIGHT), nir.LIF(np.array([1e-3, 2e-3, 1e-3]), *[np.ones(3)] * 3)), "time constants"),
        (lambda: chain(neurons(1.0), nir.Linear(WEIGHT), nir.Linear(WEIGHT)), "cannot run it"),
    ],
)
def test_what_the_engines_do_not_have_is_said(graph, what):
    with pytest.raises(ConversionError, match=what):
        from_nir(graph(), steps=4)


@pytest.mark.parametrize(
    ("network", "what"),
    [
        (lambda: converted(TTFS(steps=8)), "change in time"),
        (lambda: converted(Phase(steps=16)), "change in time"),
        (lambda: converted(Rate(steps=8, corrected=True)), "take earlier ones back.*corrected=False"),
        (lambda: converted(Rate(steps=8)), "maximum of spikes"),
    ],
)
def test_what_nir_cannot_express_is_said(network, what):
    with pytest.raises(ConversionError, match=what):
        to_nir(network())


def test_bad_options_are_said(tmp_path):
    with pytest.raises(InputError, match="strict or relaxed"):
        to_nir(perceptron(), mode="loose")
    with pytest.raises(InputError, match="seconds of a step"):
        to_nir(perceptron(), dt=0)
    (tmp_path / "broken.nir").write_bytes(b"no file of HDF5")
    with pytest.raises(InputError, match=r"nir\.write"):
        from_nir(tmp_path / "broken.nir")
    with pytest.raises(InputError, match=r"nir\.write"):
        from_nir(tmp_path / "absent.nir")


def test_frames_come_back_as_frames(tmp_path):
    from picojoule.conversion import freeze
    from picojoule.neurons.trainable import IF

    torch.manual_seed(0)
    network = freeze(
        torch.nn.Sequential(torch.nn.Linear(6, 4), IF(), torch.nn.Linear(4, 2)), vectors(), steps=5, frames=True
    )
    x = (torch.rand(3, 5, 6) > 0.5).float()
    back = from_nir(to_nir(network))
    torch.testing.assert_close(run(back, x).values, run(network, x).values)


@pytest.mark.parametrize("dt", [1.0, 1e-3, 3e-4, 7e-5])
def test_any_step_length_gives_the_same_network(dt):
    back = from_nir(to_nir(resnet(), dt=dt), dt=dt)
    assert {fire.code for fire in back.all(Fire)} == {Rate(steps=16)}


def test_neurons_of_our_own_stay_what_they_were():
    assert {fire.code for fire in from_nir(to_nir(resnet())).all(Fire)} == {Rate(steps=16)}
    code = next(from_nir(to_nir(perceptron("subtract"))).all(Fire)).code
    assert isinstance(code, Direct) and replace(code, steps=1) == Direct(steps=1, leak=code.leak)
