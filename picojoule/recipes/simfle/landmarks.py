"""Whether the patches that are kept are those that hold the landmarks of a face."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from picojoule.data.vision.faces import Faces
from picojoule.models.vision.channel_groups import highest
from picojoule.recipes.simfle.material import Material
from picojoule.recipes.simfle.pretraining import Learnt


class Landmarks(NamedTuple):
    """Shares of the kept patches that hold a landmark.

    Attributes:
        groups: by the group that chose them.
        activations: where all channels of the backbone together choose.
        chance: of any patch.
    """

    groups: tuple[float, ...]
    activations: float
    chance: float

    @property
    def mean(self) -> float:
        """Of a group drawn at random, as in learning."""
        return sum(self.groups) / len(self.groups)


@torch.no_grad()
def landmarks(learnt: Learnt, material: Material) -> Landmarks | None:
    """Shares on the test faces; None where landmarks are unknown, or no group chooses.

    What chooses by the lowest activation, or at random, has no groups to ask.
    """
    choices = learnt.model.choices
    if material.faces is None or choices.mask == "random" or not choices.rebuild:
        return None
    faces, model = material.faces[1], learnt.model
    device = next(model.parameters()).device
    pictures = model.autoencoder.sized(material.normalised(faces.images)).to(device)
    there = holds(faces, model.autoencoder.side)
    maps = model.groups(model.backbone.maps(pictures))
    groups = []
    for group in range(choices.groups):
        kept = model.choose(maps, torch.full((len(pictures),), group, device=device)).kept.cpu()
        groups.append(float(there.gather(1, kept).mean()))
    together = activations(learnt, pictures).cpu()
    return Landmarks(
        tuple(groups), float(there.gather(1, highest(together, kept.shape[1])).mean()), float(there.mean())
    )


def activations(learnt: Learnt, pictures: Tensor) -> Tensor:
    """Sum over the backbone's channels in every patch, ``[b, side²]``."""
    side = learnt.model.autoencoder.side
    maps = learnt.model.backbone.maps(pictures).sum(1, keepdim=True)
    up = torch.nn.functional.interpolate(maps, pictures.shape[-2:], mode="bilinear", align_corners=False)
    return torch.nn.functional.adaptive_avg_pool2d(up, side).flatten(1)


def holds(faces: Faces, side: int) -> Tensor:
    """1 for patches with a landmark in them, ``[n, side²]``."""
    patch = faces.images.shape[-1] / side
    place = (faces.landmarks / patch).long().clamp(0, side - 1)
    there = torch.zeros(len(faces), side**2)
    return there.scatter(1, place[..., 1] * side + place[..., 0], 1.0)
