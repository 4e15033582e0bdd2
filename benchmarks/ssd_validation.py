"""Does the simulated drive agree with another simulator, with closed forms and with theory?

    python benchmarks/ssd_validation.py

MQSim's own figures were measured with its default configuration and its page cache off, 8 KiB requests.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from picojoule.sim.ssd import ISP_ML, MQSIM, TLC, Device, closed, fresh, precondition, replay, theory
from picojoule.sim.ssd.drive import amplification, rested
from picojoule.sim.ssd.requests import sequential, uniform
from timing import machine

MEASURED = (("random", 1, 5_579, 179), ("random", 32, 92_433, 346), ("streaming", 32, 127_776, 250))


def main() -> None:
    """Print the tables."""
    print(f"# The simulated drive beside MQSim, closed forms and theory, {date.today()}\n\n{machine()}\n")
    _mqsim()
    _bandwidth()
    _amplification()
    _devices()


def _filled(device: Device):  # type: ignore[no-untyped-def]
    pages = device.logical_pages
    return rested(replay(fresh(device), sequential(pages, within=pages, writes=True), tier="max-plus")[0])


def _mqsim() -> None:
    device = replace(MQSIM, blocks=64, reserve=3, mapping_bytes=MQSIM.mapping_bytes // 32)
    drive, pages = _filled(device), device.logical_pages
    print("## MQSim, default device; ours with a 32nd of blocks and mapping cache\n")
    print("| reads of 8 KiB | depth | MQSim requests/s | ours | | MQSim mean latency, µs | ours | |")
    print("|---|---|---|---|---|---|---|---|")
    for pattern, depth, rate, mean in MEASURED:
        number = 200_000
        asked = sequential(number, within=pages) if pattern == "streaming" else uniform(number, within=pages, seed=1)
        outcome = replay(drive, asked, queue_depth=depth)[1]
        ours, latency = outcome.requests_per_s, outcome.latency_s.mean() * 1e6
        change = f"{100 * (ours / rate - 1):+.1f} % | {mean} | {latency:.1f} | {100 * (latency / mean - 1):+.1f} %"
        print(f"| {pattern} | {depth} | {rate:,} | {ours:,.0f} | {change} |")
    print()


def _bandwidth() -> None:
    print("## Reads in order against the closed form, MB/s (difference); without host link and command cycles\n")
    print("| device | " + " | ".join(f"depth {2**i}" for i in range(9)) + " |\n|---|" + "---|" * 9)
    tlc = replace(TLC, blocks=16, reserve=1, spare=0.3, cache_bytes=0, host_s=0.0, read_s=TLC.read_s[:1])
    for device in (ISP_ML, replace(MQSIM, blocks=64, reserve=3, mapping_bytes=0), tlc):
        device = replace(device, host_bytes_per_s=float("inf"), command_s=0.0)
        drive, cells = _filled(device), []
        for depth in (2**i for i in range(9)):
            outcome = replay(drive, sequential(40_000, within=device.logical_pages), queue_depth=depth)[1]
            expected = closed.read_bandwidth(device, depth)
            cells.append(f"{outcome.bandwidth / 1e6:,.0f} ({100 * (outcome.bandwidth / expected - 1):+.1f} %)")
        print(f"| {device.name} | " + " | ".join(cells) + " |")
    device = replace(MQSIM, blocks=64, reserve=3, mapping_bytes=0)
    found = replay(_filled(device), sequential(40_000, within=device.logical_pages), queue_depth=256)[1].bandwidth
    print(
        f"\nWith its command cycles of 0.29 µs mqsim gives {found / 1e6:,.0f} MB/s at depth 256: a command waits for\n"
        "the channel behind pages of 24.6 µs, and its array is idle meanwhile. The formula does not know that.\n"
    )


def _amplification() -> None:
    print("## Write amplification, uniform random writes, greedy collector (difference to the mean field)\n")
    spares = (0.05, 0.07, 0.1, 0.15, 0.2, 0.3)
    print("| pages of a block | " + " | ".join(f"spare {spare:g}" for spare in spares) + " |")
    print("|---|" + "---|" * len(spares))
    for pages in (16, 64, 256):
        cells = []
        for spare in spares:
            device = replace(ISP_ML, channels=2, blocks=256, pages=pages, spare=spare)
            state = precondition(fresh(device)).state.copy()
            number = device.logical_pages
            found = amplification(device, state, uniform(2 * number, within=number, seed=99, reads=0.0))
            expected = theory.greedy(theory.utilisation(device), pages)
            cells.append(f"{found:.2f} ({100 * (found / expected - 1):+.1f} %)")
        print(f"| {pages} | " + " | ".join(cells) + " |")
    print()


def _devices() -> None:
    print("## Every device with 64 blocks a plane and 28 % spare, used, 70 % reads at depth 32: latency in µs\n")
    print("| device | MB/s | reads and writes: p50 | p99 | p99.9 | write amplification |\n|---|---|---|---|---|---|")
    small = {"blocks": 64, "reserve": 2, "spare": 0.28}
    scaled = (
        replace(ISP_ML, **small),
        replace(MQSIM, mapping_bytes=1 << 16, **small),
        replace(TLC, cache_bytes=4 << 20, **small),
    )
    for device in scaled:
        drive = precondition(fresh(device), most=3)
        outcome = replay(drive, uniform(100_000, within=device.logical_pages, seed=5, reads=0.7))[1]
        tail = " | ".join(f"{1e6 * outcome.percentile(p):,.0f}" for p in (50, 99, 99.9))
        print(f"| {device.name} | {outcome.bandwidth / 1e6:,.0f} | {tail} | {outcome.write_amplification:.2f} |")


if __name__ == "__main__":
    main()
