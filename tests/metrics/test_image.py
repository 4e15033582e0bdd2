"""Measures of pictures: SSIM is scikit-image's, consistency is right by hand, and a distance by features is one."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.kernels.warping import warp
from picojoule.metrics.image import inconsistency, mse, ssim
from picojoule.metrics.perceptual import feature_distance


def pictures(seed=0, n=4, h=23, w=31):
    generator = torch.Generator().manual_seed(seed)
    x = torch.nn.functional.interpolate(torch.rand(n, 1, 6, 6, generator=generator), (h, w), mode="bilinear")[:, 0]
    return x, (x + 0.15 * torch.randn(n, h, w, generator=generator)).clamp(0, 1)


def test_ssim_is_that_of_scikit_image():
    metrics = pytest.importorskip("skimage.metrics")
    x, y = pictures()
    for r in (1.0, 2.0):
        due = [
            metrics.structural_similarity(
                a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=r
            )
            for a, b in zip(x.double().numpy(), y.double().numpy(), strict=True)
        ]
        assert ssim(x, y, data_range=r).tolist() == pytest.approx(due, abs=1e-9)
    assert ssim(x, x).tolist() == pytest.approx([1.0] * 4)
    assert mse(x, y).tolist() == pytest.approx(((x - y) ** 2).mean((1, 2)).tolist())


def test_small_or_unequal_pictures_are_refused():
    with pytest.raises(InputError, match="give 11×11 or more"):
        ssim(torch.zeros(1, 10, 20), torch.zeros(1, 10, 20))
    with pytest.raises(InputError, match="give as many of one size"):
        mse(torch.zeros(1, 12, 20), torch.zeros(2, 12, 20))


def test_a_film_that_moves_with_the_truth_is_steady():
    """Pictures that are moved by whole pixels: the true film is consistent with itself, one that flickers is not."""
    x, _ = pictures(n=1, h=16, w=40)
    film = torch.stack([x[0, :, k : k + 20] for k in range(4)])[None]
    flow = torch.zeros(1, 4, 2, 16, 20)
    flow[:, :, 0] = 1
    steady = inconsistency(film, film, flow)
    flicker = film + torch.tensor([0.0, 0.3, 0.0, 0.3])[:, None, None]
    assert steady.shape == (1,) and float(steady) < 0.01
    assert float(inconsistency(flicker, film, flow)) == pytest.approx(0.3, abs=0.02)
    where_true_light_changes = film + torch.tensor([0.0, 1.0, 0.0, 1.0])[:, None, None]
    assert float(inconsistency(flicker, where_true_light_changes, flow)) < 1e-6, "there nothing is held against it"


def test_consistency_by_hand():
    found, due, flow = torch.rand(1, 2, 12, 12), torch.rand(1, 2, 12, 12), torch.randn(1, 2, 2, 12, 12)
    (a, b), (p, q) = found[0], due[0]
    moved, true = (warp(each[None, None], flow[:, 1])[0, 0] for each in (a, p))
    by_hand = ((-50 * (q - true) ** 2).exp() * (b - moved).abs()).mean()
    assert float(inconsistency(found, due, flow)) == pytest.approx(float(by_hand), rel=1e-5)


def test_a_distance_by_features():
    x, y = pictures(n=3)

    def features(images):
        return [torch.cat((images, 1 - images), 1), torch.nn.functional.avg_pool2d(images, 2).expand(-1, 3, -1, -1)]

    assert not feature_distance(features, x, x).any()
    apart = feature_distance(features, x, y)
    assert (apart > 0).all() and torch.allclose(apart, feature_distance(features, y, x))
    first = feature_distance(features, x, y, [torch.ones(2), torch.zeros(3)])
    assert torch.allclose(first, feature_distance(lambda images: features(images)[:1], x, y))
    unit = [each / each.norm(dim=1, keepdim=True) for each in (features(x[:, None])[0], features(y[:, None])[0])]
    assert torch.allclose(first, ((unit[0] - unit[1]) ** 2).sum(1).mean((1, 2)), atol=1e-5)
