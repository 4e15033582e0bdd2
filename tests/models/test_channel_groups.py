"""Groups of channels choose patches: by brute force on maps that are known."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.models.vision.channel_groups import ChannelGroups, highest, patch_scores


def test_twelve_of_forty_nine_are_kept():
    scores = torch.rand(5, 49, generator=torch.Generator().manual_seed(0))
    kept = highest(scores, int(49 * (1 - 0.75)))
    assert kept.shape == (5, 12)
    for row, chosen in zip(scores, kept, strict=True):
        assert chosen.tolist() == sorted(set(chosen.tolist()))
        assert row[chosen].min() > row[[k for k in range(49) if k not in chosen]].max()


def test_scores_are_sums_of_the_group_in_each_patch():
    """Where maps have a value for each patch and patches are pixels, nothing is resampled."""
    maps = torch.rand(3, 8, 7, 7, generator=torch.Generator().manual_seed(1))
    group = torch.tensor([0, 3, 1])
    found = patch_scores(maps, group, 4, size=7, side=7)
    due = torch.stack([maps[k, 2 * g : 2 * g + 2].sum(0).flatten() for k, g in enumerate(group.tolist())])
    assert torch.allclose(found, due, atol=1e-6)


def test_a_bright_corner_of_a_coarse_map_is_a_bright_corner_of_the_patches():
    maps = torch.zeros(1, 2, 4, 4)
    maps[0, 1, 0, 3] = 1.0
    scores = patch_scores(maps, torch.tensor([1]), 2, size=112, side=7)[0].view(7, 7)
    assert scores.argmax() == 6 and scores[0, 6] > 0.5 and float(scores[3:].abs().max()) == 0
    assert float(patch_scores(maps, torch.tensor([0]), 2, size=112, side=7).abs().max()) == 0


@pytest.mark.parametrize("start", ["kaiming", "constant"])
def test_starts(start):
    groups = ChannelGroups(16, 4, start=start)
    maps = groups(torch.rand(6, 16, 3, 3, generator=torch.Generator().manual_seed(2)))
    alike = torch.allclose(maps, maps[:, :1].expand_as(maps), atol=1e-5)
    assert maps.shape == (6, 16, 3, 3) and alike == (start == "constant")


@pytest.mark.parametrize("groups", [0, 3])
def test_no_divisor(groups):
    with pytest.raises(InputError, match=f"{groups} groups of 8 channels"):
        ChannelGroups(8, groups)
