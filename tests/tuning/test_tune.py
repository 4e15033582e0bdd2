"""The first setting by price that holds; a promise with a margin; exits counted as what they are."""

from dataclasses import replace

import pytest
import torch

import nets
import picojoule as pj
from picojoule.base.errors import DataError, InputError, PriceError
from picojoule.codes import TTFS, Burst, Hybrid, Phase, Rate
from picojoule.data.vision import digits
from picojoule.ir import WeightLayer
from picojoule.models import embedded
from picojoule.tuning import anytime, drop_on
from picojoule.tuning.settings import FAMILIES, Setting, every
from picojoule.tuning.trial import Drop, Samples


@pytest.fixture(scope="module")
def system():
    return embedded(), digits.load()


def test_a_drop_is_paired_and_has_a_margin():
    right = torch.tensor([True] * 8 + [False] * 2)
    samples = Samples(x=torch.zeros(10, 1), labels=torch.zeros(10, dtype=torch.long), right=right)
    decisions = torch.tensor([1, 1] + [0] * 7 + [1])
    drop = samples.drop(decisions)
    assert (drop.lost, drop.won, drop.samples) == (2, 1, 10)
    assert drop.value == pytest.approx(0.1)
    assert drop.margin == pytest.approx(1.28 * 3**0.5 / 10)
    assert not drop.holds(0.1) and drop.holds(0.33) and not drop.fails(0.0)
    assert Drop(lost=0, won=0, samples=50).holds(0)
    assert Drop(lost=40, won=0, samples=50).fails(0.5)


def test_the_cheapest_that_holds_is_chosen_and_keeps_its_promise(system):
    """Against every setting measured on its own."""
    model, data = system
    settings = [Setting(code=Rate(steps=steps)) for steps in (2, 4, 16)] + [Setting(code=TTFS(steps=4, tau=1.0))]
    known, unseen = ((data.test.images[part], data.test.labels[part]) for part in (slice(0, 150), slice(150, 400)))
    found = pj.tune(model, data.train.take(200), known, max_drop=0.02, settings=settings)
    assert found.setting is not None and found.network is not None and found.drop is not None
    assert found.drop.holds(0.02)
    prices = {}
    for setting in settings:
        network = pj.convert(model, data.train.take(200), **setting.options())
        measured = pj.measure(network, known, profiles=[pj.profiles.HOROWITZ_FP32]).rows[0]
        if drop_on(model, network, known).holds(0.02):
            prices[setting] = measured.energy[0].joules
    assert found.setting == min(prices, key=prices.get)
    assert drop_on(model, found.network, unseen).value <= 0.02
    assert {"ann fp32", "ann int8", "ann int8 (zeros skipped)", found.setting.name} <= {
        each.system for each in found.result.rows
    }
    assert f"cheapest within 2.00% of the ANN: {found.setting.name}" == found.result.title
    assert len(found.told) <= len(settings) + 1


def test_what_calibration_makes_cheaper_is_found_behind_the_first(system):
    """Kernels fitted to each layer fire less often than their price without calibration says."""
    model, data = system
    known = (data.test.images[:100], data.test.labels[:100])
    code = TTFS(steps=12, tau=2.0, threshold=0.8)
    plain, fitted = (Setting(code=code, calibrate=calibrate) for calibrate in ((), ("kernel",)))
    found = pj.tune(model, data.train.take(100), known, max_drop=0.5, settings=[plain, fitted])
    joules = {row.system: row.energy[0].joules for row in found.result.rows}
    cheaper = min((plain, fitted), key=lambda each: joules[each.name])
    assert {plain.name, fitted.name} <= set(joules) and found.setting == cheaper


def test_where_nothing_holds_it_says_so(system):
    model, data = system
    known = (data.test.images[:100], data.test.labels[:100])
    found = pj.tune(model, data.train.take(50), known, max_drop=0, settings=[Setting(code=TTFS(steps=1))])
    assert found.network is None and found.setting is None
    assert "no setting is within 0.00%" in str(found)


def test_exits_are_counted_as_what_they_run():
    """A sample that stops after t steps costs what a network of t steps costs, and decides as it."""
    network = nets.converted(Rate(steps=12), calibrate="membrane")
    x = nets.inputs(10, seed=3)
    path = anytime.trajectories(network, x)
    assert torch.allclose(path[-1], pj.run(network, x).values, atol=1e-5)
    assert torch.allclose(path[4], pj.run(anytime.with_steps(network, 5), x).values, atol=1e-5)
    steps, decisions = anytime.exits(path, 0.4)
    assert torch.equal(decisions, path.argmax(-1)[steps - 1, torch.arange(10)])
    sure = path.softmax(-1).amax(-1) >= 0.4
    assert all(not sure[: step - 1, i].any() and (sure[step - 1, i] or step == 12) for i, step in enumerate(steps))
    counts = anytime.counts_of(network, x, steps)
    alone = [pj.run(anytime.with_steps(network, int(step)), x[i : i + 1]).counts for i, step in enumerate(steps)]
    assert counts.samples == 10
    for what in ("spikes", "synops", "state_updates", "bias_adds"):
        assert counts.total(what) == sum(each.total(what) for each in alone)


def test_the_row_of_an_exit(system):
    model, data = system
    known = (data.test.images[:100], data.test.labels[:100])
    settings = [Setting(code=Rate(steps=16, corrected=corrected)) for corrected in (False, True)]
    found = pj.tune(model, data.train.take(50), known, max_drop=0.05, settings=settings, exit_early=True)
    (row,) = [each for each in found.result.rows if "exit" in each.system]
    assert row.system.startswith("rate T=16 corrected exit"), "of settings with as many steps the better one"
    whole = pj.convert(model, data.train.take(50), **settings[1].options())
    (whole,) = pj.measure(whole, known, profiles=[pj.profiles.HOROWITZ_FP32]).rows
    assert 1 <= row.metrics["mean_steps"] < 16
    assert row.energy[0].joules < whole.energy[0].joules


def test_every_family_names_each_setting_once():
    names = [setting.name for setting in [*every(), *every(weight_bits=(8, 4))]]
    assert len(names) == len(set(names)) > 120
    assert {setting.code.name for setting in every(["burst", "rate"])} == {"burst", "rate"}


def test_weights_are_as_wide_as_the_profile(system):
    """Otherwise no setting would have a price on a narrow datapath."""
    model, data = system
    known = (data.test.images[:50], data.test.labels[:50])
    profile = pj.profiles.HOROWITZ_INT8
    settings = every(["rate"], weight_bits=profile.weight_bits[:1])[:12]
    found = pj.tune(model, data.train.take(50), known, max_drop=0.2, profile=profile, settings=settings)
    assert found.setting is not None and found.setting.weight_bits == 8
    assert found.network is not None and found.network.name == found.setting.name
    assert {layer.bits for layer in found.network.all(WeightLayer)} == {8}
    row = next(each for each in found.result.rows if each.system == found.setting.name)
    assert row.energy[0].profile == profile.name and row.energy[0].joules > 0
    assert [each.weight_bits for each in (profile, pj.profiles.HOROWITZ_FP32, pj.profiles.LOIHI)] == [
        (8, 4),
        (32,),
        (32,),
    ]


def test_a_hybrid_is_a_setting_too(system):
    model, data = system
    known = (data.test.images[:20], data.test.labels[:20])
    hybrid = Setting(code=Hybrid(input=Phase(steps=8), hidden=Burst(steps=8)))
    found = pj.tune(model, data.train.take(50), known, max_drop=0.5, settings=[hybrid, Setting(code=Rate(steps=64))])
    assert found.setting == hybrid


def test_what_has_no_price_is_left_out_and_told(system):
    """A first spike carries a real number, for which eight bits have no price."""
    model, data = system
    known = (data.test.images[:20], data.test.labels[:20])
    first_spike, rate = (Setting(code=code, weight_bits=8) for code in (TTFS(steps=12), Rate(steps=16)))
    options = {"max_drop": 0.5, "profile": pj.profiles.HOROWITZ_INT8}
    found = pj.tune(model, data.train.take(50), known, settings=[first_spike, rate], **options)
    assert found.setting == rate and any(first_spike.name in line and "no price" in line for line in found.told)
    with pytest.raises(PriceError, match="no price"):
        pj.tune(model, data.train.take(50), known, settings=[first_spike], **options)


@pytest.mark.parametrize("setting", [each[0] for each in (every([name]) for name in FAMILIES)], ids=lambda s: s.name)
def test_a_setting_of_every_family_is_named_as_its_network(setting):
    setting = replace(setting, weight_bits=8)
    network = pj.convert(nets.small_cnn(), nets.inputs(8), **setting.options())
    assert setting.name.startswith(network.name.removesuffix(" int8")) and setting.name.endswith(" int8")


def test_wrong_input_is_refused(system):
    model, data = system
    x = data.test.images[:4]
    with pytest.raises(InputError, match="max_drop=2"):
        pj.tune(model, x, (x, data.test.labels[:4]), max_drop=2)
    with pytest.raises(DataError, match="no labels"):
        pj.tune(model, x, x)
