"""Generated faces: seeded and hashed, people in one part only, and muscles that move what they are said to."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.data.vision.faces import ACTIONS, CLASSES, LANDMARKS, VERSION, generate
from picojoule.data.vision.faces.anatomy import EXPRESSIONS, IDENTITY, prototypes
from picojoule.data.vision.faces.canvas import Canvas, ellipse, stroke
from picojoule.data.vision.faces.portrait import portrait


def column(value: float) -> torch.Tensor:
    return torch.full((1, 1), value)


def drawn(side: int = 112, **acts: float) -> tuple[torch.Tensor, dict[str, tuple[float, float]]]:
    """An average face without glasses and beard, and its landmarks by name."""
    traits = {name: column((low + high) / 2) for name, (low, high) in IDENTITY.items()}
    traits |= {"glasses": column(-1.0), "beard": column(-1.0)}
    still = {"turn": 0.0, "scale": 0.8, "shift_x": 0.0, "shift_y": 0.0}
    canvas = Canvas(torch.zeros(1, 3, side, side), **{name: column(value) for name, value in still.items()})
    given = {name: column(acts.get(name.replace(" ", "_"), 0.0)) for name in ACTIONS}
    places = portrait(canvas, traits, given)[0].tolist()
    return canvas.picture()[0], dict(zip(LANDMARKS, map(tuple, places), strict=True))


def test_a_seed_is_a_set():
    one, same, other = (generate({"a": 20, "b": 10}, side=24, seed=seed) for seed in (3, 3, 4))
    assert one.sha256 == same.sha256 != other.sha256
    assert one.name == f"synthetic-faces-v{VERSION}-seed3"
    assert one.summary() == {"name": one.name, "a": 20, "b": 10, "sha256": one.sha256}
    assert torch.equal(one["a"].images, same["a"].images) and one["a"].images.shape == (20, 3, 24, 24)


def test_the_hash_covers_what_is_known_besides_the_pictures():
    assert generate({"a": 4}, side=16).sha256 != generate({"b": 2, "a": 2}, side=16).sha256


def test_pixels_are_whole_256ths_and_classes_balanced():
    faces = generate({"a": 70}, side=16)["a"]
    assert float(faces.images.min()) >= 0 and float(faces.images.max()) <= 1
    assert torch.equal(faces.images, (faces.images * 255).round() / 255)
    assert torch.bincount(faces.labels, minlength=7).tolist() == [10] * 7
    assert faces.actions.shape == (70, 12) and 0 <= float(faces.actions.min()) <= float(faces.actions.max()) <= 1
    assert faces.landmarks.shape == (70, 10, 2)


def test_no_person_is_in_two_parts():
    parts = generate({"one": 60, "two": 40, "three": 5}, side=16)
    people = [set(parts[name].people.tolist()) for name in ("one", "two", "three")]
    assert not people[0] & people[1] and not people[1] & people[2] and not people[0] & people[2]


def test_an_expression_is_told_by_its_strongest_units():
    faces = generate({"a": 700}, side=16)["a"]
    nearest = torch.nn.functional.normalize(faces.actions) @ torch.nn.functional.normalize(prototypes() + 1e-6).T
    shown = faces.labels != CLASSES.index("neutral")
    hits = nearest[:, :-1].argmax(1)[shown] == faces.labels[shown]
    assert 0.85 < float(hits.double().mean()) < 1  # blends and weak ones stay ambiguous
    assert set().union(*EXPRESSIONS.values()) == set(ACTIONS)


@pytest.mark.parametrize(
    ("unit", "point", "axis", "sign"),
    [
        ("inner brow raised", "left brow, inner", 1, -1),
        ("outer brow raised", "right brow, outer", 1, -1),
        ("brow lowered", "right brow, inner", 1, 1),
        ("nose wrinkled", "nose", 1, -1),
        ("lip corner up", "left corner of the mouth", 1, -1),
        ("lip corner down", "right corner of the mouth", 1, 1),
        ("mouth open", "lower lip", 1, 1),
        ("lip stretched", "right corner of the mouth", 0, 1),
        ("lip stretched", "left corner of the mouth", 0, -1),
        ("lips pressed", "lower lip", 1, -1),
    ],
)
def test_a_unit_moves_its_point(unit, point, axis, sign):
    rest, moved = drawn()[1][point], drawn(**{unit.replace(" ", "_"): 1.0})[1][point]
    assert sign * (moved[axis] - rest[axis]) > 0.5


@pytest.mark.parametrize("unit", ACTIONS)
def test_a_unit_changes_pixels_near_the_face_only(unit):
    rest, moved = drawn()[0], drawn(**{unit.replace(" ", "_"): 1.0})[0]
    changed = (rest - moved).abs().sum(0) > 0.02
    assert 0.002 < float(changed.double().mean()) < 0.1


def test_landmarks_lie_where_things_are():
    """The pupil is dark, the whites beside it are bright, and the nose tip is between the eyes and the mouth."""
    picture, points = drawn()
    x, y = (int(each) for each in points["left eye"])
    assert float(picture[:, y, x].mean()) < 0.2 < 0.6 < float(picture[:, y, x - 5 : x + 6].mean(0).max())
    assert points["left eye"][1] < points["nose"][1] < points["lower lip"][1]


def test_turning_the_head_turns_the_landmarks():
    """A point of the face goes through the inverse of the map from pixels to the face."""
    turned = {"turn": 17.0, "scale": 0.7, "shift_x": 0.1, "shift_y": -0.05}
    canvas = Canvas(torch.zeros(1, 3, 32, 32), **{name: column(value) for name, value in turned.items()})
    pixel = 5 * 32 + 20
    place = canvas.place(canvas.x[:, pixel : pixel + 1], canvas.y[:, pixel : pixel + 1])[0, 0]
    assert place.tolist() == pytest.approx([20.5, 5.5], abs=1e-4)


def test_shapes_cover_their_area():
    still = {"turn": 0.0, "scale": 1.0, "shift_x": 0.0, "shift_y": 0.0}
    places = {name: column(value) for name, value in still.items()}
    canvas = Canvas(torch.zeros(1, 3, 64, 64), **places)
    canvas.paint(ellipse(canvas.x, canvas.y, column(0.5), column(0.3)), 1.0)
    assert 4 * float(canvas.page.mean()) == pytest.approx(torch.pi * 0.5 * 0.3, rel=0.01)
    canvas = Canvas(torch.zeros(1, 3, 64, 64), **places)
    ends = ((column(-0.5), column(0.0)), (column(0.5), column(0.0)))
    canvas.paint(stroke(canvas.x, canvas.y, *ends, column(0.1)), 1.0)
    assert 4 * float(canvas.page.mean()) == pytest.approx(0.2 + torch.pi * 0.01, rel=0.01)


def test_backgrounds_are_cut_from_photos():
    green = torch.zeros(3, 40, 50)
    green[1] = 1.0
    faces = generate({"a": 8}, side=32, backgrounds=[green])["a"]
    corner = faces.images[:, :, 0, 0].mean(0)
    assert float(corner[1]) > 0.6 > 0.15 > float(corner[0])


@pytest.mark.parametrize(
    ("sizes", "options", "words"),
    [
        ({}, {}, "parts of {} faces"),
        ({"a": 0}, {}, "give each part at least one"),
        ({"a": 1}, {"backgrounds": [torch.zeros(3, 20, 90)]}, "a background below 56 pixels"),
    ],
)
def test_wrong_wishes(sizes, options, words):
    with pytest.raises(InputError, match=words):
        generate(sizes, **options)
