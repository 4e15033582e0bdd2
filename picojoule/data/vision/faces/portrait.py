"""Painting faces: from the back of the head to the glasses, a function a part. Each moves with its action units."""

from __future__ import annotations

import torch
from torch import Tensor

from picojoule.data.vision.faces.anatomy import HAIRS, IRISES, SKINS, Traits, shade
from picojoule.data.vision.faces.canvas import Canvas, between, ellipse, stroke

EYE_Y, MOUTH_Y = -0.10, 0.46
DARK = 0.07


def portrait(canvas: Canvas, traits: Traits, acts: Traits) -> Tensor:
    """Paint a face.

    Args:
        canvas: where; it is changed.
        traits: of :data:`picojoule.data.vision.faces.anatomy.IDENTITY`.
        acts: action units, by name.

    Returns:
        The landmarks in pixels, ``[n, 10, 2]``.
    """
    skin = (shade(SKINS, traits["skin"]) + _reddish(traits["skin_red"])).clamp(0, 1)
    hair = shade(HAIRS, traits["hair_shade"])
    _head(canvas, traits, skin, hair)
    _beard(canvas, traits, hair)
    _cheeks(canvas, skin, acts)
    brows = [_brow(canvas, traits, acts, hair, side) for side in (-1.0, 1.0)]
    eyes = [_eye(canvas, traits, acts, skin, side) for side in (-1.0, 1.0)]
    nose = _nose(canvas, traits, acts, skin)
    corners, lip = _mouth(canvas, traits, acts, skin)
    _forehead(canvas, acts, skin)
    _glasses(canvas, traits)
    (outer_left, inner_left), (outer_right, inner_right) = brows
    points = (outer_left, inner_left, inner_right, outer_right, *eyes, nose, *corners, lip)
    return canvas.place(torch.cat([x for x, _ in points], 1), torch.cat([y for _, y in points], 1))


def _reddish(amount: Tensor) -> Tensor:
    return amount.unsqueeze(1) * torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1)


def _head(canvas: Canvas, traits: Traits, skin: Tensor, hair: Tensor) -> None:
    x, y, wide, tall = canvas.x, canvas.y, traits["head_width"], traits["head_height"]
    sides = 0.10 + 0.16 * traits["hair_sides"]
    canvas.paint(ellipse(x, y + 0.12, wide + sides, tall), hair)
    canvas.paint(torch.maximum(x.abs() - 0.28, 0.5 - y), 0.8 * skin)  # the neck
    for side in (-1.0, 1.0):
        canvas.paint(ellipse(x - side * wide, y - 0.02, wide * 0.14, wide * 0.22), 0.92 * skin)
    narrower = wide * (1 - traits["jaw"] * 0.5 * y.clamp(0, 1))
    canvas.paint(ellipse(x, y, narrower, tall), skin)
    fringe = torch.maximum(ellipse(x, y + 0.06, wide + 0.04, tall), y - traits["hair_line"] - 0.12 * x**2)
    canvas.paint(fringe, hair)


def _beard(canvas: Canvas, traits: Traits, hair: Tensor) -> None:
    inside = ellipse(canvas.x, canvas.y, traits["head_width"], traits["head_height"])
    below = 0.34 - canvas.y - 0.35 * canvas.x.abs()
    canvas.paint(torch.maximum(inside + 0.02, below), hair, 0.75 * traits["beard"].clamp(0, 1))


def _cheeks(canvas: Canvas, skin: Tensor, acts: Traits) -> None:
    """Folds from nose to mouth, and the raised cheek."""
    deep = (0.5 * acts["lip corner up"] + 0.6 * acts["nose wrinkled"] + 0.3 * acts["cheek raised"]).clamp(0, 1)
    for side in (-1.0, 1.0):
        x, y = side * canvas.x, canvas.y
        line = stroke(x, y, _point(x, 0.15, 0.20), _point(x, 0.33, 0.44), 0.5 * canvas.pixel)
        canvas.paint(line, 0.62 * skin, deep)
        pouch = stroke(x, y, _point(x, 0.18, 0.06), _point(x, 0.40, 0.03), 0.5 * canvas.pixel)
        canvas.paint(pouch, 0.66 * skin, 0.8 * acts["cheek raised"])


def _brow(canvas: Canvas, traits: Traits, acts: Traits, hair: Tensor, side: float) -> list[tuple[Tensor, Tensor]]:
    """A brow from its inner to its outer end; where these are."""
    x, y = side * canvas.x, canvas.y
    lowered, middle = acts["brow lowered"], traits["eye_distance"]
    inner_x, outer_x = middle - 0.14 - 0.03 * lowered, middle + 0.16
    inner_y = traits["brow_height"] - 0.11 * acts["inner brow raised"] + 0.11 * lowered + 0.03 * acts["nose wrinkled"]
    outer_y = traits["brow_height"] + 0.03 - 0.11 * acts["outer brow raised"] + 0.02 * lowered
    t = ((x - inner_x) / (outer_x - inner_x)).clamp(-0.2, 1.2)
    line = inner_y + t * (outer_y - inner_y) - 0.04 * 4 * t * (1 - t)
    thick = traits["brow_thickness"] * (1 - 0.4 * t.clamp(0, 1))
    half = (outer_x - inner_x) / 2
    canvas.paint(between(y, line - thick, line + thick, (x - inner_x) / half - 1, half), 0.8 * hair)
    return [(side * outer_x, outer_y), (side * inner_x, inner_y)]


def _eye(canvas: Canvas, traits: Traits, acts: Traits, skin: Tensor, side: float) -> tuple[Tensor, Tensor]:
    """White, iris, pupil and the line of the lid; where the eye's middle is."""
    middle, size = traits["eye_distance"], traits["eye_size"]
    x, y = side * canvas.x - middle, canvas.y - EYE_Y
    t = x / size
    bow = (1 - t**2).clamp_min(0)
    upper = -size * (0.55 + 0.40 * acts["lid open"] - 0.25 * acts["lid tight"]) * bow
    lower = size * (0.38 - 0.22 * acts["lid tight"] - 0.25 * acts["cheek raised"] + 0.08 * acts["lid open"]) * bow
    opening = between(y, upper, lower, t, size)
    canvas.paint(opening, 0.95)
    canvas.paint(
        torch.maximum(opening, ellipse(x, y + 0.01, 0.50 * size, 0.50 * size)), shade(IRISES, traits["iris_shade"])
    )
    canvas.paint(torch.maximum(opening, ellipse(x, y + 0.01, 0.24 * size, 0.24 * size)), DARK)
    lid = between(y, upper - 0.025, upper + 0.01, t, size)
    canvas.paint(lid, 0.35 * skin)
    return side * middle, torch.full_like(middle, EYE_Y)


def _nose(canvas: Canvas, traits: Traits, acts: Traits, skin: Tensor) -> tuple[Tensor, Tensor]:
    """A shadow beside the bridge, the nostrils, and wrinkles; where the tip is."""
    x, y, wrinkled = canvas.x, canvas.y, acts["nose wrinkled"]
    tip = -0.02 + traits["nose_length"] - 0.05 * wrinkled
    wide = traits["nose_width"] * (1 + 0.25 * wrinkled)
    canvas.paint(stroke(x, y, (0.6 * wide, -0.12 + 0 * tip), (wide, tip), 0.4 * canvas.pixel), 0.72 * skin, 0.7)
    canvas.paint(ellipse(x, y - tip, wide, 0.5 * wide), 0.93 * skin)
    for side in (-1.0, 1.0):
        canvas.paint(ellipse(x - side * 0.55 * wide, y - tip - 0.035, 0.30 * wide, 0.022 + 0 * wide), 0.35 * skin)
        for k in range(2):
            start, end = (side * 0.03, -0.06 + 0.06 * k), (side * 0.11, -0.10 + 0.06 * k)
            line = stroke(x, y, _point(x, *start), _point(x, *end), 0.4 * canvas.pixel)
            canvas.paint(line, 0.6 * skin, wrinkled)
    return torch.zeros_like(tip), tip


def _mouth(
    canvas: Canvas, traits: Traits, acts: Traits, skin: Tensor
) -> tuple[list[tuple[Tensor, Tensor]], tuple[Tensor, Tensor]]:
    """Lips, the opening and the teeth; where the corners and the lower lip are."""
    x, y = canvas.x, canvas.y
    gap = 0.20 * acts["mouth open"]
    wide = traits["mouth_width"] * (
        1 + 0.25 * acts["lip corner up"] + 0.40 * acts["lip stretched"] - 0.18 * acts["mouth open"]
    )
    lift = 0.09 * acts["lip corner up"] - 0.09 * acts["lip corner down"] - 0.02 * acts["lip stretched"]
    upper_y = MOUTH_Y - 0.35 * gap - 0.05 * acts["nose wrinkled"] + 0.35 * lift
    lower_y = MOUTH_Y + 0.65 * gap + 0.35 * lift
    corner_y = MOUTH_Y - lift
    lip = traits["lip_thickness"] * (1 - 0.75 * acts["lips pressed"])
    t = x / wide
    bow = (1 - t**2).clamp_min(0)
    upper, lower = (corner_y + (each - corner_y) * bow for each in (upper_y, lower_y))
    red = 0.75 * skin * torch.tensor([1.05, 0.75, 0.75]).view(1, 3, 1)
    canvas.paint(between(y, upper - lip * bow, lower + 1.3 * lip * bow, t, wide), red)
    opening = between(y, upper - 0.012, lower + 0.012, t, wide)
    canvas.paint(opening, 0.25 * skin)
    canvas.paint(torch.maximum(opening + 0.015, y - upper - 0.35 * gap), 0.92, (4 * acts["mouth open"]).clamp(0, 1))
    corners = [(side * wide, corner_y) for side in (-1.0, 1.0)]
    return corners, (torch.zeros_like(wide), lower_y + 0.65 * lip)


def _forehead(canvas: Canvas, acts: Traits, skin: Tensor) -> None:
    """Lines across it when brows rise, and between lowered brows."""
    x, y, thin = canvas.x, canvas.y, 0.4 * canvas.pixel
    raised = 0.5 * (acts["inner brow raised"] + acts["outer brow raised"])
    canvas.paint(stroke(x, y, _point(x, -0.22, -0.45), _point(x, 0.22, -0.45), thin), 0.75 * skin, raised)
    for side in (-1.0, 1.0):
        line = stroke(x, y, _point(x, side * 0.05, -0.28), _point(x, side * 0.06, -0.17), thin)
        canvas.paint(line, 0.6 * skin, acts["brow lowered"])


def _glasses(canvas: Canvas, traits: Traits) -> None:
    worn = (traits["glasses"] > 0).float()
    for side in (-1.0, 1.0):
        rim = ellipse(
            side * canvas.x - traits["eye_distance"],
            canvas.y - EYE_Y,
            traits["eye_size"] + 0.07,
            traits["eye_size"] + 0.04,
        )
        canvas.paint(rim.abs() - 0.5 * canvas.pixel, DARK, worn)
    bridge = torch.maximum(
        (canvas.y - EYE_Y).abs() - 0.5 * canvas.pixel,
        canvas.x.abs() - traits["eye_distance"] + traits["eye_size"] + 0.06,
    )
    canvas.paint(bridge, DARK, worn)


def _point(like: Tensor, x: float, y: float) -> tuple[Tensor, Tensor]:
    return like.new_full((1, 1), x), like.new_full((1, 1), y)
