"""The recipe's parts: what is compared, on which pictures, and claims that can fail."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from picojoule.base.errors import InputError, WeightsError
from picojoule.measurement import count_module
from picojoule.models.vision.m2former import Design, M2Former
from picojoule.models.vision.mvit import SIZES, MViT
from picojoule.models.vision.small import small_mvit, small_pyramid, start
from picojoule.recipes import m2former
from picojoule.recipes.m2former import conditions, tables
from picojoule.recipes.m2former.claims import claims
from picojoule.recipes.m2former.conditions import ABLATIONS, FULL, ORDERED, PLANS, PYRAMID, QUICK, SINGLE, TOKEN
from picojoule.recipes.m2former.material import gather
from picojoule.recipes.m2former.networks import Trained, limits, make, with_design
from picojoule.recipes.settings import Settings

SMOKE = Settings(mode="smoke")


def test_arms_are_apart_and_change_one_thing():
    names = [arm.name for arm in (*QUICK, *ABLATIONS)]
    assert len(set(names)) == len(names)
    base = PLANS["quick"].design
    for arm in (*ABLATIONS, *SINGLE):
        names, design = Design.__dataclass_fields__, arm.design(base)
        assert sum(getattr(design, name) != getattr(base, name) for name in names) == 1, arm.name
    assert FULL.design(base) == base and ABLATIONS[6].design(base).kept == (14, 4, 2, 1)


def test_the_full_mode_is_the_released_setting():
    plan = PLANS["full"]
    assert (plan.size, plan.pixels, plan.design) == (SIZES["base"], 448, Design())
    assert (plan.steps, plan.batch, plan.rate, plan.decay, plan.rise, plan.adam) == (10_000, 16, 0.03, 0.0, 0.05, False)
    assert plan.passes(374) == 27


def test_full_needs_data():
    with pytest.raises(InputError, match=r"the full mode has no data.*CUB-200-2011"):
        m2former.build(Settings(mode="full"))


def birds(root: Path) -> Path:
    lines = {name: [] for name in ("images", "image_class_labels", "train_test_split")}
    for number in range(12):
        path = root / "images" / f"{number % 3}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (70 + number, 90, 3), np.uint8)).save(path)
        for name, value in zip(lines, (f"{number % 3}/{number}.png", number % 3, int(number < 9)), strict=True):
            lines[name].append(f"{number} {value}")
    for name, content in lines.items():
        (root / f"{name}.txt").write_text("\n".join(content))
    return root


def test_the_first_steps_of_the_full_mode(tmp_path):
    """The released optimiser on listed files of unequal sizes, from a checkpoint for other pictures."""
    plan = replace(
        PLANS["full"], size=SIZES["mini"], pixels=64, design=conditions.SMALL, steps=2, batch=4, arms=(TOKEN, FULL)
    )
    weights, given = tmp_path / "mvit.safetensors", MViT(SIZES["mini"], pixels=128).state_dict()
    save_file(given, weights)
    settings = Settings(mode="full", data=str(birds(tmp_path / "birds")), weights=weights, batch=2)
    result = m2former.run(settings, plan)
    assert [row.system for row in result.rows] == ["ann fp32", "m2former"]
    assert result.data["train"] == 9 and {claim.status for claim in result.claims} >= {"not-tried"}
    with pytest.raises(WeightsError, match=r"mvit\.safetensors"):
        m2former.run(settings, replace(plan, size=SIZES["tiny"]))


def test_pictures_in_memory_are_brought_to_the_size(tmp_path):
    np.savez(tmp_path / "some.npz", x=np.zeros((20, 10, 12, 1), np.uint8), y=np.arange(20) % 2)
    material = gather(Settings(data=str(tmp_path / "some.npz"), limit=3), PLANS["quick"])
    assert material.train.pick(torch.tensor([0]))[0].shape == (1, 3, 64, 64)
    assert len(material.test) == 3 and material.classes == ("0", "1") and material.sightings is None


def test_all_arms_start_from_the_same_weights():
    plan = PLANS["quick"]
    bodies = [make(arm, 16, plan, Settings()).state_dict() for arm in (FULL, ORDERED, SINGLE[3])]
    for name, each in bodies[0].items():
        if name.startswith("backbone."):
            assert all(torch.equal(each, other[name]) for other in bodies[1:])
    token = make(TOKEN, 16, plan, Settings()).state_dict()
    assert torch.equal(token["inner.backbone.patches.weight"], bodies[0]["backbone.patches.weight"])


def test_the_convolutional_network_has_about_the_same_macs():
    plan, x = PLANS["quick"], torch.rand(1, 3, 64, 64)
    macs = [count_module(make(arm, 16, plan, Settings()), x).total("macs") for arm in (FULL, PYRAMID)]
    assert macs[1] == pytest.approx(macs[0], rel=0.05)


def test_weights_of_another_file_are_named(tmp_path):
    save_file({"other": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"other\.safetensors: it has no weights of the MViT"):
        start(small_mvit(), "mvit", tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="it has no weights of the Pyramid"):
        start(small_pyramid(3), "pyramid", tmp_path / "other.safetensors")


def test_patches_on_boxes_by_brute_force():
    boxes = torch.tensor([[10.0, 0.0, 40.0, 20.0], [0.0, 0.0, 64.0, 64.0]])
    found = tables.on_boxes(4, 64, boxes)
    for picture, (left, top, right, bottom) in enumerate(boxes.tolist()):
        for place in range(16):
            x, y = place % 4 * 16 + 8, place // 4 * 16 + 8
            assert bool(found[picture, place]) == (left <= x < right and top <= y < bottom)


@pytest.fixture(scope="module")
def small():
    """An untrained M2Former of each kind and what it says."""
    plan = PLANS["smoke"]
    material = gather(SMOKE, plan)
    done = {}
    for arm in (FULL, ORDERED):
        model = make(arm, 16, plan, SMOKE).eval()
        x, labels = material.test.pick(torch.arange(len(material.test)))
        with torch.no_grad():
            answers = model(x).softmax(-1)
        done[arm] = Trained(arm=arm, model=model, answers=answers, labels=labels)
    return plan, material, done


def test_curves_end_where_the_whole_network_is(small):
    plan, material, done = small
    exits = tables.of_exits(done[ORDERED], material, SMOKE)
    assert exits[max(exits)] == pytest.approx(done[ORDERED].accuracy)
    patches = tables.of_patches(done[FULL], material, plan, SMOKE)
    macs = tables.counts_of(done[FULL].model, material, "cpu").per_sample("macs")
    assert (
        patches[macs] == pytest.approx(done[FULL].accuracy) and len(patches) == 5 and min(patches) < macs < max(patches)
    )


def test_other_numbers_of_patches_share_the_weights(small):
    plan, _, done = small
    model = done[FULL].model
    other = with_design(model, replace(model.design, kept=(1, 1, 1, 1)))
    assert isinstance(other, M2Former) and other.head is model.head and model.design == plan.design
    assert limits(plan) == (256, 64, 16, 4)


def judged(material, **accuracy):
    """Claims of systems that are right on so large a share, more for the M2Former where `small` says so."""
    n = len(material.labels)
    done = {}
    for arm, name in ((TOKEN, "token"), (PYRAMID, "cnn"), (SINGLE[3], "single"), (FULL, "full")):
        right = torch.arange(n) % 10 < 10 * accuracy.get(name, 0.5)
        if name == "full" and "small" in accuracy:
            right = torch.where(material.sightings.scales >= 2, torch.ones(n, dtype=torch.bool), right)
        told = torch.nn.functional.one_hot(torch.where(right, material.labels, (material.labels + 1) % 16), 16)
        known = {"arm": arm, "model": torch.nn.Identity(), "labels": material.labels}
        done[arm] = Trained(answers=told[None].float(), **known)
    return {claim.id: claim.status for claim in claims(done, material)}


@pytest.fixture(scope="module")
def many():
    return gather(Settings(limit=400), replace(PLANS["quick"], train=16))


@pytest.mark.parametrize(
    ("accuracy", "claim", "status"),
    [
        ({"full": 0.8}, "beats-single-scale", "reached"),
        ({"full": 0.8, "single": 0.8}, "beats-single-scale", "not-reached"),
        ({"full": 0.8, "cnn": 0.9}, "beats-cnn", "not-reached"),
        ({"full": 0.8}, "beats-class-token", "reached"),
        ({"full": 0.8}, "small-and-large-alike", "reached"),
        ({"full": 0.5}, "small-and-large-alike", "not-reached"),
        ({"full": 0.5, "small": 1}, "most-on-small-parts", "reached"),
        ({"full": 0.8}, "most-on-small-parts", "not-reached"),
        ({"full": 0.8}, "tokens-at-448", "reached"),
        ({"full": 0.8}, "accuracy-nabirds", "not-tried"),
    ],
)
def test_claims_can_fail(many, accuracy, claim, status):
    assert judged(many, **accuracy)[claim] == status
