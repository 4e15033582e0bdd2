"""Generated creatures: seeded, hashed, and their classes differ in one part only."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.data.vision.fine_grained import creatures
from picojoule.data.vision.fine_grained.creatures import FAMILIES, PARTS, SPECIES, strangers
from picojoule.data.vision.fine_grained.grounds import COLOURS
from picojoule.data.vision.fine_grained.shapes import boxes_of, capsule, cover, ellipse


@pytest.fixture(scope="module")
def some():
    return creatures.load(train=128, test=64, families=FAMILIES)


def test_shapes_and_classes(some):
    assert some.train.images.images.shape == (128, 3, 64, 64)
    assert some.train.images.labels.tolist() == [n % 32 for n in range(128)]
    assert some.classes[5] == "heron yellow" and len(some.classes) == 32
    assert some.name == "synthetic-creatures-v1-32-classes-64px-seed0" and len(some.sha256) == 64
    assert some.dataset.classes == 32 and some.dataset.sha256 == some.sha256
    assert float(some.train.images.images.min()) >= 0 and float(some.train.images.images.max()) <= 1


def test_a_seed_says_it_all_and_a_prefix_is_the_same(some):
    again, other = (creatures.load(train=20, test=10, families=FAMILIES, seed=seed) for seed in (0, 1))
    assert torch.equal(again.train.images.images, some.train.images.images[:20])
    assert torch.equal(again.test.parts, some.test.parts[:10])
    assert not torch.equal(other.train.images.images, again.train.images.images) and other.sha256 != again.sha256


def test_other_pictures_need_another_version():
    """Raise VERSION when this fails: results name it."""
    assert creatures.VERSION == 1
    train = creatures.load(train=4, test=1).train
    means = [[0.3812, 0.3866, 0.2491], [0.3843, 0.3866, 0.2592], [0.3399, 0.3802, 0.2753], [0.3079, 0.3137, 0.2014]]
    assert torch.allclose(train.images.images.mean((2, 3)), torch.tensor(means), atol=3e-4)
    assert train.parts[2].tolist() == [11, 28, 26, 43]


def test_training_and_test_have_no_picture_in_common(some):
    far = (some.train.images.images[:64] - some.test.images.images).abs().flatten(1).mean(1)
    assert float(far.min()) > 0.02


def test_the_telling_part_has_the_colour_of_the_species(some):
    assert torch.equal(some.train.scales, torch.tensor([PARTS.index(FAMILIES[y // SPECIES].part)
                                                        for y in some.train.images.labels.tolist()]))  # fmt: skip
    telling = some.train.kinds.gather(1, some.train.scales[:, None])[:, 0]
    assert torch.equal(telling, some.train.images.labels % SPECIES)


def test_other_parts_tell_nothing(some):
    for part in range(len(PARTS)):
        kinds = some.train.kinds[some.train.scales != part][:, part]
        assert torch.bincount(kinds, minlength=SPECIES).min() > 0.1 * len(kinds)


def test_the_part_is_painted_where_its_box_is(some):
    """In the middle of a breast, the pixel's colour is nearest to that of the species; and far off it is not."""
    train = some.train
    chosen = (train.scales == 0).nonzero().flatten()
    pixels = torch.tensor(COLOURS)
    hits = []
    for index in chosen.tolist():
        left, top, right, bottom = train.parts[index].long().tolist()
        inside = train.images.images[index, :, top:bottom, left:right].flatten(1).T
        near = torch.cdist(inside, pixels)
        hits.append(
            bool((near.argmin(1) == train.images.labels[index] % SPECIES)[near.amin(1) < 0.3].float().mean() > 0.5)
        )
    assert sum(hits) / len(hits) > 0.9


def test_parts_are_large_medium_small_tiny(some):
    box = some.train.parts
    area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    sizes = [float(area[some.train.scales == scale].nanmean()) for scale in range(4)]
    assert sizes[0] > 2 * sizes[1] and sizes[2] > 2 * sizes[3] and min(sizes[:2]) > max(sizes[3:])


def test_parts_are_in_creatures_and_creatures_in_pictures(some):
    part, whole = some.train.parts, some.train.creatures
    seen = ~part.isnan().any(1)
    assert float(seen.float().mean()) > 0.9
    assert bool((part[seen, :2] >= whole[seen, :2]).all()) and bool((part[seen, 2:] <= whole[seen, 2:]).all())
    assert bool((whole >= 0).all()) and bool((whole <= 64).all())


def test_strangers_are_other_shapes_of_every_part():
    families = strangers(8, seed=3)
    assert [each.part for each in families] == [*PARTS, *PARTS] and len({each.body for each in families}) == 8
    assert not {each.body for each in families} & {each.body for each in FAMILIES} and families == strangers(8, seed=3)


@pytest.mark.parametrize("wrong", [{"train": 0}, {"side": 0}, {"families": ()}])
def test_nothing_to_draw(wrong):
    with pytest.raises(InputError, match=r"creatures: .*give numbers from 1"):
        creatures.load(**wrong)


def grid(side=40):
    axis = (torch.arange(side) + 0.5) / side * 2 - 1
    return torch.stack((axis.expand(side, side), axis[:, None].expand(side, side)), dim=-1)[None]


def test_areas_of_shapes_are_those_of_geometry():
    pixels = torch.tensor([20.0])
    round_ = cover(ellipse(grid(), torch.zeros(1, 2), torch.tensor([[0.6, 0.3]]), torch.tensor([0.4])), pixels)
    assert float(round_.sum()) == pytest.approx(torch.pi * 0.6 * 0.3 * 400, rel=0.02)
    stroke = capsule(grid(), torch.tensor([[-0.5, 0.0]]), torch.tensor([[0.5, 0.0]]), torch.tensor([[0.2, 0.2]]))
    assert float(cover(stroke, pixels).sum()) == pytest.approx((0.4 + torch.pi * 0.04) * 400, rel=0.02)


def test_boxes_of_ink():
    ink = torch.zeros(2, 5, 6)
    ink[0, 1:3, 2:5] = 1.0
    assert boxes_of(ink)[0].tolist() == [2, 1, 5, 3] and bool(boxes_of(ink)[1].isnan().all())
