"""The dual pointer network: two pointers for each entity in place of a classifier of every pair (``dualpointer2021``).

Networks learn generated sentences in which relations share arguments as often as a dial says, or data that is given.
Beside the network stand its halves, its options and its ablation, classifiers of pairs, and a rule without a network.
Only the abstract of the paper was at hand, and code that says it implements it for another language.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.measurement.threads import on_threads
from picojoule.models.language.pointing import Linker
from picojoule.models.language.pointing.linker import EMBEDDED
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.dual_pointer.claims import claims
from picojoule.recipes.dual_pointer.curves import by_sharing, growing, growth, sharing
from picojoule.recipes.dual_pointer.material import Task, obtain
from picojoule.recipes.dual_pointer.networks import train
from picojoule.recipes.dual_pointer.pictures import pictures
from picojoule.recipes.dual_pointer.plan import SYSTEMS, plan_of
from picojoule.recipes.dual_pointer.rows import rows
from picojoule.recipes.settings import Settings
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Train every network, and judge what each system says."""
    plan = plan_of(settings)
    task = obtain(settings, plan)
    with on_threads(1):  # thousands of small steps: threads would wait for each other longer than they work
        bench = train(task, plan, settings.on(task.corpus.sha256))
        material = bench.material(task.corpus.test)
        answers = {system.name: bench.answers(system, material) for system in SYSTEMS}
        scores, grown = by_sharing(bench, answers), growth(bench, plan.entities)
        linker = Linker.load(settings.weights or EMBEDDED)
        table = tuple(rows(bench, answers, linker, counted=plan.counted))
    return Result(
        recipe="dual-pointer",
        title=f"Linking entities by two pointers on {task.corpus.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=_summary(task),
        rows=table,
        series=(*sharing(bench, scores), *growing(grown)),
        claims=unless_smoke(claims(bench, answers, scores, grown), settings),
        environment=environment(),
        pictures=pictures(bench, answers),
    )


def _summary(task: Task) -> dict[str, str | int]:
    """The entry ``data`` of ``result.json``."""
    corpus = task.corpus
    sizes = {part: len(getattr(corpus, part)) for part in ("train", "valid", "test")}
    return {"name": corpus.name, **sizes, "sha256": corpus.sha256}
