"""The verb ``diagnose``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from picojoule.base.errors import DataError, InputError
from picojoule.conversion.pipeline import reference_of
from picojoule.conversion.trace import trace
from picojoule.data.batches import batches
from picojoule.diagnosis.causes import Case, dead_channels, explain
from picojoule.diagnosis.evidence import Evidence, gather
from picojoule.ir import Fire, Network, WeightLayer
from picojoule.result.diagnosis import Diagnosis, LayerDiagnosis

LIMIT = 0.05
"""An error that comes in at a layer, relative to its values, that is never called bad."""
_UNUSUAL = 3.0
"""Above that many times the median of all layers it is bad."""
_MUCH = 0.25
"""Above this it is bad, whatever the others add; and with such an error of the output every one above LIMIT is."""


def diagnose(model: nn.Module | Network, network: Network, data: Any, *, samples: int = 64) -> Diagnosis:
    """Which layer of a spiking network loses what its ANN has, why, and what to do.

    Every layer is held against the same layer of the ANN twice: with the ANN's own inputs, and with the inputs that
    the spiking network gives it. The second comparison leaves what comes in at this layer alone.

    Args:
        model: the ANN that `network` was made from: the module, or its traced network.
        network: the spiking network.
        data: inputs, with labels or without; anything :func:`picojoule.data.batches.batches` takes.
        samples: of them to look at.

    Raises:
        InputError: the network does not fire, or is not of this model.
        DataError: inputs that are empty or not finite.
    """
    x, labels = _samples(data, samples)
    traced = model if isinstance(model, Network) else trace(model, x[:1])
    reference = _reference(traced, network, x)
    found = gather(reference, network, x)
    limit = _limit(found)
    layers = []
    for evidence in found:
        layers.append(_line(evidence))
        if evidence.added > limit or dead_channels(evidence):
            layers[-1] = replace(layers[-1], cause=explain(_case(evidence, reference, network, traced, x)))
    return Diagnosis(
        system=network.name, samples=len(x), layers=tuple(layers), limit=limit, **_decisions(found[-1], labels)
    )


def _samples(data: Any, most: int) -> tuple[Tensor, Tensor | None]:
    if most < 1:
        raise DataError(f"samples={most}", where="diagnose", remedy="look at one sample at least")
    parts = list(batches(data, most, most))
    x = torch.cat([each for each, _ in parts]).float()
    if not bool(torch.isfinite(x).all()):
        raise DataError("a value is not finite", where="inputs of diagnose", remedy="check them for NaN and inf")
    known = all(labels is not None for _, labels in parts)
    return x, torch.cat([labels for _, labels in parts if labels is not None]) if known else None


def _reference(traced: Network, network: Network, x: Tensor) -> Network:
    """The ANN in the form whose ReLUs have the names of the network's neurons."""
    if not network.spiking:
        raise InputError("it does not fire", where=f"diagnose({network.name})", remedy="give the converted network")
    reference = reference_of(traced, x[:1], coded_input="input.fire" in network.by_name)
    own = {fire.name: fire.shape for fire in network.all(Fire)}
    known = [
        name for name, shape in own.items() if name in reference.by_name and reference.by_name[name].shape == shape
    ]
    layers = {layer.name for layer in reference.all(WeightLayer)}
    if not known or not layers & {layer.name for layer in network.all(WeightLayer)}:
        raise InputError(
            f"its layers {', '.join(own)} are not those of the model",
            where=f"diagnose({network.name})",
            remedy="give the model that this network was converted from",
        )
    return reference


def _limit(found: Sequence[Evidence]) -> float:
    added = [evidence.added for evidence in found]
    usual = max(LIMIT, min(_UNUSUAL * median(added), _MUCH))
    last = found[-1]
    lost = last.relative(last.sent, last.exact) > _MUCH and not any(each > usual for each in added)
    return LIMIT if lost else usual


def _line(evidence: Evidence) -> LayerDiagnosis:
    positive = evidence.due > 0
    number = positive.sum().clamp_min(1)
    fires = evidence.fire is not None
    return LayerDiagnosis(
        name=evidence.name,
        code=evidence.fire.code.label if evidence.fire else None,
        error=evidence.relative(evidence.sent, evidence.exact),
        carried=evidence.relative(evidence.due, evidence.exact),
        added=evidence.added,
        saturated=float((evidence.due > evidence.most).sum() / number) if fires else None,
        silent=float((positive & (evidence.sent == 0)).sum() / number) if fires else None,
        spread=_spread(evidence.times),
    )


def _spread(times: Tensor | None) -> float | None:
    """The standard deviation of spike times as a share of the window."""
    if times is None or not int(times.sum()):
        return None
    share, clock = times.double() / times.sum(), torch.arange(len(times), dtype=torch.float64)
    mean = (share * clock).sum()
    return float(((share * (clock - mean).square()).sum().sqrt()) / len(times))


def _case(evidence: Evidence, reference: Network, network: Network, traced: Network, x: Tensor) -> Case:
    layer = reference.by_name.get(evidence.name)
    return Case(
        evidence=evidence,
        network=network,
        traced=traced,
        layer=layer if isinstance(layer, WeightLayer) else None,
        reads_input=evidence.name == "input" or (layer is not None and evidence.name in _first_layers(network)),
        seen=(float(x.min()), float(x.max())),
        calibrated=_calibrated(network),
    )


def _first_layers(network: Network) -> set[str]:
    """Layers that read the input, whether it fires or not."""
    return {layer.name for layer in network.all(WeightLayer) if network.analogue.issuperset(layer.inputs)}


def _calibrated(network: Network) -> tuple[float, float] | None:
    told = dict(network.conversion.choices).get("input range")
    low, _, high = (told or "").partition(" to ")
    return (float(low), float(high)) if high else None


def _decisions(output: Evidence, labels: Tensor | None) -> dict[str, Any]:
    """Agreement and accuracy, where the outputs are classes."""
    if output.sent.dim() != 2 or output.sent.shape[1] < 2:
        return {}
    ann, spiking = output.exact.argmax(1), output.sent.argmax(1)
    accuracy = {}
    if labels is not None and labels.dim() == 1:
        accuracy = {
            name: float((choice == labels).double().mean()) for name, choice in (("ANN", ann), ("spiking", spiking))
        }
    return {"agreement": float((ann == spiking).double().mean()), "accuracy": accuracy}
