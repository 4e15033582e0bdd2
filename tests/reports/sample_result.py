"""A realistic result of `compare`: three ANNs and eight spiking systems on 5,000 MNIST digits."""

from __future__ import annotations

import math

from picojoule.result import Claim, Energy, Result, Row, Series

NO_MACS = "loihi prices synaptic operations and has no price for a MAC"
NEURONS = 8_500
LAYERS = {"conv1": 0.30, "conv2": 0.38, "conv3": 0.17, "fc1": 0.11, "fc2": 0.04}
ANN = {
    "fp32": (0.986, 11.6e-6, 0.00030, 1.00),
    "int8": (0.985, 0.71e-6, 0.00021, 0.25),
    "int4": (0.962, 0.36e-6, 0.00024, 0.13),
}
# system: accuracy, steps, spikes, seconds, break-even
SPIKING = {
    "rate T=8": (0.871, 8, 9_100.0, 0.0011, None),
    "rate T=16": (0.958, 16, 19_400.0, 0.0021, None),
    "rate T=32": (0.979, 32, 40_100.0, 0.0042, None),
    "rate T=64": (0.984, 64, 82_300.0, 0.0081, None),
    "phase T=64": (0.985, 64, 22_700.0, 0.0074, None),
    "ttfs T=80": (0.985, 560, 3_560.0, 0.0009, 0.174),
    "ttfs T=12": (0.949, 84, 3_310.0, 0.0008, 0.181),
}


def sample(cheap_spike: float = 1.0) -> Result:
    """The result; `cheap_spike` scales the joules of the spiking rows, to plant who wins."""
    rows = (
        *(_ann(name, *values) for name, values in ANN.items()),
        *(_spiking(name, *v, cheap_spike) for name, v in SPIKING.items()),
    )
    return Result(
        recipe="compare",
        title="LeNet-5 on MNIST under every neural code",
        mode="quick",
        seed=0,
        data={"name": "mnist-5k", "train": 4000, "test": 1000, "sha256": "9f2b61d0c4e8a7730b5c1f"},
        rows=rows,
        series=tuple(_series()),
        claims=CLAIMS,
        environment={"picojoule": "0.1.0", "torch": "2.13.0", "cpu": "Intel Xeon, 2 cores", "threads": 2},
    )


def _interval(accuracy: float) -> dict[str, tuple[float, float]]:
    half = 1.96 * math.sqrt(accuracy * (1 - accuracy) / 1000)
    return {"accuracy": (accuracy - half, accuracy + half)}


def _ann(precision: str, accuracy: float, joules: float, seconds: float, size: float) -> Row:
    other = Energy(profile="horowitz-45nm-int8", reason="prices 8-bit arithmetic only")
    int8 = Energy(profile="horowitz-45nm-int8", joules=joules)
    fp32 = Energy(profile="horowitz-45nm-fp32", joules=11.6e-6)
    loihi = Energy(profile="loihi", reason=NO_MACS)
    return Row(
        system=f"ann {precision}",
        metrics={"accuracy": accuracy},
        interval=_interval(accuracy),
        counts={"steps": 1, "spikes": None, "synops": None, "macs": 2_290_000.0},
        energy=(fp32, other if precision == "fp32" else int8, loihi),
        seconds_per_sample=seconds,
        peak_bytes=int(4_600_000 * size) + 900_000,
    )


def _spiking(
    system: str, accuracy: float, steps: int, spikes: float, seconds: float, limit: float | None, scale: float
) -> Row:
    synops = spikes * 118.0
    layers = tuple(
        {"name": name, "spikes": spikes * part, "synops": synops * part, "joules": synops * part * 1e-12}
        for name, part in LAYERS.items()
    )
    return Row(
        system=system,
        metrics={"accuracy": accuracy, "spikes_per_neuron": spikes / NEURONS, "break_even_spikes_per_neuron": limit},
        interval=_interval(accuracy),
        counts={"steps": steps, "spikes": spikes, "synops": synops, "macs": 0.0, "state_updates": NEURONS * steps},
        energy=(
            Energy(profile="horowitz-45nm-fp32", joules=scale * (synops * 2.6e-12 + 1.1e-6)),
            Energy(profile="horowitz-45nm-int8", joules=scale * (synops * 0.9e-12 + 0.55e-6)),
            Energy(profile="loihi", joules=scale * synops * 23.6e-12),
            Energy(
                profile="truenorth-normalised",
                relative=(0.6 * spikes / 82_300 + 0.4 * steps / 64),
                reference="rate T=64",
            ),
        ),
        seconds_per_sample=seconds,
        peak_bytes=7_800_000,
        layers=layers,
    )


def _series() -> list[Series]:
    curves = {
        "rate": ([1, 2, 4, 8, 16, 32, 64], [0.11, 0.31, 0.62, 0.871, 0.958, 0.979, 0.984]),
        "phase": ([8, 16, 24, 32, 48, 64], [0.42, 0.937, 0.974, 0.981, 0.985, 0.985]),
        "ttfs": ([28, 42, 84, 140, 280, 560], [0.55, 0.81, 0.949, 0.975, 0.983, 0.985]),
    }
    units = {"x_unit": "steps", "y_unit": "fraction"}
    made = [Series(name="accuracy against steps", system=name, x=x, y=y, **units) for name, (x, y) in curves.items()]
    spikes = [(t, n) for n in range(60) for t in range(64) if (t * 7 + n * n) % (5 + n % 9) == 0]
    times = {f"first spike times {layer}": centre for layer, centre in (("conv1", 22), ("conv2", 41))}
    raster = {"name": "raster conv1", "system": "rate T=64", "x_unit": "step", "y_unit": "neuron"}
    made.append(Series(x=[t for t, _ in spikes], y=[n for _, n in spikes], **raster))
    made.append(Series(x=range(60), y=[(n * 23) % 60 for n in range(60)], **raster | {"system": "ttfs T=80"}))
    for name, centre in times.items():
        counts = [round(900 * math.exp(-(((t - centre) / 9) ** 2))) for t in range(80)]
        made.append(Series(name=name, system="ttfs T=80", x=range(80), y=counts, x_unit="step", y_unit="neurons"))
    loss = [2.3 * 0.8**i for i in range(30)]
    made.append(Series(name="training loss", system="ann fp32", x=range(30), y=loss, x_unit="epoch", y_unit="nats"))
    lanes = {"compute": (0.0, 3.0), "network": (1.0, 1.5, 3.0, 4.0)}
    for lane, x in lanes.items():
        pieces = [i // 2 for i in range(len(x))]
        made.append(Series(name="timeline of a step", system=lane, x=x, y=pieces, x_unit="s", y_unit="piece"))
    return made


CLAIMS = (
    Claim(
        id="ttfs-fewest-spikes",
        text="TTFS needs fewer spikes than every other code at equal accuracy",
        paper=0.01,
        paper_source="abstract, 2003.11741",
        measured=0.043,
        unit="ratio to rate",
        status="not-reached",
        reason="a shallower network: rate coding needs 64 steps here, 10,000 there",
    ),
    Claim(
        id="one-spike",
        text="No neuron fires more than once a sample",
        paper=1.0,
        paper_source="structural",
        measured=1.0,
        unit="spikes",
        status="reached",
    ),
    Claim(
        id="cifar100",
        text="Accuracy on CIFAR-100 with VGG-16",
        paper=0.6879,
        paper_source="table 1",
        measured=None,
        unit="fraction",
        status="not-tried",
        reason="needs CIFAR-100",
    ),
)
