"""Profiles of machines: every action has a price or a refusal, every price a source."""

import pytest

from picojoule.base.errors import PriceError
from picojoule.cost import Price
from picojoule.cost.machines import MACHINES, MEMORY_NETWORK, SSD_45NM
from picojoule.cost.price import ACTIONS, CIRCUIT_ACTIONS, MACHINE_ACTIONS, price_actions
from picojoule.cost.profiles import NORMALISED, PROFILES


@pytest.mark.parametrize("profile", MACHINES, ids=lambda profile: profile.name)
def test_every_number_has_a_source(profile):
    assert all(isinstance(p, Price) and len(p.source) > 10 and p.joules > 0 for p in profile.prices.values())
    assert (
        set(profile.prices) <= ACTIONS.keys() | MACHINE_ACTIONS.keys() | CIRCUIT_ACTIONS.keys()
        and profile.title
        and profile.note
    )
    assert profile.name not in {each.name for each in (*PROFILES, *NORMALISED)}


def test_flash_is_voltage_times_current_times_time():
    for action, seconds in (("page_read", 75e-6), ("page_program", 300e-6), ("block_erase", 5e-3)):
        assert SSD_45NM.prices[action].joules == pytest.approx(3.3 * 25e-3 * seconds, rel=3e-3)


def test_a_byte_is_eight_bits_of_what_a_bit_costs():
    links = {"channel_byte": 8 * 5e-12, "bus_byte": 8 * 5e-12, "host_byte": 8 * 10e-12, "dram_byte": 1300e-12 / 8}
    assert {name: SSD_45NM.prices[name].joules for name in links} == pytest.approx(links)
    assert MEMORY_NETWORK.prices["sram_byte"].joules == pytest.approx(20e-12 / 8)


def test_machines_price_all_that_machines_do():
    tally = dict.fromkeys(MACHINE_ACTIONS, 2)
    cost = price_actions(tally, SSD_45NM)
    assert cost.joules == pytest.approx(2 * sum(SSD_45NM.prices[action].joules for action in tally))
    with pytest.raises(PriceError, match="no price for a binary event at a synapse"):
        price_actions({"synop_binary": 1}, SSD_45NM)
