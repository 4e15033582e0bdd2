"""All-reduces: α and B are found again, bandwidths are as in nccl-tests, and hosts behind slow links keep to them."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import distributed

from picojoule.base.errors import InputError
from picojoule.measurement.collectives import Reduction, fit, sweep
from picojoule.measurement.rates import rates
from picojoule.sim.cluster import Star

SIZES = (1 << 10, 1 << 15, 1 << 20, 1 << 24)


@pytest.mark.parametrize("nodes", [2, 8, 138])
def test_alpha_and_beta_are_found_again(nodes):
    true = Star(name="true", source="test", latency_s=3e-4, bytes_per_s=2e8)
    noise = np.random.default_rng(0).normal(1, 0.02, len(SIZES))
    times = [true.all_reduce_s("ring", size, nodes) * each for size, each in zip(SIZES, noise, strict=True)]
    found = fit([Reduction(size=s, nodes=nodes, seconds=t) for s, t in zip(SIZES, times, strict=True)])
    assert found.latency_s == pytest.approx(3e-4, rel=0.1) and found.bytes_per_s == pytest.approx(2e8, rel=0.1)


def test_noise_gives_no_negative_latency():
    found = fit([Reduction(size=1000, nodes=2, seconds=1e-6), Reduction(size=10_000, nodes=2, seconds=1e-4)])
    assert found.latency_s == 0 and found.bytes_per_s > 0
    falling = fit([Reduction(size=1000, nodes=2, seconds=2.0), Reduction(size=10_000, nodes=2, seconds=1.0)])
    assert falling.latency_s == 0 and falling.bytes_per_s > 0


def test_bandwidths_are_those_of_nccl_tests():
    reduction = Reduction(size=8_000_000, nodes=8, seconds=0.02)
    assert reduction.algbw == 4e8 and reduction.busbw == 4e8 * 14 / 8


def test_one_size_does_not_tell_them_apart():
    same = Reduction(size=1000, nodes=2, seconds=1.0)
    with pytest.raises(InputError, match=r"α and B: all-reduces of one size.*Remedy"):
        fit([same, same])


def test_one_process_alone_is_refused():
    assert not distributed.is_initialized()
    with pytest.raises(InputError, match=r"all-reduce sweep: one process alone.*torchrun"):
        sweep()


def test_rates_are_rates():
    found = rates(repeats=1)
    assert 0 < found.grouped_flop_per_s < found.flop_per_s and found.bytes_per_s > 0


# hosts behind slow links

HOSTS, MEGABITS, BYTES = 3, 40, 2 << 20
PAYLOAD = 1448 / 1514
"""Bytes of TCP's payload in a full Ethernet frame."""
WORKER = """
import datetime, json, sys, torch
from torch import distributed
from picojoule.measurement.collectives import sweep
host, rank, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
store = distributed.TCPStore(host, int(sys.argv[4]), is_master=False, timeout=datetime.timedelta(seconds=60))
distributed.init_process_group("gloo", store=store, rank=rank, world_size=size)
found = sweep([int(sys.argv[5])], repeats=4)
print(json.dumps(found[0].seconds))
distributed.barrier()
distributed.destroy_process_group()
"""


def ip(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


def limit(device: str, namespace: str | None = None) -> None:
    inside = ("ip", "netns", "exec", namespace) if namespace else ()
    ip(*inside, "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", f"{MEGABITS}mbit", "burst", "16kb",
       "latency", "300ms")  # fmt: skip


@pytest.fixture
def hosts():
    """Network namespaces on one bridge, each behind a link of its own; the address of the bridge."""
    if os.geteuid() or not (shutil.which("ip") and shutil.which("tc")):
        pytest.skip("needs root, ip and tc (iproute2)")
    tag = f"pj{os.getpid() % 10_000}"
    names, address = [f"{tag}n{i}" for i in range(HOSTS)], "10.213.77.254"
    try:
        try:
            ip("ip", "link", "add", tag, "type", "bridge")
            ip("ip", "addr", "add", f"{address}/24", "dev", tag)
            ip("ip", "link", "set", tag, "up")
            for i, name in enumerate(names):
                ip("ip", "netns", "add", name)
                ip("ip", "link", "add", f"{tag}v{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
                ip("ip", "link", "set", f"{tag}v{i}", "master", tag, "up")
                ip("ip", "-n", name, "addr", "add", f"10.213.77.{i + 1}/24", "dev", "eth0")
                ip("ip", "-n", name, "link", "set", "eth0", "up")
                ip("ip", "-n", name, "link", "set", "lo", "up")
                # without offloads: packets are then as large as on a wire
                ip("ip", "netns", "exec", name, "ip", "link", "set", "eth0", "gso_max_segs", "1")
                limit("eth0", name)
                limit(f"{tag}v{i}")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no rights to make networks: {error.stderr.decode().strip()}")
        yield names, address
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", tag], capture_output=True, check=False)


@pytest.mark.slow
def test_a_ring_between_hosts_takes_what_the_model_says(hosts):
    names, address = hosts
    store = distributed.TCPStore(address, 0, is_master=True, wait_for_workers=False)
    here = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "eth0"}
    started = [
        subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, "-c", WORKER, address, str(rank), str(HOSTS),
             str(store.port), str(BYTES)],
            env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank, name in enumerate(names)
    ]  # fmt: skip
    said = [each.communicate(timeout=120) for each in started]
    assert [each.returncode for each in started] == [0] * HOSTS, said
    measured = json.loads(said[0][0])
    link = Star(name="link", source="as set", latency_s=5e-4, bytes_per_s=MEGABITS * 1e6 / 8 * PAYLOAD)
    modelled = link.all_reduce_s("ring", BYTES, HOSTS)
    assert measured == pytest.approx(modelled, rel=0.25)
    assert torch.tensor(measured) > 0.8 * 2 * (HOSTS - 1) / HOSTS * BYTES / link.bytes_per_s
