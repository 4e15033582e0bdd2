"""SimFLE: facial expressions learnt without labels (cite key ``simfle2023``).

A network learns from unlabelled faces in several ways, and is judged by what little supervision then makes of it.
Method, sizes and settings were read in the authors' released code; the paper's tables were not at hand.
"""

from __future__ import annotations

import torch

from picojoule.base.environment import environment
from picojoule.measurement.threads import on_threads
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.settings import Settings
from picojoule.recipes.simfle.claims import claims
from picojoule.recipes.simfle.curves import series
from picojoule.recipes.simfle.material import gather
from picojoule.recipes.simfle.pictures import pictures
from picojoule.recipes.simfle.plan import COMPARED, FULL, PLANS
from picojoule.recipes.simfle.pretraining import given, pretrain
from picojoule.recipes.simfle.probing import probe, supervised
from picojoule.recipes.simfle.rows import rows
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Pre-train in every way, probe each at every number of labels, and train from scratch on the same labels."""
    plan = PLANS[settings.mode]
    material = gather(settings, plan)
    with on_threads(torch.get_num_threads() if settings.mode == "full" else 1):  # threads would wait for each other
        learnt = {each: pretrain(each, material, plan, settings) for each in COMPARED}
        if settings.weights is not None:
            theirs = given(settings.weights, material, plan, settings)
            learnt[theirs.condition] = theirs
        probed = {key: probe(each, material, plan, settings) for key, each in learnt.items()}
        scratch = supervised(material, plan, settings)
        tuned = supervised(material, plan, settings, before=learnt[FULL])
        shown = pictures(learnt[FULL], probed[FULL], material, settings)
    return Result(
        recipe="simfle",
        title=f"Facial expressions without labels on {material.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=material.summary,
        rows=tuple(rows(probed, scratch, tuned)),
        series=tuple(series(probed, scratch, tuned)),
        claims=unless_smoke(claims(probed, scratch, tuned), settings),
        environment=environment(),
        pictures=shown,
    )
