"""138 phones, simulated: calibrated by one sentence of the abstract, then scaled, and trained with trouble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import final

import numpy as np

from picojoule.base.errors import InputError
from picojoule.recipes.smartphone_cluster.plan import IMAGES, PER_PHONE, PHONES, Plan
from picojoule.sim.cluster import (
    Body,
    Cluster,
    Device,
    Failures,
    Layer,
    Network,
    Step,
    Stragglers,
    Training,
    step,
    train,
)
from picojoule.sim.cluster.devices import BARE_K_PER_W, COOLED_K_PER_W, P100, PHONE, V100, WIRED, WIRELESS
from picojoule.sim.cluster.networks import Star

CALIBRATED = 0.9
"""Of a P100: what the abstract says of 138 phones and ResNet-50."""
P100_IMAGES_PER_S = 150.0
ALONE = Star(name="none", source="one device", latency_s=0.0, bytes_per_s=1.0)
NETWORKS: dict[str, Network] = {"wired": WIRED, "wireless": WIRELESS}
CAFFE = partial(step, overlaps=False)
"""Gradients leave after the backward pass, as in Caffe; an assumption."""


def images_per_s(device: Device, layers: Sequence[Layer], network: Network = ALONE, nodes: int = 1) -> float:
    """Of so many devices with a batch of `PER_PHONE` each."""
    return nodes * PER_PHONE / CAFFE(layers, device, network, nodes=nodes, batch=PER_PHONE).seconds


def with_rate(
    device: Device, layers: Sequence[Layer], target: float, network: Network = ALONE, nodes: int = 1
) -> Device:
    """The device whose FLOP rate gives so many images a second; by bisection, since they grow with it.

    Args:
        device: all but the rate.
        layers: of the network that learns.
        target: images a second of all nodes.
        network, nodes: as in :func:`images_per_s`.

    Raises:
        InputError: the rest of a step alone takes longer.
    """
    low, high = 1e6, 1e18
    most = images_per_s(replace(device, flop_per_s=high), layers, network, nodes)
    if most < target:
        what = f"{target:g} images/s, but no FLOP rate gives more than {most:g}"
        raise InputError(what, where=f"device {device.name}", remedy="use a faster network or memory")
    while high / low > 1 + 1e-9:
        middle = (low * high) ** 0.5
        fast = images_per_s(replace(device, flop_per_s=middle), layers, network, nodes) > target
        low, high = (low, middle) if fast else (middle, high)
    return replace(device, flop_per_s=high)


@final
@dataclass(frozen=True, kw_only=True)
class Scaled:
    """So many phones with one network to learn.

    Attributes:
        network, link: what learns; a key of `NETWORKS`.
        phones: N.
        step: of theirs.
        single: images a second of one phone.
        watts: of all phones and the network on average.
    """

    network: str
    link: str
    phones: int
    step: Step
    single: float
    watts: float

    @property
    def images_per_s(self) -> float:
        """N·b/T."""
        return self.phones * PER_PHONE / self.step.seconds

    @property
    def efficiency(self) -> float:
        """Of N times one phone."""
        return self.images_per_s / (self.phones * self.single)

    @property
    def joules(self) -> float:
        """Of an image."""
        return self.watts / self.images_per_s


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Phones:
    """All that is simulated.

    Attributes:
        layers: of both networks.
        phone, p100, v100: calibrated.
        scaled: in the order of networks, links and numbers of phones.
        trained: ResNet-50 with stragglers and failures, by how the phones are cooled.
        warming: the first steps of the same, looked at closely.
    """

    layers: dict[str, tuple[Layer, ...]]
    phone: Device
    p100: Device
    v100: Device
    scaled: tuple[Scaled, ...]
    trained: dict[str, Training]
    warming: dict[str, Training]

    def at(self, network: str, link: str, phones: int) -> Scaled:
        """One of `scaled`."""
        key = (network, link, phones)
        return next(each for each in self.scaled if (each.network, each.link, each.phones) == key)


def simulate(plan: Plan, layers: dict[str, tuple[Layer, ...]], seed: int) -> Phones:
    """Calibrate, scale, train.

    Args:
        plan: how much.
        layers: of both networks of the paper.
        seed: of stragglers and failures.
    """
    resnet = layers["resnet-50"]
    p100 = with_rate(P100, resnet, P100_IMAGES_PER_S)
    v100 = replace(V100, flop_per_s=p100.flop_per_s * V100.flop_per_s / P100.flop_per_s)
    phone = with_rate(PHONE, resnet, CALIBRATED * P100_IMAGES_PER_S, WIRED, PHONES)
    steps = plan.simulated_epochs * IMAGES // (PHONES * PER_PHONE)
    return Phones(
        layers=layers,
        phone=phone,
        p100=p100,
        v100=v100,
        scaled=tuple(
            _scaled(name, link, phone, table, n)
            for name, table in layers.items()
            for link in NETWORKS
            for n in plan.counts
        ),
        trained={name: _trained(phone, resnet, k, steps, seed) for name, k in COOLING.items()},
        warming={name: _trained(phone, resnet, k, min(steps, WARMING), seed) for name, k in COOLING.items()},
    )


def _scaled(name: str, link: str, phone: Device, layers: tuple[Layer, ...], phones: int) -> Scaled:
    network = ALONE if phones == 1 else NETWORKS[link]
    once = CAFFE(layers, phone, network, nodes=phones, batch=PER_PHONE)
    busy = once.compute_ps / once.total_ps
    each = phone.idle_w + busy * (phone.busy_w - phone.idle_w) + network.watts_a_port
    single = images_per_s(phone, layers)
    return Scaled(network=name, link=link, phones=phones, step=once, single=single, watts=phones * each)


WARMING, SAMPLES = 400, 40
"""Steps, some hours, and how often they are looked at."""
COOLING = {"under fans": COOLED_K_PER_W, "on a table": BARE_K_PER_W}
"""Heat resistance of a phone, K/W."""
SPREAD = 0.15
"""Of the resistances, lognormal: an assumption, as are the next two."""
STRAGGLERS = Stragglers(sigma=0.05, memory=0.9)
FAILURES = Failures(mean_s=30 * 86400, restart_s=120, checkpoint_steps=50, checkpoint_s=2.0)


def _trained(phone: Device, layers: tuple[Layer, ...], k_per_w: float, steps: int, seed: int) -> Training:
    """Steps with all that can go wrong; the phone with the most heat to bear is the last."""
    assert isinstance(phone.body, Body)
    spread = np.exp(SPREAD * np.random.default_rng(seed).standard_normal(PHONES))
    cluster = Cluster(
        device=phone,
        network=WIRED,
        nodes=PHONES,
        k_per_w=np.sort(k_per_w * spread),
        stragglers=STRAGGLERS,
        failures=FAILURES,
    )
    once = CAFFE(layers, phone, WIRED, nodes=PHONES, batch=PER_PHONE)
    return train(cluster, once, steps=steps, seed=seed, samples=SAMPLES)
