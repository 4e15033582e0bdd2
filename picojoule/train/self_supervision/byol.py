"""Bootstrap your own latent (cite key ``grill2020``): say what a slow copy of oneself says of another view.

::

    y = backbone(x)      z = projector(y)      p = predictor(z)      z̄ = the target's z, without a gradient
    L_s = mean_b [ 2 − 2·cos(p₁, z̄₂) + 2 − 2·cos(p₂, z̄₁) ]
"""

from __future__ import annotations

from typing import NamedTuple, final

from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from picojoule.train.self_supervision.target import Target


def head(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """A projector or predictor: linear, batch norm, ReLU, linear. Without the batch norm it tends to collapse."""
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, outputs)
    )


def regression(p: Tensor, z: Tensor) -> Tensor:
    """mean 2 − 2·cos(p, z) over the batch, from 0 (alike) to 4; both ``[b, d]``."""
    return (2 - 2 * cosine_similarity(p, z, dim=-1)).mean()


class Seen(NamedTuple):
    """What is made of two views: L_s, and the features y of each, ``[b, d]``."""

    loss: Tensor
    features: tuple[Tensor, Tensor]


@final
class Byol(nn.Module):
    """An online network, its predictor and its target.

    Call :meth:`follow` after each step, as ``fit(..., after=Byol.follow)`` does.

    Args:
        backbone: pictures to features ``[b, channels]``.
        channels: of the features.
        hidden, outputs: of projector and predictor.
        momentum: of the target.
    """

    def __init__(
        self, backbone: nn.Module, channels: int, *, hidden: int = 4096, outputs: int = 256, momentum: float = 0.99
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = head(channels, hidden, outputs)
        self.predictor = head(outputs, hidden, outputs)
        self.target = Target(nn.Sequential(backbone, self.projector), momentum=momentum)

    def forward(self, one: Tensor, other: Tensor) -> Seen:
        """L_s of two views ``[b, c, h, w]`` of the same pictures."""
        y1, y2 = self.backbone(one), self.backbone(other)
        p1, p2 = (self.predictor(self.projector(y)) for y in (y1, y2))
        return Seen(regression(p1, self.target(other)) + regression(p2, self.target(one)), (y1, y2))

    def follow(self) -> None:
        """Let the target follow."""
        self.target.follow(nn.Sequential(self.backbone, self.projector))
