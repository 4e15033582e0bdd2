"""Whether the patches that are kept are those that hold the landmarks of a face."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from picojoule.data.vision.faces import Faces
from picojoule.models.vision.channel_groups import patch_scores
from picojoule.models.vision.masked_autoencoder import MaskedAutoencoder
from picojoule.recipes.simfle.material import Material
from picojoule.recipes.simfle.pretraining import Learnt


class Landmarks(NamedTuple):
    """Shares of patches, as many as are kept, that hold a landmark.

    Attributes:
        groups: by the group that chooses; none where no group does.
        activations: where all channels of the backbone together choose.
        chance: of any patch.
    """

    groups: tuple[float, ...]
    activations: float
    chance: float

    @property
    def mean(self) -> float | None:
        """Of a group drawn at random, as in learning."""
        return sum(self.groups) / len(self.groups) if self.groups else None


@torch.no_grad()
def landmarks(learnt: Learnt, material: Material) -> Landmarks | None:
    """Shares on the test faces; None where landmarks are unknown, or the backbone is not what learnt."""
    if material.faces is None or learnt.condition.judged != "backbone":
        return None
    faces, model, choices = material.faces[1], learnt.model, learnt.model.choices
    device = next(model.parameters()).device
    pictures = model.autoencoder.sized(material.normalised(faces.images)).to(device)
    there, maps = holds(faces, model.autoencoder.side), model.backbone.maps(pictures)

    def share(kept: Tensor) -> float:
        return float(there.gather(1, kept.cpu()).mean())

    grouped = choices.rebuild and choices.mask == "semantic"
    a = model.groups(maps) if grouped else maps
    chosen = (torch.full((len(faces),), group, device=device) for group in range(choices.groups if grouped else 0))
    groups = tuple(share(model.choose(a, group).kept) for group in chosen)
    return Landmarks(groups, share(model.kept(activations(maps, model.autoencoder))), float(there.mean()))


def activations(maps: Tensor, autoencoder: MaskedAutoencoder) -> Tensor:
    """Sum over the channels of maps ``[b, c, h, w]`` in every patch, ``[b, side²]``."""
    one = torch.zeros(len(maps), dtype=torch.long, device=maps.device)
    return patch_scores(maps, one, 1, size=autoencoder.size, side=autoencoder.side)


def holds(faces: Faces, side: int) -> Tensor:
    """1 for patches with a landmark in them, ``[n, side²]``."""
    patch = faces.images.shape[-1] / side
    place = (faces.landmarks / patch).long().clamp(0, side - 1)
    there = torch.zeros(len(faces), side**2)
    return there.scatter(1, place[..., 1] * side + place[..., 0], 1.0)
