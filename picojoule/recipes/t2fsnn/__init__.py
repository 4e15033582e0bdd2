"""T2FSNN: deep spiking networks with time-to-first-spike coding by conversion (cite key ``park2020``).

Kernel threshold and dendrite, kernels moved by gradient descent (``go``), early firing (``ef``), beside the ANN in
three widths and rate coding twice: as the papers of the time have it, and with the best conversion of today.
"""

from __future__ import annotations

from torch import Tensor

from picojoule.base.environment import environment
from picojoule.base.progress import say
from picojoule.conversion.gradient import losses_of
from picojoule.engines import run
from picojoule.ir import Fire, Network
from picojoule.measurement.agreement import Agreement, spike_time_agreement
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.comparison import DENSE, observe_all, rows
from picojoule.recipes.paper_networks import network_for
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION
from picojoule.recipes.t2fsnn.claims import Findings, claims
from picojoule.recipes.t2fsnn.curves import curves
from picojoule.recipes.t2fsnn.systems import SCALES, Systems, built, early
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Convert, optimise, fire early, compare, and hold the engines against the stepped oracle."""
    data, scale = settings.dataset(), SCALES[settings.mode]
    systems = built(network_for(data, settings), data.train.take(CALIBRATION), scale, settings)
    seen = observe_all(systems.compared, data.test, settings, few={systems.old_rate.name: scale.few})
    images = data.test.images.to(settings.device)
    findings = Findings(
        systems=systems,
        seen=seen,
        before=losses_of(systems.plain, data.test.images),
        after=losses_of(systems.go, data.test.images),
        agreements=[_agreement(systems, share, images[: scale.oracle]) for share in (1, 3 / 4, 1 / 2, 1 / 4)],
        most_spikes=_most_spikes(systems.plain, images[:2]),
    )
    return Result(
        recipe="t2fsnn",
        title=f"Time-to-first-spike conversion on {data.name} ({systems.old_rate.name} on {scale.few} samples)",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=tuple(rows(seen, reference=systems.old_rate.name)),
        series=tuple(curves(systems, data.test, scale, settings)),
        claims=unless_smoke(claims(findings, accurate=DENSE), settings),
        environment=environment(),
    )


def _agreement(systems: Systems, share: float, images: Tensor) -> Agreement:
    network = systems.plain if share == 1 else early(systems.plain, share)
    say(f"holding {network.name} against the stepped network")
    return spike_time_agreement(network, images)


def _most_spikes(network: Network, images: Tensor) -> int:
    """The most spikes any one neuron fires for one sample, by the stepped oracle."""
    layers = [fire.layer for fire in network.all(Fire)]
    trains = run(network, images, engine="stepped", record=layers, count=False).trains
    return max(int(train.spikes.sum(0).max()) for train in trains.values())  # type: ignore[union-attr]
