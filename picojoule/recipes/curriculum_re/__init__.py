"""Relation extraction through curriculum learning (cite key ``curriculum2021``).

Teachers that never saw a sentence say how easy it is; then easy ones come first. Beside it stand other orders, and
random order with the same number of steps, each early-stopped and not, and the teachers are paid for.
Only the abstract of the paper was at hand. Its baseline's released code was (cite key ``zhou2022``); the measure of
difficulty is that of cite key ``xu2020``, from memory; numbers of parts and stages are ours.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.measurement.threads import on_threads
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.curriculum_re.bench import Bench
from picojoule.recipes.curriculum_re.claims import claims
from picojoule.recipes.curriculum_re.conditions import SIZES
from picojoule.recipes.curriculum_re.curves import series
from picojoule.recipes.curriculum_re.encoders import encoder, of_folder
from picojoule.recipes.curriculum_re.material import obtain, task_of
from picojoule.recipes.curriculum_re.rows import rows
from picojoule.recipes.settings import Settings
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Review the training sentences, and learn them in every order."""
    size = SIZES[settings.mode]
    corpus, made = obtain(settings, size)
    network = of_folder(settings.weights, corpus) if settings.weights else encoder(size.encoder, corpus)
    network = network.on(settings.device)
    folder = settings.on(corpus.sha256).kept()
    with on_threads(1):  # small steps: threads would wait for each other longer than they work
        bench = Bench.of(task_of(corpus, network), network, size, settings.seed, folder)
        made_rows, judged = tuple(rows(bench)), claims(bench, corpus.name, made)
    return Result(
        recipe="curriculum-re",
        title=f"Orders of learning relations on {corpus.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=corpus.summary(),
        rows=made_rows,
        series=tuple(series(bench, made)),
        claims=unless_smoke(judged, settings),
        environment=environment(),
    )
