"""The verb ``tune``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, final

import torch
from torch import nn

from picojoule.base.environment import environment
from picojoule.base.errors import ConversionError, DataError, InputError, PriceError
from picojoule.base.progress import say
from picojoule.codes import Code, Hybrid, Rate
from picojoule.conversion import convert, quantise, trace
from picojoule.conversion.fold import fold
from picojoule.cost import Counts, Profile, price, profiles
from picojoule.cost.break_even import break_even_spikes_per_neuron
from picojoule.data.batches import batches, collect, first
from picojoule.engines import run
from picojoule.ir import Fire, Network
from picojoule.measurement import Observation, observe, row, rows_of
from picojoule.result import Result, Row
from picojoule.tuning import anytime, trial
from picojoule.tuning.settings import Setting, every
from picojoule.tuning.trial import Drop, Samples

_CALIBRATION, _PRICED, _BATCH = 500, 8, 50
_EXIT_STEPS = 32
_RIVALS = (8, 4)
"""Bits of the quantised ANNs."""
_NEAR = 1.1
"""Settings are tried up to so many times the joules of the cheapest that holds: calibration may make them cheaper."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Tuning:
    """What ``tune`` found.

    Attributes:
        result: rows of the ANNs, of every setting that was run on all samples, and of the chosen one.
        network: the chosen one; None where no setting holds.
        setting: how it was converted.
        drop: of the chosen one on the validation samples.
        told: a line for each setting in the order tried: its name, joules, drop, and what became of it.
    """

    result: Result
    network: Network | None
    setting: Setting | None
    drop: Drop | None
    told: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*self.told, "", str(self.result)])


@dataclass(kw_only=True)
@final
class _Search:
    """What is known while settings are tried."""

    model: Network
    calibration: Any
    samples: Samples
    max_drop: float
    profile: Profile
    rows: list[tuple[Observation, Drop, dict[str, float]]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def tune(
    model: nn.Module | Network,
    calibration: Any,
    validation: Any,
    *,
    max_drop: float = 0.01,
    profile: Profile = profiles.HOROWITZ_FP32,
    settings: Iterable[Setting] | None = None,
    exit_early: bool = False,
    limit: int = 500,
) -> Tuning:
    """The cheapest setting of conversion whose accuracy is within `max_drop` of the ANN's.

    Every setting is priced on a few samples, and settings are tried by rising price. Each is judged by its closed
    form first, which runs at the ANN's speed, and only then, if that leaves it in, by its spikes. Of those that hold,
    with a margin for the number of samples, the cheapest is taken; what seems a tenth dearer than it is not tried.

    Args:
        model: the module, or its traced network.
        calibration: inputs for conversion; the first 500 are used.
        validation: samples with labels, which the model was not trained on.
        max_drop: of the share of right decisions, for example 0.01.
        profile: what to price under.
        settings: what to try; if None, all of :data:`picojoule.tuning.settings.FAMILIES`, with weights as wide as the
            profile's datapath, and half as wide where that is narrow.
        exit_early: also find the confidence at which the best rate setting may stop before its last step.
        limit: validation samples, at most.

    Raises:
        InputError: an option that makes no sense.
        DataError: validation data without labels.
        PriceError: the profile has no price for any of the settings.
    """
    if not 0 <= max_drop < 1:
        raise InputError(f"max_drop={max_drop}", where="tune", remedy="use a share from 0 to below 1, such as 0.01")
    traced = model if isinstance(model, Network) else trace(model, first(calibration))
    samples = _samples(fold(traced), validation, limit)
    search = _Search(
        model=traced, calibration=collect(calibration, _BATCH, _CALIBRATION), samples=samples, max_drop=max_drop,
        profile=profile,
    )  # fmt: skip
    tried = every(weight_bits=profile.weight_bits) if settings is None else list(settings)
    ordered = _by_price(search, tried)
    chosen = _cheapest_that_holds(search, ordered)
    if exit_early:
        _try_exit(search, [setting for _, setting in ordered])
    return _tuning(search, chosen)


def drop_on(model: nn.Module | Network, network: Network, data: Any, *, limit: int | None = None) -> Drop:
    """What a network loses against its ANN on other samples, such as those that nothing was chosen by.

    Args:
        model: the ANN.
        network: the converted network.
        data: samples with labels.
        limit: of them, at most.
    """
    samples = _samples(fold(model if isinstance(model, Network) else trace(model, first(data))), data, limit)
    decisions = [run(network, x, count=False).values.flatten(1).argmax(1) for x in samples.x.split(_BATCH)]
    return samples.drop(torch.cat(decisions))


def _samples(ann: Network, validation: Any, limit: int | None) -> Samples:
    parts = [(x, labels) for x, labels in batches(validation, _BATCH, limit)]
    if any(labels is None for _, labels in parts):
        raise DataError("there are no labels", where="tune(validation=...)", remedy="give inputs with labels")
    x = ann.check_input(torch.cat([each for each, _ in parts]))
    labels = torch.cat([each for _, each in parts if each is not None])
    decisions = torch.cat([run(ann, each, count=False).values.flatten(1).argmax(1) for each in x.split(_BATCH)])
    return Samples(x=x, labels=labels, right=decisions == labels)


def _by_price(search: _Search, settings: Sequence[Setting]) -> list[tuple[float, Setting]]:
    """Joules of each setting on a few samples, by rising joules; calibrations do not change them much."""
    say(f"pricing {len(settings)} settings")
    plain: dict[tuple[str, float, int], Network | None] = {}
    found, refused = [], None
    for setting in settings:
        if isinstance(setting.code, Hybrid):
            network = _convert(search, replace(setting, calibrate=()))
        else:
            key = (setting.code.name, setting.percentile, setting.weight_bits)
            if key not in plain:
                plain[key] = _convert(search, replace(setting, calibrate=()))
            network = _under(plain[key], setting.code)
        if network is not None:
            counts = run(network, search.samples.x[:_PRICED]).counts
            assert counts is not None
            try:
                found.append((price(counts, search.profile).joules, setting))
            except PriceError as error:
                search.told.append(f"{setting.name}: {error.what}")
                refused = error
    if refused and not found:
        raise refused
    return sorted(found, key=lambda each: each[0])


def _under(network: Network | None, code: Code) -> Network | None:
    """The network, if there is one, with another code of the same kind."""
    if network is None:
        return None
    return network.evolve(
        replace(node, code=code.carrying(node.code.slope)) if isinstance(node, Fire) else node for node in network.nodes
    )


def _convert(search: _Search, setting: Setting) -> Network | None:
    """The network; None where this code cannot carry it."""
    try:
        network = convert(search.model, search.calibration, **setting.options())
    except ConversionError as error:
        search.told.append(f"{setting.name}: {error.what}")
        return None
    return network.evolve(network.nodes, name=setting.name)


def _cheapest_that_holds(search: _Search, ordered: Sequence[tuple[float, Setting]]) -> tuple[Setting, Network] | None:
    """The first by estimated price, or one little behind it where calibration has made that cheaper."""
    holding: list[tuple[float, Setting, Network]] = []
    limit = inf
    for number, (joules, setting) in enumerate(ordered):
        if joules > limit:
            _note(search, f"{len(ordered) - number} dearer settings were not tried")
            break
        say(f"trying {setting.name}")
        network = _convert(search, setting)
        if network is not None and _judge(search, setting, network, joules):
            holding.append((price(search.rows[-1][0].counts, search.profile).joules, setting, network))
            limit = min(limit, _NEAR * holding[-1][0])
    return min(holding, key=lambda each: each[0])[1:] if holding else None


def _judge(search: _Search, setting: Setting, network: Network, joules: float) -> bool:
    """Whether it holds; its row is kept where it was run on all samples."""
    allowed = search.max_drop
    drop = trial.closed_form(network, search.samples, allowed)
    if drop.fails(allowed):
        _tell(search, setting.name, joules, drop, "out by its closed form")
        return False
    drop, counts, decisions = trial.spiking(network, search.samples, allowed)
    if len(decisions) < len(search.samples.labels):
        _tell(search, setting.name, joules, drop, f"out after {drop.samples} samples")
        return False
    search.rows.append((_observation(search, network, counts, decisions), drop, {}))
    holds = drop.holds(allowed)
    _tell(search, setting.name, price(counts, search.profile).joules, drop, "holds" if holds else "not sure to hold")
    return holds


def _tell(search: _Search, name: str, joules: float, drop: Drop, what: str) -> None:
    found = f"drop {drop.value:.2%} ± {drop.margin:.2%} of {drop.samples}"
    _note(search, f"{name}: {joules * 1e6:.3g} µJ, {found}: {what}")


def _note(search: _Search, line: str) -> None:
    say(line)
    search.told.append(line)


def _observation(search: _Search, network: Network, counts: Counts, decisions: torch.Tensor) -> Observation:
    return Observation(
        network=network,
        counts=counts,
        hits=int((decisions == search.samples.labels).sum()),
        decisions=decisions,
        seconds_per_sample=None,
        peak_bytes=None,
        plan="",
    )


def _try_exit(search: _Search, settings: Sequence[Setting]) -> None:
    """The row of a rate setting of many steps that stops as soon as it is confident."""
    long = [each for each in settings if isinstance(each.code, Rate) and each.code.steps <= _EXIT_STEPS]
    network = _convert(search, max(long, key=_worth)) if long else None
    if network is None:
        return _note(search, "exit: no rate code was tried")
    path = anytime.trajectories(network, search.samples.x)
    found = anytime.least_confidence(path, search.samples, search.max_drop)
    if found is None:
        return _note(search, f"{network.name} exit: the drop holds at no confidence")
    confidence, drop = found
    steps, decisions = anytime.exits(path, confidence)
    counts = anytime.counts_of(network, search.samples.x, steps)
    name, mean = f"{network.name} exit c={confidence:g}", float(steps.double().mean())
    seen = _observation(search, network.evolve(network.nodes, name=name), counts, decisions)
    search.rows.append((seen, drop, {"mean_steps": mean}))
    _tell(search, name, price(counts, search.profile).joules, drop, f"{mean:.1f} steps on average")


def _worth(setting: Setting) -> tuple[int, bool, tuple[str, ...]]:
    """What makes the last steps of a rate setting good: many of them, corrected, calibrated."""
    assert isinstance(setting.code, Rate)
    return setting.code.steps, setting.code.corrected, setting.calibrate


def _tuning(search: _Search, chosen: tuple[Setting, Network] | None) -> Tuning:
    x = (search.samples.x, search.samples.labels)
    ann = observe(fold(search.model), x)
    quantised = [observe(quantise(search.model, search.calibration, bits=bits), x) for bits in _RIVALS]
    rival = _joules(quantised[0].counts, profiles.HOROWITZ_INT8)
    found = [each for seen in (ann, *quantised) for each in rows_of(seen, _priced(search))]
    found += [_row(search, each, drop, more, rival) for each, drop, more in search.rows]
    return Tuning(
        result=Result(
            recipe="tune",
            title=_title(search, chosen),
            mode="quick",
            seed=0,
            data={"name": "validation", "train": len(search.calibration), "test": len(x[0]), "sha256": None},
            rows=tuple(found),
            environment=environment(),
        ),
        network=chosen[1] if chosen else None,
        setting=chosen[0] if chosen else None,
        drop=_drop(search, chosen),
        told=tuple(search.told),
    )


def _title(search: _Search, chosen: tuple[Setting, Network] | None) -> str:
    within = f"within {search.max_drop:.2%} of the ANN"
    return f"cheapest {within}: {chosen[0].name}" if chosen else f"no setting is {within}"


def _drop(search: _Search, chosen: tuple[Setting, Network] | None) -> Drop | None:
    return next((drop for seen, drop, _ in search.rows if chosen and seen.network.name == chosen[0].name), None)


def _priced(search: _Search) -> list[Profile]:
    own = search.profile
    return [own] if own.name == profiles.HOROWITZ_INT8.name else [own, profiles.HOROWITZ_INT8]


def _row(search: _Search, seen: Observation, drop: Drop, more: dict[str, float], rival: float | None) -> Row:
    metrics: dict[str, float | None] = {"drop": drop.value, **more}
    if rival is not None and _joules(seen.counts, search.profile) is not None:
        metrics["break_even_spikes_per_neuron"] = break_even_spikes_per_neuron(seen.counts, search.profile, rival)
    return row(seen, [search.profile], metrics=metrics)


def _joules(counts: Counts, profile: Profile) -> float | None:
    try:
        return price(counts, profile).joules
    except PriceError:
        return None
