"""Drives, one table each, every number with its source.

All of MQSim's numbers are read in its published configuration and code; those of ISP-ML are from memory or our
reconstruction where the entry says so.
"""

from __future__ import annotations

from picojoule.sim.ssd.device import Device

_KIB, _MIB = 1 << 10, 1 << 20
_us, _ms = 1e-6, 1e-3

ISP_ML = Device(
    name="isp-ml",
    source="page, read, program, erase: ISP-ML's parameters from memory; channel rate 200 MB/s, one chip of one plane a"
    " channel, 64 blocks and no mapping misses: our assumptions",
    channels=16,
    chips=1,
    dies=1,
    planes=1,
    blocks=64,
    pages=128,
    page_bytes=8 * _KIB,
    read_s=(75 * _us,),
    program_s=(300 * _us,),
    erase_s=5 * _ms,
    channel_bytes_per_s=200e6,
    spare=0.1,
    host_bytes_per_s=550e6,
)

MQSIM = Device(
    name="mqsim",
    source="MQSim's default configuration: ONFI NV-DDR2 at 333 MT/s, four PCIe lanes of 1 GB/s, sector-sized reads of"
    " translation pages, one busy chip at a time; its page cache is off",
    channels=8,
    chips=4,
    dies=2,
    planes=2,
    blocks=2048,
    pages=256,
    page_bytes=8 * _KIB,
    read_s=(75 * _us,),
    program_s=(750 * _us,),
    erase_s=3.8 * _ms,
    command_s=0.29 * _us,
    channel_bytes_per_s=333e6,
    concurrent="chip",
    suspends="erase",
    suspend_s=0.7 * _ms,
    spare=0.07,
    reserve=102,
    mapping_bytes=2 * _MIB,
    host_bytes_per_s=4e9,
)

TLC = Device(
    name="tlc",
    source="array times of FEMU's TLC table (56–106 µs, 0.82–5.7 ms, 3 ms; the middle values are ours); the rest is an"
    " assumption of ours for a drive of 2020: 800 MB/s channels, planes that read on their own, 4 GB/s to the host",
    channels=8,
    chips=2,
    dies=2,
    planes=2,
    blocks=512,
    pages=384,
    page_bytes=16 * _KIB,
    read_s=(56 * _us, 77 * _us, 106 * _us),
    program_s=(0.82 * _ms, 2.2 * _ms, 5.7 * _ms),
    erase_s=3 * _ms,
    command_s=0.3 * _us,
    channel_bytes_per_s=800e6,
    concurrent="plane",
    cache_register=True,
    suspends="program and erase",
    suspend_s=50 * _us,
    spare=0.12,
    reserve=4,
    wear_gap=100,
    cache_bytes=64 * _MIB,
    dram_bytes_per_s=10e9,
    host_bytes_per_s=4e9,
    host_s=5 * _us,
)

DEVICES: dict[str, Device] = {device.name: device for device in (ISP_ML, MQSIM, TLC)}
"""Every drive by name."""
