"""The rows: trainings at growing batches, then steps of both networks of the paper on phones and on one GPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

from picojoule.cost.training import dense_training
from picojoule.data.vision import Dataset
from picojoule.measurement.modules import count_module
from picojoule.metrics.accuracy import wilson
from picojoule.recipes.smartphone_cluster.large_batch import Learnt
from picojoule.recipes.smartphone_cluster.layers import table
from picojoule.recipes.smartphone_cluster.phones import CAFFE, NETWORKS, Phones, Scaled, images_per_s
from picojoule.recipes.smartphone_cluster.plan import IMAGES, PHONES
from picojoule.result import Energy, Row
from picojoule.sim.cluster import Device, Layer, Step, flop

STEP = "(a training step)"
"""How the names of rows end that have costs but no accuracy."""
SHARE = 25
"""Images of a phone in the trainings at growing batches."""
SHOWN = (1, 30, PHONES)


def rows(data: Dataset, learnt: Sequence[Learnt], phones: Phones) -> Iterator[Row]:
    """All rows; the first is plain SGD at the smallest batch, the ordinary way."""
    first, *others = learnt
    yield _learnt(data, first, phones, "ann fp32")
    for each in others:
        yield _learnt(data, each, phones, each.name)
    for name, layers in phones.layers.items():
        for device in (phones.p100, phones.v100):
            yield _gpu(name, layers, device)
            if any(layer.groups > 1 for layer in layers):
                yield _gpu(name, layers, replace(device, depthwise="native"), " native depthwise")
        for link in NETWORKS:
            for count in SHOWN:
                if not (link == "wireless" and count == 1):
                    yield _scaled(phones.at(name, link, count))
    yield from _trained(phones)


@final
@dataclass(frozen=True, kw_only=True)
class OnPhones:
    """The digit network on so many phones that each has about `SHARE` images of a batch."""

    phones: int
    step: Step
    joules: float
    """Of a step."""

    @staticmethod
    def of(learnt: Learnt, phones: Phones, layers: tuple[Layer, ...]) -> OnPhones:
        """For a training."""
        count = max(1, learnt.batch // SHARE)
        wired, phone = NETWORKS["wired"], phones.phone
        once = CAFFE(layers, phone, wired, nodes=count, batch=-(-learnt.batch // count))
        busy = once.compute_ps / once.total_ps
        watts = phone.idle_w + busy * (phone.busy_w - phone.idle_w) + wired.watts_a_port
        return OnPhones(phones=count, step=once, joules=count * watts * once.seconds)


def _learnt(data: Dataset, learnt: Learnt, phones: Phones, name: str) -> Row:
    sample = data.test.images[:1]
    counts = dense_training(count_module(learnt.model, sample))
    on = OnPhones.of(learnt, phones, table(learnt.model, sample))
    needed = learnt.steps_to_target
    tested = len(data.test)
    return Row(
        system=name,
        metrics={
            "accuracy": learnt.accuracy,
            "batch": learnt.batch,
            "learning_rate": learnt.rate,
            "steps": learnt.steps,
            "steps_to_target": needed,
            "phones": on.phones,
            "seconds_to_target": None if needed is None else needed * on.step.seconds,
            "joules_to_target": None if needed is None else needed * on.joules,
        },
        interval={"accuracy": wilson(round(learnt.accuracy * tested), tested)},
        counts={"macs": float(counts.total("macs"))},
        energy=(_at_the_plug(on.joules / learnt.batch),),
        simulated_seconds=on.step.seconds / learnt.batch,
    )


def _at_the_plug(joules: float) -> Energy:
    """Powers of devices and switches times simulated time; they are in the tables of the devices, not in a profile."""
    return Energy(profile="at the plug", joules=joules, evidence="simulated")


def _gpu(name: str, layers: tuple[Layer, ...], device: Device, more: str = "") -> Row:
    speed = images_per_s(device, layers)
    return _step_row(f"{device.name} {name}{more}", layers, speed, device.busy_w / speed, 1.0)


def _scaled(each: Scaled) -> Row:
    title = f"phones n={each.phones} {each.network} {each.link}"
    layers = each.step.layers
    return _step_row(title, layers, each.images_per_s, each.joules, each.efficiency)


def _step_row(title: str, layers: tuple[Layer, ...], speed: float, joules: float, efficiency: float) -> Row:
    return Row(
        system=f"{title} {STEP}",
        metrics={"images_per_second": speed, "efficiency": efficiency, "kwh_per_epoch": IMAGES * joules / 3.6e6},
        counts={"macs": flop(layers) / 2},
        energy=(_at_the_plug(joules),),
        simulated_seconds=1 / speed,
    )


def _trained(phones: Phones) -> Iterator[Row]:
    """The whole training with throttling, stragglers and failures."""
    layers = phones.layers["resnet-50"]
    calm = phones.at("resnet-50", "wired", PHONES)
    for name, done in phones.trained.items():
        images = done.outcome.actions["step"] * round(calm.images_per_s * calm.step.seconds)
        speed, joules = images / done.outcome.seconds, done.joules / images
        title, efficiency = f"phones n={PHONES} resnet-50 wired {name}", speed / (PHONES * calm.single)
        row = _step_row(title, layers, speed, joules, efficiency)
        more = {
            "days": done.outcome.seconds / 86400,
            "failures": float(done.outcome.actions["failure"]),
            "steps_again": float(done.outcome.actions["step_again"]),
        }
        yield replace(row, metrics={**row.metrics, **more})
