"""Random changes of pictures: seeded, within [0, 1], and each limit at zero changes nothing."""

import pytest
import torch

from picojoule.train.augment import RandomBlur, RandomColour, RandomPiece
from picojoule.train.self_supervision import Views

CHANGES = [RandomPiece(), RandomColour(), RandomBlur()]
NOTHING = [
    RandomPiece(area=(1.0, 1.0), aspect=(1.0, 1.0)),
    RandomColour(brightness=0, contrast=0, saturation=0, hue=0, grey=0),
    RandomColour(probability=0, grey=0),
    RandomBlur(probability=0),
    RandomBlur(least=1e-3, most=1e-3),
]


def pictures() -> torch.Tensor:
    return torch.rand(6, 3, 20, 20, generator=torch.Generator().manual_seed(0))


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: type(each).__name__)
def test_a_seed_is_a_change(change):
    x = pictures()
    one, same, other = (change(x, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other) and not torch.equal(one, x)
    assert one.shape == x.shape and float(one.min()) >= 0 and float(one.max()) <= 1 + 1e-6


@pytest.mark.parametrize("change", NOTHING, ids=repr)
def test_limits_of_zero_change_nothing(change):
    assert torch.allclose(change(pictures(), seeded(3)), pictures(), atol=1e-5)


def test_a_crop_is_a_piece_of_its_picture():
    """On a slope of brightness, a piece is a slope whose steepness is its width."""
    slope = torch.linspace(0, 1, 32).expand(50, 1, 32, 32)
    x = RandomPiece(area=(0.25, 0.25), aspect=(1.0, 1.0))(slope, seeded(4))
    steps = x[:, 0, 16, 10:20].diff(dim=1)
    assert steps.mean() == pytest.approx(0.5 / 31, rel=0.02)
    assert len({round(float(each), 3) for each in x[:, 0, 0, 0]}) > 20


def test_grey_is_grey_and_keeps_its_brightness():
    x = pictures()
    grey = RandomColour(probability=0, grey=1.0)(x, seeded(5))
    assert torch.allclose(grey[:, 0], grey[:, 1]) and torch.allclose(grey[:, 1], grey[:, 2])
    assert torch.allclose(grey[:, 0], 0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2], atol=1e-6)


def test_hue_turns_colours_and_leaves_grey():
    turned = RandomColour(brightness=0, contrast=0, saturation=0, hue=0.5, probability=1, grey=0)
    grey = torch.full((4, 3, 2, 2), 0.5)
    assert torch.allclose(turned(grey, seeded(6)), grey, atol=1e-4)
    red = torch.tensor([0.6, 0.4, 0.4]).view(1, 3, 1, 1).expand(40, 3, 2, 2)
    assert float(turned(red, seeded(6))[:, 2].max()) > 0.5


def test_a_blur_keeps_the_mean_of_a_point():
    x = torch.zeros(8, 1, 31, 31)
    x[:, :, 15, 15] = 1.0
    blurred = RandomBlur(share=0.5, least=1.0, most=2.0)(x, seeded(7))
    assert torch.allclose(blurred.sum((1, 2, 3)), torch.ones(8), atol=1e-4)
    assert float(blurred.amax((1, 2, 3)).max()) < 0.2


def test_views_are_apart_and_the_first_is_plain():
    x = pictures()
    views = Views(changes=(RandomPiece(), RandomColour()), number=2)(x, seeded(8))
    assert views.shape == (6, 3, 3, 20, 20) and torch.equal(views[:, 0], x)
    assert not torch.allclose(views[:, 1], views[:, 2])
