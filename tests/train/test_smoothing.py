"""Graded smoothing: targets that sum to 1, and a loss that is the sum over heads."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.train.smoothing import graded, smoothed

PEAKS = (0.6, 0.7, 0.8, 0.9, 1.0)


@pytest.mark.parametrize("peak", PEAKS)
def test_targets_sum_to_one(peak):
    targets = smoothed(torch.tensor([2, 0]), 5, peak)
    assert torch.allclose(targets.sum(1), torch.ones(2))
    assert torch.allclose(targets[0], torch.tensor([(1 - peak) / 4] * 2 + [peak] + [(1 - peak) / 4] * 2))


def test_the_loss_is_the_sum_of_cross_entropies():
    logits = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([0, 5, 2, 2])
    due = sum(-(smoothed(y, 6, peak) * z.log_softmax(1)).sum(1).mean() for peak, z in zip(PEAKS, logits, strict=True))
    assert torch.allclose(graded(PEAKS)(lambda _: logits, torch.zeros(4), y), due)


def test_wrong_peaks():
    with pytest.raises(InputError, match="peaks"):
        graded((0.5, 0.0))
    with pytest.raises(InputError, match="2 heads but 5 peaks"):
        graded(PEAKS)(lambda _: torch.zeros(2, 1, 3), torch.zeros(1), torch.zeros(1).long())
