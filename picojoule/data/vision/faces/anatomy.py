"""What a generated face consists of, as tables. Lengths are in units of about half a head; x right, y down, (0, 0) the
middle of the face.

An expression is a set of action units, each from 0 (rest) to 1; the sets are those that textbooks of facial action
coding give for the basic emotions, in a smaller alphabet. The numbers are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor

Traits = dict[str, Tensor]
"""Name → a column ``[n, 1]``, or colours ``[n, 3, 1]``."""

IDENTITY: dict[str, tuple[float, float]] = {
    "head_width": (0.60, 0.74),
    "head_height": (0.82, 0.96),
    "jaw": (0.0, 0.35),
    "skin": (0.0, 1.0),
    "skin_red": (-0.04, 0.05),
    "hair_shade": (0.0, 1.0),
    "hair_line": (-0.62, -0.46),
    "hair_sides": (0.0, 1.0),
    "eye_distance": (0.25, 0.32),
    "eye_size": (0.105, 0.140),
    "iris_shade": (0.0, 1.0),
    "brow_thickness": (0.022, 0.050),
    "brow_height": (-0.34, -0.27),
    "nose_length": (0.18, 0.28),
    "nose_width": (0.07, 0.12),
    "mouth_width": (0.20, 0.27),
    "lip_thickness": (0.035, 0.065),
    "beard": (-1.5, 1.0),
    "glasses": (-2.0, 1.0),
}
"""Who it is: uniform between the two; what is below 0 is not there."""

NUISANCE: dict[str, tuple[float, float]] = {
    "roll": (-10.0, 10.0),
    "scale": (0.92, 1.08),
    "shift_x": (-0.06, 0.06),
    "shift_y": (-0.06, 0.06),
    "light": (0.0, 0.3),
    "light_from": (0.0, 6.283),
    "exposure": (0.8, 1.15),
    "bar": (-9.0, 1.0),
    "bar_place": (-1.0, 1.0),
    "bar_turn": (0.0, 3.1416),
    "blur": (-0.5, 0.6),
    "noise": (0.0, 0.02),
}
"""How the picture was taken."""

ACTIONS = (
    "inner brow raised",
    "outer brow raised",
    "brow lowered",
    "lid open",
    "lid tight",
    "nose wrinkled",
    "cheek raised",
    "lip corner up",
    "lip corner down",
    "mouth open",
    "lip stretched",
    "lips pressed",
)
"""The action units, in the order of the columns of :attr:`Faces.actions`."""

EXPRESSIONS: dict[str, dict[str, float]] = {
    "surprise": {"inner brow raised": 0.9, "outer brow raised": 0.9, "lid open": 0.8, "mouth open": 0.9},
    "fear": {
        "inner brow raised": 0.9,
        "outer brow raised": 0.5,
        "brow lowered": 0.4,
        "lid open": 0.8,
        "lip stretched": 0.9,
        "mouth open": 0.4,
    },
    "disgust": {"nose wrinkled": 1.0, "lip corner down": 0.5, "lid tight": 0.5, "brow lowered": 0.3},
    "happiness": {"cheek raised": 0.8, "lip corner up": 1.0, "mouth open": 0.3},
    "sadness": {"inner brow raised": 0.9, "brow lowered": 0.3, "lip corner down": 0.9},
    "anger": {"brow lowered": 1.0, "lid open": 0.4, "lid tight": 0.6, "lips pressed": 0.9},
    "neutral": {},
}
"""The seven classes and their action units."""
CLASSES = tuple(EXPRESSIONS)

LANDMARKS = (
    "left brow, outer",
    "left brow, inner",
    "right brow, inner",
    "right brow, outer",
    "left eye",
    "right eye",
    "nose",
    "left corner of the mouth",
    "right corner of the mouth",
    "lower lip",
)
"""The points of :attr:`Faces.landmarks`; left is where the picture's left is."""

SKINS = ((0.98, 0.84, 0.74), (0.87, 0.66, 0.50), (0.62, 0.42, 0.29), (0.33, 0.21, 0.15))
HAIRS = ((0.08, 0.06, 0.05), (0.30, 0.18, 0.09), (0.58, 0.30, 0.12), (0.85, 0.70, 0.42), (0.62, 0.61, 0.60))
IRISES = ((0.22, 0.13, 0.07), (0.35, 0.30, 0.12), (0.25, 0.42, 0.30), (0.25, 0.42, 0.62))


def prototypes() -> Tensor:
    """`EXPRESSIONS` as a table ``[7, 12]``."""
    return torch.tensor([[units.get(name, 0.0) for name in ACTIONS] for units in EXPRESSIONS.values()])


def shade(palette: tuple[tuple[float, float, float], ...], where: Tensor) -> Tensor:
    """Colours ``[n, 3, 1]`` at places from 0 (first of the palette) to 1 (last), ``[n, 1]``."""
    table = torch.tensor(palette)
    place = where.clamp(0, 1) * (len(table) - 1)
    low = place.floor().long().clamp(max=len(table) - 2)[:, 0]
    share = (place - place.floor()) + (place.floor() - low[:, None])
    return (table[low] + share * (table[low + 1] - table[low])).unsqueeze(2)
