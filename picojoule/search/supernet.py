"""A supernet: every option of every position, trained together by single paths."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from picojoule.search.choices import Choices, Genome


@final
class Supernet(nn.Module):
    """Networks that share weights: front → one option of every position → head.

    In training mode each call goes along a path drawn with equal chance. Draws come from `seed` and the number of the
    call, which is part of the state: a training that was interrupted goes on with the same paths, and so do all
    processes of one that is shared.

    Args:
        front, head: what all networks have.
        positions: the options of each position.
        seed: of the paths.
    """

    def __init__(
        self, front: nn.Module, positions: Sequence[Sequence[nn.Module]], head: nn.Module, *, seed: int = 0
    ) -> None:
        super().__init__()
        self.front, self.head, self.seed = front, head, seed
        self.positions = nn.ModuleList(nn.ModuleList(options) for options in positions)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    @property
    def choices(self) -> Choices:
        """The space of its networks."""
        return Choices(options=tuple(len(options) for options in self.positions))  # type: ignore[arg-type]

    def stages(self, genome: Genome) -> list[tuple[str, nn.Module]]:
        """The modules of a network, front and head included, one after the other, with names."""
        chosen = [(f"stage{i}", options[gene]) for i, (options, gene) in enumerate(zip(self.positions, genome))]  # type: ignore[index] # noqa: B905
        return [("front", self.front), *chosen, ("head", self.head)]

    def network(self, genome: Genome) -> nn.Sequential:
        """One network. It shares its weights with the others."""
        return nn.Sequential(OrderedDict(self.stages(genome)))

    def drawn(self) -> Genome:
        """The path of this call."""
        generator = torch.Generator().manual_seed((self.seed * 2_654_435_761 + int(self.calls)) % 2**63)
        return tuple(int(torch.randint(n, (), generator=generator)) for n in self.choices.options)

    def forward(self, x: Tensor) -> Tensor:
        """What a drawn network gives."""
        genome = self.drawn()
        if self.training:
            self.calls += 1
        return self.network(genome)(x)
