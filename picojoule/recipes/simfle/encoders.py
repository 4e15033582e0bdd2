"""Whose features are judged, each over a whole picture or at every place of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, final

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from picojoule.models.vision.masked_autoencoder import MaskedAutoencoder
from picojoule.train.self_supervision import SimFLE
from picojoule.train.self_supervision.simfle import Pooled

Judged = Literal["backbone", "autoencoder", "pixels"]


def encoder(judged: Judged, model: SimFLE, *, everywhere: bool) -> nn.Module:
    """Normalised pictures to features ``[n, d]``, or to those of every place, ``[n, places·d]``."""
    return _ENCODERS[judged](model, everywhere)


@final
class Maps(nn.Module):
    """What the backbone finds."""

    def __init__(self, backbone: Pooled, *, everywhere: bool) -> None:
        super().__init__()
        self.backbone, self.everywhere = backbone, everywhere

    def forward(self, pictures: Tensor) -> Tensor:
        """Features."""
        return self.backbone.maps(pictures).flatten(1) if self.everywhere else self.backbone(pictures)


@final
class Tokens(nn.Module):
    """What an autoencoder's encoder finds when it sees all patches; the CLS token is left out."""

    def __init__(self, autoencoder: MaskedAutoencoder, *, everywhere: bool) -> None:
        super().__init__()
        self.autoencoder, self.everywhere = autoencoder, everywhere

    def forward(self, pictures: Tensor) -> Tensor:
        """Features."""
        tokens = self.autoencoder.encode(self.autoencoder.sized(pictures))[:, 1:]
        return tokens.flatten(1) if self.everywhere else tokens.mean(1)


@final
class Pixels(nn.Module):
    """Grey pixels, four as one: they have places and nothing else."""

    def forward(self, pictures: Tensor) -> Tensor:
        """Features."""
        return avg_pool2d(pictures.mean(1, keepdim=True), 2).flatten(1)


_ENCODERS: dict[str, Callable[[SimFLE, bool], nn.Module]] = {
    "backbone": lambda model, everywhere: Maps(model.backbone, everywhere=everywhere),
    "autoencoder": lambda model, everywhere: Tokens(model.autoencoder, everywhere=everywhere),
    "pixels": lambda _model, _everywhere: Pixels(),
}
