"""Video from events through a latent stochastic differential equation: frames at any time, encoded once a window.

::

    x_k = Enc(E_k, A_k);   h⁻_k = h_{k−1} + f(h_{k−1});   h_k = ConvGRU(x_k, h⁻_k);   c_k = context of the window k
    prior      dz = h_θ(z) dt + g_θ(z) dW                         z at half resolution, a window is a unit of time
    posterior  dz = (h_θ(z) + g_θ(z)⊙u_φ(z, t, c_k)) dt + g_θ(z) dW,   z_0 ~ N(μ(c_1), σ(c_1)²)
    F, D, M = Dec(z_t, z_{t'}, A_t);   Î_t = M⊙warp(Î_{t'}, F) + (1 − M)⊙D        t' is the frame before
    KL = KL_0 + ½ ∫ ‖u‖² dt

A is what events until then add up to at every pixel (:mod:`picojoule.models.events.recurrent`); it costs next to
nothing at any time, and gives the decoder what the latent is too coarse for.

The technique of a paper that was withdrawn (cite key ``e2vsde2022``), rebuilt on what it rests on: latent SDEs
(``li2020sde``), Vid-ODE (``park2021vidode``) and E2VID (``rebecq2019``). Everything but these lines is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, softplus

from picojoule.base.errors import InputError
from picojoule.kernels.warping import warp
from picojoule.models.events.recurrent import SUM_SCALE, SUM_SLOPE, ConvGRU, lively, padded, sum_until
from picojoule.sde import Brownian, Still, control_cost, gaussian_kl, integrate, shared
from picojoule.sde.brownian import Path

Composition = Literal["both", "image", "warp"]
G_LEAST, G_MOST = 0.01, 0.5
"""Bounds of g."""
_UNSURE, _CALM = -2.0, -3.0
"""Biases at the start, of the mask, and of g and σ: a frame is first of all synthesised, and there is little noise."""
_FLOW = 4.0
"""Pixels: the farthest that a flow points, for each half of a window."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Reconstruction:
    """Frames and what the posterior costs.

    Attributes:
        frames: ``[b, windows, times, h, w]`` in [0, 1].
        synthesised: D, before it is composed, likewise.
        kl: KL_0 and the path's, nats a latent value, ``[b]``.
    """

    frames: Tensor
    synthesised: Tensor
    kl: Tensor


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """What is remembered between windows.

    Attributes:
        h: of the encoder.
        z: the latent at `time`.
        level: A, the sum of all events so far.
        frame: the last one, None before the first.
        time: in windows.
    """

    h: Tensor
    z: Tensor
    level: Tensor
    frame: Tensor | None
    time: float


@final
class LatentSDEReconstructor(nn.Module):
    """Grids to frames at any times.

    Args:
        bins: of a grid.
        channels: of the latent.
        composition: a frame is composed of both, or only synthesised, or only warped after the first.
        decay: λ of the sums of events.
        noisy: whether g and the KL are there; without them it is trained as an ordinary equation.
    """

    multiple = 2

    def __init__(
        self,
        bins: int = 5,
        channels: int = 12,
        composition: Composition = "both",
        *,
        decay: float = 0.97,
        noisy: bool = True,
    ) -> None:
        super().__init__()
        self.channels, self.composition, self.decay, self.noisy = channels, composition, decay, noisy
        self.encoder = _encoder(bins + 1, channels)
        self.between = _field(channels, channels)
        self.memory = ConvGRU(channels, channels)
        self.context = nn.Conv2d(channels, channels, 1)
        self.initial = nn.Conv2d(channels, 2 * channels, 1)
        self.prior = _field(channels, channels)
        self.control = _field(2 * channels + 1, channels)
        self.diffusion = nn.Parameter(torch.zeros(2, channels, 1, 1))
        self.decoder = _Decoder(channels)
        small = {
            **dict.fromkeys((self.prior[-1], self.between[-1], self.initial), 0.1),
            self.control[-1]: 0.5,
            self.decoder.last: 0.3,
            self.decoder.direct: 0.3,
        }
        lively(self, small)
        with torch.no_grad():
            self.decoder.direct.bias[3] = _UNSURE
            self.diffusion[1] = _CALM
            self.initial.bias[channels:] = _CALM

    def forward(
        self,
        voxels: Tensor,
        times: Sequence[float] = (1.0,),
        *,
        seed: int | None = None,
        longest: float = 0.5,
        skip: Tensor | None = None,
    ) -> Reconstruction:
        """Frames at parts of every window.

        Args:
            voxels: ``[b, windows, bins, h, w]``.
            times: parts of a window in (0, 1], rising.
            seed: of the noise; None draws none: one trajectory of the mean drift.
            longest: step of the solver, in windows.
            skip: windows whose encoder rests, bool ``[windows]``: the context stays, sums of events go on. The first
                window is always encoded.

        Raises:
            InputError: times that are not within a window, or do not rise.
        """
        height, width = voxels.shape[-2:]
        grids = padded(voxels, self.multiple)
        path = self.path(grids, seed)
        state, frames, images, kl = None, [], [], 0.0
        for k, each in enumerate(grids.unbind(1)):
            rests = skip is not None and bool(skip[k])
            found, state = self.window(each, state, times, path, longest, seed, rests=rests)
            frames.append(found.frames)
            images.append(found.synthesised)
            kl = kl + found.kl
        cut = [torch.stack(each, 1)[..., :height, :width] for each in (frames, images)]
        return Reconstruction(frames=cut[0], synthesised=cut[1], kl=kl)

    def path(self, grids: Tensor, seed: int | None) -> Path:
        """What drives z of grids ``[b, windows, bins, h, w]``."""
        shape = (len(grids), self.channels, grids.shape[-2] // 2, grids.shape[-1] // 2)
        if seed is None or not self.noisy:
            return Still(shape=shape, device=grids.device, dtype=grids.dtype)
        return Brownian(shape=shape, seed=seed, device=grids.device, dtype=grids.dtype)

    def window(
        self,
        grid: Tensor | None,
        state: State | None,
        times: Sequence[float],
        path: Path,
        longest: float = 0.5,
        seed: int | None = None,
        *,
        rests: bool = False,
    ) -> tuple[Reconstruction, State]:
        """One window: encode it, follow z to each time, decode there.

        Args:
            grid: ``[b, bins, h, w]``; None is a window that nothing is known of: a prediction.
            state: after the window before.
            times, path, longest, seed: as for `forward`.
            rests: whether the encoder is left out.

        Returns:
            Frames ``[b, times, h, w]`` with the nats of this window, and the next state.
        """
        if not times or not all(0 <= a < b <= 1 for a, b in pairwise((0.0, *times))):
            raise InputError(f"frames at {list(times)}", where="a window", remedy="ask for rising times in (0, 1]")
        h, level = self._encode(grid, state, rests)
        c = self.context(h)
        began, z, frame, kl = (0.0, None, None, 0.0) if state is None else (state.time, state.z, state.frame, 0.0)
        if z is None:
            z, kl = self._start(c, seed)
        until, frames, images = _Sums(grid, level, self.decay), [], []
        for a, b in zip((0.0, *times), (*times, 1.0), strict=True):
            if b > a:
                z_before, (z, cost) = z, self._follow(z, c, began, began + a, began + b, path, longest)
                kl = kl + cost
            if len(frames) < len(times):
                image, frame = self._frame(z, z_before, until(b), frame, b - a)
                images.append(image[:, 0])
                frames.append(frame[:, 0])
        kl = kl / z[0].numel()
        found = Reconstruction(frames=torch.stack(frames, 1), synthesised=torch.stack(images, 1), kl=kl)
        return found, State(h=h, z=z, level=until(1.0), frame=frame, time=began + 1.0)

    def g(self, z: Tensor) -> Tensor:
        """The diffusion g_j = g_least + (g_most − g_least)·σ(a_j z_j + b_j); constant in an ordinary equation."""
        if not self.noisy:
            return torch.full_like(z, G_MOST)
        slope, shift = self.diffusion
        return G_LEAST + (G_MOST - G_LEAST) * (slope * z + shift).sigmoid()

    def u(self, z: Tensor, t: float, c: Tensor) -> Tensor:
        """The control, t being the part of the window."""
        return self.control(torch.cat((z, c, torch.full_like(z[:, :1], t)), 1))

    def _encode(self, grid: Tensor | None, state: State | None, rests: bool) -> tuple[Tensor, Tensor]:
        """The next h, and A at the start of the window."""
        if grid is None and state is None:
            raise InputError("no window has been seen", where="LatentSDEReconstructor", remedy="begin with a grid")
        if grid is None or (rests and state is not None):
            assert state is not None
            return state.h, state.level
        level = torch.zeros_like(grid[:, :1]) if state is None else state.level
        x = self.encoder(torch.cat((grid, SUM_SCALE * sum_until(1.0, grid, level, self.decay)), 1))
        return self.memory(x, None if state is None else state.h + self.between(state.h)), level

    def _start(self, c: Tensor, seed: int | None) -> tuple[Tensor, Tensor]:
        """z_0, and KL_0 to a standard normal prior."""
        mean, spread = self.initial(c).chunk(2, 1)
        deviation = softplus(spread) + 1e-3
        if not self.noisy:
            return mean, mean.new_zeros(len(mean))
        kl = gaussian_kl(mean, deviation, torch.zeros_like(mean), torch.ones_like(mean))
        if seed is None:
            return mean, kl
        generator = torch.Generator().manual_seed(seed)
        return mean + deviation * torch.randn(mean.shape, generator=generator).to(mean), kl

    def _follow(
        self, z: Tensor, c: Tensor, began: float, start: float, stop: float, path: Path, longest: float
    ) -> tuple[Tensor, Tensor]:
        control, diffusion = shared(lambda t, z: self.u(z, t - began, c)), shared(lambda _, z: self.g(z))
        done = integrate(
            lambda t, z: self.prior(z) + diffusion(t, z) * control(t, z),
            diffusion,
            z,
            (start, stop),
            path,
            longest=longest,
            running=lambda t, z: control_cost(control(t, z)),
        )
        return done.states[-1], done.cost

    def _frame(
        self, z: Tensor, z_before: Tensor, level: Tensor, before: Tensor | None, span: float
    ) -> tuple[Tensor, Tensor]:
        """D, and the frame composed of it."""
        flow, image, mask = self.decoder(z, z_before, level)
        if before is None or self.composition == "image":
            return image, image
        warped = warp(before, _FLOW * span * flow)
        if self.composition == "warp":
            return image, warped
        return image, mask * warped + (1 - mask) * image


@final
class _Sums:
    """A at parts of a window; without a grid it only decays."""

    def __init__(self, grid: Tensor | None, level: Tensor, decay: float) -> None:
        self.grid, self.level, self.decay = grid, level, decay

    def __call__(self, t: float) -> Tensor:
        if self.grid is None:
            return self.level * self.decay**t
        return sum_until(t, self.grid, self.level, self.decay)


def _encoder(inputs: int, channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, 10, 3, padding=1), nn.ReLU(), nn.Conv2d(10, channels, 4, stride=2, padding=1), nn.ReLU()
    )


def _field(inputs: int, channels: int) -> nn.Sequential:
    """A drift: three convolutions, half as wide between."""
    half = channels // 2
    return nn.Sequential(
        nn.Conv2d(inputs, half, 3, padding=1),
        nn.Tanh(),
        nn.Conv2d(half, half, 3, padding=1),
        nn.Tanh(),
        nn.Conv2d(half, channels, 3, padding=1),
    )


@final
class _Decoder(nn.Module):
    """z at two times and a sum to flow (in −1 … 1), image and mask."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(2 * channels, 16, 3, padding=1)
        self.last = nn.Conv2d(16, 4 * 4, 3, padding=1)
        self.direct = nn.Conv2d(1, 4, 3, padding=1)

    def forward(self, z: Tensor, z_before: Tensor, level: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Flow ``[b, 2, h, w]``, image and mask ``[b, 1, h, w]``."""
        x = self.first(torch.cat((z, z_before), 1)).relu()
        x = pixel_shuffle(self.last(x), 2) + self.direct(SUM_SCALE * level)
        return x[:, :2].tanh(), (x[:, 2:3] + SUM_SLOPE * level).sigmoid(), x[:, 3:].sigmoid()
