"""Energy-efficient knowledge distillation for spiking students, with heterogeneous temperatures (cite key ``lee2021``).

Only the abstract of the paper was at hand: students, temperatures, T and the second data set are ours.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.comparison import observe_all, rows
from picojoule.recipes.energy_distillation.claims import claims
from picojoule.recipes.energy_distillation.conditions import ALONE, COMPARED, GRID, SIZES, Condition
from picojoule.recipes.energy_distillation.others import compressed, converted
from picojoule.recipes.energy_distillation.students import teach, teacher
from picojoule.recipes.seeds import Seeds
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, anns
from picojoule.result import Result, Series


def build(settings: Settings) -> Result:
    """Teach students under every condition and on the grid; compress and convert others beside them."""
    data, size = settings.dataset(), SIZES[settings.mode]
    test = data.test.take(settings.limit or len(data.test))
    master = teacher(data, settings, epochs=size.teacher)
    given = (master, data, test, settings)
    done = {c: teach(c, *given, epochs=size.student, seeds=size.seeds) for c in COMPARED}
    grid = {c: teach(c, *given, epochs=size.grid, seeds=1) for c in GRID} if size.grid else {}
    calibration = data.train.take(CALIBRATION)
    rivals = [*map(settings.place, anns(master.cpu(), calibration))]
    others = [*converted(master.to(settings.device), data, settings, epochs=size.student),
              *map(settings.place, compressed(done[ALONE], data))]  # fmt: skip
    seen = observe_all(rivals, test, settings)
    seen |= {c.system: found.seen[0] for c, found in done.items()}
    seen |= observe_all(others, test, settings)
    table = rows(seen, reference=ALONE.system)
    by_name = {c.system: found for c, found in done.items()}
    return Result(
        recipe="energy-distillation",
        title=f"Distillation of spiking students on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=tuple(by_name[each.system].beside(each) if each.system in by_name else each for each in table),
        series=(*_front(done), *_of_grid(grid)),
        claims=unless_smoke(claims(done), settings),
        environment=environment(),
    )


def _front(done: dict[Condition, Seeds[Condition]]) -> list[Series]:
    """Accuracy against spikes, a point a seed."""
    return [
        Series(
            name="accuracy against spikes",
            system=c.name,
            x=found.spikes,
            y=found.accuracies,
            x_unit="spikes a sample",
            y_unit="fraction",
        )
        for c, found in done.items()
    ]


def _of_grid(grid: dict[Condition, Seeds[Condition]]) -> list[Series]:
    """Accuracy and spikes against ρ = τ_S/τ_T, a line for each τ_T and α."""
    lines = []
    for teacher_temperature, weight in sorted({(c.teacher, c.weight) for c in grid}):
        chosen = sorted(
            (c.student / c.teacher, found)
            for c, found in grid.items()
            if (c.teacher, c.weight) == (teacher_temperature, weight)
        )
        for name, unit, value in (
            ("accuracy", "fraction", lambda each: each.accuracy),
            ("spikes", "spikes a sample", lambda each: each.spikes[0]),
        ):
            lines.append(
                Series(
                    name=f"grid: {name} against τ_S/τ_T",
                    system=f"τ_T {teacher_temperature:g}, α {weight:g}",
                    x=tuple(ratio for ratio, _ in chosen),
                    y=tuple(value(found) for _, found in chosen),
                    x_unit="τ_S/τ_T",
                    y_unit=unit,
                )
            )
    return lines
