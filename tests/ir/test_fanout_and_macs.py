"""Counts equal brute-force enumeration of synapses; 2·MACs equal torch's flop counter."""

import itertools

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nets import inputs, small_cnn
from picojoule.codes import TTFS, Burst, Phase, Rate
from picojoule.conversion import convert, trace
from picojoule.engines import run
from picojoule.engines.plan import plan
from picojoule.ir import AvgPool, Conv, Fire, Flatten, Linear, MaxPool

LAYERS = {
    "border": nn.Conv2d(2, 3, 3, padding=1),
    "no border": nn.Conv2d(2, 3, 3),
    "stride": nn.Conv2d(2, 3, 3, stride=2, padding=1),
    "groups": nn.Conv2d(2, 4, 3, padding=1, groups=2),
    "depthwise": nn.Conv2d(2, 2, 3, padding=1, groups=2),
    "dilation": nn.Conv2d(2, 3, 3, padding=2, dilation=2),
    "uneven": nn.Conv2d(2, 3, (1, 3), stride=(2, 1), padding=(0, 1)),
    "1x1": nn.Conv2d(2, 5, 1),
}
POOLS = {
    "none": nn.Identity(),
    "average": nn.AvgPool2d(2),
    "average overlapping": nn.AvgPool2d(3, stride=2, padding=1),
    "average ceil": nn.AvgPool2d(2, ceil_mode=True),
    "maximum": nn.MaxPool2d(2),
}


def windows(node, position):
    """Output positions whose window holds an input position of a 2d operation, with the kernel offsets."""
    kernel = node.weight.shape[2:] if isinstance(node, Conv) else node.kernel
    dilation = getattr(node, "dilation", (1, 1))
    for out in itertools.product(*(range(size) for size in node.shape[1:])):
        for offset in itertools.product(*(range(k) for k in kernel)):
            steps = zip(out, node.stride, node.padding, offset, dilation, strict=True)
            if tuple(o * s - p + k * d for o, s, p, k, d in steps) == position:
                yield out


def synapses(network, node, channel, position):
    """How many synapses one event at (channel, position) of `node`'s output reaches, by enumeration."""
    total = 0
    for consumer in network.consumers(node):
        if isinstance(consumer, Conv):
            per_group = consumer.weight.shape[0] // consumer.groups
            total += per_group * sum(1 for _ in windows(consumer, position))
        elif isinstance(consumer, AvgPool):
            total += sum(synapses(network, consumer, channel, out) for out in windows(consumer, position))
        elif isinstance(consumer, Flatten):
            total += sum(synapses(network, consumer, None, None) for _ in range(1))
        elif isinstance(consumer, Linear):
            total += consumer.weight.shape[0]
    return total


def brute_force(network, x, steps_engine):
    """Synops by walking every spike of every step through the network's own windows."""
    sources = [node for node in network.nodes if isinstance(node, Fire)]
    done = run(network, x, engine=steps_engine, record=[s.layer for s in sources])
    total = 0
    for source in sources:
        spikes = done.trains[source.layer]
        spikes = spikes.raster().spikes if hasattr(spikes, "raster") else spikes.spikes
        pool = next((c for c in network.consumers(source) if isinstance(c, MaxPool)), None)
        if pool is None:
            for _, _, channel, *position in spikes.nonzero().tolist():
                total += synapses(network, source, channel, tuple(position))
        else:
            for channel, position in first_of_windows(spikes, pool):
                total += synapses(network, pool, channel, position)
    return total, done.counts.total("synops")


def first_of_windows(spikes, pool):
    """TTFS: one event a window that holds a spike; ``spikes`` is ``[steps, batch, channel, h, w]``."""
    seen = spikes.any(0).float()
    pooled = nn.functional.max_pool2d(seen, pool.kernel, pool.stride, pool.padding)
    for _, channel, *position in pooled.nonzero().tolist():
        yield channel, tuple(position)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_synops_equal_brute_force(layer, pool):
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), pool, layer, nn.ReLU(), nn.Flatten(), nn.LazyLinear(3)
    )
    x = inputs(2, shape=(1, 7, 7))
    body(x)
    network = convert(body, x, code=TTFS(steps=8, tau=2), percentile=100)
    expected, counted = brute_force(network, x, "closed")
    assert counted == expected > 0


@pytest.mark.parametrize("code", [Rate(steps=6), Phase(steps=8)], ids=repr)
@pytest.mark.parametrize("pool", ["none", "average", "average overlapping"])
def test_synops_of_stepped_codes_equal_brute_force(code, pool):
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1),
        nn.ReLU(),
        POOLS[pool],
        LAYERS["stride"],
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(3),
    )
    x = inputs(2, shape=(1, 7, 7))
    body(x)
    network = convert(body, x, code=code, percentile=100)
    expected, counted = brute_force(network, x, "stepped")
    assert counted == expected > 0


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_macs_are_half_of_torchs_flops(layer):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 2, 5), nn.ReLU(), nn.MaxPool2d(2), layer, nn.ReLU(), nn.Flatten(), nn.LazyLinear(7)
    ).eval()
    x = inputs(1, shape=(1, 17, 17))
    net(x)
    with FlopCounterMode(display=False) as counter:
        net(x)
    counts = run(trace(net, x), x).counts
    assert 2 * counts.total("macs") == counter.get_total_flops() > 0


def test_macs_of_one_dimensional_networks():
    net = nn.Sequential(
        nn.Conv1d(3, 4, 5, stride=2, padding=2), nn.ReLU(), nn.AvgPool1d(2), nn.Flatten(), nn.LazyLinear(2)
    ).eval()
    x = torch.rand(2, 3, 40)
    net(x)
    with FlopCounterMode(display=False) as counter:
        net(x)
    assert 2 * run(trace(net, x), x).counts.total("macs") == counter.get_total_flops()


def test_state_updates_by_definition():
    """A neuron compares in every step of its window until it has fired."""
    x = inputs(3)
    for code in (Rate(steps=6), TTFS(steps=10, tau=3)):
        network = convert(small_cnn(), inputs(32), code=code)
        fires = list(network.all(Fire))
        done = run(network, x, engine="stepped", record=[f.layer for f in fires])
        expected = 0
        for fire in fires:
            raster = done.trains[fire.layer].spikes
            before = raster.int().cumsum(0) - raster.int()
            expected += int((before == 0).sum()) if code.waits else raster.numel()
        assert done.counts.total("state_updates") == expected


@pytest.mark.parametrize(
    ("code", "thresholds", "states"),
    [
        (Rate(steps=4), 1, 1),
        (Rate(steps=4, corrected=True), 2, 2),
        (Burst(steps=4), 1, 2),
        (Burst(steps=4, beta=1.0), 1, 1),
        (Phase(steps=8), 1, 1),
        (TTFS(steps=10, tau=3), 1, 1),
    ],
    ids=lambda each: getattr(each, "label", None),
)
def test_thresholds_and_states_are_the_neurons(code, thresholds, states):
    counts = run(convert(small_cnn(), inputs(32), code=code), inputs(1)).counts
    layers = [layer for layer in counts.layers if layer.neurons]
    assert layers and {(layer.thresholds, layer.states) for layer in layers} == {(thresholds, states)}


def test_every_layer_of_the_test_network_fires():
    """Otherwise equal counts would prove little."""
    for code in (Rate(steps=12), Phase(steps=16), TTFS(steps=20)):
        counts = run(convert(small_cnn(), inputs(32), code=code), inputs(4)).counts
        assert all(layer.spikes > 0 for layer in counts.layers if layer.neurons)
        assert all(layer.synops > 0 for layer in counts.layers if layer.weights)


def test_plan_is_made_once():
    network = convert(small_cnn(), inputs(8), code=TTFS(steps=10))
    assert plan(network) is plan(network)
