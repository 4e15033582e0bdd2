"""What an early-stopped training would have kept, while the same training goes on to its last step."""

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
from picojoule.train.validation import Validation

_SCORES, _BEST = "watched.json", "watched.safetensors"


@final
@dataclass
class Watch:
    """The score of a validation, which keeps the best weights until it would stop.

    Attributes:
        score: of a model.
        patience: epochs without a better score after which it stops.
        first: epochs before which it does not stop: a curriculum has not seen everything by then.
        folder: of the training; None keeps nothing for a resumption.
        scores: one an epoch.
        best: the state of the highest score before the stop.
    """

    score: Callable[[nn.Module], float]
    patience: int
    first: int
    folder: Path | None
    scores: list[float]
    best: dict[str, Tensor]

    @staticmethod
    def of(score: Callable[[nn.Module], float], patience: int, first: int, folder: Path | None) -> Watch:
        """A watch that goes on where the training in its folder was killed."""
        scores: list[float] = []
        best: dict[str, Tensor] = {}
        if folder is not None and (folder / _SCORES).is_file():
            scores = json.loads((folder / _SCORES).read_text())
            best = load((folder / _BEST).read_bytes())
        return Watch(score=score, patience=patience, first=first, folder=folder, scores=scores, best=best)

    @property
    def stop(self) -> int:
        """Epochs done when it stops; all of them where it does not."""
        rule = Validation(score=self.score, patience=self.patience)
        for done in range(self.first + self.patience, len(self.scores)):
            if rule.stops(self.scores[:done]):
                return done
        return len(self.scores)

    def __call__(self, model: nn.Module) -> float:
        """The score after another epoch."""
        self._forget_what_was_not_kept()
        before, score = self.scores, self.score(model)
        self.scores = [*before, score]
        improves = not before or score > max(before)
        if improves and self.stop == len(self.scores):
            self.best = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
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
