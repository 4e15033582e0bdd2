"""A distance of pictures by what layers of a network see in them (the form of LPIPS, cite key ``zhang2018lpips``).

::

    P(x, y) = Σ_l mean_{h,w} Σ_c w_lc (x̂_l − ŷ_l)²,    x̂ = x/‖x‖ over channels, at every place of layer l

LPIPS is this with AlexNet and weights w that were fitted to people's judgement. With another network and w = 1 it is
some distance, not LPIPS, and is called ``pdist``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

Features = Callable[[Tensor], Sequence[Tensor]]


def feature_distance(features: Features, found: Tensor, due: Tensor, weights: Sequence[Tensor] | None = None) -> Tensor:
    """P of every pair of pictures.

    Args:
        features: pictures ``[n, 1, h, w]`` to maps ``[n, c, h, w]`` of the layers.
        found, due: ``[n, h, w]`` in [0, 1].
        weights: w of each layer ``[c]``; 1 if None.

    Returns:
        ``[n]``; it can be differentiated.
    """
    total = found.new_zeros(len(found))
    for k, (x, y) in enumerate(zip(features(found[:, None]), features(due[:, None]), strict=True)):
        apart = (_unit(x) - _unit(y)) ** 2
        apart = apart if weights is None else apart * weights[k].view(1, -1, 1, 1)
        total = total + apart.sum(1).mean((1, 2))
    return total


def _unit(x: Tensor) -> Tensor:
    return x / (x.pow(2).sum(1, keepdim=True) + 1e-10).sqrt()
