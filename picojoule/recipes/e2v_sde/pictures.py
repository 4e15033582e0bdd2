"""Pictures: events, true and reconstructed frames, error and doubt; and a film that moves."""

from __future__ import annotations

import io
from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from picojoule.data.events.films import Films
from picojoule.recipes.e2v_sde.judged import Doubt, Judged, of
from picojoule.recipes.e2v_sde.plan import LEAKY, PARTS, SDE
from picojoule.recipes.e2v_sde.systems import BASELINE
from picojoule.reports.boxes import annotated, grid, png
from picojoule.train.reconstruction import FIRST

_SIDE = 112
_MILLISECONDS = 80


def pictures(judgements: Sequence[Judged], films: Films, sure: Doubt) -> dict[str, bytes]:
    """All of them: title → PNG, the last an animated one."""
    film = _liveliest(films.take(len(sure.spread)))
    return {
        "Frames at the ends of windows": _strip(judgements, films, sure, film),
        f"A film, {PARTS} frames a window (moves)": _moving(judgements, films, film),
    }


def _liveliest(films: Films) -> int:
    """The film of the highest contrast, whose frames tell most."""
    return int(films.frames.std((-1, -2)).mean((1, 2)).argmax())


def _strip(judgements: Sequence[Judged], films: Films, sure: Doubt, film: int) -> bytes:
    windows = torch.linspace(FIRST, films.frames.shape[1] - 1, 4).round().long().unique().tolist()
    shown = {name: of(judgements, name).frames[film, :, -1] for name in (LEAKY, BASELINE, SDE.name)}
    due, rows = films.frames[film, :, -1], []
    most = max(float(sure.spread[film].max()), 1e-6)
    for k in windows:
        error = (shown[SDE.name][k] - due[k]).abs() * 2
        greys = [due[k], *(each[k] for each in shown.values()), error, sure.spread[film, k] / most]
        rows.append([_coloured(films.voxels[film, k]), *map(_grey, greys)])
    return png(grid(rows, ["events", "true", "leaky", "e2vid-mini", SDE.name, "its error, twice", "its spread"]))


def _moving(judgements: Sequence[Judged], films: Films, film: int) -> bytes:
    names = {"e2vid-mini, held": BASELINE, SDE.name: SDE.name}
    found = [of(judgements, each).frames[film] for each in names.values()]
    pages = [
        grid([[_coloured(films.voxels[film, k]), *(_grey(each[k, part]) for each in (films.frames[film], *found))]],
             ["events", "true", *names])
        for k in range(FIRST, films.frames.shape[1])
        for part in range(PARTS)
    ]  # fmt: skip
    buffer = io.BytesIO()
    pages[0].save(buffer, "PNG", save_all=True, append_images=pages[1:], duration=_MILLISECONDS, loop=0)
    return buffer.getvalue()


def _grey(picture: Tensor) -> Image.Image:
    pixels = (picture.clamp(0, 1) * 255).round().byte().numpy()
    return annotated(Image.fromarray(pixels), (), zoom=_SIDE / pixels.shape[0])


def _coloured(voxels: Tensor) -> Image.Image:
    """Signed sums of events: red brighter, blue darker, on white."""
    total = voxels.sum(0)
    share = (total.abs() / 3).clamp(0, 1)
    red, blue = torch.where(total < 0, 1 - share, 1.0), torch.where(total > 0, 1 - share, 1.0)
    pixels = (torch.stack((red, 1 - share, blue), -1) * 255).round().byte().numpy()
    return annotated(Image.fromarray(pixels), (), zoom=_SIDE / pixels.shape[0])
