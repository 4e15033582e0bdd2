"""Profiles of machines other than neural-network hardware: what their actions cost, every number with its source."""

from __future__ import annotations

from picojoule.cost.profile import Price, Profile
from picojoule.cost.profiles import HOROWITZ_FP32, HOROWITZ_INT8

_pJ, _uJ = 1e-12, 1e-6
_NAND = "3.3 V and 25 mA while the array works, as in SimpleSSD's configuration"

SSD_45NM = Profile(
    name="ssd-45nm-fp32",
    title="a drive with fp32 arithmetic of 45 nm, and its host",
    bits=32,
    prices={
        "page_read": Price(6.19 * _uJ, f"{_NAND}; 75 µs"),
        "page_program": Price(24.8 * _uJ, f"{_NAND}; 300 µs"),
        "block_erase": Price(412 * _uJ, f"{_NAND}; 5 ms"),
        "channel_byte": Price(40 * _pJ, "5 pJ a bit (assumption)"),
        "bus_byte": Price(40 * _pJ, "5 pJ a bit (assumption: as the channel)"),
        "host_byte": Price(80 * _pJ, "10 pJ a bit (assumption, upper end of what is quoted for PCIe)"),
        "dram_byte": Price(162.5 * _pJ, "Horowitz, ISSCC 2014: DRAM from 1300 pJ for 8 bytes"),
        "mac": HOROWITZ_FP32.prices["mac"],
        "add": HOROWITZ_FP32.prices["add"],
        "drive_second": Price(1.0, "1 W for controller, memory and interface of a drive at work (assumption)"),
        "host_second": Price(23.0, "23 W, a desktop processor's average in single-sample work (from memory)"),
    },
    note="Flash arrays, links, arithmetic, and what drive and host draw while they are at work; no SRAM, no cooling.",
)

_FP32, _INT8 = HOROWITZ_FP32.prices, HOROWITZ_INT8.prices
_ARITHMETIC: dict[str, Price] = {
    "mac_fp32": _FP32["mac"],
    "mac_int8": _INT8["mac"],
    "add_fp32": _FP32["add"],
    "add_int8": _INT8["add"],
    "xnor_int8": Price(0.03 * _pJ, "XNOR and a shifted addition, priced as one int8 add (assumption)"),
    "exp_fp32": Price(4 * 4.6 * _pJ, "as 4 fp32 multiply-accumulates (assumption)"),
    "div_fp32": Price(4 * 4.6 * _pJ, "as 4 fp32 multiply-accumulates (assumption)"),
}
MEMORY_NETWORK_OPS = Profile(
    name="memory-network-45nm-ops",
    title="45 nm, fp32 and int8 side by side, arithmetic alone",
    bits=32,
    prices=_ARITHMETIC,
    note="What is quantised runs in int8, softmax and answer in fp32; no memory.",
)
MEMORY_NETWORK = Profile(
    name="memory-network-45nm",
    title="45 nm, fp32 and int8 side by side, with memory",
    bits=32,
    prices={**_ARITHMETIC, "sram_byte": Price(2.5 * _pJ, "Horowitz, ISSCC 2014: SRAM of 32 KiB, 20 pJ for 8 bytes")},
    note="As memory-network-45nm-ops, and every weight and memory that is used comes out of an SRAM of 32 KiB.",
)

MACHINES: tuple[Profile, ...] = (SSD_45NM, MEMORY_NETWORK, MEMORY_NETWORK_OPS)
"""Every profile here."""
