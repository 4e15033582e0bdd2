"""From what was trained and searched to rows and curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean

import torch

from picojoule.cost import price, profiles
from picojoule.cost.break_even import break_even_spikes_per_neuron
from picojoule.measurement import counted, observe, rows_of
from picojoule.recipes.autosnn.conditions import (
    AVERAGED,
    LAMBDA,
    MAXIMUM,
    STRIDED,
    SWEEP,
    WHOLE,
    Design,
    Entrant,
    Size,
)
from picojoule.recipes.autosnn.material import Material
from picojoule.recipes.autosnn.networks import Trained, still, train_relu
from picojoule.recipes.autosnn.searching import Searched
from picojoule.recipes.seeds import of_seeds
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, anns
from picojoule.result import Row, Series

DENSE = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_INT8, profiles.HOROWITZ_FP32_NO_REUSE)
SPIKING = (profiles.HOROWITZ_FP32, profiles.HOROWITZ_FP32_NO_REUSE)
"""The image meets dense arithmetic in the stem, which Loihi's prices do not have."""


def rows(entrant: Entrant, done: Iterable[Trained], material: Material, size: Size, settings: Settings) -> list[Row]:
    """The network of ReLUs of one architecture in fp32, int8 and int4, then the spiking networks."""
    model = train_relu(entrant, material, size, settings).cpu()
    x, _ = material.train.pick(torch.arange(min(CALIBRATION, len(material.train))))
    calibration = still(x)
    test, labels = material.test.pick(torch.arange(len(material.test)))
    networks = map(settings.place, anns(model, calibration))
    seen = [observe(each, (still(test), labels), batch=settings.batch) for each in networks]
    rival = price(seen[1].counts, profiles.HOROWITZ_INT8).joules
    return [
        *(found for each in seen for found in rows_of(each, DENSE)),
        *(_spiking(each, rival) for each in done),
    ]


def _spiking(found: Trained, rival: float) -> Row:
    """Counts and joules are those of the first seed."""
    counts = found.counts[0]
    metrics = {
        **of_seeds(found.accuracies, found.spikes),
        "break_even_spikes_per_neuron": break_even_spikes_per_neuron(counts, profiles.HOROWITZ_FP32, rival),
    }
    return counted(found.entrant.name, counts, SPIKING, hits=found.hits[0], spiking=True, metrics=metrics)


def of_search(searched: Searched) -> list[Series]:
    """Every network with the front and the winners, and the searchers' regrets."""
    cloud = {"every network": list(searched.table), "front": searched.front, "winners along λ": searched.winners}
    lines = [
        Series(
            name="networks: accuracy against spikes",
            system=system,
            x=tuple(searched.table[each].spikes for each in genomes),
            y=tuple(searched.table[each].accuracy for each in genomes),
            x_unit="spikes a sample",
            y_unit="fraction",
        )
        for system, genomes in cloud.items()
    ]
    for name, values in searched.regret_against_evaluations(LAMBDA).items():
        x = tuple(range(1, len(values) + 1))
        lines.append(
            Series(
                name="median regret against evaluations", system=name, x=x, y=tuple(values), x_unit="evaluations",
                y_unit="fitness below the best",
            )
        )  # fmt: skip
    return [*lines, *_sweep(searched)]


def _sweep(searched: Searched) -> list[Series]:
    """The exact winner's accuracy and cost along λ, costs relative to the mean of all networks."""
    x = tuple(abs(each) for each in SWEEP)
    lines = []
    for by in ("spikes", "synops", "joules"):
        usual = searched.fitness(LAMBDA, by).average
        won = [searched.table[searched.best(weight, by)].cost(by) / usual for weight in SWEEP]
        lines.append(
            Series(name="winner's cost against −λ", system=by, x=x, y=tuple(won), x_unit="−λ", y_unit="of the mean")
        )
    return lines


def of_designs(study: Mapping[Design, Trained]) -> list[Series]:
    """Accuracy against spikes, a point a design; the averages in their order: released, bare, undecayed, lowered."""
    kinds = {"maximum": (MAXIMUM,), "strided": (STRIDED,), "average": AVERAGED, "global average": WHOLE}
    return [
        Series(
            name="macro designs: accuracy against spikes",
            system=kind,
            x=tuple(fmean(study[each].spikes) for each in designs),
            y=tuple(study[each].accuracy for each in designs),
            x_unit="spikes a sample",
            y_unit="fraction",
        )
        for kind, designs in kinds.items()
    ]
