"""How many events a second does the simulated camera make, beside its plain form, and how fast are grids of them?

    python benchmarks/event_camera.py [--repeats 9]

A sensor of 240×180 sees 40 samples of noise whose log intensity moves by several thresholds between two; and a moving
scene. One thread; seconds are the processor's, so that other programs on the machine do not count. Medians.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import date
from statistics import median

import torch

from picojoule.data.events import EventCamera, films, voxel_grid
from picojoule.data.events.events import Events
from picojoule.data.events.films import PHOTOS
from picojoule.data.events.scenes import Layer, Motion, Scene
from picojoule.data.vision.photos import grey, photo
from picojoule.kernels.crossings import crossings, crossings_reference
from timing import machine

SIZE = (180, 240)


def noise() -> tuple[torch.Tensor, torch.Tensor]:
    """A film of noise and its times in microseconds."""
    film = torch.rand(40, *SIZE, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.1
    return film, torch.arange(40, dtype=torch.float64) * 1000


def scene() -> tuple[torch.Tensor, torch.Tensor]:
    """A photo that moves by a pixel and a half a window, sampled ten times a window."""
    layer = Layer(
        texture=grey(photo(PHOTOS["test"][0])), motion=Motion(start=(120, 90), velocity=(1.5, 0.4), spin=0.01)
    )
    times = torch.linspace(0, 4, 41, dtype=torch.float64)
    return Scene(layers=(layer,), size=SIZE).render(times), times * 33_333


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=9)
    options = options.parse_args()
    torch.set_num_threads(1)
    print(f"# A simulated event camera, {date.today()}\n\n{machine()}\n\nOne thread, seconds of the processor.\n")
    print(
        "| film | events | compiled, M events/s | plain, M events/s | voxel grid, M events/s |\n|---|---|---|---|---|"
    )
    for name, (film, times) in {"noise": noise(), "a moving photo": scene()}.items():
        events = EventCamera(brighter=0.1, darker=0.1).record(film, times)
        rates = measured(events, film, times, options.repeats)
        print(f"| {name} | {len(events):,} | {' | '.join(f'{each / 1e6:.1f}' for each in rates)} |")
    few = films("test", 4)
    print(f"\nFilms of the recipe have {float(few.events.float().mean()):.0f} events a window of 32×32.")


def measured(events: Events, film: torch.Tensor, times: torch.Tensor, repeats: int) -> list[float]:
    """Events a second: the rule of crossings compiled and plain, from log intensity on, and a grid of them."""
    levels = EventCamera().log(film).flatten(1)
    given = (levels, times, (0.1, 0.1), 0.0, None)
    runs = (lambda: crossings(*given), lambda: crossings_reference(*given), lambda: voxel_grid(events))
    return [len(events) / median(seconds(run) for _ in range(repeats + 1)) for run in runs]


def seconds(run: Callable[[], object]) -> float:
    """Of the processor."""
    began = time.process_time()
    run()
    return time.process_time() - began


if __name__ == "__main__":
    main()
