"""The weights that validation would choose, kept while the training goes on to its last step."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from safetensors.torch import load, save
from torch import Tensor, nn

from picojoule.base.files import write_whole
from picojoule.train.journal import FILE as JOURNAL

_SCORES, _BEST = "watched.json", "watched.safetensors"


@final
@dataclass
class Watch:
    """The score of a validation, which keeps the weights of its first highest.

    Attributes:
        score: of a model.
        folder: of the training; None keeps nothing for a resumption.
        scores: one an epoch.
        best: the state of the highest.
    """

    score: Callable[[nn.Module], float]
    folder: Path | None
    scores: list[float]
    best: dict[str, Tensor]

    @staticmethod
    def of(score: Callable[[nn.Module], float], folder: Path | None) -> Watch:
        """A watch that goes on where the training in its folder was killed."""
        scores: list[float] = []
        best: dict[str, Tensor] = {}
        if folder is not None and (folder / _SCORES).is_file():
            scores = json.loads((folder / _SCORES).read_text())
            best = load((folder / _BEST).read_bytes())
        return Watch(score=score, folder=folder, scores=scores, best=best)

    def __call__(self, model: nn.Module) -> float:
        """The score after another epoch."""
        self._forget_what_was_not_kept()
        score = self.score(model)
        if not self.scores or score > max(self.scores):
            self.best = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
        self.scores = [*self.scores, score]
        if self.folder is not None:
            write_whole(self.folder / _BEST, save(self.best))
            write_whole(self.folder / _SCORES, json.dumps(self.scores))
        return score

    def _forget_what_was_not_kept(self) -> None:
        """An epoch that was scored but killed before its checkpoint is done, and scored, again."""
        if self.folder is not None:
            journal = self.folder / JOURNAL
            kept = len(journal.read_text().splitlines()) if journal.is_file() else 0
            self.scores = self.scores[:kept]
