"""What is compared: orders of learning, and how much a mode trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from picojoule.train.curriculum import Plan, annealing, baby_step, in_order, one_pass, shuffled

BUCKETS = 5
BASELINE = "ann fp32"
"""Random order, early-stopped: what a user would run."""
STOPPED = "early-stopped"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """An order of learning.

    Attributes:
        plan: what is visited when.
        reviewed: whether it needs to know how easy each sample is, and pays for the teachers.
    """

    plan: Plan
    reviewed: bool = True

    @property
    def name(self) -> str:
        """In tables, for the weights after the last step."""
        return self.plan.name

    @property
    def stopped(self) -> str:
        """In tables, for the weights that validation chose."""
        return BASELINE if self is RANDOM else f"{self.name} {STOPPED}"


RANDOM = Arm(plan=shuffled(), reviewed=False)
ANNEALING = Arm(plan=annealing(BUCKETS))
BABY_STEP = Arm(plan=baby_step(BUCKETS))
CAUTIOUS = Arm(plan=baby_step(BUCKETS, last=0.0))
EASY = Arm(plan=shuffled(BUCKETS, last=0.0))
ONE_PASS = Arm(plan=one_pass(BUCKETS))
SORTED = Arm(plan=in_order())
ANTI = Arm(plan=baby_step(BUCKETS).backwards())
ARMS = (RANDOM, ANNEALING, BABY_STEP, CAUTIOUS, EASY, ANTI, ONE_PASS, SORTED)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much a mode does.

    Attributes:
        train, valid, test: generated sentences.
        noise: share of generated training labels that is wrong.
        encoder: which, unless the user's data or weights say otherwise.
        epochs: of an arm; every arm makes as many steps.
        parts: teachers.
        batch: sentences a step.
        rate: of AdamW.
        arms: what is compared.
        seeds: of every arm.
    """

    train: int
    valid: int
    test: int
    noise: float
    encoder: str
    epochs: int
    parts: int
    batch: int
    rate: float
    seeds: int
    arms: tuple[Arm, ...] = ARMS

    def teachers_batch(self, taught: int) -> int:
        """Sentences a step of a teacher that learns so many: the fewer it has, the smaller, so that it makes as many
        steps as an arm and not as many fewer as it has fewer sentences."""
        return max(1, min(self.batch // self.parts, taught))


SIZES = {
    "smoke": Size(
        train=60, valid=20, test=20, noise=0.2, encoder="lstm", epochs=2, parts=2, batch=16, rate=5e-3, seeds=1,
        arms=(RANDOM, ANNEALING, CAUTIOUS),
    ),
    "quick": Size(
        train=1600, valid=800, test=1000, noise=0.2, encoder="lstm", epochs=8, parts=5, batch=32, rate=4e-3,
        seeds=3, arms=(RANDOM, ANNEALING, BABY_STEP, CAUTIOUS, EASY, ANTI),
    ),
    "full": Size(
        train=7000, valid=1000, test=2000, noise=0.2, encoder="sentence", epochs=5, parts=10, batch=64, rate=3e-5,
        seeds=5,
    ),
}  # fmt: skip
