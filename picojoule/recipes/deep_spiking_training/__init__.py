"""Deep spiking networks, and how the initial potential of the backward path decides their training (``park2016``).

The networks are those of O'Connor and Welling (``oconnor2016``): layers of herders that answer and learn by spikes.
Only the abstract of the paper was at hand. It says that this potential is important and proposes a simple control of
it, without naming one; the family of :class:`picojoule.herding.BackwardPotential` is our own.
"""

from __future__ import annotations

from dataclasses import replace

from picojoule.base.environment import environment
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.deep_spiking_training.claims import claims
from picojoule.recipes.deep_spiking_training.conditions import GRIDS, POTENTIALS, Condition, axes
from picojoule.recipes.deep_spiking_training.networks import relu_network, train
from picojoule.recipes.deep_spiking_training.rows import along_axis, curves, rows
from picojoule.recipes.settings import Settings
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Train every condition, the ReLU network beside them, and check the identities."""
    data, grid = settings.dataset(), GRIDS[settings.mode]
    test = data.test.take(settings.limit or len(data.test))
    centre = Condition(potential="carry", hidden=grid.hidden)
    family = {each: replace(centre, potential=each) for each in POTENTIALS}
    plain = relu_network(centre.form(data).sizes, data.train, epochs=grid.epochs, seed=settings.seed)
    done = {c: train(c, data, test, settings, grid.seeds, grid.epochs) for c in family.values()}
    others = {c: None for conditions in axes(centre).values() for c in conditions if c not in done}
    tried = done | {c: train(c, data, test, settings, grid.seeds, grid.short) for c in others}
    return Result(
        recipe="deep-spiking-training",
        title=f"Deep spiking networks trained on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=rows(plain, done, data, test, settings),
        series=(
            *curves(done),
            *(each for axis, along in axes(centre).items() for each in along_axis(axis, along, tried)),
        ),
        claims=unless_smoke(claims(family, done, settings), settings),
        environment=environment(),
    )
