"""Analogue islands: what no neuron does is computed once its inputs are complete, and counted as what it is."""

import json

import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import zoo
from picojoule.base.errors import ConversionError, EngineError, InputError, WeightsError
from picojoule.codes import TTFS, Phase, Rate
from picojoule.conversion import convert, quantise, trace
from picojoule.conversion.trace import trace as trace_in
from picojoule.cost import price
from picojoule.cost.profiles import HOROWITZ_FP32
from picojoule.engines import run
from picojoule.ir import Fire, Island, WeightLayer
from picojoule.ir.file import load, save
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


class Made(nn.Module):
    """Islands of many kinds, one behind the other."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 5)
        self.register_buffer("gate", torch.rand(8, 1, 1))
        self.norms = nn.ModuleList([nn.GroupNorm(2, 8), nn.LocalResponseNorm(3), nn.InstanceNorm2d(8, affine=True)])
        self.curves = nn.ModuleList([nn.Softplus(2.0), nn.ELU(0.5), nn.Softshrink(0.1), nn.PReLU(8), nn.GELU("tanh")])
        self.rows = nn.GRU(16, 16, 2, batch_first=True, bidirectional=True)
        self.plain = nn.LayerNorm((8, 1), elementwise_affine=False)

    def forward(self, x):
        x = F.relu(self.conv(x))
        for each in (*self.norms, *self.curves):
            x = each(x)
        x = x.masked_fill(self.gate > 0.5, 0.25) / x.norm(dim=1, keepdim=True).clamp(min=0.1)
        x = torch.einsum("bcij,bcjk->bcik", x, x) + torch.logsumexp(x, 1, keepdim=True)
        x = self.rows(x.flatten(2))[0][..., :1]
        return self.head(F.relu(self.plain(x).amax(2)))


class Odd(nn.Module):
    def forward(self, x):
        return torch.erfinv(x.flatten(1) / 2)


NETS = {
    "vit": lambda: zoo.ViT(nn.ReLU),
    "vit gelu": lambda: zoo.ViT(nn.GELU),
    "squeeze": SqueezeExcite,
    "attended": Attended,
}


def made(name: str):
    torch.manual_seed(0)
    if name == "exported":
        return torch.export.export(NETS["vit"]().eval(), (X,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    return {**NETS, "recurrent": Recurrent, "made of torch": Made}[name]().eval()


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
def test_engines_agree(name, source):
    if (name, source) == ("vit gelu", "analogue"):
        pytest.skip("no neuron is left")
    options = {"code": TTFS(steps=10), "percentile": 100, "islands": True, "input": source}
    check_engines_agree(convert(made(name).double(), MORE.double(), **options), X.double(), exactly=False)


def test_an_island_in_the_midst_of_rates_is_left_to_the_oracle():
    network = convert(made("squeeze"), MORE, code=Rate(steps=12), islands=True)
    assert "waits for all of its inputs" in run(network, X).plan and run(network, X).plan.startswith("stepped")


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


def saved(network, tmp_path):
    return load(save(network, tmp_path / "net.safetensors"))


@pytest.mark.parametrize("name", [*NETS, "recurrent", "exported", "made of torch"])
def test_a_network_with_islands_is_saved_with_what_they_compute(name, tmp_path):
    model = made(name)
    networks = [trace_in(model, X, islands=True)]
    if name in NETS:
        networks += [convert(model, MORE, code=code, islands=True) for code in (Rate(steps=8), TTFS(steps=9))]
    for network in networks:
        again = saved(network, tmp_path)
        ours, theirs = run(network, X), run(again, X)
        torch.testing.assert_close(theirs.values, ours.values, rtol=0, atol=1e-6 if name == "made of torch" else 0)
        assert theirs.counts == ours.counts, "a GRU's products round by where its weights are in memory"
        assert len(list(again.all(Island))) == len(list(network.all(Island))) > 0
        assert header(tmp_path)["version"] == 2
        torch.testing.assert_close(run(saved(again, tmp_path), X).values, theirs.values, rtol=0, atol=1e-6)
    save(trace_in(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()), X), tmp_path / "net.safetensors")
    assert header(tmp_path)["version"] == 1, "who knows no islands can read it"


def header(tmp_path):
    with safe_open(tmp_path / "net.safetensors", framework="pt") as file:
        return json.loads(file.metadata()["picojoule"])


def test_what_a_file_cannot_hold_is_said_by_name(tmp_path):
    network = trace_in(Odd(), X, islands=True)
    with pytest.raises(InputError, match=r"island erfinv \(erfinv\) is code.*none of the operations"):
        save(network, tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda told: told.update(of=["torch", "load"]), "no operation 'load'"),
        (lambda told: told.update(of=["os", "system"]), "no operation 'system'"),
        (lambda told: told.update(of=["nn", "Linear"], settings={}), "Linear"),
        (lambda told: told.update(arguments={"pickle": "x"}), "pickle"),
        (lambda told: told.pop("part"), "part"),
    ],
)
def test_a_description_of_other_code_is_refused(change, what, tmp_path):
    path = save(trace_in(made("squeeze"), X, islands=True), tmp_path / "net.safetensors")
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    content = header(tmp_path)
    told = next(node["function"]["operation"] for node in content["nodes"] if node["kind"] == "Island")
    change(told)
    save_file(tensors, path, {"picojoule": json.dumps(content)})
    with pytest.raises(WeightsError, match=what):
        load(path)


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
