"""What the parts of a benchmark share: samples, the best way of each system, times taken in turn, accuracies."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import final

import torch
from torch import Tensor

from picojoule.base.progress import say, track
from picojoule.benchmark.findings import Ratio
from picojoule.benchmark.search import Choice, best_choice
from picojoule.benchmark.systems import TTFS_STEPS, Maker, System, admitted, rate_by_ours, the_ann, ttfs_by_ours
from picojoule.benchmark.timing import Work, in_turn, ratio
from picojoule.data.vision import Images
from picojoule.metrics import correct

_TIMED, _TURN_SECONDS, _LEAST = 50, 8.0, 0.1
"""Samples in a turn; fewer where the oracle would take longer than so many seconds; shorter works are repeated."""
_EQUAL_BATCHES = (1, 10, 50)
_COMPARED = 100


@final
class Session:
    """One benchmark.

    Args:
        maker: the networks of the model.
        samples: labelled images for accuracy; the first of them are timed.
        most_steps: the largest T of the table.
        repeats: turns.

    Attributes:
        x: the samples that are timed, the same for all.
        times: seconds per sample, one a turn, by the name of the system.
        ann: the ANN's own forward.
    """

    def __init__(self, maker: Maker, samples: Images, most_steps: int, repeats: int) -> None:
        self.maker, self.samples, self.repeats = maker, samples, repeats
        self.times: dict[str, list[float]] = {}
        self._choices: dict[str, Choice] = {}
        self._hits: dict[str, int] = {}
        self._known: dict[tuple[str, str], Tensor] = {}
        self.ann = the_ann(maker)
        self.x = samples.images[: min(_TIMED, len(samples))]
        self.accuracy(self.ann)  # labels that do not fit the network are found here
        self._shorten(Work(rate_by_ours(maker, most_steps, "stepped").ways[""], (self.x[:1],)))

    def _shorten(self, oracle: Work) -> None:
        """Fewer samples for a large network, so that a turn stays short."""
        fastest = min(oracle.seconds() for _ in range(6))  # the first works out what is needed once per network
        self.x = self.x[: max(1, int(_TURN_SECONDS / fastest))]
        self._choices.clear()  # a batch chosen before may be larger than that

    def choice(self, system: System) -> Choice:
        """The system's fastest way and batch size."""
        if system.name not in self._choices:
            self._choices[system.name] = best_choice(system, self.x)
        return self._choices[system.name]

    def time(self, systems: Iterable[System]) -> None:
        """Time all systems in turn, each at its own best."""
        works = {}
        for system in track(list(systems), "best batch"):
            way, batch = self.choice(system)
            works[system.name] = Work(system.ways[way], self.x.split(batch))
        self.times.update(in_turn(works, track(range(self.repeats), "timing"), _LEAST))

    def ttfs_over_ann(self) -> list[Ratio]:
        """TTFS, with separate windows and with early firing, over the ANN's faster format at equal batch sizes."""
        ttfs = [ttfs_by_ours(self.maker, TTFS_STEPS, start) for start in (None, TTFS_STEPS // 2)]
        (*ttfs, ann), ratios = admitted([*ttfs, self.ann], self.x)[0], []
        say("equal batches")
        for batch in (each for each in _EQUAL_BATCHES if each <= len(self.x)) if ttfs else ():
            forwards = {each.family: each.ways[""] for each in ttfs} | ann.ways
            works = {name: Work(forward, self.x.split(batch)) for name, forward in forwards.items()}
            times = in_turn(works, range(self.repeats), _LEAST)
            fastest = min((times[way] for way in ann.ways), key=median)
            for each in ttfs:
                value = ratio(times[each.family], fastest)
                ratios.append(Ratio(of=each.family, over=ann.family, what=f"time at batch {batch}", value=value))
        return ratios

    def accuracy(self, system: System) -> float:
        """The share of right decisions on all samples.

        Raises:
            DataError: labels that are no classes of this network.
        """
        if system.name not in self._hits:
            outputs = self._outputs(system, self.choice(system))
            self._hits[system.name] = correct(outputs, self.samples.labels)
            self._known.setdefault((system.family, system.pools), outputs)
        return self._hits[system.name] / len(self.samples)

    def _outputs(self, system: System, choice: Choice) -> Tensor:
        """Outputs on all samples; those of a system with the same spikes where the first of them are decided alike."""
        known = self._known.get((system.family, system.pools))
        if known is None:
            return self._run(system, choice, self.samples.images)
        some = self._run(system, choice, self.samples.images[:_COMPARED])
        if torch.equal(some.argmax(1), known[: len(some)].argmax(1)):
            return known
        return self._run(system, choice, self.samples.images)

    @staticmethod
    def _run(system: System, choice: Choice, images: Tensor) -> Tensor:
        forward = system.ways[choice.way]
        return torch.cat([forward(x) for x in track(images.split(choice.batch), f"accuracy of {system.name}")])
