"""Q-MANN: memory networks in eight bits and less (cite key ``park2018qmann``).

Every measure of similarity is tried in every format of eight bits; then the network of the paper (Hamming similarity,
control of the weights' format from hop to hop, early stopping) beside the one that is quantised conventionally, in the
same format and in that one's own best format, and beside what a user would run: integers with wide accumulators.
The error tables of the paper were not at hand; its released code was.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.measurement.threads import on_threads
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.q_mann.claims import claims
from picojoule.recipes.q_mann.curves import series
from picojoule.recipes.q_mann.networks import Bench, everything
from picojoule.recipes.q_mann.plan import PLANS
from picojoule.recipes.q_mann.rows import rows
from picojoule.recipes.settings import Settings
from picojoule.recipes.stories import Asked, obtain, summary
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Sweep the formats and train every system on each task."""
    plan = PLANS[settings.mode]
    benches, swept, done = [], [], []
    with on_threads(1):  # thousands of small steps: threads would wait for each other longer than they work
        for number in plan.tasks:
            task = obtain(settings, number, train=plan.questions, test=plan.tests)
            benches.append(Bench(plan=plan, asked=Asked.of(task), settings=settings))
            sweeps, found = everything(benches[-1])
            swept.append(sweeps)
            done.append(found)
        made = claims(benches, swept, done)
    tasks = [bench.asked for bench in benches]
    return Result(
        recipe="q-mann",
        title=f"Memory networks in few bits on bAbI tasks {', '.join(map(str, plan.tasks))}",
        mode=settings.mode,
        seed=settings.seed,
        data=summary(tasks),
        rows=tuple(rows(benches, done)),
        series=tuple(series(benches, swept)),
        claims=unless_smoke(made, settings),
        environment=environment(),
    )
