"""How easy each sample is, by cross-review: teachers that never saw a sample judge it (cite key ``xu2020``).

::

    D = D_1 ∪ … ∪ D_N at random        teacher_j learns D_j alone
    ease(d) = Σ_{j≠k} m_j(d)           for d in D_k
    hard vote: m_j = [argmax is the label]          soft vote: m_j = p_j(label)

Teachers are in evaluation mode when they answer. Together they see every sample once an epoch: that is one more
training, and N − 1 inferences a sample; :class:`Review` counts both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, final

import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.base.files import sha256, write_whole

Vote = Literal["soft", "hard"]
Teach = Callable[[Tensor, int], nn.Module]
"""``teach(positions, seed)``: a model that was trained on these samples alone."""
Answer = Callable[[nn.Module, Tensor], Tensor]
"""``answer(model, positions)``: its outputs ``[samples, classes]`` for these samples."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Review:
    """What the teachers said.

    Attributes:
        folds: which part each sample is in, int64 ``[n]``.
        chances: p_j(label) of each teacher, ``[teachers, n]``; NaN for its own part.
        right: whether its decision was the label, ``[teachers, n]``; NaN for its own part.
    """

    folds: Tensor
    chances: Tensor
    right: Tensor

    def ease(self, vote: Vote = "soft") -> Tensor:
        """The mean vote on each sample, ``[n]``, 0 … 1."""
        votes = {"soft": self.chances, "hard": self.right}
        if vote not in votes:
            raise InputError(f"a vote named {vote!r}", where="cross-review", remedy="use soft or hard")
        return votes[vote].nanmean(0)

    @property
    def teachers(self) -> int:
        """N."""
        return len(self.chances)

    @property
    def answers(self) -> int:
        """Inferences in all: (N − 1)·n."""
        return (self.teachers - 1) * len(self.folds)


def split(labels: Tensor, parts: int, *, stratified: bool = True, seed: int = 0) -> Tensor:
    """Which part each sample is in, int64 ``[n]``; sizes differ by at most one.

    Args:
        labels: int64 ``[n]``.
        parts: at least 2.
        stratified: every part has its share of each class, up to one sample.
        seed: of the draw.

    Raises:
        InputError: fewer than two parts, or fewer samples than parts.
    """
    if not 2 <= parts <= len(labels):
        what = f"{len(labels)} samples in {parts} parts"
        raise InputError(what, where="cross-review", remedy="make at least two parts, and at most one a sample")
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    if stratified:
        order = order[labels[order].argsort(stable=True)]
    folds = torch.empty_like(order)
    folds[order] = torch.arange(len(order)) % parts
    return folds


def cross_review(
    labels: Tensor,
    teach: Teach,
    answer: Answer,
    *,
    parts: int = 5,
    stratified: bool = True,
    seed: int = 0,
    folder: Path | str | None = None,
    key: str = "",
) -> Review:
    """Train the teachers and ask each about the parts it has not seen.

    Args:
        labels: of the training samples, int64 ``[n]``.
        teach, answer: of any model and trainer.
        parts: N.
        stratified: as for :func:`split`.
        seed: of the split; teacher j gets `seed` + j.
        folder: each teacher's answers are kept there once it has given them, and read from there the next time.
        key: what else the answers depend on, such as a hash of the data and the training's settings.

    Raises:
        InputError: as :func:`split`, or a damaged file in `folder`.
    """
    folds = split(labels, parts, stratified=stratified, seed=seed)
    places = torch.arange(len(labels))
    chances, right = (torch.full((parts, len(labels)), float("nan")) for _ in range(2))
    for j in range(parts):
        mine, others = places[folds == j], places[folds != j]
        ask = partial(_asked, teach, answer, mine, others, seed + j)
        outputs = ask() if folder is None else _kept(Path(folder) / _name(labels, folds, j, seed, key), ask)
        chances[j, others] = outputs.float().softmax(1).gather(1, labels[others, None])[:, 0]
        right[j, others] = (outputs.argmax(1) == labels[others]).float()
    return Review(folds=folds, chances=chances, right=right)


def _asked(teach: Teach, answer: Answer, mine: Tensor, others: Tensor, seed: int) -> Tensor:
    teacher = teach(mine, seed).eval()
    with torch.no_grad():
        return answer(teacher, others).cpu()


def _name(labels: Tensor, folds: Tensor, j: int, seed: int, key: str) -> str:
    parts = (labels.numpy().tobytes(), folds.numpy().tobytes(), f"{j} {seed} {key}".encode())
    return f"teacher-{j}-{sha256(*parts)[:16]}.safetensors"


def _kept(file: Path, make: Callable[[], Tensor]) -> Tensor:
    if not file.exists():
        write_whole(file, to_bytes({"outputs": make().contiguous()}))
    try:
        return from_bytes(file.read_bytes())["outputs"]
    except (OSError, SafetensorError, KeyError) as error:
        remedy = "delete it, and the teacher is trained again"
        raise InputError(f"a teacher's answers cannot be read ({error})", where=str(file), remedy=remedy) from None
