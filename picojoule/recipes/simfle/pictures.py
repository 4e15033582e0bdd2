"""Masks on faces, what the autoencoder makes of them, attention, and which expressions are taken for which."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from picojoule.metrics import confusion as counted
from picojoule.models.attention import TransformerLayer
from picojoule.models.vision.masked_autoencoder import MaskedAutoencoder, patches_of
from picojoule.recipes.settings import Settings
from picojoule.recipes.simfle.landmarks import activations
from picojoule.recipes.simfle.material import Material
from picojoule.recipes.simfle.pretraining import Learnt
from picojoule.recipes.simfle.probing import Judged
from picojoule.reports.boxes import grid, png
from picojoule.reports.patches import confusion, heated, only

_SHOWN, _SIDE, _GROUPS = 6, 112, 3


@torch.no_grad()
def pictures(learnt: Learnt, judged: Judged, material: Material, settings: Settings) -> dict[str, bytes]:
    """Of a few test faces, and the table of all of them."""
    seen, _ = material.test.pick(torch.arange(min(_SHOWN, len(material.test))))
    model, side = learnt.model, learnt.model.autoencoder.side
    small = model.autoencoder.sized(material.normalised(seen).to(settings.device))
    groups, maps = range(min(_GROUPS, model.choices.groups)), model.backbone.maps(small)
    a = model.groups(maps)
    kept = [model.choose(a, torch.full((len(small),), group, device=small.device)).kept.cpu() for group in groups]
    rebuilt = _rebuilt(model.autoencoder, small, kept[0].to(small.device), material)
    looks, feels = look(model.autoencoder, small).cpu(), activations(maps, model.autoencoder).cpu()
    rows = []
    for k, face in enumerate(map(_image, seen)):
        masked = [only(face, each[k].tolist(), side) for each in kept]
        others = [_image(rebuilt[k]), heated(face, looks[k].tolist(), side), heated(face, feels[k].tolist(), side)]
        rows.append([each.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC) for each in (face, *masked, *others)])
    headings = ["face", *(f"group {group + 1}" for group in groups), "rebuilt from 1", "attention", "activation"]
    return {
        "Masks on faces, rebuilding, attention": png(grid(rows, headings)),
        f"Confusion, {judged.name} with {judged.best.labels} labels": png(
            confusion(
                counted(material.test.labels, judged.best.answers, len(material.classes)).tolist(), material.classes
            )
        ),
    }


def look(autoencoder: MaskedAutoencoder, small: Tensor) -> Tensor:
    """How much the CLS token attends to each patch in the last layer when it sees all, ``[b, side²]``."""
    seen: list[Tensor] = []
    last = [layer for layer in autoencoder.encoder if isinstance(layer, TransformerLayer)][-1]
    handle = last.norm1.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    try:
        autoencoder.encode(small)
    finally:
        handle.remove()
    return last.attention.weights(seen[0])[:, :, 0, 1:].mean(1)


def _rebuilt(autoencoder: MaskedAutoencoder, small: Tensor, kept: Tensor, material: Material) -> Tensor:
    """Pictures ``[b, 3, size, size]`` in [0, 1]: what was seen, and the rest as predicted in each patch's own light."""
    true = patches_of(small, autoencoder.patch)
    _, predicted = autoencoder(small, kept)
    predicted = predicted * (true.var(-1, keepdim=True) + 1e-6).sqrt() + true.mean(-1, keepdim=True)
    where = kept.unsqueeze(2).expand(-1, -1, true.shape[2])
    patches = predicted.scatter(1, where, true.gather(1, where))
    b, side, patch = len(small), autoencoder.side, autoencoder.patch
    whole = patches.view(b, side, side, 3, patch, patch).permute(0, 3, 1, 4, 2, 5).reshape(b, 3, side * patch, -1)
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (material.normalised.mean, material.normalised.std))
    return whole.cpu() * std + mean


def _image(picture: Tensor) -> Image.Image:
    return Image.fromarray((picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy())
