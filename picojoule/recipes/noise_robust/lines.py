"""From scores to rows and curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from picojoule.conversion import compensate, disturb
from picojoule.engines import run
from picojoule.ir import Network
from picojoule.measurement import Observation, counted
from picojoule.measurement.robustness import Scores
from picojoule.noise import Noise
from picojoule.recipes import series
from picojoule.recipes.comparison import PROFILES
from picojoule.recipes.noise_robust.grid import DELETED, JITTERED, SWEPT, Condition
from picojoule.result import Row, Series

Found = dict[Condition, Scores]


def named(networks: dict[str, Network], condition: Condition) -> str:
    """The system of a condition, as tables have it."""
    return networks[condition.system].name + (" +ws" if condition.compensated else "")


def noisy_rows(networks: dict[str, Network], found: Found, images: Tensor, reference: Observation) -> Iterator[Row]:
    """A row for each code at the middle of each noise: the mean over seeds, from the lowest to the highest.

    Args:
        networks, found: what was tried, and what came of it.
        images: what counts are taken of.
        reference: the system that normalised energies are relative to.
    """
    swept = set(SWEPT.values()) - {"ttfs", "ttas"}
    for condition, each in found.items():
        middle = condition.noise in (Noise(deletion=DELETED), Noise(jitter=JITTERED))
        if middle and condition.system not in swept:
            expects = compensate if condition.compensated else lambda network, _: network
            network = networks[condition.system]
            counts = run(disturb(expects(network, condition.noise), condition.noise), images).counts
            assert counts is not None
            made = counted(
                f"{named(networks, condition)}, {condition.noise.label}",
                counts,
                PROFILES,
                hits=None,
                spiking=True,
                reference=reference,
                metrics={"accuracy": each.mean},
            )
            yield replace(made, interval={"accuracy": each.interval})


def curves(networks: dict[str, Network], found: Found) -> list[Series]:
    """Accuracy against the level of each noise, with a band over seeds, and against the number of spikes."""
    lines = [line for noise in ("deletion", "jitter", "weights") for line in _against(noise, networks, found)]
    return [*lines, *_sweep(found)]


_UNITS = {"deletion": "share of spikes lost", "jitter": "σ in steps", "weights": "σ relative to a weight"}


def _against(noise: str, networks: dict[str, Network], found: Found) -> Iterator[Series]:
    lines: dict[tuple[str, str], list[tuple[float, Scores]]] = {}
    for condition, each in found.items():
        level = getattr(condition.noise, noise)
        if level:
            lines.setdefault((condition.system, named(networks, condition)), []).append((level, each))
    for (_, system), points in lines.items():
        if len(points) > 1:
            yield from series.band(f"accuracy against {noise}", system, _ends(points), _UNITS[noise], "accuracy")


def _sweep(found: Found) -> Iterator[Series]:
    """Codes by the number of spikes behind the first, weights compensated."""
    for noise in (Noise(deletion=DELETED), Noise(jitter=JITTERED)):
        by_spikes = {
            further: found.get(Condition(system=name, noise=noise, compensated=True)) for further, name in SWEPT.items()
        }
        points = [(float(further), each) for further, each in by_spikes.items() if each is not None]
        system = f"{noise.label}, +ws"
        yield from series.band("accuracy against n", system, _ends(points), "n spikes behind the first", "accuracy")


def _ends(points: list[tuple[float, Scores]]) -> list[tuple[float, float, float, float]]:
    """Level, mean, lowest and highest of each point, by rising level."""
    return sorted((level, each.mean, *each.interval) for level, each in points)
