"""Curves: accuracy over time at the output, first spikes before and after, and the losses on the way."""

from __future__ import annotations

from picojoule.base.progress import say
from picojoule.data.vision import Images
from picojoule.recipes import series
from picojoule.recipes.settings import Settings
from picojoule.recipes.t2fsnn.systems import Scale, Systems
from picojoule.result import Series


def curves(systems: Systems, test: Images, scale: Scale, settings: Settings) -> list[Series]:
    """All of them, on a few test samples."""
    say("drawing curves")
    images = test.images[: scale.drawn].to(settings.device)
    labels = test.labels[: scale.drawn].to(settings.device)
    timed = (systems.plain, systems.go, systems.ef, systems.go_ef, systems.rates[-1], systems.old_rate)
    return [
        *(series.accuracy_against_steps(each, images, labels) for each in timed),
        *(each for network in (systems.plain, systems.go, systems.go_ef)
          for each in series.first_spike_times(network, images[:20])),
        series.raster(systems.plain, images[:1], series.middle_layer(systems.plain), settings.seed),
        series.raster(systems.go_ef, images[:1], series.middle_layer(systems.plain), settings.seed),
        *_losses(systems),
    ]  # fmt: skip


def _losses(systems: Systems) -> list[Series]:
    """The weighted loss of each layer over the updates of its kernel."""
    return [
        Series(
            name="kernel optimisation, weighted loss",
            system=systems.plain.by_name[name].layer,
            x=tuple(range(1, len(losses) + 1)),
            y=tuple(each.weighted for each in losses),
            x_unit="updates",
            y_unit="loss",
        )
        for name, losses in systems.optimised.losses.items()
    ]
