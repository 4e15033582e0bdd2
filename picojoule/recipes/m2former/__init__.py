"""M2Former: multi-scale patch selection for fine-grained recognition (cite key ``m2former2023``).

Only the paper's abstract was at hand; the method is that of the authors' released code, written anew. Pictures are
generated creatures whose classes differ in one part at one scale, or the user's folder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from picojoule.base.environment import environment
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.m2former.claims import claims
from picojoule.recipes.m2former.conditions import PLANS, Plan
from picojoule.recipes.m2former.material import gather
from picojoule.recipes.m2former.networks import train
from picojoule.recipes.m2former.pictures import pictures
from picojoule.recipes.m2former.tables import rows, series
from picojoule.recipes.settings import Settings
from picojoule.result import Claim, Result


def build(settings: Settings) -> Result:
    """Train every arm from the same start, and hold them against each other by accuracy, part and MACs."""
    return run(settings, PLANS[settings.mode])


def run(settings: Settings, plan: Plan) -> Result:
    """The recipe with another plan than its modes have."""
    material = gather(settings, plan)
    settings = settings.on(str(material.summary["sha256"]))
    done = {arm: train(arm, material, plan, settings) for arm in plan.arms}
    return Result(
        recipe="m2former",
        title=f"Patches of several scales on {material.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=material.summary,
        rows=tuple(rows(done, material, settings)),
        series=tuple(series(done, material, plan, settings)),
        claims=_told(claims(done, material), settings),
        pictures=pictures(done, material),
        environment=environment(),
    )


def _told(found: Iterable[Claim], settings: Settings) -> tuple[Claim, ...]:
    """The claims; in the smoke mode without the intervals of what is not claimed."""
    if settings.mode == "smoke":
        found = [claim if claim.measured is None else replace(claim, reason=None) for claim in found]
    return unless_smoke(found, settings)
