"""Deep spiking networks with time-to-first-spike coding, trained through a surrogate (cite key ``park2021ttfs``).

Encoder and decoder of each layer become one activation with a trainable kernel; what was trained is what fires. Only
the abstract of the paper was at hand; constants are those of the authors' public code.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.codes import Rate
from picojoule.conversion import convert
from picojoule.engines.plan import plan
from picojoule.ir import Fire, Network, WeightLayer
from picojoule.recipes import series
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.comparison import DENSE, observe_all, rows
from picojoule.recipes.seeds import Seeds
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, anns
from picojoule.recipes.ttfs_training.claims import claims
from picojoule.recipes.ttfs_training.conditions import COMPARED, KERNELS, SIZES, SPARSE, TRAINED, Condition
from picojoule.recipes.ttfs_training.networks import plain, source_network, times_that_differ, train
from picojoule.result import Result, Series

_RATE = Rate(steps=8)


def build(settings: Settings) -> Result:
    """Train the ANN, every condition from it, and the study of kernels; hold the surrogate against the network."""
    data, size = settings.dataset(), SIZES[settings.mode]
    test = data.test.take(settings.limit or len(data.test))
    model = source_network(data, size, settings)
    calibration = data.train.take(CALIBRATION)
    given = (model, data, test, settings)
    done = {c: train(c, *given, epochs=size.epochs, seeds=size.seeds) for c in COMPARED}
    study = {c: train(c, *given, epochs=size.study, seeds=1) for c in KERNELS}
    converted = (settings.place(convert(model, calibration, code=_RATE)), plain(model, TRAINED, data, settings))
    seen = observe_all([*map(settings.place, anns(model, calibration)), *converted], test, settings)
    seen |= {each.condition.system: each.seen[0] for each in done.values()}
    table = rows(seen, reference=converted[0].name)
    network = done[TRAINED].seen[0].network
    differing = times_that_differ(done[TRAINED].modules[0], test.images[: size.held])
    trained = {c.system: found for c, found in done.items()}
    told = claims(done, seen[DENSE], differing, _latency(network))
    return Result(
        recipe="ttfs-training",
        title=f"Time-to-first-spike networks trained on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=tuple(trained[each.system].beside(each) if each.system in trained else each for each in table),
        series=(*_of_kernels(study), *_of_seeds(done), *_times(done, test.images[:20].to(settings.device))),
        claims=unless_smoke(told, settings),
        environment=environment(),
    )


def _latency(network: Network) -> tuple[int, int]:
    """Steps of the schedule, and those of one window a layer of neurons."""
    timing = plan(network).schedule
    assert timing is not None
    layers = sum(1 for _ in network.all(WeightLayer))
    return timing.latency, (layers - 1) * next(network.all(Fire)).code.steps


def _of_kernels(study: dict[Condition, Seeds[Condition]]) -> list[Series]:
    """Accuracy, and spikes a neuron, against T, a line for each ratio T/τ₀."""
    lines = []
    for ratio in sorted({c.steps / c.tau for c in study}):
        chosen = sorted((c.steps, found) for c, found in study.items() if c.steps / c.tau == ratio)
        for name, unit, value in (("accuracy", "fraction", lambda each: each.accuracy),
                                  ("spikes a neuron", "spikes", lambda each: each.spikes_per_neuron[0])):  # fmt: skip
            lines.append(
                Series(
                    name=f"kernel study: {name} against T",
                    system=f"T/τ₀ = {ratio:g}",
                    x=tuple(steps for steps, _ in chosen),
                    y=tuple(value(found) for _, found in chosen),
                    x_unit="steps",
                    y_unit=unit,
                )
            )
    return lines


def _of_seeds(done: dict[Condition, Seeds[Condition]]) -> list[Series]:
    """Accuracy against spikes, a point a seed."""
    return [
        Series(
            name="accuracy against spikes a neuron",
            system=c.name,
            x=found.spikes_per_neuron,
            y=found.accuracies,
            x_unit="spikes a neuron",
            y_unit="fraction",
        )
        for c, found in done.items()
    ]


def _times(done: dict[Condition, Seeds[Condition]], images) -> list[Series]:  # type: ignore[no-untyped-def]
    """When the neurons of the main condition fire, and of the sparse one."""
    return [each for c in (TRAINED, SPARSE) for each in series.first_spike_times(done[c].seen[0].network, images)]
