"""What a masked autoencoder is judged by (cite key ``he2022mae``).

::

    P_j = (pixels of patch j − their mean) / √(their variance + 10⁻⁶)
    L_r = Σ_j mask_j·mean_px (P̂_j − P_j)² / Σ_j mask_j
"""

from __future__ import annotations

from torch import Tensor


def normalised_patches(patches: Tensor) -> Tensor:
    """P of patches ``[b, n, pixels]``."""
    variance, mean = patches.var(-1, keepdim=True), patches.mean(-1, keepdim=True)
    return (patches - mean) / (variance + 1e-6).sqrt()


def masked_error(predicted: Tensor, patches: Tensor, masked: Tensor) -> Tensor:
    """L_r of predictions and true patches ``[b, n, pixels]``; `masked` ``[b, n]`` is 1 where a patch was hidden."""
    error = (predicted - normalised_patches(patches)).square().mean(-1)
    return (error * masked).sum() / masked.sum()
