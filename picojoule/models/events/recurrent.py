"""What networks from events to video are made of, and the form they share: one window in, one frame out, and a state.

Beside its grid a network may be shown what all events so far add up to, a leaky sum at every pixel::

    A(t) = A(0)·λ^t + Σ_b s_b(t) E_b,    s_b(t) = (B − 1) t − b + ½ cut to [0, 1]:  the share of bin b that is before t

at parts t of a window; the first and the last bin are half as wide, and go twice as fast. It is a picture of log
intensity already, for one multiplication a pixel. Such a network learns what is to be added to it, Î = σ(logits + γ·A),
in minutes; the published ones do without (λ = None).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import pad


class Reconstructor(nn.Module, ABC):
    """Grids of windows to frames at their ends.

    Attributes:
        multiple: height and width are padded by reflection to a multiple of it, and the frame is cut again.
        decay: λ of the sums that are shown as one more bin; None shows none.
    """

    multiple = 1
    decay: float | None = None

    @abstractmethod
    def step(self, voxels: Tensor, state: Any) -> tuple[Tensor, Any]:
        """A window's grid ``[b, bins, h, w]``, padded, and the state (None at the start) to the logits of a frame
        ``[b, 1, h, w]`` and the next state."""

    def forward(self, voxels: Tensor) -> Tensor:
        """Frames ``[b, windows, h, w]`` of grids ``[b, windows, bins, h, w]``."""
        state, frames, level = None, [], torch.zeros_like(voxels[:, 0, :1])
        height, width = voxels.shape[-2:]
        level = padded(level[:, None], self.multiple)[:, 0]
        for each in padded(voxels, self.multiple).unbind(1):
            if self.decay is not None:
                level = sum_until(1.0, each, level, self.decay)
                each = torch.cat((each, SUM_SCALE * level), 1)
            logits, state = self.step(each, state)
            logits = logits if self.decay is None else logits + SUM_SLOPE * level
            frames.append(logits.sigmoid()[:, 0, :height, :width])
        return torch.stack(frames, 1)


SUM_SCALE, SUM_SLOPE = 0.2, 0.24
"""What a sum is multiplied by where it is shown, and γ."""


def sum_until(t: float, grid: Tensor, level: Tensor, decay: float) -> Tensor:
    """A(t), ``[b, 1, h, w]``, in the window of a grid ``[b, bins, h, w]`` from A(0)."""
    bins = grid.shape[1]
    shares = (bins - 1) * t - torch.arange(bins, device=grid.device, dtype=grid.dtype) + 0.5
    shares[0], shares[-1] = 2 * shares[0] - 1, 2 * shares[-1]
    shares = shares.clamp(0, 1)
    return level * decay**t + torch.einsum("bkhw,k->bhw", grid, shares)[:, None]


def lively(module: nn.Module, small: Mapping[nn.Module, float]) -> None:
    """Start from weights that pass signals on through many layers: N(0, 2/inputs), no biases.

    torch's own are smaller, and short trainings of deep networks hardly get going from them.

    Args:
        module: whose convolutions.
        small: layers whose weights are multiplied by a factor below 1: what they add should be little at first.
    """
    for each in module.modules():
        if isinstance(each, nn.Conv2d):
            nn.init.kaiming_normal_(each.weight, nonlinearity="relu")
            nn.init.zeros_(each.bias)  # type: ignore[arg-type]
    for each, factor in small.items():
        each.weight.data *= factor  # type: ignore[operator, union-attr]


def padded(voxels: Tensor, multiple: int) -> Tensor:
    """Grids ``[b, windows, bins, h, w]`` with rows below and columns to the right, so that sides are multiples."""
    height, width = voxels.shape[-2:]
    below, right = -height % multiple, -width % multiple
    if not (below or right):
        return voxels
    mode = "reflect" if below < height and right < width else "replicate"
    return pad(voxels.flatten(0, 1), (0, right, 0, below), mode=mode).unflatten(0, voxels.shape[:2])


@final
class ConvGRU(nn.Module):
    """::

    r, u = σ(W [x, h]);   h̃ = tanh(V [x, r⊙h]);   h ← (1 − u)⊙h + u⊙h̃
    """

    def __init__(self, inputs: int, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.gates = nn.Conv2d(inputs + channels, 2 * channels, kernel, padding=kernel // 2)
        self.candidate = nn.Conv2d(inputs + channels, channels, kernel, padding=kernel // 2)
        self.channels = channels

    def forward(self, x: Tensor, h: Tensor | None) -> Tensor:
        """The next h ``[b, channels, h, w]`` of x ``[b, inputs, h, w]``; None is 0."""
        h = x.new_zeros(len(x), self.channels, *x.shape[2:]) if h is None else h
        r, u = self.gates(torch.cat((x, h), 1)).sigmoid().chunk(2, 1)
        new = self.candidate(torch.cat((x, r * h), 1)).tanh()
        return h + u * (new - h)


@final
class ConvLSTM(nn.Module):
    """::

    i, f, o = σ(·), g = tanh(·) of W [x, h];   c ← f⊙c + i⊙g;   h ← o⊙tanh(c)
    """

    def __init__(self, inputs: int, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.gates = nn.Conv2d(inputs + channels, 4 * channels, kernel, padding=kernel // 2)
        self.channels = channels

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
        """The next (h, c)."""
        zero = x.new_zeros(len(x), self.channels, *x.shape[2:])
        h, c = state or (zero, zero)
        i, f, o, g = self.gates(torch.cat((x, h), 1)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


@final
class Residual(nn.Module):
    """x + conv(ReLU(conv(x))), then ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return (x + self.inner(x)).relu()
