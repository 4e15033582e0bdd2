"""Elastic distortion: as many as asked, alike but not the same, the same for the same seed."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.data.vision import Images, synthetic
from picojoule.data.vision.elastic import amplify

TRAIN = synthetic.load(train=40, test=1).train


def test_the_images_and_their_distorted_copies():
    more = amplify(TRAIN, 3, seed=1)
    assert len(more) == 120 and torch.equal(more.labels.bincount(), 3 * TRAIN.labels.bincount())
    same = (more.images[:, None] == TRAIN.images[None]).flatten(2).all(2)
    assert int(same.any(1).sum()) == 40, "each original once"
    assert float(more.images.min()) >= 0 and float(more.images.max()) <= 1 + 1e-6


def test_a_distorted_digit_is_moved_by_about_the_pixels_asked_for():
    spot = torch.zeros(200, 1, 28, 28)
    spot[:, 0, 14, 14] = 1
    more = amplify(Images(images=spot, labels=torch.arange(200)), 2, seed=0, pixels=2.0)
    moved = more.images[(more.images != spot[0]).flatten(1).any(1)]
    mass = moved.sum((1, 2, 3))
    axis = torch.arange(28.0)
    centre = torch.stack(((moved * axis).sum((1, 2, 3)) / mass, (moved * axis[:, None]).sum((1, 2, 3)) / mass), 1)
    assert float((centre - 14).square().mean().sqrt()) == pytest.approx(2.0, rel=0.25)


def test_the_seed_decides():
    first, again, other = (amplify(TRAIN, 2, seed=seed).images for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_once_is_only_shuffled():
    assert torch.equal(
        amplify(TRAIN, 1, seed=0).images.flatten(1).sum(1).sort()[0], TRAIN.images.flatten(1).sum(1).sort()[0]
    )
    with pytest.raises(InputError, match="0 times as many"):
        amplify(TRAIN, 0, seed=0)
