"""What is compared: how a student is taught, and what is done to it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

STEPS, LEAK = 8, 0.9
"""T and a of the students."""
HIDDEN = (128, 128)
_WEIGHT = 0.9


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """How a student is taught.

    Attributes:
        name: in tables.
        teacher, student: τ_T and τ_S.
        weight: α of the teacher's part.
        per_step: the teacher is compared with every step.
        penalty: weight of the spikes, a number of spikes a neuron and step.
        output: z_S by counting spikes of the last neurons, or by their summed drive, without any.
    """

    name: str
    teacher: float = 1.0
    student: float = 1.0
    weight: float = _WEIGHT
    per_step: bool = False
    penalty: float = 0.0
    output: Literal["count", "membrane"] = "count"

    @property
    def system(self) -> str:
        """The system's name."""
        return f"lif T={STEPS} {self.name}"

    @property
    def splits(self) -> bool:
        """True where the student's temperature is below the teacher's."""
        return bool(self.weight) and self.student < self.teacher


def taught(teacher: float, student: float, **options) -> Condition:  # type: ignore[no-untyped-def]
    """Distillation with these temperatures."""
    return Condition(name=f"τ {teacher:g}/{student:g}", teacher=teacher, student=student, **options)


ALONE = Condition(name="labels alone", weight=0.0)
EQUAL = taught(4, 4)
SPLIT = (taught(4, 2), taught(4, 1), taught(8, 2))
PENALISED = Condition(name="labels alone, spikes penalised", weight=0.0, penalty=1.0)
PER_STEP = Condition(name="τ 4/4 per step", teacher=4.0, student=4.0, per_step=True)
MEMBRANE = (
    Condition(name="labels alone, membrane", weight=0.0, output="membrane"),
    Condition(name="τ 4/4 membrane", teacher=4.0, student=4.0, output="membrane"),
    Condition(name="τ 4/1 membrane", teacher=4.0, student=1.0, output="membrane"),
)
EQUALS = {each.output: each for each in (EQUAL, MEMBRANE[1])}
"""Equal temperatures, by what students say."""
COMPARED = (ALONE, EQUAL, *SPLIT, PENALISED, PER_STEP, *MEMBRANE)
"""Every condition with several seeds."""
TEMPERATURES = (1.0, 2.0, 4.0, 8.0)
GRID = tuple(taught(t, s, weight=a) for a in (0.5, 0.9) for t in TEMPERATURES for s in TEMPERATURES)
"""The grid: one seed each."""
PRUNED = (0.5, 0.7, 0.9)
"""Shares of weights that are taken away, the smallest first."""
BITS = (8, 4, 2)
"""Widths of the weights of a student that is quantised."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much a mode trains: epochs of the teacher, of a student, of one of the grid, and seeds."""

    teacher: int
    student: int
    grid: int
    seeds: int


SIZES = {
    "smoke": Size(teacher=1, student=1, grid=0, seeds=1),
    "quick": Size(teacher=8, student=6, grid=2, seeds=3),
    "full": Size(teacher=40, student=40, grid=10, seeds=3),
}
