"""The verb measure: whatever users hand in as data, one row with accuracy, counts, joules, seconds and memory."""

import json

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import picojoule as pj
from nets import converted, inputs, small_cnn
from picojoule.base.errors import DataError, EngineError
from picojoule.codes import TTFS, Rate
from picojoule.conversion import quantise
from picojoule.cost import price, profiles
from picojoule.data.vision import Images
from picojoule.engines import run
from picojoule.result import Result

X = inputs(30, 4)
Y = small_cnn()(X).argmax(1)
Y[:6] = (Y[:6] + 1) % 5
"""Labels of which the ANN gets 24 of 30 right."""
ANN_ACCURACY = 24 / 30

DATA = {
    "pair": (X, Y),
    "list": [X, Y],
    "dataset": TensorDataset(X, Y),
    "loader": DataLoader(TensorDataset(X, Y), batch_size=7),
    "images": Images(images=X, labels=Y),
    "batches": list(zip(X.split(11), Y.split(11), strict=True)),
}


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_every_form_of_data_gives_the_same_row(data):
    network = converted(TTFS(steps=200))
    done = run(network, X)
    (row,) = pj.measure(network, data, batch=8).rows
    assert row.metrics["accuracy"] == pytest.approx(float((done.values.argmax(1) == Y).double().mean()))
    assert row.counts["synops"] == done.counts.total("synops") / 30
    assert row.counts["spikes"] == done.counts.hidden_spikes / 30
    assert row.metrics["spikes_per_neuron"] == row.counts["spikes"] / done.counts.neurons
    low, high = row.interval["accuracy"]
    assert low < row.metrics["accuracy"] < high
    assert row.seconds_per_sample > 0 and row.peak_bytes > 0


def test_a_plain_module_is_measured_as_the_dense_ann_it_is():
    result = pj.measure(small_cnn(), (X, Y))
    (row,) = result.rows
    assert row.system == "ann fp32" and row.metrics == {"accuracy": ANN_ACCURACY}
    assert row.counts["macs"] == 16 * 16 * 6 * 9 + 4 * 4 * 8 * 27 + 5 * 32
    assert all(row.counts[unknown] is None for unknown in ("steps", "spikes", "synops", "state_updates"))
    assert result.data["test"] == 30


def test_a_limit_takes_the_first_samples():
    for data in DATA.values():
        result = pj.measure(small_cnn(), data, limit=13, batch=5)
        assert result.data["test"] == 13
        assert result.rows[0].metrics["accuracy"] == pytest.approx((13 - 6) / 13)
    assert pj.measure(small_cnn(), (X, Y), limit=999).data["test"] == 30


def test_unlabelled_data_has_no_accuracy():
    for data in (X, DataLoader(TensorDataset(X), batch_size=9), list(X.split(4))):
        (row,) = pj.measure(converted(Rate(steps=8)), data).rows
        assert "accuracy" not in row.metrics and not row.interval and row.counts["spikes"] > 0


WRONG = {
    "labels out of range": ((X, Y + 5), {}, "labels from"),
    "fewer labels": ((X, Y[:20]), {}, "30 inputs and 20 labels"),
    "one-hot labels": ((X, torch.eye(5)[Y]), {}, "labels of shape"),
    "empty": ((X[:0], Y[:0]), {}, "no sample"),
    "a generator": (iter([(X, Y)]), {}, "only once"),
    "text": ("digits", {}, "a batch of type str"),
    "limit 0": ((X, Y), {"limit": 0}, "limit=0"),
    "batch 0": ((X, Y), {"batch": 0}, "a batch of 0"),
}


@pytest.mark.parametrize(("data", "options", "message"), WRONG.values(), ids=WRONG)
def test_wrong_data(data, options, message):
    with pytest.raises(DataError, match=message) as caught:
        pj.measure(converted(Rate(steps=4)), data, **options)
    assert caught.value.remedy


def test_an_engine_that_cannot():
    with pytest.raises(EngineError, match="no closed form"):
        pj.measure(converted(Rate(steps=4)), (X, Y), engine="closed")


# --- joules -----------------------------------------------------------------------------------------------------------


def test_joules_are_those_of_the_price_or_null_with_the_reason():
    network = converted(TTFS(steps=40))
    (row,) = pj.measure(network, (X, Y)).rows
    energies = {energy.profile: energy for energy in row.energy}
    expected = price(run(network, X).counts, profiles.HOROWITZ_FP32).joules
    assert energies["horowitz-45nm-fp32"].joules == pytest.approx(expected)
    assert energies["horowitz-45nm-int8"].joules is None and "32" in energies["horowitz-45nm-int8"].reason
    assert all(energy.evidence == "computed" for energy in row.energy)


def test_an_ann_has_no_price_on_loihi():
    (energy,) = pj.measure(small_cnn(), (X, Y), profiles=[profiles.LOIHI]).rows[0].energy
    assert energy.joules is None and "multiply-accumulate" in energy.reason


def test_normalised_energy_names_its_reference():
    short, long = converted(Rate(steps=8)), converted(Rate(steps=16))
    options = {"profiles": [profiles.TRUENORTH_NORMALISED]}
    (alone,) = pj.measure(short, (X, Y), **options).rows[0].energy
    assert alone.relative is None and alone.reason == "no reference system was given"
    (energy,) = pj.measure(short, (X, Y), reference=long, **options).rows[0].energy
    spikes = [run(net, X, engine="stepped").counts.hidden_spikes for net in (short, long)]
    assert energy.relative == pytest.approx(0.4 * spikes[0] / spikes[1] + 0.6 * 0.5)
    assert energy.reference == "rate T=16"


def test_few_bits_have_no_seconds():
    """Floats that stand on a grid are no int8 kernel: their time would mislead."""
    assert pj.measure(quantise(small_cnn(), X), (X, Y)).rows[0].seconds_per_sample is None


# --- results ----------------------------------------------------------------------------------------------------------


def test_a_result_prints_and_goes_through_its_file(tmp_path):
    result = pj.measure(converted(TTFS(steps=40)), (X, Y), name="mine")
    assert "mine" in str(result) and "accuracy" in str(result)
    assert Result.load(result.save(tmp_path / "r.json")) == result
    assert json.loads(result.to_json())["schema"] == 1


def test_two_results_make_one_report(tmp_path):
    ann = pj.measure(small_cnn(), (X, Y))
    spiking = pj.measure(converted(TTFS(steps=40)), (X, Y))
    report = pj.report([ann, spiking])
    for name in ("a.html", "a.md", "a.csv", "a.tex", "a.json"):
        text = report.save(tmp_path / name).read_text()
        assert "ann fp32" in text and "ttfs T=40" in text, name
    assert "ann fp32" in str(report)


def test_classes_of_a_model_that_gives_one_number_too_few():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(256, 3)).eval()
    with pytest.raises(DataError, match="3 outputs"):
        pj.measure(model, (X, torch.full((30,), 4)))
