"""Boxes drawn on a picture, and pictures in a grid. Needs Pillow; takes plain numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from picojoule.reports.draw import PALETTE

_PAPER, _INK = "#ffffff", "#222222"
_MARGIN = 6


class Box(NamedTuple):
    """One box: left, top, right, bottom in pixels, its label, and a number that chooses its colour."""

    left: float
    top: float
    right: float
    bottom: float
    label: str = ""
    colour: int = 0


def annotated(picture: Image.Image, boxes: Sequence[Box], *, zoom: float = 1.0) -> Image.Image:
    """A copy of the picture with boxes and their labels on it.

    Args:
        picture: any mode.
        boxes: in pixels of the picture.
        zoom: how much larger to draw.
    """
    size = (max(1, round(picture.width * zoom)), max(1, round(picture.height * zoom)))
    page = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS if zoom < 1 else Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(page)
    width = max(1, round(min(size) / 150))
    font = ImageFont.load_default(max(10, min(size) // 18))
    for box in boxes:
        shade = PALETTE[box.colour % len(PALETTE)]
        left, right = sorted((box.left * zoom, box.right * zoom))
        top, bottom = sorted((box.top * zoom, box.bottom * zoom))
        pen.rectangle((left, top, right, bottom), outline=shade, width=width)
        if box.label:
            _label(pen, box.label, (left, top), shade, font, size)
    return page


def _label(pen, text: str, at: tuple[float, float], shade: str, font, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    """Above the box where there is room, else inside it; never out of the picture."""
    _, _, wide, high = pen.textbbox((0, 0), text, font=font)
    left = max(0, min(at[0], size[0] - wide - 4))
    top = at[1] - high - 2 if at[1] >= high + 2 else at[1]
    pen.rectangle((left, top, left + wide + 4, top + high + 2), fill=shade)
    pen.text((left + 2, top), text, fill=_PAPER, font=font)


def grid(rows: Sequence[Sequence[Image.Image]], headings: Sequence[str]) -> Image.Image:
    """Pictures of one size in rows, a heading over each column."""
    font = ImageFont.load_default(14)
    width, height = rows[0][0].size
    above = 26
    page = Image.new(
        "RGB",
        (len(headings) * (width + _MARGIN) + _MARGIN, above + len(rows) * (height + _MARGIN)),
        _PAPER,
    )
    pen = ImageDraw.Draw(page)
    for column, heading in enumerate(headings):
        left = _MARGIN + column * (width + _MARGIN)
        pen.text((left, 5), heading, fill=_INK, font=font)
        for row, pictures in enumerate(rows):
            page.paste(pictures[column], (left, above + row * (height + _MARGIN)))
    return page


def png(picture: Image.Image) -> bytes:
    """The picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
