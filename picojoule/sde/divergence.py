"""How far two laws of a path are apart, by Girsanov's theorem.

::

    prior      dz = h dt + g dW                   z_0 ~ N(m_p, s_p²)
    posterior  dz = (h + g⊙u) dt + g dW           z_0 ~ N(m_q, s_q²)         u is the control
    KL = KL_0 + E_q ½ ∫ ‖u‖² dt

Both have one diffusion g, otherwise the divergence is infinite. Written with the control there is no division by g
(cite key ``li2020sde``, whose form is u = (f − h)/g).
"""

from __future__ import annotations

from torch import Tensor


def gaussian_kl(mean: Tensor, deviation: Tensor, prior_mean: Tensor, prior_deviation: Tensor) -> Tensor:
    """KL of independent normal variables from others, a sample: ``[b, ...]`` to ``[b]``, in nats."""
    ratio = deviation / prior_deviation
    apart = (mean - prior_mean) / prior_deviation
    each = 0.5 * (ratio**2 + apart**2 - 1) - ratio.log()
    return each.flatten(1).sum(1)


def control_cost(control: Tensor) -> Tensor:
    """½‖u‖² of a sample, nats a unit of time: ``[b, ...]`` to ``[b]``."""
    return 0.5 * (control**2).flatten(1).sum(1)
