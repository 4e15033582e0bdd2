"""When to sample a moving scene, so that no more than so much changes between two samples (cite key ``rebecq2018``).

::

    by flow         Δt = λ / max ‖flow a unit of time‖       λ in pixels
    by brightness   Δt = λ / max |∂L/∂t|                     λ in log intensity
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.data.events.camera import EventCamera
from picojoule.data.events.scenes import Scene

_PROBE = 1e-3


def adaptive_times(
    scene: Scene,
    start: float,
    stop: float,
    *,
    most: float = 0.5,
    least_rate: float = 2.0,
    by: Literal["flow", "brightness"] = "flow",
    camera: EventCamera | None = None,
) -> Tensor:
    """Times of samples from `start` to `stop`, in windows.

    Args:
        scene: what moves.
        start, stop: the first and the last time.
        most: λ.
        least_rate: samples a window at least.
        by: what λ is of.
        camera: whose log intensity it is; the default's, if None.

    Raises:
        InputError: λ or the rate is not positive, or the times do not rise.
    """
    if not (most > 0 and least_rate > 0 and stop > start):
        what = f"λ={most}, {least_rate} samples a window from {start} to {stop}"
        raise InputError(what, where="adaptive_times", remedy="give positive numbers and rising times")
    speed = _flow_speed if by == "flow" else _brightness_speed
    times = [start]
    while times[-1] < stop:
        fastest = speed(scene, times[-1], camera or EventCamera())
        times.append(min(stop, times[-1] + min(1 / least_rate, most / max(fastest, 1e-9))))
    return torch.tensor(times, dtype=torch.float64)


def _flow_speed(scene: Scene, t: float, camera: EventCamera) -> float:
    return float(scene.flow([t + _PROBE], [t]).norm(dim=1).max()) / _PROBE


def _brightness_speed(scene: Scene, t: float, camera: EventCamera) -> float:
    return float(camera.log(scene.render([t, t + _PROBE])).diff(dim=0).abs().max()) / _PROBE
