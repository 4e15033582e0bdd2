"""Patches shown on a picture, and tables of which class was taken for which. Needs Pillow; takes plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from picojoule.reports.draw import PALETTE

_PAPER, _INK, _HIDDEN = "#ffffff", "#222222", "#8a8a8a"
_CELL, _SMALL, _MARGIN, _NAME = 40, 20, 118, 90
_FEW = 12  # classes whose counts are written
_FIRST, _LAST = (68, 1, 84), (253, 231, 37)
_MIDDLE = (33, 145, 140)


def only(picture: Image.Image, kept: Sequence[int], side: int) -> Image.Image:
    """A copy in which only some of its side × side patches are left, row by row from 0; the rest is grey."""
    page = Image.new("RGB", picture.size, _HIDDEN)
    for patch in kept:
        box = _box(picture, patch, side)
        page.paste(picture.convert("RGB").crop(box), box[:2])
    return page


def heated(picture: Image.Image, values: Sequence[float], side: int, *, strength: float = 0.6) -> Image.Image:
    """A copy under a smooth map of a value for each patch, from the least (violet) to the largest (yellow).

    Args:
        picture: any mode.
        values: side × side of them, row by row.
        side: patches of a side.
        strength: of the map over the picture, from 0 to 1.
    """
    low, high = min(values), max(values)
    scaled = [(each - low) / (high - low) if high > low else 0.0 for each in values]
    heat = Image.new("RGB", (side, side))
    heat.putdata([_shade(each) for each in scaled])
    return Image.blend(picture.convert("RGB"), heat.resize(picture.size, Image.Resampling.BICUBIC), strength)


def confusion(table: Sequence[Sequence[int]], names: Sequence[str]) -> Image.Image:
    """A table as shaded cells: rows are what it was, columns what it was taken for; shades are shares of a row.

    Counts are written where there are few classes.
    """
    size = len(names)
    cell = _CELL if size <= _FEW else _SMALL
    page = Image.new("RGB", (_MARGIN + size * cell + 6, _MARGIN + size * cell + 6), _PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    pen.text((6, 4), "true ↓  taken for →", fill=_INK, font=font)
    for row, (name, counts) in enumerate(zip(names, table, strict=True)):
        top = _MARGIN + row * cell
        pen.text((6, top + cell // 2 - 8), name[:16], fill=_INK, font=font)
        page.paste(_upright(name[:14], cell), (top, _MARGIN - _NAME - 4))
        for column, count in enumerate(counts):
            share = count / sum(counts) if sum(counts) else 0.0
            left = _MARGIN + column * cell
            pen.rectangle((left, top, left + cell - 2, top + cell - 2), fill=_blue(share))
            if size <= _FEW:
                ink = _PAPER if share > 0.5 else _INK
                pen.text((left + 6, top + cell // 2 - 8), str(count), fill=ink, font=font)
    return page


def _upright(name: str, cell: int) -> Image.Image:
    """A name from the bottom to the top, above a column."""
    label = Image.new("RGB", (_NAME, cell), _PAPER)
    ImageDraw.Draw(label).text((2, cell // 2 - 8), name, fill=_INK, font=ImageFont.load_default(12))
    return label.rotate(90, expand=True)


def _box(picture: Image.Image, patch: int, side: int) -> tuple[int, int, int, int]:
    row, column = divmod(patch, side)
    wide, tall = picture.width / side, picture.height / side
    return round(column * wide), round(row * tall), round((column + 1) * wide), round((row + 1) * tall)


def _shade(value: float) -> tuple[int, int, int]:
    low, high, share = (_FIRST, _MIDDLE, 2 * value) if value < 0.5 else (_MIDDLE, _LAST, 2 * value - 1)
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(low, high, strict=True))
    return red, green, blue


def _blue(share: float) -> tuple[int, int, int]:
    full = tuple(int(PALETTE[0][k : k + 2], 16) for k in (1, 3, 5))
    red, green, blue = (round(255 + share * (each - 255)) for each in full)
    return red, green, blue
