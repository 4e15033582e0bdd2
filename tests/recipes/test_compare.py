"""The main job in smoke mode: every system beside its rivals, the same for the same seed."""

from dataclasses import replace

import pytest
from torch import nn

from nets import inputs, small_cnn
from picojoule.base.errors import ConversionError
from picojoule.codes import TTFS, FewSpikes, Hybrid, Phase, Rate
from picojoule.conversion import convert
from picojoule.models import embedded
from picojoule.recipes import compare as module
from picojoule.recipes.compare import compare
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CODED, RATE_STEPS, anns, coded_for
from picojoule.reports import report
from picojoule.result import Result, Row
from picojoule.tuning.settings import Setting

SHORT = tuple(
    Setting(code=code)
    for code in (Rate(steps=8), Phase(steps=8), TTFS(steps=80, tau=20), TTFS.nearest(steps=12, tau=2))
)
SETTINGS = Settings(mode="smoke", limit=8)


@pytest.fixture(scope="module")
def shortened():
    """The list of systems without the long ones, whose reference becomes rate T=8."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CODED", SHORT)
        patch.setattr(module, "REFERENCE", "rate T=8")
        yield


@pytest.fixture(scope="module")
def result(shortened) -> Result:
    return compare(SETTINGS)


def by_name(result: Result) -> dict[str, Row]:
    return {row.system: row for row in result.rows}


def test_rows_of_every_system_and_its_rivals(result):
    assert set(by_name(result)) == {
        *("ann fp32", "ann fp32 (no sparsity training)"),
        *("ann int8", "ann int8 (zeros skipped)", "ann int4", "ann int4 (zeros skipped)"),
        *("rate T=8", "phase T=8", "ttfs T=80", TTFS.nearest(steps=12, tau=2).label),
    }
    assert result.rows[0].system == "ann fp32" and not result.claims and result.mode == "smoke"


def test_all_systems_are_named_apart():
    coded = [convert(small_cnn(), inputs(32), **each.options()).name for each in CODED]
    names = [each.name for each in anns(small_cnn(), inputs(32))] + coded
    assert len(set(names)) == len(names) and {"ann int8", f"rate T={RATE_STEPS[-1]}"} <= set(names)
    assert coded == [each.name for each in CODED]


def test_inputs_below_zero_are_a_current():
    hybrids = [each.code for each in coded_for(inputs(8) - 0.5) if isinstance(each.code, Hybrid)]
    assert hybrids and all(each.input is None for each in hybrids)
    assert coded_for(inputs(8)) == list(CODED)


def test_a_code_that_cannot_carry_the_network_is_a_row_of_what_is_unknown(shortened):
    """Phase has no values below zero; the others go on without it."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 12), nn.LeakyReLU(0.1), nn.Linear(12, 10)).eval()
    result = compare(SETTINGS, model)
    rows = by_name(result)
    phase, rate = rows["phase T=8"], rows["rate T=8"]
    assert phase.metrics == {"accuracy": None} and rate.metrics["accuracy"] is not None
    assert all(each.joules is None and "below zero" in each.reason for each in phase.energy)
    assert len(rate.energy) == len(phase.energy)
    told = str(report(result))
    assert "No energy for phase T=8 under every profile: neurons cannot compute leaky ReLU" in " ".join(told.split())


def test_without_rate_the_last_system_is_the_reference(shortened, monkeypatch):
    monkeypatch.setattr(
        module, "CODED", (*SHORT[:2], Setting(code=FewSpikes(steps=4)), Setting(code=FewSpikes(steps=6)))
    )
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 12), nn.GELU(), nn.Linear(12, 10)).eval()
    rows = by_name(compare(SETTINGS, model))
    assert [each.relative for each in rows["few-spikes K=6"].energy if each.is_relative] == [1.0, 1.0]
    assert len({each.reason for name in ("rate T=8", "phase T=8") for each in rows[name].energy}) == 1


def test_a_network_that_no_code_can_carry_is_refused(shortened, monkeypatch):
    monkeypatch.setattr(module, "CODED", SHORT[1:2])
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 12), nn.LeakyReLU(0.1), nn.Linear(12, 10)).eval()
    with pytest.raises(ConversionError, match="below zero"):
        compare(SETTINGS, model)


def test_every_profile_in_every_row(result):
    profiles = [[energy.profile for energy in row.energy] for row in result.rows]
    assert all(each == profiles[0] for each in profiles) and len(profiles[0]) >= 5
    reference = by_name(result)["rate T=8"]
    assert [energy.relative for energy in reference.energy if energy.is_relative] == [1.0, 1.0]


def test_skipping_zeros_is_cheaper_and_decides_the_same(result):
    rows = by_name(result)
    full, skipping = rows["ann int8"], rows["ann int8 (zeros skipped)"]
    assert skipping.metrics["accuracy"] == full.metrics["accuracy"]
    assert 0 < skipping.counts["macs"] < full.counts["macs"]
    for mine, theirs in zip(skipping.energy, full.energy, strict=True):
        assert mine.joules is None or mine.joules < theirs.joules


def test_metrics_that_need_the_neighbours(result):
    rows = by_name(result)
    assert rows["ann fp32"].metrics["agreement"] == 1.0
    for row in result.rows:
        if row.counts.get("spikes") is not None:
            assert row.metrics["spikes_per_neuron"] > 0 and "break_even_spikes_per_neuron" in row.metrics


def test_curves_of_each_code(result):
    drawn = {(series.name.split(" T=")[0].split(" conv")[0], series.system.split(" T=")[0]) for series in result.series}
    for code in ("rate", "phase", "ttfs"):
        assert ("accuracy against steps", code) in drawn
    assert any(series.name.startswith("raster") for series in result.series)
    assert any(series.name.startswith("first spike times") for series in result.series)


def without_seconds(result: Result) -> Result:
    return replace(result, rows=tuple(replace(row, seconds_per_sample=None) for row in result.rows))


def test_the_same_seed_gives_the_same(result, shortened):
    assert without_seconds(compare(SETTINGS)) == without_seconds(result)


def test_another_seed_is_other_data(result, shortened):
    other = compare(replace(SETTINGS, seed=1))
    assert other.data["sha256"] != result.data["sha256"] and other.seed == 1


def test_a_users_model_has_no_row_of_ours(shortened, monkeypatch):
    monkeypatch.setattr(module, "CODED", SHORT[:1])
    rows = by_name(compare(SETTINGS, embedded("plain")))
    assert "ann fp32 (no sparsity training)" not in rows and "rate T=8" in rows


def test_the_result_goes_through_its_file(result, tmp_path):
    assert Result.load(result.save(tmp_path / "result.json")) == result
