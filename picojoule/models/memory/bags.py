"""Batches of questions as matrices, several tasks side by side.

A memory is one row: its words counted, its words weighted by place, and its age as one more word::

    x_i = [ s⁰ | sʲ | onehot(age_i) ]          m_i = x_i·[ ½A ; A·diag(½ − k/E) ; T_A ]

The position encoding of MemN2N is of rank two, so an embedding stays one product of matrices. Without it the second
part is left out, and A is not halved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import pad

from picojoule.base.errors import InputError
from picojoule.data.language.babi import Questions


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Bags:
    """A batch of g tasks with b questions each.

    Attributes:
        memory: ``[g, b, l, 2·tokens + ages]``; rows of zeros where there is no memory.
        question: ``[g, b, 2·tokens]``.
        told: bool ``[g, b, l]``: where there is a memory.
    """

    memory: Tensor
    question: Tensor
    told: Tensor


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """Questions of g tasks as one value, each filled up to the size of the largest.

    Attributes:
        sentences: ``[g, sentences, 2·tokens]``.
        story: int64 ``[g, questions, l]``.
        question, answer: int64 ``[g, questions]``; the answer is −1 beyond a task's own questions.
        sizes: questions of each task.
    """

    sentences: Tensor
    story: Tensor
    question: Tensor
    answer: Tensor
    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return max(self.sizes)

    def to(self, device: torch.device | str) -> Task:
        """The same on a device."""
        names = ("sentences", "story", "question", "answer")
        return Task(**{name: getattr(self, name).to(device) for name in names}, sizes=self.sizes)


def pack(tasks: Sequence[Questions]) -> Task:
    """Tasks side by side.

    Raises:
        InputError: there is none.
    """
    if not tasks:
        raise InputError("no task", where="pack", remedy="give at least one")
    memories = max(each.story.shape[1] for each in tasks)
    longest = max(map(len, tasks))
    tokens = max(each.sentences.shape[2] for each in tasks)
    rows = max(len(each.sentences) for each in tasks)

    def sentences(each: Questions) -> Tensor:
        found = pad(each.sentences, (0, tokens - each.sentences.shape[2]))
        return pad(found.flatten(1), (0, 0, 0, rows - len(found)))

    def filled(x: Tensor, value: int = 0) -> Tensor:
        return pad(x, (0, longest - len(x)), value=value)

    return Task(
        sentences=torch.stack([sentences(each) for each in tasks]),
        story=torch.stack(
            [pad(each.story, (0, memories - each.story.shape[1], 0, longest - len(each))) for each in tasks]
        ),
        question=torch.stack([filled(each.question) for each in tasks]),
        answer=torch.stack([filled(each.answer, -1) for each in tasks]),
        sizes=tuple(map(len, tasks)),
    )


def gather(task: Task, index: Tensor, *, ages: int, generator: torch.Generator | None = None) -> tuple[Bags, Tensor]:
    """A batch and its answers ``[g, b]``.

    Args:
        task: where from.
        index: int64 ``[g, b]``: questions of each task.
        ages: columns for the age of a memory; older ones share the last.
        generator: if given, a tenth as many empty memories are mixed in at random (the random noise of MemN2N): what
            is older than an empty one gets older by one.
    """
    groups = torch.arange(len(index), device=index.device)[:, None]
    story = task.story[groups, index]
    told = story > 0
    age = torch.arange(story.shape[2], device=index.device).expand_as(story)
    if generator is not None:
        empty = torch.rand(story.shape, generator=generator).to(index.device) < _NOISE
        age = age + empty.cumsum(2)
    old = torch.eye(ages, dtype=task.sentences.dtype, device=index.device)[age.clamp(max=ages - 1)]
    words = task.sentences[groups[..., None], story]
    memory = torch.cat([words, old * told[..., None]], 3)
    bags = Bags(memory=memory, question=task.sentences[groups, task.question[groups, index]], told=told)
    return bags, task.answer[groups, index]


_NOISE = 0.1
