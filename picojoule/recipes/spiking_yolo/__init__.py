"""Spiking-YOLO: object detection by conversion (cite key ``kim2020yolo``).

Scales per channel instead of per layer, and a signed neuron whose threshold below zero is 1/α times as large, so that
a spiking network has leaky ReLUs. Abstract and repository facts were at hand; tables of the paper are from memory.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from picojoule.base.environment import environment
from picojoule.base.progress import say
from picojoule.conversion import quantise
from picojoule.data.vision.detection import Scenes
from picojoule.ir import Network
from picojoule.models.vision.detection import TinyYolo, heads_of
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.settings import Settings
from picojoule.recipes.spiking_yolo.claims import KEEPS, changed_by_scales, claims
from picojoule.recipes.spiking_yolo.conditions import CHANNEL, DECODERS, SIZES, SYSTEMS
from picojoule.recipes.spiking_yolo.detectors import detector_for, scenes_for
from picojoule.recipes.spiking_yolo.rows import curves, pictures, row
from picojoule.recipes.spiking_yolo.thresholds import Thresholds, search
from picojoule.recipes.spiking_yolo.watch import Watched, output_scale, steps_to, watch
from picojoule.recipes.systems import ann as dense
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Convert the detector in every way, read it in every way, and look for two-phase thresholds."""
    size = SIZES[settings.mode]
    data = scenes_for(settings, size)
    model = detector_for(data, settings, size)
    calibration = data.train.take(size.calibration).images
    test = data.test.take(min(size.scenes, settings.limit or size.scenes))
    heads, classes, steps = heads_of(model), len(data.names), size.grid[-1]
    plain = dense(model, calibration)
    scale = output_scale(plain, calibration)
    common = {"heads": heads, "classes": classes, "grid": size.grid, "scale": scale, "device": settings.device}

    def seen(network: Network, **options) -> Watched:  # type: ignore[no-untyped-def]
        return watch(settings.place(network), scenes=test, **{**common, **options})

    anns = [seen(each) for each in (plain, *(quantise(model, calibration, bits=bits) for bits in (8, 4)))]
    done = {each: seen(each.network(model, calibration, steps)) for each in SYSTEMS}
    few = steps_to(done[CHANNEL].curve(DECODERS[0]), KEEPS * anns[0].best) or steps
    shorter = {"grid": tuple(each for each in size.grid if each <= few)}
    fewest = done[CHANNEL] if few == steps else seen(CHANNEL.network(model, calibration, few), **shorter)
    in_bytes = seen(CHANNEL.network(model, calibration, few, weight_bits=8), **shorter)
    thresholds = _thresholds(model, calibration, data.train.take(size.tuned[0]), settings, common)
    tuned = seen(thresholds.network(model, calibration, steps))
    everything = [*anns, *([] if few == steps else [fewest]), in_bytes, *done.values(), tuned]
    changed = changed_by_scales(model, test.images[:2])
    return Result(
        recipe="spiking-yolo",
        title=f"Spiking object detection on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data={**data.summary(), "test": len(test), "two-phase thresholds": str(thresholds)},
        rows=tuple(row(each, anns[0], classes=classes) for each in everything),
        series=tuple(curves(done, tuned)),
        claims=unless_smoke(claims(done, tuned, fewest, anns[0], changed), settings),
        environment=environment(),
        pictures=pictures(anns[0], done[CHANNEL], data.names),
    )


def _thresholds(
    model: TinyYolo, calibration: Tensor, judged: Scenes, settings: Settings, common: dict[str, Any]
) -> Thresholds:
    """Two-phase thresholds, searched on training scenes."""
    say("searching two-phase thresholds")
    size, classes = SIZES[settings.mode], common["classes"]
    best = watch(dense(model, calibration), common["heads"], judged, classes=classes).best
    options = {"steps": size.tuned[1], "trials": size.trials, "seed": settings.seed, "classes": classes, "ann": best}
    return search(model, common["heads"], calibration, judged, common["scale"], **options)
