"""How an M2Former is built, as a value: the paper's choices, and every one of them to be switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final, get_args

from picojoule.base.errors import InputError
from picojoule.models.vision.mvit import STAGES

Score = Literal["mean", "norm", "attention", "random"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """What is between the backbone and the answer.

    Attributes:
        scales: stages from which patches are selected, from 0, rising.
        kept: patches kept of each stage, whether it is among `scales` or not.
        merge: side of the squares of tokens that are averaged into one patch before they are selected.
        score: what a patch is selected by: the mean of its channels, their norm, the class token's attention in the
            stage's last block, or chance.
        transfer: class tokens of earlier stages are made from the last one; else each is the one of its own stage.
        channel: gates on channels, from all scales together.
        spatial: attention across all scales; without it a scale's answer is the mean of its tokens.
        width, heads: of that attention.
        ordered: a scale sees those before it only, so that it can answer before the next stage has run. Class tokens
            are then not transferred.
        peaks: what the target of each head has at the label; the last one is for the head of all scales.

    Raises:
        InputError: no scale or an unknown one, a number below 1, an unknown score, or transfer with `ordered`.
    """

    scales: tuple[int, ...] = (0, 1, 2, 3)
    kept: tuple[int, int, int, int] = (162, 54, 18, 6)
    merge: int = 2
    score: Score = "mean"
    transfer: bool = True
    channel: bool = True
    spatial: bool = True
    width: int = 768
    heads: int = 8
    ordered: bool = False
    peaks: tuple[float, float, float, float, float] = (0.6, 0.7, 0.8, 0.9, 1.0)

    def __post_init__(self) -> None:
        known = self.scales == tuple(sorted(set(self.scales) & set(range(STAGES))))
        for true, what, remedy in (
            (self.scales and known, f"scales {self.scales}", f"give some of 0 … {STAGES - 1}, rising"),
            (
                min(*self.kept, self.merge, self.width, self.heads) >= 1 and not self.width % self.heads,
                f"kept {self.kept}, merge {self.merge}, width {self.width}, heads {self.heads}",
                "give numbers from 1, and a width that is a multiple of the heads",
            ),
            (self.score in get_args(Score), f"a score {self.score!r}", f"use one of {', '.join(get_args(Score))}"),
            (
                not (self.ordered and self.transfer),
                "class tokens from the last stage for a scale that answers before it",
                "set transfer=False with ordered=True",
            ),
            (all(0 < each <= 1 for each in self.peaks), f"peaks {self.peaks}", "give numbers above 0 and at most 1"),
        ):
            if not true:
                raise InputError(what, where="M2Former's design", remedy=remedy)

    @property
    def of_heads(self) -> tuple[float, ...]:
        """The peak of each head there is: one a scale, and one for all where there are several."""
        if len(self.scales) == 1:
            return self.peaks[-1:]
        return (*(self.peaks[scale] for scale in self.scales), self.peaks[-1])

    @property
    def tokens(self) -> tuple[int, ...]:
        """Tokens of each scale that enter the attention, its class token with them."""
        return tuple(self.kept[scale] + 1 for scale in self.scales)
