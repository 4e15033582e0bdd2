"""The verdict in planted situations: it names the winner that the numbers name, and nothing it cannot know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picojoule.reports.columns import family
from picojoule.reports.words import claims_summary, verdict
from picojoule.result import Energy, Result, Row
from sample_result import NO_MACS, sample


def result(*rows):
    return Result(recipe="r", title="t", mode="quick", seed=0, data={}, rows=rows)


def row(system, accuracy=None, joules=None, spikes=None, profile="p-int8", **metrics):
    energy = (Energy(profile=profile, joules=joules),) if joules is not None else ()
    counts = {"spikes": spikes} if spikes is not None else {}
    return Row(system=system, metrics={"accuracy": accuracy} | metrics, counts=counts, energy=energy)


def test_the_ann_wins():
    words = verdict(sample())
    assert words[0] == (
        "In horowitz-45nm (every datum moved once) the int8 ANN wins: it costs 710 nJ, 1.31 times less than "
        "ttfs T=80 (928 nJ), the cheapest spiking system within 0.5 points of ann fp32."
    )
    assert words[1] == (
        "In horowitz-45nm ttfs T=80 (98.5 % accuracy) costs 0.08 times the fp32 ANN, 1.31 times the int8 ANN "
        "and 2.58 times the int4 ANN (which loses 2.4 points)."
    )
    assert "To cost what the int8 ANN costs, ttfs T=80 may fire 0.174 spikes a neuron; it fires 0.419." in words


def test_the_spiking_network_wins():
    words = verdict(sample(cheap_spike=0.25))
    assert words[0] == (
        "In horowitz-45nm (every datum moved once) ttfs T=80 wins: it costs 232 nJ, 3.06 times less than "
        "the int8 ANN (710 nJ), the cheapest ANN within 0.5 points of ann fp32."
    )


def test_no_ann_rows():
    full = sample()
    words = verdict(replace(full, rows=full.rows[3:]))
    assert words[0] == "There is no accuracy of ann fp32, so nothing tells whether a spiking system keeps the accuracy."
    assert "In horowitz-45nm the cheapest is ttfs T=12: 902 nJ with 94.9 % accuracy." in words
    assert not any("wins" in line for line in words)


def test_a_cheap_ann_that_loses_accuracy_does_not_win():
    words = verdict(result(row("ann fp32", 0.9, 8.0), row("ann int4", 0.5, 1.0), row("rate T=8", 0.9, 2.0, 9)))
    assert words[0].startswith("In p rate T=8 wins: it costs 2.00 J, 4 times less than the fp32 ANN (8.00 J)")


def test_no_spiking_system_keeps_the_accuracy():
    words = verdict(result(row("ann fp32", 0.9, 8.0), row("ann int8", 0.9, 1.0), row("rate T=8", 0.8, 0.5, 9)))
    assert words[0] == "The int8 ANN wins: it costs 1.00 J in p and keeps the accuracy."
    assert words[1] == (
        "No spiking system comes within 0.5 points of ann fp32 (90.0 %); the closest is rate T=8 with 80.0 %."
    )


def test_exactly_half_a_point_keeps_the_accuracy():
    words = verdict(result(row("ann fp32", 0.9, 8.0), row("rate T=8", 0.895, 0.5, 9)))
    assert words[0].startswith("In p rate T=8 wins")


def test_equal_cost_has_no_winner():
    words = verdict(result(row("ann fp32", 0.9, 2.0), row("rate T=8", 0.9, 2.0, 9)))
    assert words[0] == "In p the fp32 ANN and rate T=8 cost the same: 2.00 J."


def test_technologies_are_not_mixed():
    words = verdict(result(row("ann fp32", 0.9, 2.0), row("rate T=8", 0.9, 1.0, 9, profile="loihi")))
    assert words[0].startswith("In p the cheapest is the fp32 ANN")
    assert words[1].startswith("In loihi the cheapest is rate T=8: 1.00 J")
    assert all("decides nothing" in line for line in words)


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({}, None),
        ({"break_even_spikes_per_neuron": 0.5}, "may fire 0.5 spikes a neuron."),
        ({"break_even_spikes_per_neuron": None}, "No spike rate brings rate T=8 down to the cost of the int8 ANN"),
    ],
)
def test_break_even_is_told_only_where_it_is_known(metrics, expected):
    words = verdict(result(row("ann fp32", 0.9, 2.0), row("rate T=8", 0.9, 1.0, 9, **metrics)))
    told = [line for line in words if "spike rate" in line or "may fire" in line]
    assert len(told) == (expected is not None)
    assert all(expected in line for line in told)


def test_each_reason_is_told_once():
    told = [line for line in verdict(sample()) if line.startswith("No energy")]
    assert told[1] == f"No energy for every ANN under loihi: {NO_MACS}."
    assert len(told) == 2


def test_a_reason_under_every_profile_is_short():
    refused = Row(
        system="phase T=8",
        metrics={"accuracy": None},
        energy=tuple(Energy(profile=name, reason="it cannot compute that") for name in ("p", "q")),
    )
    both = replace(refused, system="ann fp32", energy=tuple(Energy(profile=name, joules=1.0) for name in ("p", "q")))
    assert "No energy for phase T=8 under every profile: it cannot compute that." in verdict(result(both, refused))


def test_a_small_test_set_is_named():
    assert any("known to ±0.7 points" in line for line in verdict(sample()))


def test_fewest_steps_and_spikes_are_of_systems_that_keep_the_accuracy():
    expected = (
        "Of the spiking systems that keep the accuracy, rate T=64 needs the fewest steps (64) "
        "and ttfs T=80 needs the fewest spikes (3,560)."
    )
    assert expected in verdict(sample())


def test_other_recipes_say_nothing_about_spikes():
    simulated = Row(system="isp", metrics={"loss": 0.1}, simulated_seconds=1.0)
    assert verdict(result(simulated)) == []
    assert verdict(result()) == []
    assert verdict(result(row("ann fp32", 0.9, 2.0))) == [
        "In p the cheapest is the fp32 ANN: 2.00 J with 90.0 % accuracy."
    ]


def test_a_quality_that_is_no_share_is_no_per_cent():
    system = Row(system="video", metrics={"ssim": 0.5}, energy=(Energy(profile="p-int8", joules=2.0),))
    assert verdict(result(system)) == ["In p the cheapest is video: 2.00 J with 0.500 SSIM."]


def test_claims_are_counted():
    assert claims_summary(sample()) == "1 of 3 claims reached, 1 not reached, 1 not tried."
    assert claims_summary(result()) == ""


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("horowitz-45nm-fp32", "horowitz-45nm"),
        ("horowitz-45nm-int8", "horowitz-45nm"),
        ("loihi", "loihi"),
        ("a-7nm", "a-7nm"),
    ],
)
def test_family(profile, expected):
    assert family(profile) == expected
