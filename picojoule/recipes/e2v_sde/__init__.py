"""Video from events by a latent neural SDE (cite key ``e2vsde2022``).

The paper was withdrawn, for its text. What is built is the technique, on the works it rests on: latent SDEs
(``li2020sde``), Vid-ODE (``park2021vidode``), E2VID (``rebecq2019``), the training of ``stoffregen2020`` and ET-Net
(``weng2021``). Its abstract's two numbers stand among the claims; everything else is ours.
"""

from __future__ import annotations

from dataclasses import replace

from picojoule.base.environment import environment
from picojoule.measurement.threads import on_threads
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.e2v_sde.claims import claims
from picojoule.recipes.e2v_sde.costs import Costs
from picojoule.recipes.e2v_sde.judged import doubt, judge
from picojoule.recipes.e2v_sde.learning import chosen_leaky, learnt, test_films, training_films
from picojoule.recipes.e2v_sde.pictures import pictures
from picojoule.recipes.e2v_sde.plan import ABLATIONS, LEAKY, PARTS, SDE, Plan
from picojoule.recipes.e2v_sde.real import beside, lpips_of
from picojoule.recipes.e2v_sde.rows import curves, row
from picojoule.recipes.e2v_sde.systems import System, mean_path, systems
from picojoule.recipes.settings import Settings
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Train every network on generated films, judge all on films of other photos, and count what a frame costs."""
    plan = Plan.of(settings)
    with on_threads(1):  # small layers: threads would wait for each other longer than they work
        return _build(plan, settings)


def _build(plan: Plan, settings: Settings) -> Result:
    train = training_films(plan, settings)
    films = test_films("test", plan.test, plan, settings)
    fine = test_films("test", plan.test, plan, settings, split=PARTS)
    models = {arm.name: [*learnt(arm, train, plan, settings)] for arm in plan.arms}
    models[LEAKY] = [chosen_leaky(test_films("validation", plan.validation, plan, settings))]
    extra = (System(name=f"{arm.name} as ode", arm=arm.name, watch=mean_path, frames=PARTS) for arm in ABLATIONS)
    compared = [*systems(plan.samples, settings.seed), *(each for each in extra if each.arm in models)]
    found = [judge(each, models[each.arm], films, fine) for each in compared]
    sure = doubt(models[SDE.name], films, plan.samples, settings.seed)
    costs = Costs({name: each[0] for name, each in models.items()}, films, plan.sensor)
    real = beside(compared, models, plan, settings)
    lpips = lpips_of(found, films, settings)
    more = {each.system.name: real.get(each.system.name, {}) for each in found}
    for name, value in lpips.items():
        more[name] = {"lpips": value, **more[name]}
    rows = [row(each, costs, more[each.system.name]) for each in found]
    judged = claims(found, models, sure, costs, films, lpips)
    if settings.mode == "smoke":  # what else there is to say is of numbers that mean nothing
        judged = tuple(replace(each, reason=None) for each in judged)
    return Result(
        recipe="e2v-sde",
        title="Video from events by a latent neural SDE, on films of moving photos",
        mode=settings.mode,
        seed=settings.seed,
        data=plan.summary(settings, train, films),
        rows=tuple(rows),
        series=tuple(curves(found, films, {each.system: each for each in rows})),
        claims=unless_smoke(judged, settings),
        environment=environment(),
        pictures=pictures(found, films, sure),
    )
