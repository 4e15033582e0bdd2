"""How near a picture is to the true one: MSE, SSIM, and how steady a film is.

::

    SSIM = mean over pixels of (2 μ_x μ_y + C_1)(2 σ_xy + C_2) / ((μ_x² + μ_y² + C_1)(σ_x² + σ_y² + C_2))
    C_1 = (0.01 R)²,  C_2 = (0.03 R)²;   means under a Gaussian of σ = 1.5 cut at 3.5 σ

Values of SSIM depend on R, the range of the data: here it is 1, the range of intensities. Older tables of
events-to-video left it to a default and are higher (cite key ``wang2004``). Pixels whose window leaves the picture do
not count.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from picojoule.base.errors import InputError
from picojoule.kernels.warping import warp

_SIGMA, _RADIUS = 1.5, 5
_STEEP = 50.0


def mse(found: Tensor, due: Tensor) -> Tensor:
    """Mean squared error of pictures ``[n, h, w]``, float64 ``[n]``."""
    _alike(found, due)
    return ((found.double() - due.double()) ** 2).mean((1, 2))


def ssim(found: Tensor, due: Tensor, *, data_range: float = 1.0) -> Tensor:
    """Structural similarity of pictures ``[n, h, w]``, float64 ``[n]``, 1 where they are equal.

    Equal to scikit-image's with ``gaussian_weights=True, sigma=1.5, use_sample_covariance=False``.

    Args:
        found, due: pictures of at least 11 × 11.
        data_range: R.

    Raises:
        InputError: shapes that differ, or pictures that are smaller.
    """
    _alike(found, due)
    if min(found.shape[-2:]) < 2 * _RADIUS + 1:
        what = f"pictures of {found.shape[-2]}×{found.shape[-1]}"
        raise InputError(what, where="ssim", remedy=f"give {2 * _RADIUS + 1}×{2 * _RADIUS + 1} or more")
    x, y = found.double()[:, None], due.double()[:, None]
    mean_x, mean_y, square_x, square_y, product = _smooth(torch.cat((x, y, x * x, y * y, x * y), 1)).unbind(1)
    c_1, c_2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    variance_x, variance_y, covariance = square_x - mean_x**2, square_y - mean_y**2, product - mean_x * mean_y
    above = (2 * mean_x * mean_y + c_1) * (2 * covariance + c_2)
    return (above / ((mean_x**2 + mean_y**2 + c_1) * (variance_x + variance_y + c_2))).mean((1, 2))


def inconsistency(found: Tensor, due: Tensor, flow: Tensor) -> Tensor:
    """How far a film flickers where the true one does not, 0 at best.

    ::

        TC_k = mean( exp(−50 |I_k − W(I_{k−1})|²) · |Î_k − W(Î_{k−1})| ),   W looks back along the true flow

    Args:
        found, due: films ``[b, frames, h, w]``.
        flow: from each frame back to the one before, in pixels, ``[b, frames, 2, h, w]``; the first is not used.

    Returns:
        The mean over frames from the second on, a film, ``[b]``; it can be differentiated.
    """
    _alike(found, due)
    back = flow[:, 1:].flatten(0, 1)
    (before, after), (true_before, true_after) = (
        (each[:, :-1].flatten(0, 1)[:, None], each[:, 1:].flatten(0, 1)[:, None]) for each in (found, due)
    )
    sure = (-_STEEP * (true_after - warp(true_before, back)) ** 2).exp()
    return (sure * (after - warp(before, back)).abs()).view(len(found), -1).mean(1)


def _smooth(x: Tensor) -> Tensor:
    """Means under the Gaussian, where it lies inside."""
    weights = (-0.5 * (torch.arange(-_RADIUS, _RADIUS + 1, dtype=x.dtype, device=x.device) / _SIGMA) ** 2).exp()
    weights = (weights / weights.sum()).expand(x.shape[1], 1, -1)
    rows = conv2d(x, weights[..., None], groups=x.shape[1])
    return conv2d(rows, weights[:, :, None], groups=x.shape[1])


def _alike(found: Tensor, due: Tensor) -> None:
    if found.shape != due.shape:
        what = f"pictures {list(found.shape)} beside {list(due.shape)}"
        raise InputError(what, where="image metrics", remedy="give as many of one size")
