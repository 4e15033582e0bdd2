"""Channels that come in groups: alike within one, unlike others (idea and constants of cite key ``zheng2019dbt``).

::

    a_c = (A_c + ε) / ‖A_c + ε‖ over space, ε = 10⁻³        S = mean_b a·aᵀ   [C, C]
    T = block-diagonal ones, G contiguous groups of C/G
    ℓ = 10⁻³·Σ_ij (S_ij − T_ij)² / (C/512)²                 L_g = ℓ²
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

_SHIFT, _SCALE, _WIDTH = 1e-3, 1e-3, 512


def similarity(maps: Tensor) -> Tensor:
    """S ``[C, C]`` of activations ``[b, C, h, w]``."""
    a = normalize(maps.flatten(2) + _SHIFT, dim=2)
    return (a @ a.transpose(1, 2)).mean(0)


def block_target(channels: int, groups: int) -> Tensor:
    """T ``[C, C]``."""
    member = torch.arange(channels) // (channels // groups)
    return (member[:, None] == member[None]).float()


def grouping(maps: Tensor, groups: int) -> Tensor:
    """L_g of activations ``[b, C, h, w]``.

    It is the square of what is a squared error already, so steep when badly grouped and flat near 0.
    """
    channels = maps.shape[1]
    apart = (similarity(maps) - block_target(channels, groups).to(maps)).square().sum()
    return (_SCALE * apart / (channels / _WIDTH) ** 2).square()
