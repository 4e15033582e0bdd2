"""Looking up pictures between pixels, by hand."""

import torch

from picojoule.kernels.warping import sample, warp


def test_whole_pixels():
    images = torch.arange(24.0).view(1, 1, 4, 6)
    flow = torch.zeros(1, 2, 4, 6)
    assert torch.allclose(warp(images, flow), images, atol=1e-5)
    flow[:, 0] = 1
    assert torch.allclose(warp(images, flow)[..., :-1], images[..., 1:], atol=1e-5), "from the right"
    flow = torch.zeros(1, 2, 4, 6)
    flow[:, 1] = 2
    assert torch.allclose(warp(images, flow)[:, :, :-2], images[:, :, 2:], atol=1e-5), "from below"


def test_between_pixels_and_beyond_the_border():
    images = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
    places = torch.tensor([[[[0.5, 0.5], [0.25, 0.0]], [[-3.0, 0.0], [9.0, 9.0]]]])
    assert torch.allclose(sample(images, places), torch.tensor([[[[1.5, 0.25], [0.0, 3.0]]]]), atol=1e-6)
