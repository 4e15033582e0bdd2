"""What is claimed: the abstract's three sentences, what is true by construction, and what we asked of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from picojoule.recipes.claims import judged
from picojoule.recipes.smartphone_cluster.large_batch import Learnt
from picojoule.recipes.smartphone_cluster.local import Local
from picojoule.recipes.smartphone_cluster.phones import Phones, images_per_s
from picojoule.recipes.smartphone_cluster.plan import PHONES
from picojoule.result import Claim
from picojoule.sim.clock import SECOND
from picojoule.sim.cluster import Cluster, gradient_bytes, train
from picojoule.sim.cluster.devices import WIRED
from picojoule.sim.cluster.ring import finish_ps

_ABSTRACT = "the paper's abstract"
_BUILT = "true by construction of the method"
_OURS = "our own demand on the model"


def claims(local: Local, learnt: Sequence[Learnt], phones: Phones) -> tuple[Claim, ...]:
    """All claims."""
    return (*_of_the_paper(phones), *_of_the_model(local), _of_lars(learnt), *_by_construction(local, phones))


def _of_the_paper(phones: Phones) -> tuple[Claim, ...]:
    layers = phones.layers["mobilenet-v1"]
    speed = phones.at("mobilenet-v1", "wired", PHONES).images_per_s
    over = {t: speed / images_per_s(replace(phones.v100, group_s=t * 1e-6), layers) for t in (3, 5, 10)}
    native = speed / images_per_s(replace(phones.v100, depthwise="native"), layers)
    few, all_ = (phones.at("resnet-50", "wireless", n).images_per_s for n in (30, PHONES))
    return (
        judged(
            "resnet-50-beside-p100",
            "ResNet-50, images a second of 138 phones over one P100",
            measured=None,
            reached=None,
            source=_ABSTRACT,
            paper=0.9,
            unit="ratio",
            reason="used to calibrate the phones' rate",
        ),
        judged(
            "mobilenet-beside-v100",
            "MobileNet-v1, images a second of 138 phones over one V100, within a factor of two",
            measured=over[5],
            reached=43 / 2 <= over[5] <= 43 * 2,
            source=_ABSTRACT,
            paper=43,
            unit="ratio",
            reason="this is about Caffe's loop over depthwise groups, 5 µs a turn on the V100 by assumption;"
            f" 3 µs give {over[3]:.0f}, 10 µs {over[10]:.0f}, and a native depthwise kernel {native:.1f}",
        ),
        judged(
            "wireless-ends-at-30",
            "wireless clusters stop at about 30 phones: ResNet-50 on 138 over 30, images a second, below 1.5",
            measured=all_ / few,
            reached=all_ / few < 1.5,
            source=f"{_ABSTRACT}; what is counted as the end is ours",
            unit="ratio",
            reason="with 60 MB/s for all phones together, which is a reconstruction",
        ),
    )


def _of_the_model(local: Local) -> tuple[Claim, ...]:
    held_out = [each for each in local.steps if not each.calibrates]
    worst = max(held_out, key=lambda each: each.error)
    return (
        judged(
            "held-out-steps",
            f"median error of {len(held_out)} predicted steps of two real processes, processor time, at most",
            measured=local.median_error,
            reached=local.median_error <= 0.2,
            source=_OURS,
            paper=0.2,
            reason=f"the worst: {100 * worst.error:.0f} % ({worst.network}, batch {worst.batch})",
        ),
    )


def _of_lars(learnt: Sequence[Learnt]) -> Claim:
    largest = {each.optimiser: each for each in learnt if each.batch == max(one.batch for one in learnt)}
    gain = largest["lars"].accuracy - largest["sgd"].accuracy
    return judged(
        "lars-at-the-largest-batch",
        f"accuracy of LARS less that of SGD at batches of {largest['lars'].batch}, above 0.01",
        measured=gain,
        reached=gain > 0.01,
        source="of LARS in general; whether the paper uses it is not known to us",
        unit="difference",
        reason=f"LARS {100 * largest['lars'].accuracy:.1f} %, SGD {100 * largest['sgd'].accuracy:.1f} %",
    )


def _by_construction(local: Local, phones: Phones) -> tuple[Claim, ...]:
    calm = phones.at("resnet-50", "wired", PHONES).step
    alone = Cluster(device=replace(phones.phone, body=None), network=WIRED, nodes=PHONES)
    apart = train(alone, calm, steps=100).outcome.makespan_ps / SECOND - 100 * calm.seconds
    return (
        _built(
            "two-processes-are-one",
            "largest relative difference of a weight between two processes and one, float64, below",
            1e-9,
            local.difference,
            "weight",
        ),
        _built(
            "ring-is-its-closed-form",
            "difference of an all-reduce by recursion and by formula, 138 like phones, below",
            1e-9,
            _ring(gradient_bytes(phones.layers["resnet-50"])),
            "s",
        ),
        _built("training-is-its-steps", "100 steps without trouble less 100 times one, below", 1e-9, abs(apart), "s"),
    )


def _ring(size: int) -> float:
    start, rates = np.zeros(PHONES, np.int64), np.full(PHONES, WIRED.bytes_per_s)
    found = finish_ps(size, start_ps=start, latency_s=WIRED.latency_s, bytes_per_s=rates)
    return float(np.abs(found / SECOND - WIRED.all_reduce_s("ring", size, PHONES)).max())


def _built(name: str, text: str, limit: float, measured: float, unit: str) -> Claim:
    return judged(name, text, measured=measured, reached=measured < limit, source=_BUILT, paper=limit, unit=unit)
