"""Random crops are windows of what they are cut from."""

import torch

from picojoule.train.augment import RandomCrop


def test_a_crop_is_a_window_of_its_sample():
    x = torch.arange(2 * 3 * 7 * 9).float().view(2, 3, 7, 9)
    corners = set()
    for seed in range(60):
        found = RandomCrop(pixels=5)(x, torch.Generator().manual_seed(seed))
        assert found.shape == (2, 3, 5, 5)
        for each, whole in zip(found, x, strict=True):
            top, left = divmod(int(each[0, 0, 0] - whole[0, 0, 0]), 9)
            assert torch.equal(each, whole[:, top : top + 5, left : left + 5])
            corners.add((top, left))
    assert corners == {(top, left) for top in range(3) for left in range(5)}
