"""Probes: features once, a layer that finds what is linear, labels as even as they go."""

import pytest
import torch
from torch import nn

from picojoule.base.errors import InputError
from picojoule.data.vision import Images
from picojoule.train.augment import RandomFlip
from picojoule.train.probes import Features, balanced, features, linear_probe, stacked


def samples(n: int = 90) -> Images:
    """Three classes by which third of the picture is bright."""
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.rand(n, 1, 3, 6, generator=generator), torch.arange(n) % 3
    images[torch.arange(n), 0, labels] += 1
    return Images(images=images, labels=labels)


def test_features_are_those_of_the_encoder_in_order():
    data = samples(250)
    found = features(nn.Flatten(), data)
    assert torch.equal(found, data.images.flatten(1)) and not found.requires_grad


def test_a_layer_finds_what_is_linear():
    data = samples()
    train = stacked(nn.Flatten(), data, [None, RandomFlip(probability=1.0)], data.labels)
    assert train.copies.shape == (2, 90, 18)
    assert torch.equal(train.copies[1], data.images.flip(-1).flatten(1))
    probe = linear_probe(train, classes=3, epochs=40)
    assert torch.equal(probe(train.copies[0]).argmax(1), data.labels)
    again = linear_probe(train, classes=3, epochs=40)
    assert torch.equal(probe[1].weight, again[1].weight)


def test_nothing_is_found_where_nothing_is():
    generator = torch.Generator().manual_seed(3)
    train = Features(copies=torch.randn(1, 100, 4, generator=generator), labels=torch.arange(100) % 4)
    fresh = torch.randn(400, 4, generator=generator)
    hits = linear_probe(train, classes=4)(fresh).argmax(1) == torch.arange(400) % 4
    assert hits.double().mean() < 0.4


def test_labels_are_even():
    labels = torch.tensor([0] * 10 + [1] * 3 + [2] * 10)
    assert balanced(labels, 3).tolist() == [0, 10, 13]
    assert torch.bincount(labels[balanced(labels, 9)]).tolist() == [3, 3, 3]
    assert torch.bincount(labels[balanced(labels, 13)]).tolist() == [5, 3, 5]
    assert balanced(labels, 23).tolist() == [*range(23)]


@pytest.mark.parametrize("number", [2, 24])
def test_too_few_or_too_many_labels(number):
    with pytest.raises(InputError, match=f"{number} labels of 3 classes out of 23"):
        balanced(torch.tensor([0] * 10 + [1] * 3 + [2] * 10), number)
