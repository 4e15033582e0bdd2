"""Bilinear upsampling as what it is: fixed weights.

::

    y[o] = Σ_i max(0, 1 − |(o + ½)/s − ½ − i|)·x[i]      on each axis, x continued by its border

A depthwise transposed convolution of stride s does it, on an input with one more row and column on each side.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from picojoule.conversion.call import Call, Unsupported
from picojoule.conversion.moves import rewire
from picojoule.ir import ConvTranspose, Node


def bilinear(call: Call) -> list[Node]:
    """The nodes of an upsampling by whole numbers, without aligned corners.

    Raises:
        Unsupported: a factor that is no whole number.
    """
    channels, *before = call.in_shape
    factors = [after / size for after, size in zip(call.shape[1:], before, strict=True)]
    if any(factor != int(factor) for factor in factors):
        raise Unsupported(f"it upsamples by {' × '.join(f'{factor:g}' for factor in factors)}, not by whole numbers")
    scale, rank = [int(factor) for factor in factors], len(factors)
    wider = rewire(
        f"{call.name}.border",
        call.source,
        call.in_shape,
        lambda places: F.pad(places, [1] * (2 * rank), mode="replicate"),
    )
    weight = torch.ones(())
    for factor in scale:
        weight = weight[..., None] * _triangle(factor)
    upsampled = ConvTranspose(
        name=call.name,
        inputs=(wider.name,),
        shape=call.shape,
        weight=weight.expand(channels, 1, *weight.shape).clone(),
        bias=torch.zeros(channels),
        has_bias=False,
        stride=tuple(scale),
        padding=tuple(factor + factor // 2 for factor in scale),
        output_padding=(0,) * rank,
        dilation=(1,) * rank,
        groups=channels,
    )
    return [wider, upsampled]


def _triangle(s: int) -> Tensor:
    """The weights of one axis: 2s of them for even s, 2s − 1 for odd."""
    at = torch.arange(2 * s - s % 2) + (1.0 if s % 2 else 0.5)
    return 1 - (at / s - 1).abs()
