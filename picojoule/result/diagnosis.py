"""What a diagnosis found: a line a layer, and the first layer that is to blame. Needs neither torch nor numpy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

from picojoule.base.files import write_whole
from picojoule.result.plain import plain

_COLUMNS = ("error", "carried", "added", "saturated", "silent", "spread")
_HEADINGS = ("error", "carried in", "added here", "saturated", "silent", "spread")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a layer is wrong.

    Attributes:
        name: such as ``threshold`` or ``dead channel``.
        text: what was seen, with its numbers.
        remedy: what the user can do.
        explained: share of the error added in the layer that this cause accounts for.
    """

    name: str
    text: str
    remedy: str
    explained: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "explained", plain(self.explained, "explained"))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDiagnosis:
    """One layer, its spiking values beside the ANN's. Errors are root mean squares relative to the ANN's values.

    Attributes:
        name: of the layer as tables have it.
        code: label of its code; None of the output, which does not fire.
        error: of its values, ``‖s − a‖/‖a‖``.
        carried: what of that an exact layer would have for the inputs it gets, ``‖f(s_in) − a‖/‖a‖``.
        added: what comes in here, ``‖s − f(s_in)‖/‖a‖``. Carried and added are no sum: they may cancel.
        saturated: share of the positive values that are above the largest one its neurons can send.
        silent: share of the positive values for which a neuron sends nothing.
        spread: standard deviation of its spike times as a share of the window; None without spikes.
        cause: why it is wrong; None where it is not.
    """

    name: str
    code: str | None
    error: float | None
    carried: float | None
    added: float | None
    saturated: float | None = None
    silent: float | None = None
    spread: float | None = None
    cause: Cause | None = None

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            object.__setattr__(self, name, plain(getattr(self, name), name))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A spiking network beside the ANN it came from, layer by layer. It prints as a table.

    Attributes:
        system: name of the spiking network.
        samples: looked at.
        layers: in order, the output last.
        agreement: share of the samples for which both choose the same class; None for outputs that are no classes.
        accuracy: of the ANN and of the spiking network, where labels are known.
        limit: a layer that adds more than this is bad.
    """

    system: str
    samples: int
    layers: tuple[LayerDiagnosis, ...]
    agreement: float | None = None
    accuracy: dict[str, float] = field(default_factory=dict)
    limit: float = 0.0

    @property
    def first_bad(self) -> LayerDiagnosis | None:
        """The first layer that is to blame; None where every layer does what it should."""
        return next((layer for layer in self.layers if layer.cause is not None), None)

    @property
    def cause(self) -> Cause | None:
        """Why the first bad layer is bad."""
        return self.first_bad.cause if self.first_bad else None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        bad = self.first_bad.name if self.first_bad else None
        return {"schema": 1, "kind": "diagnosis", **plain(asdict(self), "diagnosis"), "first_bad": bad}

    def to_json(self) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def save(self, path: Path | str) -> Path:
        """Write the JSON to `path`, whole or not at all."""
        return write_whole(path, self.to_json())

    def verdict(self) -> str:
        """The first bad layer, its cause and the remedy, in a sentence or two."""
        if self.first_bad is None:
            return f"No layer adds more than {self.limit:.0%} of its values' size: nothing to mend."
        cause = self.first_bad.cause
        assert cause is not None
        share = "" if cause.explained is None else f", which explains {cause.explained:.0%} of the error added there"
        return (
            f"First bad layer: {self.first_bad.name}. Cause: {cause.name}: {cause.text}{share}. Remedy: {cause.remedy}."
        )

    def summary(self) -> str:
        """Samples, agreement and accuracy in a sentence."""
        words = [f"{self.samples} samples"]
        if self.agreement is not None:
            words.append(f"same class as the ANN for {self.agreement:.1%}")
        if self.accuracy:
            words.append(", ".join(f"{name} {value:.1%} right" for name, value in self.accuracy.items()))
        return "; ".join(words) + "."

    def table(self) -> list[list[str]]:
        """The headings and a line a layer, as text."""
        rows = [["layer", "code", *_HEADINGS, "cause"]]
        for layer in self.layers:
            shares = [_percent(getattr(layer, name)) for name in _COLUMNS]
            rows.append([layer.name, layer.code or "–", *shares, layer.cause.name if layer.cause else ""])
        return rows

    def __str__(self) -> str:
        rows = self.table()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
        return "\n".join([f"{self.system} beside its ANN", "", *lines, "", self.summary(), self.verdict()])


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    """Words to the left, numbers to the right."""
    left = (0, 1, len(row) - 1)
    return [
        cell.ljust(width) if at in left else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
