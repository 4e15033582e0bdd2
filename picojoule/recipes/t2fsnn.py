"""T2FSNN: deep spiking networks with time-to-first-spike coding by conversion (cite key ``park2020``).

First form: the closed-form conversion, each layer with a window of its own. Kernel optimisation and early firing
are not built yet; the claims that need them are listed as not tried.
"""

from __future__ import annotations

from picojoule.base.environment import environment
from picojoule.base.progress import say
from picojoule.codes import TTFS, Rate
from picojoule.conversion import convert, quantise
from picojoule.data.vision import Dataset
from picojoule.engines import run
from picojoule.engines.plan import plan
from picojoule.ir import Fire, Network, WeightLayer
from picojoule.measurement.agreement import Agreement, spike_time_agreement
from picojoule.models import embedded
from picojoule.recipes import series
from picojoule.recipes.claims import structural, unless_smoke
from picojoule.recipes.comparison import observe_all, rows
from picojoule.recipes.settings import Settings
from picojoule.recipes.systems import CALIBRATION, ann
from picojoule.result import Claim, Result

_ORACLE_SAMPLES = {"smoke": 2, "quick": 50, "full": 200}
_RATE = {"smoke": Rate(steps=8), "quick": Rate(steps=64), "full": Rate(steps=64)}


def build(settings: Settings) -> Result:
    """Convert, compare with rate coding, and hold the closed form against the stepped oracle."""
    data = settings.dataset()
    calibration = data.train.take(CALIBRATION)
    model = embedded()
    rate, ttfs, short = (
        convert(model, calibration, code=code)
        for code in (_RATE[settings.mode], TTFS(steps=80, tau=20), TTFS.nearest(steps=12, tau=2))
    )
    systems = (ann(model, calibration), quantise(model, calibration, bits=8), rate, ttfs, short)
    seen = observe_all([settings.place(network) for network in systems], data.test, settings)
    say("holding the closed form against the stepped network")
    ttfs = seen[ttfs.name].network
    agreement = spike_time_agreement(ttfs, data.test.images[: _ORACLE_SAMPLES[settings.mode]].to(settings.device))
    return Result(
        recipe="t2fsnn",
        title=f"Time-to-first-spike conversion on {data.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=data.summary(),
        rows=tuple(rows(seen, reference=rate.name)),
        series=tuple(_series(ttfs, data, settings)),
        claims=unless_smoke(_claims(ttfs, agreement, most_spikes(ttfs, data, settings)), settings),
        environment=environment(),
    )


def most_spikes(network: Network, data: Dataset, settings: Settings) -> int:
    """The most spikes any one neuron fires for one sample, by the stepped oracle."""
    layers = [fire.layer for fire in network.all(Fire)]
    trains = run(network, data.test.images[:2].to(settings.device), engine="stepped", record=layers, count=False).trains
    return max(int(train.spikes.sum(0).max()) for train in trains.values())  # type: ignore[union-attr]


def _series(network: Network, data: Dataset, settings: Settings) -> list:
    images = data.test.images[:100].to(settings.device)
    return [
        series.raster(network, images[:1], series.middle_layer(network), settings.seed),
        *series.first_spike_times(network, images),
    ]


def _claims(network: Network, agreement: Agreement, most: int) -> tuple[Claim, ...]:
    layers = len(list(network.all(WeightLayer)))
    window = next(network.all(Fire)).code.steps
    schedule = plan(network).schedule
    assert schedule is not None
    return (
        structural(
            "closed-equals-stepped",
            "spike times of the one dense pass that differ from the stepped network's without a near-tie"
            f" (in all {agreement.different} of {agreement.neurons} differ)",
            target=0,
            measured=agreement.unexplained,
            unit="spike times",
        ),
        structural("one-spike", "the most spikes of one neuron for one sample", target=1, measured=most, unit="spikes"),
        structural(
            "latency",
            "latency is L·T steps for L weight layers and a coded input",
            target=layers * window,
            measured=schedule.latency,
            unit="steps",
        ),
        _claim(
            "latency-vs-burst",
            "latency relative to burst coding on CIFAR-100",
            0.22,
            "ratio",
            "needs CIFAR-100 and burst coding",
        ),
        _claim(
            "spikes-vs-burst",
            "spikes relative to burst coding on CIFAR-100, below",
            0.01,
            "ratio",
            "needs CIFAR-100 and burst coding",
        ),
    )


def _claim(name: str, text: str, paper: float, unit: str, reason: str) -> Claim:
    return Claim(
        id=name,
        text=text,
        paper=paper,
        paper_source="abstract",
        measured=None,
        unit=unit,
        status="not-tried",
        reason=reason,
    )
