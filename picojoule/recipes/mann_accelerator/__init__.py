"""The inference accelerator of memory networks (cite key ``park2019mann``).

A network is trained for each task and put into a simulated circuit that is the released one bit by bit and cycle by
cycle; inference thresholding decides how many answers are looked at. Time and power around the circuit are fitted to
the published table, which is known from memory.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.data.language.babi import Vocabulary, generate
from picojoule.data.language.babi.stories import TITLES
from picojoule.measurement.threads import on_threads
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.mann_accelerator.circuit import Run
from picojoule.recipes.mann_accelerator.claims import claims
from picojoule.recipes.mann_accelerator.plan import PLANS
from picojoule.recipes.mann_accelerator.rows import rows, series
from picojoule.recipes.settings import Settings
from picojoule.recipes.stories import Asked, obtain, summary
from picojoule.result import Result

_OF_THE_OTHERS = 100
"""Questions of every task whose words are in the common dictionary, whichever tasks are run."""


def build(settings: Settings) -> Result:
    """Train each task, run it in the circuit, and look for its answers in every way."""
    plan = PLANS[settings.mode]
    tasks = [obtain(settings, number, train=plan.questions, test=plan.tests) for number in plan.tasks]
    others = [generate(number, train=_OF_THE_OTHERS, test=1) for number in TITLES]
    dictionary = Vocabulary.of(story for task in (*tasks, *others) for story in task.train)
    asked = [Asked.of(task, dictionary) for task in tasks]
    with on_threads(1):  # thousands of small steps: threads would wait for each other longer than they work
        runs = [Run.train(plan, each, settings) for each in asked]
        made = list(rows(plan, runs))
        found = claims(runs, made)
    return Result(
        recipe="mann-accelerator",
        title=f"An accelerator of memory networks on bAbI tasks {', '.join(map(str, plan.tasks))}",
        mode=settings.mode,
        seed=settings.seed,
        data=summary(asked),
        rows=tuple(made),
        series=tuple(series(runs)),
        claims=unless_smoke(found, settings),
        environment=environment(),
    )
