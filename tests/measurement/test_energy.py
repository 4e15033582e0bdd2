"""Meters of a machine that the test makes up: files as the kernel has them, a library as Nvidia has it."""

import importlib

import pytest
import torch
from torch import nn

from picojoule.engines import run
from picojoule.measurement import measure
from picojoule.measurement.energy import measured, meters

package = importlib.import_module("picojoule.measurement.measure")


class Clock:
    """A zone whose counter moves by so many microjoules with every call of what is measured."""

    def __init__(self, root, zone, name, start=0, wraps=262_143_328_850):
        folder = root / zone
        folder.mkdir()
        (folder / "name").write_text(f"{name}\n")
        (folder / "max_energy_range_uj").write_text(f"{wraps}\n")
        self.file, self.value, self.wraps = folder / "energy_uj", start, wraps
        self.file.write_text(f"{start}\n")

    def move(self, by):
        self.value = (self.value + by) % self.wraps
        self.file.write_text(f"{self.value}\n")


def test_packages_and_memories_are_meters_and_the_platform_is_not(tmp_path):
    for zone, name in (("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "core"), ("intel-rapl:0:1", "dram"),
                       ("intel-rapl:1", "psys"), ("intel-rapl:2", "package-1")):  # fmt: skip
        Clock(tmp_path, zone, name)
    (tmp_path / "intel-rapl").mkdir()
    assert [each.name for each in meters(tmp_path)] == [
        "measured rapl package-0", "measured rapl dram of 0", "measured rapl package-1",
    ]  # fmt: skip


def test_joules_of_a_sample_over_a_counter_that_starts_again(tmp_path):
    clock = Clock(tmp_path, "intel-rapl:0", "package-0", start=5_000_000, wraps=6_000_000)
    (entry,) = measured(lambda: clock.move(1_500_000), samples=3, found=meters(tmp_path), seconds=0)
    assert entry.joules == pytest.approx(0.5) and entry.evidence == "measured"


def test_a_meter_that_may_not_be_read_is_none(tmp_path):
    Clock(tmp_path, "intel-rapl:0", "package-0").file.unlink()
    assert meters(tmp_path) == ()


class Cards:
    """NVML with one card that counts and one that does not."""

    joules = 0

    def nvmlInit_v2(self):
        return 0

    def nvmlDeviceGetCount_v2(self, number):
        number._obj.value = 2
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, place, handle):
        handle._obj.value = place + 1
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, handle, millijoules):
        millijoules._obj.value = 1000 * self.joules
        return 0 if handle.value == 1 else 3


def test_cards_that_count(tmp_path):
    cards = Cards()
    (card,) = meters(tmp_path, cards)
    assert card.name == "measured nvml gpu-0"

    def call():
        cards.joules += 4

    (entry,) = measured(call, samples=2, found=(card,), seconds=0)
    assert entry.joules == 2


def test_without_a_meter_it_is_unknown_and_not_zero(monkeypatch):
    monkeypatch.setattr(package, "meters", lambda: ())
    assert measured(lambda: None, samples=1, found=()) == ()
    result = measure(nn.Linear(4, 2), torch.rand(6, 4))
    assert result.environment["energy meters"] is None
    assert {each.evidence for each in result.rows[0].energy} == {"computed"}


def test_a_measured_row_has_both_kinds(monkeypatch, tmp_path):
    clock = Clock(tmp_path, "intel-rapl:0", "package-0")
    found = meters(tmp_path)
    monkeypatch.setattr(package, "meters", lambda: found)
    monkeypatch.setattr(package, "run", lambda *given, **options: clock.move(300) or run(*given, **options))
    monkeypatch.setattr(package, "measured", lambda *given: measured(*given, seconds=0))
    result = measure(nn.Linear(4, 2), torch.rand(6, 4))
    assert {each.evidence for each in result.rows[0].energy} == {"computed", "measured"}
    assert result.rows[0].energy[-1].joules == pytest.approx(300e-6)
    assert result.environment["energy meters"] == ["measured rapl package-0"]
