"""Deep spiking networks: engines agree, counts are those of brute force, and they learn where they should."""

from itertools import pairwise

import herding_brute as brute
import pytest
import torch

from picojoule.base.errors import DataError, EngineError, InputError
from picojoule.data.vision import synthetic
from picojoule.herding import BackwardPotential, DeepSpikingNet, Form
from picojoule.herding.identities import engines_that_differ, rectified_that_differ, signed_that_differ

SIZES = (12, 9, 7, 4)
POTENTIALS = {
    "zero": BackwardPotential.zero(),
    "carry": BackwardPotential.carry(),
    "leaky": BackwardPotential.leaky_carry(0.3),
    "uniform": BackwardPotential.uniform(),
    "normal": BackwardPotential.normal(),
    "schedule": BackwardPotential.schedule(),
}
CASES = [
    {"potential": potential, "update": update, "lanes": lanes}
    for potential in POTENTIALS.values()
    for update, lanes in (("batch", 1), ("batch", 5), ("fractional", 1))
]


def samples(n=30, seed=0, inputs=12, classes=4):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, inputs, generator=generator), torch.randint(0, classes, (n,), generator=generator)


def network(engine, seed=0, **settings):
    form = Form(**({"sizes": SIZES, "steps": 6, "std": None, "rate": 0.036, "engine": engine} | settings))
    return DeepSpikingNet(form, generator=torch.Generator().manual_seed(seed))


def taught(net, epochs=2, n=30):
    x, y = samples(n)
    torch.manual_seed(5)
    values = [net.learn(x, y, epoch).values for epoch in range(epochs)]
    return torch.stack(values)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_events_equal_lanes_bit_for_bit_in_whole_numbers(case):
    events, lanes = (network(engine, integer=True, **case) for engine in ("events", "lanes"))
    before = events.weights.clone()
    assert torch.equal(taught(events), taught(lanes))
    for key, value in events.state_dict().items():
        assert torch.equal(value, lanes.state_dict()[key]), key
    assert not torch.equal(before, events.weights)
    assert events.tally[0, 2] > 0, "no error reached the first layer"
    one, other = events.answer(samples(7, 1)[0]), lanes.answer(samples(7, 1)[0])
    assert torch.equal(one.values, other.values) and torch.equal(one.tally, other.tally)


@pytest.mark.parametrize("update", ["batch", "smooth", "fractional"])
def test_events_equal_lanes_in_floats(update):
    """A step of weights in one go: sums may be added in another order, so the last bits may differ, but no spike."""
    events, lanes = (network(engine, update=update) for engine in ("events", "lanes"))
    x, y = samples(1)
    for net in (events, lanes):
        net.learn(x, y)
    assert torch.equal(events.tally, lanes.tally)
    torch.testing.assert_close(events.weights, lanes.weights)


def test_a_broken_engine_would_be_caught(monkeypatch):
    """The same comparison, with a backward path that forgets its gate."""
    from picojoule.herding import lanes as module

    monkeypatch.setattr(module, "_gate", lambda e, z: e)
    events, lanes = (network(engine, integer=True) for engine in ("events", "lanes"))
    taught(events), taught(lanes)
    assert not torch.equal(events.weights, lanes.weights)


@pytest.mark.parametrize("seed", range(5))
def test_counts_weights_and_potentials_are_those_of_brute_force(seed):
    net = network("events", seed=seed, integer=True, potential=BackwardPotential.carry())
    x, y = samples(6, seed)
    q = int(net.form.quantum)
    weights = [w.tolist() for w in net.layers]
    psi = [[0] * n for n in SIZES]
    drives = (x * q).round().int().tolist()
    tally = torch.zeros(3, 4, dtype=torch.int64)
    z = []
    for drive, label in zip(drives, y.tolist(), strict=True):
        last, c, errors, psi, seen = brute.present(drive, label, weights, psi, net.form.steps, q)
        adds = brute.learn(weights, c, errors)
        tally += torch.tensor([[*row, n] for row, n in zip(seen, adds, strict=True)])
        z.append(last)
    values = net.learn(x, y).values
    assert torch.equal(net.tally, tally)
    assert [w.tolist() for w in net.layers] == weights
    assert net.psi.flatten().tolist() == [*psi[1], *psi[2]]
    torch.testing.assert_close(values, torch.tensor(z) / (net.form.steps * q))


def test_lanes_add_up_the_updates_of_one_round():
    """Five samples in five lanes are five networks of one sample each whose changes are added."""
    x, y = samples(5)
    together = network("events", integer=True, lanes=5, potential=BackwardPotential.zero())
    start = together.weights.clone()
    together.learn(x, y)
    change = torch.zeros_like(start)
    for one, label in zip(x, y, strict=True):
        alone = network("events", integer=True, potential=BackwardPotential.zero())
        alone.learn(one[None], label[None])
        change += alone.weights - start
    assert torch.equal(together.weights, start + change)


def test_answers_depend_on_no_lane_and_change_nothing():
    net = network("events", lanes=3, potential=BackwardPotential.carry())
    taught(net)
    state = {key: value.clone() for key, value in net.state_dict().items()}
    x, _ = samples(11, 2)
    whole = net(x)
    torch.testing.assert_close(torch.cat([net(each[None]) for each in x]), whole)
    assert all(torch.equal(value, state[key]) for key, value in net.state_dict().items())


def test_a_network_without_time_has_the_inputs_and_first_sums_of_the_one_with():
    collapsed, stepped = (network(engine, integer=True) for engine in ("collapsed", "lanes"))
    x, _ = samples(20)
    deep = {engine: net.answer(x).tally[0, 0] for engine, net in (("c", collapsed), ("s", stepped))}
    assert deep["c"] == deep["s"]
    shallow = [network(engine, integer=True, sizes=(12, 4))(x) for engine in ("collapsed", "lanes")]
    assert torch.equal(*shallow)


def test_a_collapsed_network_learns_digits():
    """And what it learnt is good for the network with time."""
    data = synthetic.load(train=400, test=200, seed=3)
    form = Form(sizes=(784, 50, 50, 10), std=None, lanes=10, engine="collapsed", potential=BackwardPotential.uniform())
    net = DeepSpikingNet(form, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    for epoch in range(8):
        net.learn(data.train.images, data.train.labels, epoch)
    timed = DeepSpikingNet(Form(sizes=form.sizes))
    timed.weights.copy_(net.weights)
    for each in (net, timed):
        assert (each(data.test.images).argmax(1) == data.test.labels).double().mean() > 0.85


@pytest.mark.parametrize(("potential", "learns"), [("zero", False), ("carry", True), ("uniform", True)])
def test_the_potential_decides_at_the_published_initialisation(potential, learns):
    """W ~ N(0, 0.01²), 784-200-200-10, T=10, η=0.01, one sample at a time: zero does not learn, carry and dither do."""
    data = synthetic.load(train=1500, test=300, seed=1)
    form = Form(sizes=(784, 200, 200, 10), potential=POTENTIALS[potential])
    net = DeepSpikingNet(form, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    for epoch in range(3):
        net.learn(data.train.images, data.train.labels, epoch)
    accuracy = float((net(data.test.images).argmax(1) == data.test.labels).double().mean())
    assert (accuracy > 0.8) if learns else (accuracy < 0.2)


def test_a_diverged_network_ends():
    net = network("events", std=1e6)
    taught(net)
    assert torch.isfinite(net.weights).all()


def test_identities_hold():
    assert (signed_that_differ(), rectified_that_differ(), engines_that_differ()) == (0, 0, 0)


def test_double_precision_runs_in_lanes():
    net = network("auto").double()
    assert net.engine == "lanes"
    taught(net)
    assert network("auto").engine == "events"
    with pytest.raises(EngineError, match=r"no compiled events for torch.float64 on cpu.*Remedy: use engine=\"lanes\""):
        taught(network("events").double())


def test_layers_are_views_of_the_weights():
    net = network("auto")
    assert [tuple(w.shape) for w in net.layers] == list(pairwise(SIZES))
    net.layers[1].zero_()
    assert (net.weights[108:171] == 0).all() and (net.weights[:108] != 0).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sizes": (4,)}, "layers of"),
        ({"steps": 0}, "T=0"),
        ({"rate": float("nan")}, "a rate of nan"),
        ({"std": -1.0}, "weights of deviation -1.0"),
        ({"update": "sometimes"}, "an update 'sometimes'"),
        ({"engine": "fast"}, "an engine 'fast'"),
        ({"update": "fractional", "lanes": 2}, "fractional updates with lanes"),
        ({"integer": True, "update": "smooth"}, "whole numbers with smooth"),
        ({"integer": True, "rate": 4.0}, "T²/η = 9"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=f"Form: .*{message}.*Remedy"):
        network("auto", **settings) if "engine" not in settings else Form(sizes=SIZES, **settings)


def test_wrong_samples_are_refused():
    net = network("auto")
    x, y = samples(5)
    with pytest.raises(DataError, match=r"samples of 11 numbers for 12 inputs.*Remedy"):
        net(x[:, :11])
    with pytest.raises(
        DataError, match=r"5 labels from 4 to 4.*Remedy: give each of the 5 samples a label from 0 to 3"
    ):
        net.learn(x, torch.full((5,), 4))
    with pytest.raises(DataError, match="4 labels"):
        net.learn(x, y[:4])
