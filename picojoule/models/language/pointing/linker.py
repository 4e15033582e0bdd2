"""A trained network with what it has to be told: its form, and the rule by which its links are taken. One file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import final

import torch
from safetensors.torch import save as to_bytes

from picojoule.base.errors import DataError, WeightsError
from picojoule.data.language.relations import Sentence
from picojoule.models.language.pointing.batch import encode
from picojoule.models.language.pointing.linking import Link, Rule, merged
from picojoule.models.language.pointing.network import DualPointer
from picojoule.models.language.pointing.reading import Form
from picojoule.models.loading import METADATA_KEY, embedded_metadata, in_half, load_weights

EMBEDDED = Path(__file__).parents[2] / "weights" / "linker.safetensors"
_AT_ONCE = 64


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Linker:
    """A dual pointer network that is ready to be used.

    Attributes:
        model: in evaluation mode.
        rule: which of its links are taken.
    """

    model: DualPointer
    rule: Rule

    @torch.no_grad()
    def __call__(self, sentences: Sequence[Sentence]) -> list[tuple[Link, ...]]:
        """The links of each sentence; entities in the order of the text.

        Raises:
            DataError: a type that the network does not know, or entities in another order.
        """
        form, found = self.model.form, []
        for start in range(0, len(sentences), _AT_ONCE):
            batch = encode(sentences[start : start + _AT_ONCE], form.kinds, form.hashed)
            found += merged(self.model(batch), batch, self.rule)
        return found

    def to_bytes(self, told: Mapping[str, str]) -> bytes:
        """The file: weights in half precision, the form, the rule, and how they came about.

        Args:
            told: command, seed, data, scores.
        """
        rule = {**asdict(self.rule), "possible": sorted(self.rule.possible or ()) or None}
        about = {**told, "form": json.dumps(asdict(self.model.form)), "rule": json.dumps(rule)}
        return to_bytes(in_half(self.model.state_dict()), {METADATA_KEY: json.dumps(about)})

    @staticmethod
    def load(path: Path | str = EMBEDDED) -> Linker:
        """That of a file; that of the package by default.

        Raises:
            WeightsError: no such file, a damaged one, or one of another kind.
        """
        about = embedded_metadata(path)
        try:
            form, rule = json.loads(about["form"]), json.loads(about["rule"])
            model = DualPointer(_tupled(Form, form), placed=True)
            possible = rule["possible"] and frozenset(map(tuple, rule["possible"]))
            taken = Rule(**{**rule, "decoders": tuple(rule["decoders"]), "possible": possible})
        except (KeyError, TypeError, ValueError) as error:
            remedy = "give a file that python -m picojoule.train.linker wrote"
            raise WeightsError(f"it holds no linker ({error})", where=str(path), remedy=remedy) from None
        return Linker(model=load_weights(model, path).eval(), rule=taken)


def _tupled(form: type[Form], values: Mapping[str, object]) -> Form:
    """A form from JSON, in which tuples are lists."""
    known = {each.name for each in fields(form)}
    if not known >= set(values):
        raise DataError("unknown sizes", where="form", remedy="use the version that wrote the file")
    return form(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})  # type: ignore[arg-type]
