"""The scores a search has found so far, in a file: a search that was killed goes on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import final

from picojoule.base.errors import InputError
from picojoule.base.files import write_whole
from picojoule.search.choices import Genome
from picojoule.search.score import Score


@final
class Journal:
    """A file of one JSON line a network behind a line that says what they were evaluated on.

    Args:
        path: the file; made with the first score.
        of: what must be equal for its scores to be used again, such as a hash of weights and samples.

    Raises:
        InputError: the file is damaged, or of something else.
    """

    def __init__(self, path: Path | str, of: str) -> None:
        self.path, self.of = Path(path), of
        self.scores: dict[Genome, Score] = self._read() if self.path.exists() else {}

    def add(self, scores: Mapping[Genome, Score]) -> None:
        """Keep these, too; the file is whole at any time."""
        self.scores.update(scores)
        lines = [json.dumps({"of": self.of})]
        lines += [json.dumps({"genome": genome, **score.to_dict()}) for genome, score in self.scores.items()]
        write_whole(self.path, "\n".join(lines) + "\n")

    def _read(self) -> dict[Genome, Score]:
        try:
            first, *rest = map(json.loads, self.path.read_text().splitlines())
            of, scores = first["of"], {tuple(each.pop("genome")): Score(**each) for each in rest}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"the journal is damaged ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})",
                where=str(self.path),
                remedy="delete it to start anew",
            ) from None
        if of != self.of:
            raise InputError(
                "the journal is of another search (other weights, samples or space)",
                where=str(self.path),
                remedy="name another folder, or delete the file to start anew",
            )
        return scores
