"""Counts × prices: golden values by hand, an action without a price is an error, and bounds that hold."""

from dataclasses import replace
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import InputError, PriceError
from picojoule.cost import Counts, LayerCounts, Price, price, profiles, relative, traffic
from picojoule.cost.break_even import break_even_spikes_per_neuron
from picojoule.cost.counts import COUNTED, add_up
from picojoule.cost.price import ACTIONS, actions
from picojoule.cost.profiles import NORMALISED, PROFILES

pJ = 1e-12

DENSE = LayerCounts(name="fc", weights=23, inputs=10, outputs=2, macs=20 * 4, effective_macs=12 * 4, bias_adds=2 * 4)
"""Linear(10, 2) with bias (and one weight more), four samples."""
EVENTS = LayerCounts(
    name="fc",
    weights=22,
    inputs=10,
    outputs=2,
    neurons=2,
    spikes=3,
    events_in=6,
    synops=12,
    bias_adds=8,
    state_updates=40,
)


def counts(*layers: LayerCounts, samples: int = 1, steps: int | None = 10) -> Counts:
    return Counts(samples=samples, steps=steps, layers=layers)


# --- golden values ----------------------------------------------------------------------------------------------------


def test_dense_layer_by_hand():
    """20 MACs, 2 additions; 23 weights, 10 + 2 values of 4 bytes, from an SRAM of 8 KiB at 10 pJ for 8 bytes."""
    cost = price(counts(DENSE, samples=4), profiles.HOROWITZ_FP32)
    assert cost.by_action["mac"] == pytest.approx(20 * 4.6 * pJ)
    assert cost.by_action["add"] == pytest.approx(2 * 0.9 * pJ)
    assert cost.by_action["memory"] == pytest.approx((23 + 12) * 4 * 10 / 8 * pJ)
    assert cost.joules == pytest.approx(sum(cost.by_action.values()))
    assert set(cost.by_action) == {"mac", "add", "memory"}


def test_event_layer_by_hand():
    """12 synops, 8 + 3 additions, 40 comparisons; 22 weights, 3 addresses of 1 bit and 6 of 4 bits."""
    cost = price(counts(EVENTS), profiles.HOROWITZ_FP32)
    assert cost.by_action["synop_binary"] == pytest.approx(12 * 0.9 * pJ)
    assert cost.by_action["add"] == pytest.approx(11 * 0.9 * pJ)
    assert cost.by_action["compare"] == pytest.approx(40 * 0.9 * pJ)
    assert cost.by_action["memory"] == pytest.approx((22 * 4 + 3 / 8 + 6 * 4 / 8) * 10 / 8 * pJ)


def test_nothing_reused_by_hand():
    dense, events = traffic(counts(DENSE, samples=4)), traffic(counts(EVENTS))
    assert dense.no_reuse == pytest.approx(20 * 8 + 2 * 4)
    assert events.no_reuse == pytest.approx(12 * (4 + 8) + (40 + 8) * 8 + 3 / 8 + 3)


@pytest.mark.parametrize(("thresholds", "states", "more"), [(2, 1, 40), (1, 2, 40), (2, 2, 80)])
def test_second_thresholds_and_second_states_by_hand(thresholds, states, more):
    """Each is an addition at every update; a second state is kept in memory and moved as a membrane is."""
    both = replace(EVENTS, thresholds=thresholds, states=states, neurons=500)
    cost = price(counts(both), profiles.HOROWITZ_FP32_OPS)
    assert cost.by_action["add"] == pytest.approx((11 + more) * 0.9 * pJ)
    assert cost.by_action["compare"] == pytest.approx(40 * 0.9 * pJ)
    assert price(counts(both), profiles.LOIHI) == price(counts(replace(EVENTS, neurons=500)), profiles.LOIHI)
    assert counts(both).stored_bytes == 4 * (22 + 500 * states)
    moved = traffic(counts(both)).no_reuse - traffic(counts(replace(EVENTS, neurons=500))).no_reuse
    assert moved == pytest.approx(40 * 8 * (states - 1))


def test_loihi_by_hand():
    cost = price(counts(EVENTS), profiles.LOIHI)
    assert cost.joules == pytest.approx((12 * 23.6 + 40 * 81) * pJ)


@pytest.mark.parametrize(("payload", "picojoules"), [("binary", 0.9), ("power_of_two", 1.0), ("real", 4.6)])
def test_payload_has_its_price(payload, picojoules):
    cost = price(counts(replace(EVENTS, payload=payload)), profiles.HOROWITZ_FP32_OPS)
    assert cost.by_action[f"synop_{payload}"] == pytest.approx(12 * picojoules * pJ)


def test_an_int8_mac_is_twenty_times_cheaper_than_an_fp32_one():
    wide, narrow = (profile.prices["mac"].joules for profile in (profiles.HOROWITZ_FP32, profiles.HOROWITZ_INT8))
    assert wide == pytest.approx(4.6 * pJ) and narrow == pytest.approx(0.23 * pJ)
    assert wide / narrow == pytest.approx(20)


def test_skipping_zeros_prices_the_effective_macs():
    skipped = price(counts(DENSE, samples=4).skipping_zeros(), profiles.HOROWITZ_FP32)
    assert skipped.by_action["mac"] == pytest.approx(12 * 4.6 * pJ)


# --- normalised forms: acceptance test 7 of the coding spec -----------------------------------------------------------

RATE = counts(LayerCounts(name="all", neurons=277514, spikes=61_949_000), steps=10_000)
T2FSNN = counts(LayerCounts(name="all", neurons=277514, spikes=69_000), steps=680)


def test_normalised_energy_of_the_published_cifar10_row():
    for profile in NORMALISED:
        assert relative(RATE, RATE, profile) == pytest.approx(1.0)
    assert round(relative(T2FSNN, RATE, profiles.TRUENORTH_NORMALISED), 3) == 0.041
    assert round(relative(T2FSNN, RATE, profiles.SPINNAKER_NORMALISED), 3) == 0.025


def test_normalised_energy_is_per_sample_and_without_input_spikes():
    pixels = LayerCounts(name="input", neurons=784, spikes=10**9)
    doubled = counts(pixels, replace(RATE.layers[0], spikes=2 * 61_949_000), samples=2, steps=10_000)
    assert relative(doubled, RATE, profiles.TRUENORTH_NORMALISED) == pytest.approx(1.0)


def test_three_shares_of_energy():
    """Twice the spikes in half the steps: four times the density."""
    three = replace(profiles.TRUENORTH_NORMALISED, dynamic=0.2, routing=0.3, static=0.5)
    one = counts(LayerCounts(name="all", neurons=50, spikes=1000), steps=100)
    other = counts(LayerCounts(name="all", neurons=50, spikes=2000), steps=50)
    assert relative(one, one, three) == pytest.approx(1.0)
    assert relative(other, one, three) == pytest.approx(0.2 * 2 + 0.3 * 4 + 0.5 * 0.5)
    assert (one.density, other.density) == (0.2, 0.8)
    with pytest.raises(InputError, match="shares"):
        replace(three, routing=0.0)


@pytest.mark.parametrize("silent", [replace(RATE, steps=None), counts(LayerCounts(name="all"), steps=10)])
def test_normalised_energy_needs_spikes_and_steps(silent):
    with pytest.raises(PriceError, match="without spikes or steps"):
        relative(RATE, silent, profiles.TRUENORTH_NORMALISED)


# --- what has no price ------------------------------------------------------------------------------------------------

ONE_OF_EACH = {
    "mac": LayerCounts(name="l", macs=1),
    "synop_binary": LayerCounts(name="l", synops=1),
    "synop_power_of_two": LayerCounts(name="l", synops=1, payload="power_of_two"),
    "synop_real": LayerCounts(name="l", synops=1, payload="real"),
    "add": LayerCounts(name="l", bias_adds=1),
    "compare": LayerCounts(name="l", compares=1),
}


def test_every_action_is_tried():
    assert set(ONE_OF_EACH) == set(ACTIONS)


@pytest.mark.parametrize("action", ONE_OF_EACH)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_an_action_is_priced_or_refused_by_name(profile, action):
    one = counts(ONE_OF_EACH[action])
    assert actions(one) == {action: 1}
    if action in profile.prices:
        assert price(one, profile).by_action[action] == profile.prices[action].joules
    with pytest.raises(PriceError) as caught:
        price(one, replace(profile, prices={k: v for k, v in profile.prices.items() if k != action}))
    assert ACTIONS[action] in caught.value.what and caught.value.where == profile.name


def test_an_action_that_does_not_occur_needs_no_price():
    assert price(counts(EVENTS), replace(profiles.LOIHI, prices=dict(profiles.LOIHI.prices))).joules > 0
    with pytest.raises(PriceError, match="multiply-accumulate"):
        price(counts(DENSE), profiles.LOIHI)


def test_few_bits_run_on_a_wide_datapath_and_not_the_other_way_round():
    narrow = counts(replace(DENSE, weight_bits=8, value_bits=8))
    assert price(narrow, profiles.HOROWITZ_FP32).by_action["mac"] == pytest.approx(80 * 4.6 * pJ)
    assert price(narrow, profiles.HOROWITZ_INT8).joules < price(narrow, profiles.HOROWITZ_FP32).joules
    with pytest.raises(PriceError, match="do not fit"):
        price(counts(DENSE), profiles.HOROWITZ_INT8)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_number_has_a_source(profile):
    assert all(
        isinstance(each, Price) and len(each.source) > 10 and each.joules >= 0 for each in profile.prices.values()
    )
    assert set(profile.prices) <= set(ACTIONS)
    assert profile.memory is None or len(profile.memory.source) > 10
    assert profile.title and profile.note


def test_profiles_are_named_apart_and_normalised_ones_sum_to_one():
    names = [profile.name for profile in (*PROFILES, *NORMALISED)]
    assert len(set(names)) == len(names)
    assert all(isclose(each.dynamic + each.static, 1) and each.source for each in NORMALISED)


# --- properties -------------------------------------------------------------------------------------------------------


@st.composite
def real_layers(draw) -> LayerCounts:
    """A linear layer that reads every weight at least once a sample, dense or by events."""
    n_in, n_out, steps = draw(st.integers(2, 300)), draw(st.integers(2, 300)), draw(st.integers(1, 50))
    width = {"weight_bits": draw(st.sampled_from([4, 8, 32])), "value_bits": 32}
    facts = {"name": "l", "weights": n_in * n_out, "inputs": n_in, "outputs": n_out, **width}
    if draw(st.booleans()):
        return LayerCounts(**facts, macs=n_in * n_out)
    events, spikes = n_in * draw(st.integers(1, steps)), draw(st.integers(0, n_out * steps))
    return LayerCounts(
        **facts, neurons=n_out, events_in=events, synops=events * n_out, spikes=spikes, state_updates=n_out * steps
    )


@given(layers=st.lists(real_layers(), min_size=1, max_size=4))
def test_ideal_reuse_moves_no_more_than_no_reuse(layers):
    moved = traffic(counts(*layers))
    assert 0 < moved.ideal <= moved.no_reuse


def test_a_layer_too_sparse_to_read_all_its_weights_still_moves_them_once():
    """The one case in which ideal reuse is not the smaller bound: it streams a layer's weights whole."""
    silent = traffic(counts(replace(EVENTS, spikes=0, events_in=0, synops=0, bias_adds=0, state_updates=0)))
    assert silent.ideal == 22 * 4 and silent.no_reuse == 0


@given(layer=real_layers(), field=st.sampled_from(COUNTED), more=st.integers(1, 1000))
def test_traffic_and_joules_never_fall_with_more_counts(layer, field, more):
    grown = counts(replace(layer, **{field: getattr(layer, field) + more}))
    before, after = traffic(counts(layer)), traffic(grown)
    assert after.ideal >= before.ideal and after.no_reuse >= before.no_reuse
    for profile in (profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE):
        assert price(grown, profile).joules >= price(counts(layer), profile).joules


@given(layer=real_layers(), factor=st.integers(2, 50))
def test_joules_are_linear_in_counts(layer, factor):
    """Arithmetic in proportion; and the same average over many equal samples."""
    one = counts(layer)
    more = counts(replace(layer, **{name: factor * getattr(layer, name) for name in COUNTED}))
    assert price(more, profiles.HOROWITZ_FP32_OPS).joules == pytest.approx(
        factor * price(one, profiles.HOROWITZ_FP32_OPS).joules
    )
    many = add_up([one] * factor)
    assert many.samples == factor
    for profile in (profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE):
        assert price(many, profile).joules == pytest.approx(price(one, profile).joules)


@given(size=st.integers(1, 1 << 24), more=st.integers(0, 1 << 24))
def test_a_byte_of_a_larger_memory_is_not_cheaper(size, more):
    memory = profiles.HOROWITZ_FP32.memory
    assert memory.joules_per_byte(size) <= memory.joules_per_byte(size + more)


@pytest.mark.parametrize(
    ("size", "picojoules"), [(1, 10), (8 << 10, 10), (32 << 10, 20), ((1 << 20) + 1, 1300), (1 << 20, 113.137)]
)
def test_memory_passes_through_the_known_points(size, picojoules):
    assert profiles.HOROWITZ_FP32.memory.joules_per_byte(size) * 8 == pytest.approx(picojoules * pJ, rel=1e-5)


# --- break-even -------------------------------------------------------------------------------------------------------


def scaled(system: Counts, factor: float) -> Counts:
    by_event = ("spikes", "events_in", "synops")
    layers = tuple(
        replace(layer, **{name: factor * getattr(layer, name) for name in by_event}) for layer in system.layers
    )
    return replace(system, layers=layers)


SPIKING = counts(LayerCounts(name="input", spikes=5, inputs=10), replace(EVENTS, name="a"), replace(EVENTS, name="b"))


@pytest.mark.parametrize("profile", [profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE, profiles.LOIHI])
@pytest.mark.parametrize("share", [0.5, 1.0, 3.0])
def test_at_the_break_even_rate_the_price_is_the_rivals(profile, share):
    fixed = price(scaled(SPIKING, 0), profile).joules
    rival = fixed + share * (price(SPIKING, profile).joules - fixed)
    rate = break_even_spikes_per_neuron(SPIKING, profile, rival)
    now = SPIKING.hidden_spikes / SPIKING.neurons
    assert rate == pytest.approx(share * now)
    assert price(scaled(SPIKING, rate / now), profile).joules == pytest.approx(rival)


def test_no_break_even_where_the_fixed_cost_is_too_much():
    fixed = price(scaled(SPIKING, 0), profiles.LOIHI).joules
    assert break_even_spikes_per_neuron(SPIKING, profiles.LOIHI, 0.99 * fixed) is None
    assert break_even_spikes_per_neuron(scaled(SPIKING, 0), profiles.LOIHI, 1.0) is None


# --- counts -----------------------------------------------------------------------------------------------------------


def test_counts_add_up_and_keep_their_facts():
    total = add_up([counts(EVENTS), counts(replace(EVENTS, spikes=5), samples=3)])
    assert total.samples == 4 and total.total("spikes") == 8 and total.per_sample("spikes") == 2
    assert total.layers[0].weights == 22 and total.layers[0].neurons == 2 and total.steps == 10


def test_the_input_code_is_no_neuron_of_the_network():
    assert SPIKING.neurons == 4 and SPIKING.hidden_spikes == 6 and SPIKING.total("spikes") == 11
