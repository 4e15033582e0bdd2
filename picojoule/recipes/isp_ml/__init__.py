"""ISP-ML: learning inside a drive (cite key ``choe2017``).

Three ways of parallel learning go side by side on the same simulated drive, with real gradients in simulated time,
beside plain SGD in a host that reads the same drive. No official code is known; the paper was not at hand. What is
known of it, and how well, stands with each claim.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.base.progress import say, track
from picojoule.measurement.threads import on_threads
from picojoule.recipes.isp_ml import claims, curves, host, rows
from picojoule.recipes.isp_ml.plan import Plan
from picojoule.recipes.isp_ml.task import Cell, Task
from picojoule.recipes.settings import Settings
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Run every algorithm at every number of channels and every τ, and the host at every size of memory."""
    plan = Plan.of(settings)
    data = settings.dataset()
    with on_threads(1):  # thousands of small steps: threads would wait for each other longer than they work
        say("laying out the data on pages")
        task = Task.of(plan, data, settings)
        cells = [Cell.run(task, key) for key in track(plan.keys, "simulated learning", total=len(plan.keys))]
        hosts = host.run(task)
        found = claims.claims(task, cells, hosts)
    return Result(
        recipe="isp-ml",
        title=f"Learning inside a drive on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=tuple(rows.rows(task, cells, hosts)),
        series=tuple(curves.series(task, cells, hosts)),
        claims=found,
        environment=environment(),
    )
