"""What the rows say, in plain sentences: who wins, by how much, and what is unknown and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from picojoule.base.units import percent, si
from picojoule.cost.profiles import PROFILES
from picojoule.reports.columns import (
    BREAK_EVEN,
    NO_SHARES,
    QUALITIES,
    SPIKES_PER_NEURON,
    families,
    family,
    joules,
    label,
    quality,
    quality_word,
)
from picojoule.result import Result, Row, is_gathered, parts

BASELINE = "ann fp32"
KEEPS = 0.005  # accuracy is kept when at most half a point is lost
_ANN = re.compile(r"ann ((?:fp|bf|int|uint)\d+)")
_BOUNDS = {"ideal": "every datum moved once", "no_reuse": "nothing reused"}


def verdict(result: Result) -> list[str]:
    """Sentences computed from the rows only; none where there is nothing to say.

    A system is *spiking* when it counts spikes. It *keeps the accuracy* when it comes within 0.5 points of `BASELINE`.
    Energies are compared inside one technology family: the profile's name up to its precision, each system at the
    cheapest profile of the family that can price it.
    """
    if is_gathered(result):
        return _of_each(result)
    rows = _Rows.of(result)
    compared = [*_energy_words(rows), *_doubt(rows), *_fewest(rows), *_break_even(rows)]
    word = quality_word(result.rows)
    return [*(sentence.replace("accuracy", word) for sentence in compared), *_unknown_joules(result)]


def _of_each(result: Result) -> list[str]:
    """That systems of different data sets do not compete, and the first sentence about each result."""
    told = {name: verdict(part) for name, part in parts(result).items()}
    first = "Systems compete within one result only: each result has data of its own."
    return [first, *(f"{name}: {sentences[0]}" for name, sentences in told.items() if sentences)]


def claims_summary(result: Result) -> str:
    """``3 of 5 claims reached, 1 not reached, 1 not tried.``, or nothing without claims."""
    states = [claim.status for claim in result.claims]
    others = ((state.replace("-", " "), states.count(state)) for state in ("not-reached", "not-tried"))
    rest = "".join(f", {count} {state}" for state, count in others if count)
    noun = "claim" if len(states) == 1 else "claims"
    return f"{states.count('reached')} of {len(states)} {noun} reached{rest}." if states else ""


def claims(result: Result) -> list[str]:
    """One line a claim: its state, what was found beside what was claimed and how that is known, or why not tried."""
    return [
        f"{claim.status:<12} {claim.text}: "
        + (claim.reason if claim.measured is None and claim.reason else f"{_number(claim.measured)} {claim.unit}")
        + (f" (claimed: {_number(claim.paper)}, {claim.paper_source})" if claim.paper is not None else "")
        for claim in result.claims
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows by their part in the verdict."""

    all: tuple[Row, ...]
    spiking: list[Row]
    anns: list[Row]
    baseline: Row | None

    @classmethod
    def of(cls, result: Result) -> _Rows:
        anns = [row for row in result.rows if row.system.split(" ")[0] == "ann"]
        spiking = [row for row in result.rows if row.counts.get("spikes") is not None and row not in anns]
        baseline = next((row for row in anns if row.system == BASELINE and quality(row) is not None), None)
        return cls(result.rows, spiking, anns, baseline)

    def keeping(self, rows: Sequence[Row]) -> list[Row]:
        """Those that keep the accuracy of the baseline; all of them where there is no baseline."""
        return [row for row in rows if self.baseline is None or _keeps(row, self.baseline)]


def _keeps(row: Row, baseline: Row) -> bool:
    accuracy = quality(row)
    return accuracy is not None and accuracy >= quality(baseline) - KEEPS - 1e-9


def _name(row: Row) -> str:
    """``the int8 ANN`` for ``ann int8``, else the system's own name."""
    precision = _ANN.fullmatch(label(row.system))
    return f"the {precision[1]} ANN" if precision else label(row.system)


def _capital(sentence: str) -> str:
    return sentence[:4].replace("the ", "The ") + sentence[4:]


def _cheapest(rows: Iterable[Row], technology: str) -> tuple[Row, float] | None:
    priced = [(row, cost) for row in rows if (cost := joules(row, technology)) is not None]
    return min(priced, key=lambda pair: pair[1], default=None)


def _energy_words(rows: _Rows) -> Iterator[str]:
    if rows.spiking and rows.baseline is None and families(rows.spiking):
        yield f"There is no accuracy of {BASELINE}, so nothing tells whether a spiking system keeps the accuracy."
    if rows.spiking and rows.baseline is not None and not rows.keeping(rows.spiking):
        yield from _none_keeps(rows)
        return
    for technology in families(rows.all):
        ann, spiking = _cheapest(rows.keeping(rows.anns), technology), _cheapest(rows.keeping(rows.spiking), technology)
        if rows.baseline is not None and ann and spiking:
            yield _contest(technology, ann, spiking)
            yield from _against_each(rows, technology, spiking)
        else:
            yield from _alone(rows, technology)


def _none_keeps(rows: _Rows) -> Iterator[str]:
    target = percent(quality(rows.baseline))
    known = [row for row in rows.spiking if quality(row) is not None]
    closest = max(known, key=quality, default=None)
    tail = f"; the closest is {_name(closest)} with {percent(quality(closest))}" if closest else ""
    for technology in families(rows.keeping(rows.anns)):
        row, cost = _cheapest(rows.keeping(rows.anns), technology)
        yield f"{_capital(_name(row))} wins: it costs {si(cost, 'J')} in {technology} and keeps the accuracy."
    yield f"No spiking system comes within {100 * KEEPS:.1f} points of {BASELINE} ({target}){tail}."


def _contest(technology: str, ann: tuple[Row, float], spiking: tuple[Row, float]) -> str:
    """The winner, both prices and the factor between them."""
    (winner, least), (loser, most) = sorted((ann, spiking), key=lambda pair: pair[1])
    if least == most:
        return f"In {_assumed(technology)} {_name(winner)} and {_name(loser)} cost the same: {si(least, 'J')}."
    role = (
        f"the cheapest {'spiking system' if winner is ann[0] else 'ANN'} within {100 * KEEPS:.1f} points of {BASELINE}"
    )
    factor = f"{_times(most, least)} times less than" if least > 0 else "less than"
    gap = f"{si(least, 'J')}, {factor} {_name(loser)} ({si(most, 'J')})"
    return f"In {_assumed(technology)} {_name(winner)} wins: it costs {gap}, {role}."


def _assumed(technology: str) -> str:
    """The technology with what its profiles assume about memory, which often decides."""
    bounds = {each.bound for each in PROFILES if family(each.name) == technology and each.memory is not None}
    return f"{technology} ({_BOUNDS[bounds.pop()]})" if len(bounds) == 1 else technology


def _against_each(rows: _Rows, technology: str, spiking: tuple[Row, float]) -> Iterator[str]:
    """The cheapest spiking system as a multiple of each ANN, with the loss of those that lose accuracy."""
    priced = [(ann, cost) for ann in rows.anns if (cost := joules(ann, technology))]
    parts = [f"{_times(spiking[1], cost)} times {_name(ann)}{_loss(ann, rows.baseline)}" for ann, cost in priced]
    if parts:
        accuracy = percent(quality(spiking[0]))
        yield f"In {technology} {_name(spiking[0])} ({accuracy} accuracy) costs {_and(parts)}."


def _loss(row: Row, baseline: Row) -> str:
    accuracy = quality(row)
    if accuracy is None or _keeps(row, baseline):
        return ""
    return f" (which loses {100 * (quality(baseline) - accuracy):.1f} points)"


def _told(row: Row) -> str:
    """How good it is: a share in per cent, anything else as it is."""
    return f"{quality(row):.3f}" if quality_word([row]) in NO_SHARES else percent(quality(row))


def _alone(rows: _Rows, technology: str) -> Iterator[str]:
    """A family in which ANN and spiking systems cannot be compared: its cheapest system, and what is missing."""
    row, cost = _cheapest(rows.keeping(rows.all), technology) or _cheapest(rows.all, technology)
    accuracy = f" with {_told(row)} accuracy" if quality(row) is not None else ""
    missing = "ANN" if row in rows.spiking else "spiking system"
    has_other = rows.anns if row in rows.spiking else rows.spiking
    note = (
        f"; no {missing} that keeps the accuracy has joules there, so this decides nothing between them"
        if has_other
        else ""
    )
    note = note if rows.baseline is not None else ""
    yield f"In {technology} the cheapest is {_name(row)}: {si(cost, 'J')}{accuracy}{note}."


def _doubt(rows: _Rows) -> Iterator[str]:
    """Says when the test set is too small for half a point."""
    known = rows.baseline.interval if rows.baseline and rows.spiking else {}
    interval = next((known[name] for name in QUALITIES if name in known), None)
    half = (interval[1] - interval[0]) / 2 if interval else 0.0
    if half > KEEPS:
        yield (
            f"The accuracy of {BASELINE} is known to ±{100 * half:.1f} points, so this test set cannot tell "
            f"a loss of {100 * KEEPS:.1f} points from chance."
        )


def _fewest(rows: _Rows) -> Iterator[str]:
    kept = rows.keeping(rows.spiking)
    chosen = kept or rows.spiking
    least = {count: _least(chosen, count) for count in ("steps", "spikes")}
    parts: dict[str, list[str]] = {}
    for count, row in least.items():
        if row is not None:
            parts.setdefault(_name(row), []).append(f"the fewest {count} ({row.counts[count]:,.6g})")
    if len(chosen) > 1 and parts:
        of = "Of the spiking systems that keep the accuracy" if kept and rows.baseline else "Of the spiking systems"
        yield f"{of}, {_and([f'{name} needs {_and(found)}' for name, found in parts.items()])}."


def _least(rows: Sequence[Row], count: str) -> Row | None:
    known = [row for row in rows if row.counts.get(count) is not None]
    return min(known, key=lambda row: row.counts[count], default=None)


def _break_even(rows: _Rows) -> Iterator[str]:
    """What the cheapest spiking system that keeps the accuracy (or the most accurate) needs to cost what int8 costs."""
    row = _representative(rows)
    if row is None or BREAK_EVEN not in row.metrics:
        return
    limit, fires = row.metrics[BREAK_EVEN], row.metrics.get(SPIKES_PER_NEURON)
    if limit is None:
        yield (
            f"No spike rate brings {_name(row)} down to the cost of the int8 ANN: "
            "its state updates and memory alone cost more."
        )
        return
    now = "" if fires is None else f"; it fires {fires:.3g}"
    yield f"To cost what the int8 ANN costs, {_name(row)} may fire {limit:.3g} spikes a neuron{now}."


def _representative(rows: _Rows) -> Row | None:
    kept = rows.keeping(rows.spiking)
    for technology in families(kept):
        return _cheapest(kept, technology)[0]
    known = [row for row in rows.spiking if quality(row) is not None]
    return max(known, key=quality, default=None)


def _unknown_joules(result: Result) -> Iterator[str]:
    """One sentence for each distinct reason."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in result.rows:
        for energy in row.energy:
            if energy.joules is None and energy.relative is None:
                places = found.setdefault(label(energy.reason or "no reason is given"), {})
                places.setdefault(energy.profile, []).append(label(row.system))
    every = len({energy.profile for row in result.rows for energy in row.energy})
    for reason, places in found.items():
        alike: dict[str, list[str]] = {}
        for profile, systems in places.items():
            alike.setdefault(_together(systems, result.rows), []).append(profile)
        under = {s: "every profile" if len(names) == every > 1 else _and(names) for s, names in alike.items()}
        where = _and([f"{systems} under {names}" for systems, names in under.items()])
        yield f"No energy for {where}: {reason.rstrip('.')}."


def _together(systems: Sequence[str], rows: Sequence[Row]) -> str:
    """The systems by one word where they are all of a kind."""
    kinds = {"every system": list(rows), "every ANN": [row for row in rows if row.system.startswith("ann ")]}
    for words, of_kind in kinds.items():
        if len(of_kind) > 1 and [*systems] == [label(row.system) for row in of_kind]:
            return words
    if len(systems) > _MANY:
        return f"{systems[0]} and {len(systems) - 1} other systems"
    return _and(systems)


_MANY = 5
"""More systems than this are not named one by one."""


def _times(cost: float, of: float) -> str:
    ratio = cost / of
    return f"{ratio:.3g}" if ratio < 1000 else f"{ratio:,.0f}"


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
