"""Why a layer is wrong: every cause predicts what the layer would then send; the one that predicts it best is named.

A cause explains the share ``1 − ‖s − predicted‖²/‖s − f(s_in)‖²`` of the error that comes in at the layer. Causes are
tried from the plain to the special: a later one has to leave much less unexplained than the best before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from picojoule.codes import Code
from picojoule.diagnosis.evidence import Evidence
from picojoule.ir import Affine, Fire, Network, WeightLayer
from picojoule.ir.dense import bias_image, per_channel
from picojoule.result.diagnosis import Cause

_MUCH_LESS = 0.7
"""What a later cause may leave unexplained of what the best before it does."""
_ENOUGH = 0.5
"""Of the error, what a cause has to explain to be named."""
_FAR = 1.5
"""A factor that is no rounding."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A layer with what surrounds it.

    Attributes:
        evidence: what is seen of it.
        network: the spiking network.
        traced: the ANN as it was before its norms were folded.
        layer: the weight layer of the ANN that drives it; None of an input that fires.
        reads_input: nothing that fires is above it.
        seen: smallest and largest value of the inputs looked at.
        calibrated: the same of the calibration data; None where the network does not say.
    """

    evidence: Evidence
    network: Network
    traced: Network
    layer: WeightLayer | None
    reads_input: bool
    seen: tuple[float, float]
    calibrated: tuple[float, float] | None


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Suspicion:
    """A cause and what the layer would send because of it."""

    name: str
    text: str
    predicted: Tensor


REMEDIES: Mapping[str, str] = {
    "input range": "calibrate with inputs prepared as those the network is used on",
    "dead channel": "look for zeroed weights, a lost bias or a scale that is far too large in this channel",
    "threshold": "check the threshold, and the scale of the weights in front of it; convert again",
    "swapped scale": "give each channel its own scale; convert again",
    "unfolded norm": "fold the batch norm into the layer, or convert the module again with its norm",
    "saturation": "use a higher percentile, or calibration data with values as large",
    "resolution": "use more steps, or calibrate thresholds and biases (convert(calibrate=...))",
    "uneven arrival": "use more steps, calibrate biases, or a code that waits for its inputs, such as TTFS",
    "unknown": "convert again from the ANN and compare the layer's weights",
}
"""Every cause with what to do about it."""


def explain(case: Case) -> Cause:
    """The likely cause of the error that comes in at a layer."""
    evidence = case.evidence
    total = (evidence.sent - evidence.due).square().sum()
    best, left = None, 1.0
    for suspect in SUSPECTS:
        for suspicion in suspect(case):
            unexplained = float((evidence.sent - suspicion.predicted).square().sum() / total.clamp_min(1e-30))
            if unexplained < _MUCH_LESS * left:
                best, left = suspicion, unexplained
    if best is None or left > 1 - _ENOUGH:
        return _left_over(case)
    return Cause(name=best.name, text=best.text, remedy=REMEDIES[best.name], explained=1 - left)


def dead_channels(evidence: Evidence) -> list[int]:
    """Channels that never send anything although they should for some samples."""
    if evidence.fire is None:
        return []
    due = evidence.carried(evidence.due).transpose(0, 1).flatten(1)
    sent = evidence.sent.transpose(0, 1).flatten(1)
    return ((due != 0).any(1) & (sent == 0).all(1)).nonzero().flatten().tolist()


def _left_over(case: Case) -> Cause:
    fire = case.evidence.fire
    if fire is not None and not fire.code.waits:
        text = "its spikes arrive unevenly over the steps, so that neurons fire too early or too late to mend it"
        return Cause(name="uneven arrival", text=text, remedy=REMEDIES["uneven arrival"])
    text = "no cause that is looked for explains half of the error"
    return Cause(name="unknown", text=text, remedy=REMEDIES["unknown"])


def _as_designed(case: Case) -> Iterator[Suspicion]:
    """The neurons do what their code says: the range or the steps are too small, or the threshold is off."""
    evidence = case.evidence
    if evidence.fire is None:
        return
    designed = evidence.carried(evidence.due)
    inside = torch.minimum(evidence.due, evidence.most)
    clipped, whole = (evidence.due - inside).square().sum(), (evidence.due - designed).square().sum()
    share = float((evidence.due > evidence.most).sum() / (evidence.due > 0).sum().clamp_min(1))
    gain = _gain(designed, inside)
    if clipped > _ENOUGH * whole:
        text = f"{share:.1%} of its positive values are above the largest that can be sent"
        name = "input range" if evidence.name == "input" or _out_of_range(case) else "saturation"
        yield Suspicion(name=name, text=f"{text}{_ranges(case)}" if name == "input range" else text, predicted=designed)
    elif gain < 1 / _FAR and _is_unlike_others(evidence.fire, case.network):
        text = f"its code sends {gain:.2g} times what drives it: its threshold is about {1 / gain:.3g} times too high"
        yield Suspicion(name="threshold", text=text, predicted=designed)
    else:
        text = f"{evidence.fire.code.label} rounds values of this size too coarsely"
        yield Suspicion(name="resolution", text=text, predicted=designed)


def _is_unlike_others(fire: Fire, network: Network) -> bool:
    """True where most neurons of the network have another code."""
    codes: list[Code] = [each.code for each in network.all(Fire)]
    return codes.count(fire.code) * 2 <= len(codes)


def _dead(case: Case) -> Iterator[Suspicion]:
    evidence = case.evidence
    dead = dead_channels(evidence)
    if dead:
        predicted = evidence.carried(evidence.due).clone()
        predicted[:, dead] = 0
        text = f"{_channels(dead)} never fires" if len(dead) == 1 else f"{_channels(dead)} never fire"
        yield Suspicion(name="dead channel", text=text, predicted=predicted)


def _threshold(case: Case) -> Iterator[Suspicion]:
    """All its values are one factor too small or too large."""
    evidence = case.evidence
    gain = _gain(evidence.sent, torch.minimum(evidence.due, evidence.most))
    if not (1 / _FAR < gain < _FAR) and gain > 0:
        off = f"{1 / gain:.3g} times too high" if gain < 1 else f"{gain:.3g} times too low"
        text = f"all its values are {gain:.3g} times what they should be: its threshold is {off}"
        name = "input range" if evidence.name == "input" else "threshold"
        yield Suspicion(
            name=name,
            text=text + _ranges(case) * (name == "input range"),
            predicted=evidence.carried(gain * evidence.due),
        )


def _input_scale(case: Case) -> Iterator[Suspicion]:
    """An analogue input that reaches the first layer in other units than those of the ANN."""
    scale = case.network.input.scale
    if case.layer is None or not case.reads_input or case.evidence.name == "input" or _fires_input(case.network):
        return
    if scale != 1:
        bias = bias_image(case.layer)
        sums = (case.evidence.sums - bias) / scale + bias
        predicted = case.evidence.carried(_activated(case.evidence, sums))
        yield Suspicion(
            name="input range", text=f"the input is divided by {scale:g} on its way{_ranges(case)}", predicted=predicted
        )


def _swapped(case: Case) -> Iterator[Suspicion]:
    """Two channels with each other's scale, or a layer with the scales of another one."""
    evidence = case.evidence
    if evidence.fire is None:
        return
    scales = evidence.fire.scale.flatten().to(evidence.due)
    for other in case.network.all(Fire):
        theirs = other.scale.flatten().to(scales)
        if other.name != evidence.fire.name and theirs.shape == scales.shape and not torch.allclose(theirs, scales):
            yield from _regained(case, scales / theirs, f"its channels have the scales of {other.layer}")
    if len(scales) < 2:
        return
    wrong = (evidence.sent - evidence.due).square().transpose(0, 1).flatten(1).sum(1)
    first = int(wrong.argmax())
    for second in range(len(scales)):
        ratio = float(scales[first] / scales[second])
        if second != first and not 1 / 1.05 < ratio < 1.05:
            gains = torch.ones_like(scales)
            gains[first], gains[second] = ratio, 1 / ratio
            yield from _regained(case, gains, f"{_channels([first, second])} have each other's scale")


def _regained(case: Case, gains: Tensor, text: str) -> Iterator[Suspicion]:
    evidence = case.evidence
    for each in (gains, 1 / gains):
        predicted = evidence.carried(evidence.due * per_channel(each, evidence.due.shape[1:]))
        yield Suspicion(name="swapped scale", text=text, predicted=predicted)


def _unfolded(case: Case) -> Iterator[Suspicion]:
    """Its sums are those of the layer without the norm behind it."""
    if case.layer is None:
        return
    for norm in _norms(case):
        gain, shift = (per_channel(each, norm.shape) for each in (norm.gain, norm.shift))
        if bool((gain == 0).any()) or case.evidence.sums.shape[1:] != norm.shape:
            continue
        sums = (case.evidence.sums - shift) / gain
        predicted = case.evidence.carried(_activated(case.evidence, sums))
        yield Suspicion(name="unfolded norm", text=f"the norm {norm.name} is not in its weights", predicted=predicted)


def _norms(case: Case) -> Iterator[Affine]:
    """The affine maps right behind the layer in the traced ANN."""
    origin = case.traced.by_name.get(case.layer.name) if case.layer else None
    for reader in case.traced.consumers(origin) if origin is not None else ():
        if isinstance(reader, Affine):
            yield reader


def _activated(evidence: Evidence, sums: Tensor) -> Tensor:
    """The layer's activation of other sums."""
    if evidence.fire is None:
        return sums
    return torch.where(sums > 0, sums, sums * evidence.fire.code.slope)


def _gain(sent: Tensor, due: Tensor) -> float:
    return float((sent * due).sum() / due.square().sum().clamp_min(1e-30))


def _fires_input(network: Network) -> bool:
    return "input.fire" in network.by_name


def _out_of_range(case: Case) -> bool:
    """True where a layer that reads the input sees values far outside of those it was calibrated with."""
    if not case.reads_input or case.calibrated is None:
        return False
    return any(
        abs(now) > _FAR * abs(then) and abs(now) > 1e-6 for now, then in zip(case.seen, case.calibrated, strict=True)
    )


def _ranges(case: Case) -> str:
    low, high = case.seen
    told = f"; inputs go from {low:.3g} to {high:.3g}"
    return (
        told if case.calibrated is None else "{}, calibration went from {:.3g} to {:.3g}".format(told, *case.calibrated)
    )


def _channels(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")
    return f"channel {shown}" if len(numbers) == 1 else f"channels {shown}"


SUSPECTS: tuple[Callable[[Case], Iterator[Suspicion]], ...] = (
    _as_designed,
    _dead,
    _input_scale,
    _threshold,
    _unfolded,
    _swapped,
)
"""What is looked for, from the plain to the special."""
