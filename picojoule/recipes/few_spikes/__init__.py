"""Few-spikes neurons and their start from the tendency of learned sequences (``jeong2024``, ``stoeckl2021``).

Functions, a classifier and a small diffusion model, each with the published sequences and with our own fits. Of the
paper's numbers those are quoted that its authors' repository has.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.comparison import observe_all, rows
from picojoule.recipes.few_spikes import classifier, diffusion, functions
from picojoule.recipes.few_spikes.claims import claims
from picojoule.recipes.settings import Settings
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """The functions, then the classifier, then the diffusion model."""
    data = settings.dataset()
    runs = functions.live(settings)
    networks = classifier.systems(data, settings)
    seen = observe_all([settings.place(network) for network in networks], data.test, settings)
    pictures = diffusion.compare(data, settings)
    return Result(
        recipe="few-spikes",
        title=f"Few-spikes neurons: functions, a classifier and a diffusion model on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=tuple(rows(seen, reference=networks[-1].name)),
        series=(*functions.series(runs), *diffusion.series(pictures)),
        pictures=diffusion.sheet(pictures),
        claims=unless_smoke(claims(runs, seen, networks, pictures, data, settings), settings),
        environment=environment(),
    )
