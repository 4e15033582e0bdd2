"""Analogue islands: what no neuron does is computed once its inputs are complete, and counted as what it is."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import zoo
from picojoule.base.errors import ConversionError, EngineError, InputError
from picojoule.codes import TTFS, Phase, Rate
from picojoule.conversion import convert, quantise, trace
from picojoule.conversion.trace import trace as trace_in
from picojoule.cost import price
from picojoule.cost.profiles import HOROWITZ_FP32
from picojoule.engines import run
from picojoule.ir import Fire, Island, WeightLayer
from picojoule.ir.file import save
from suite import check_engines_agree
from zoo import pictures, row

X, MORE = pictures(3, 9), pictures(32, 1)


class SqueezeExcite(nn.Module):
    """A product of spikes with values that come two layers later."""

    def __init__(self):
        super().__init__()
        self.conv, self.down, self.up = nn.Conv2d(3, 8, 3, 2), nn.Linear(8, 4), nn.Linear(4, 8)
        self.point, self.head = nn.Conv2d(8, 6, 1), nn.Linear(6, 5)

    def forward(self, x):
        x = F.relu(self.conv(x))
        gate = torch.sigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1).flatten(1)))))
        return self.head(F.relu(self.point(x * gate[:, :, None, None])).mean((2, 3)))


class Attended(nn.Module):
    """torch's own attention, which gives two results, and a ReLU right behind an island."""

    def __init__(self):
        super().__init__()
        self.patch, self.attention = nn.Conv2d(3, 8, 4, 4), nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = F.relu(self.patch(x)).flatten(2).transpose(1, 2)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return self.head(F.relu(F.layer_norm(x, (8,))).mean(1))


NETS = {
    "vit": lambda: zoo.ViT(nn.ReLU),
    "vit gelu": lambda: zoo.ViT(nn.GELU),
    "squeeze": SqueezeExcite,
    "attended": Attended,
}


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    return NETS[name]().eval()


def relative(got, expected) -> float:
    return float((got - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("name", NETS)
def test_traced_networks_compute_what_the_model_does(name):
    model = made(name)
    traced = trace(model, X, islands=True)
    assert any(traced.all(Island))
    assert relative(run(traced, X).values, model(X).detach()) < 2e-6
    assert relative(run(quantise(model, MORE, islands=True), X).values, model(X).detach()) < 0.1


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize(("code", "error"), [(Rate(steps=128), 0.03), (TTFS(steps=200), 0.03)], ids=repr)
def test_spikes_approach_the_model(name, code, error):
    model = made(name)
    network = convert(model, MORE, code=code, percentile=100, islands=True)
    assert any(network.all(Fire))
    assert relative(run(network, X).values, row(model(X)).detach()) < error


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("source", ["coded", "analogue"])
@pytest.mark.parametrize("code", [Rate(steps=12), TTFS(steps=10)], ids=repr)
def test_engines_agree(name, source, code):
    if (name, source) == ("vit gelu", "analogue"):
        pytest.skip("no neuron is left")
    network = convert(made(name).double(), MORE.double(), code=code, percentile=100, islands=True, input=source)
    check_engines_agree(network, X.double(), exactly=False)


def test_every_code_waits_for_an_island():
    """A rate network has one window in front of its island and one behind; an output that is an island has none."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(768, 6), nn.ReLU(), nn.Softmax(1), nn.Linear(6, 5), nn.ReLU(),
                          nn.Linear(5, 4)).eval()  # fmt: skip
    for code, before in ((Rate(steps=16), 1), (Phase(steps=16), 1), (TTFS(steps=16), 2)):
        assert run(convert(model, MORE, code=code, islands=True), X).counts.steps == 16 * (before + 1)
        ends = nn.Sequential(*model[:4])
        done = run(convert(ends, MORE, code=code, islands=True), X, engine="stepped", trajectory=True)
        assert done.counts.steps == len(done.trajectory) == 16 * before
        torch.testing.assert_close(done.values.sum(1), torch.ones(3))


def test_counts_are_those_of_brute_force():
    model = made("squeeze")
    network = convert(model, MORE, code=TTFS(steps=20), islands=True)
    done = run(network, X, record=["conv", "down"])
    counts = {layer.name: layer for layer in done.counts.layers}
    product = next(node for node in network.all(Island) if node.operation == "mul")
    with FlopCounterMode(display=False) as counter:
        product.function(torch.rand(1, 8, 7, 7), torch.rand(1, 8, 1, 1))
    assert product.macs == counter.get_total_flops() // 2 + 8 * 49 + 8 + 8 * 49
    spikes = done.trains["conv"].raster().spikes.sum().item()
    mine = counts[product.name]
    assert (mine.events_in, mine.synops, mine.payload) == (spikes, spikes, "real")
    assert mine.macs == mine.effective_macs == 3 * product.macs
    assert mine.bias_adds == 0, "only a weight layer reads it"
    assert counts["point"].macs == 3 * 49 * 48 and counts["point"].bias_adds == 3 * 49 * 6
    assert counts["up"].synops == 8 * counts["down"].spikes
    assert price(done.counts, HOROWITZ_FP32).by_action["mac"] > 0


def test_attention_is_counted_as_its_matrix_products():
    network = trace(made("attended"), X, islands=True)
    attention = next(node for node in network.all(Island) if node.operation == "MultiheadAttention")
    tokens, width = 16, 8
    products = 4 * tokens * width * width + 2 * tokens * tokens * width
    values = 2 * tokens * width
    assert attention.macs == products + values and attention.weights == 4 * width * width + 4 * width


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rows, self.head = nn.LSTM(48, 6, batch_first=True), nn.Linear(6, 3)

    def forward(self, x):
        return self.head(F.relu(self.rows(x.transpose(1, 2).flatten(2))[0][:, -1]))


def test_recurrence_is_counted_as_its_matrix_products():
    torch.manual_seed(0)
    model = Recurrent().eval()
    island = next(trace(model, X, islands=True).all(Island))
    assert island.operation == "LSTM"
    assert island.macs == 16 * 4 * 6 * (48 + 6) + 16 * 48 + 16 * 6
    network = convert(model, MORE, code=TTFS(steps=200), islands=True, percentile=100)
    assert relative(run(network, X).values, model(X).detach()) < 0.02


def test_the_report_says_what_is_analogue():
    network = convert(made("squeeze"), MORE, code=Rate(steps=8), islands=True)
    assert dict(network.conversion.choices)["analogue islands"] == "2: 1 mul, 1 sigmoid"
    assert {fate.became for fate in network.conversion.fates if fate.by == "settle"} == {"analogue island"}
    assert run(network, X).plan.endswith("analogue islands: 2")
    assert not any(
        "islands" in name for name, _ in convert(zoo.trained("vgg"), MORE, code=Rate(steps=4)).conversion.choices
    )


def test_a_network_with_islands_is_not_saved(tmp_path):
    network = convert(made("squeeze"), MORE, code=Rate(steps=8), islands=True)
    with pytest.raises(InputError, match="is an analogue island"):
        save(network, tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_run_cannot_go_on_behind_an_island():
    network = convert(made("squeeze"), MORE, code=Rate(steps=8), islands=True)
    with pytest.raises(EngineError, match="islands compute once"):
        run(network, X, state=run(network, X).state)
    for engine in ("event", "layered"):
        with pytest.raises(EngineError, match="analogue island"):
            run(network, X, engine=engine)


class AcrossSamples(nn.Module):
    def forward(self, x):
        return x.softmax(0)


class Random(nn.Module):
    def forward(self, x):
        return F.dropout(x, 0.5)


@pytest.mark.parametrize("model", [AcrossSamples, Random])
def test_an_island_treats_samples_alike(model):
    with pytest.raises(ConversionError, match=r"depends on the others, or is random"):
        trace_in(nn.Sequential(nn.Conv2d(3, 2, 3), model()).eval(), X, islands=True)


def test_without_being_asked_for_it_is_an_error_that_names_them():
    with pytest.raises(ConversionError, match="islands=True"):
        convert(made("squeeze"), MORE, code=Rate(steps=8))


def test_layers_that_read_an_island_are_dense():
    network = convert(made("vit"), MORE, code=Rate(steps=4), islands=True)
    dense = {layer.name for layer in network.all(WeightLayer) if layer.name in network.analogue}
    assert "blocks.0.attn.qkv" in dense and "blocks.0.mlp.2" not in dense
