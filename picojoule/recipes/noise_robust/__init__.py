"""Noise-robust spiking networks: deletion and jitter, weight scaling and TTAS (cite key ``park2021noise``).

Every code under lost and misread spikes, with weights that expect the noise and without. Codes with a closed form run
the whole grid; those in steps a smaller one, on fewer samples.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.comparison import observe_all, rows
from picojoule.recipes.noise_robust.claims import claims
from picojoule.recipes.noise_robust.grid import CODED, GRIDS, REFERENCE, tried
from picojoule.recipes.noise_robust.lines import curves, noisy_rows
from picojoule.recipes.paper_networks import network_for
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, anns
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Convert, disturb, and judge."""
    data, grid = settings.dataset(), GRIDS[settings.mode]
    model, calibration = network_for(data, settings), data.train.take(CALIBRATION)
    dense = {each.name: each for each in anns(model, calibration)}
    coded = {name: each.network(model, calibration) for name, each in CODED.items()}
    networks = {name: settings.place(each) for name, each in {**dense, **coded}.items()}
    test = data.test.take(min(grid.clean, settings.limit or grid.clean))
    seen = observe_all(tuple(networks.values()), test, settings)
    found = tried(networks, data.test, grid, settings)
    reference = networks[REFERENCE].name
    counted_on = data.test.images[: grid.few_samples].to(settings.device)
    return Result(
        recipe="noise-robust",
        title=f"Lost and misread spikes on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=(*rows(seen, reference=reference), *noisy_rows(networks, found, counted_on, seen[reference])),
        series=tuple(curves(networks, found)),
        claims=unless_smoke(claims(networks, found, data.test.images.to(settings.device)), settings),
        environment=environment(),
    )
