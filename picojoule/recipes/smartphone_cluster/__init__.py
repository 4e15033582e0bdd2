"""The phone cluster: synchronous training on 138 phones (cite key ``na2021phones``).

Two real processes of this machine train together and calibrate a model of such training, which is then held against
steps it has not seen. The phones themselves are simulated, calibrated by one sentence of the paper's abstract, which
is all that is known of it here. Large batches are learnt for real, by SGD and by LARS.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.base.progress import say
from picojoule.measurement.threads import on_threads
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.settings import Settings
from picojoule.recipes.smartphone_cluster import claims, curves, large_batch, local, phones, rows
from picojoule.recipes.smartphone_cluster.layers import imagenet
from picojoule.recipes.smartphone_cluster.plan import Plan
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Measure two processes, simulate 138 phones, learn with growing batches."""
    plan, data = Plan.of(settings), settings.dataset()
    with on_threads(1):
        say("timing two processes that train together")
        found = local.run(plan)
        say("simulating 138 phones")
        simulated = phones.simulate(plan, imagenet(plan.side), settings.seed)
        learnt = large_batch.learn(plan, data, settings.seed)
    return Result(
        recipe="smartphone-cluster",
        title="Synchronous training on 138 phones",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=tuple(rows.rows(data, learnt, simulated)),
        series=tuple(curves.series(plan, found, learnt, simulated)),
        claims=unless_smoke(claims.claims(found, learnt, simulated), settings),
        environment=environment(),
    )
