"""The curves: scaling, collectives, all-reduces and steps of the real processes, one step in time, hot phones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from picojoule.recipes.smartphone_cluster.large_batch import OPTIMISERS, Learnt
from picojoule.recipes.smartphone_cluster.local import Local
from picojoule.recipes.smartphone_cluster.phones import CAFFE, NETWORKS, Phones, images_per_s
from picojoule.recipes.smartphone_cluster.plan import PER_PHONE, PHONES, Plan
from picojoule.result import Series
from picojoule.sim.clock import SECOND
from picojoule.sim.cluster import COLLECTIVES, gradient_bytes, step
from picojoule.sim.cluster.devices import SWITCHES, WIRED


def series(plan: Plan, local: Local, learnt: Sequence[Learnt], phones: Phones) -> Iterator[Series]:
    """All curves, in the order of the report."""
    yield from _scaling(plan, phones)
    yield from _learnt(learnt)
    yield from _real(local)
    yield from _collectives(plan, phones)
    yield from _one_step(phones)
    yield from _bodies(phones)


def _scaling(plan: Plan, phones: Phones) -> Iterator[Series]:
    for network, layers in phones.layers.items():
        name = f"images a second against phones, {network}"
        for link in NETWORKS:
            found = [phones.at(network, link, n).images_per_s for n in plan.counts]
            yield Series(name=name, system=link, x=plan.counts, y=tuple(found), x_unit="phones", y_unit="images/s")
        ends = (plan.counts[0], plan.counts[-1])
        for device in (phones.p100, phones.v100):
            speed = images_per_s(device, layers)
            yield Series(name=name, system=device.name, x=ends, y=(speed, speed), x_unit="phones", y_unit="images/s")


def _learnt(learnt: Sequence[Learnt]) -> Iterator[Series]:
    for optimiser in OPTIMISERS:
        own = [each for each in learnt if each.optimiser == optimiser]
        yield Series(
            name="accuracy against the batch",
            system=optimiser,
            x=tuple(each.batch for each in own),
            y=tuple(each.accuracy for each in own),
            x_unit="images in a batch",
            y_unit="accuracy",
        )


def _real(local: Local) -> Iterator[Series]:
    sizes = tuple(each.size / 1e6 for each in local.reductions)
    modelled = tuple(local.network.all_reduce_s("ring", each.size, each.nodes) for each in local.reductions)
    measured = tuple(each.seconds for each in local.reductions)
    for system, seconds in (("measured", measured), ("model", modelled)):
        speeds = tuple(each.busbw / 1e6 * each.seconds / t for each, t in zip(local.reductions, seconds, strict=True))
        yield Series(
            name="bus bandwidth of an all-reduce between the processes",
            system=system,
            x=sizes,
            y=speeds,
            x_unit="MB",
            y_unit="MB/s",
        )
    for network in dict.fromkeys(each.network for each in local.steps):
        own = [each for each in local.steps if each.network == network]
        x = tuple(each.batch for each in own)
        for system, y in (
            ("measured", tuple(1000 * each.measured_s for each in own)),
            ("by the clock", tuple(1000 * each.clock_s for each in own)),
            ("model", tuple(1000 * each.predicted_s for each in own)),
        ):
            yield Series(
                name=f"a step of two processes, {network}",
                system=system,
                x=x,
                y=y,
                x_unit="images a process",
                y_unit="ms",
            )


def _collectives(plan: Plan, phones: Phones) -> Iterator[Series]:
    size = gradient_bytes(phones.layers["resnet-50"])
    counts = [n for n in plan.counts if n > 1]
    shown = [name for name in COLLECTIVES if name != "parameter-server"]  # 100 times as long, the others would be flat
    lines = {name: [WIRED.all_reduce_s(name, size, n) for n in counts] for name in shown}
    lines["two-level"] = [SWITCHES.all_reduce_s("two-level", size, n) for n in counts]
    for name, seconds in lines.items():
        yield Series(
            name="an all-reduce of ResNet-50's gradients, wired",
            system=name,
            x=tuple(counts),
            y=tuple(seconds),
            x_unit="phones",
            y_unit="s",
        )


def _one_step(phones: Phones) -> Iterator[Series]:
    """Pairs of beginning and end, one after the other, with the row's number; the last layers first to be sent."""
    layers, size = phones.layers["resnet-50"], PER_PHONE
    for name, make in (("buckets", step), ("Caffe", CAFFE)):
        once = make(layers, phones.phone, WIRED, nodes=PHONES, batch=size)
        forward = once.forward_ps[-1]
        sent = [(end - alone, end) for end, alone in zip(once.sent_ps, once.reduce_ps, strict=True)]
        lanes = {"forward": [(0, forward)], "backward": [(forward, once.compute_ps)], "all-reduce": sent}
        for lane, spans in lanes.items():
            x = tuple(float(t) / SECOND for t in chain.from_iterable(spans))
            yield Series(
                name=f"timeline of one step, {PHONES} phones, {name}",
                system=lane,
                x=x,
                y=tuple(i // 2 for i in range(len(x))),
                x_unit="s, simulated",
                y_unit="piece",
            )


def _bodies(phones: Phones) -> Iterator[Series]:
    """How each phone warms, and slows down where it gets too hot; a clock that never changes is not drawn."""
    for cooling, done in phones.warming.items():
        x = tuple(np.round(done.times_s / 3600, 3))
        looks = {"temperature": (done.temperature_c, "°C"), "clock": (done.clock, "of the highest")}
        for what, (values, unit) in looks.items():
            if np.ptp(values) == 0:
                continue
            for phone, column in enumerate(values.T, 1):
                yield Series(
                    name=f"{what} of each phone, {cooling}",
                    system=f"phone {phone}",
                    x=x,
                    y=tuple(np.round(column, 2)),
                    x_unit="hours, simulated",
                    y_unit=unit,
                )
