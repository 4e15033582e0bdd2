"""MViTv2: published sizes, attention beside a slow oracle, and the names of public checkpoints."""

import copy
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode

from picojoule.base.errors import InputError, WeightsError
from picojoule.engines.unfused import unfused
from picojoule.measurement import count_module
from picojoule.models.vision.m2former import Design, M2Former
from picojoule.models.vision.mvit import SIZES, MViT, MViTClassifier, Size
from picojoule.models.vision.mvit.attention import PoolingAttention, distances
from picojoule.models.vision.mvit.checkpoints import load_backbone, renamed

SMALL = Size(depths=(1, 2, 1, 1), width=8)
PIXELS = 64

PUBLISHED = {
    ("tiny", False, 1000): 24.17,
    ("small", False, 1000): 34.87,
    ("base", False, 1000): 51.47,
    ("base", True, 19168): 65.44,
}
"""Millions of parameters, as timm 1.0 lists them."""


@pytest.mark.parametrize(("which", "millions"), PUBLISHED.items(), ids=str)
def test_sizes_are_the_published_ones(which, millions):
    name, token, classes = which
    with torch.device("meta"):
        model = MViTClassifier(MViT(replace(SIZES[name], class_token=token)), classes)
    assert round(sum(each.numel() for each in model.parameters()) / 1e6, 2) == millions


def test_stages_halve_the_grid_and_double_the_channels():
    with torch.device("meta"):
        stages = MViT(SIZES["base"], pixels=448)(torch.empty(1, 3, 448, 448))
    assert [tuple(each.tokens.shape[1:]) for each in stages] == [(12544, 96), (3136, 192), (784, 384), (196, 768)]
    assert [each.token.shape[1] for each in stages] == [96, 192, 384, 768]


def test_taps_are_the_ends_of_stages():
    assert SIZES["base"].taps == (1, 4, 20, 23)


def slow_attention(module, x):
    """The equations, head by head, query by query, key by key."""
    (of_q, of_k), first, width = module.grids, module.first, module.mix.in_features // module.heads
    projected = module.qkv(x).unflatten(2, (3, module.heads, width))
    out = torch.zeros(len(x), first + of_q**2, module.heads, width)
    for b in range(len(x)):
        for head in range(module.heads):
            q, k, v = (pooled(module, name, projected[b, :, n, head]) for n, name in enumerate("qkv"))
            scores = q @ k.T / width**0.5
            for i in range(of_q**2):
                for j in range(of_k**2):
                    up, right = (place(i, of_q, axis) - place(j, of_k, axis) * of_q / of_k for axis in (0, 1))
                    middle = (of_k - 1) * of_q / of_k
                    bias = module.rel_h[int(up + middle)] + module.rel_w[int(right + middle)]
                    scores[first + i, first + j] += q[first + i] @ bias
            out[b, :, head] = scores.softmax(-1) @ v + q
    return module.mix(out.flatten(2))


def place(index, side, axis):
    return (index // side, index % side)[axis]


def pooled(module, name, x):
    """One head's tokens: the grid through the convolution by a plain loop, the class token past it."""
    first, (side, weight) = (
        module.first,
        (round((len(x) - module.first) ** 0.5), getattr(module, f"pool_{name}").weight),
    )
    step = getattr(module, f"pool_{name}").stride[0]
    grid = torch.nn.functional.pad(x[first:].T.unflatten(1, (side, side)), (1, 1, 1, 1))
    small = -(-side // step)
    done = torch.zeros(small * small, len(weight))
    for row in range(small):
        for column in range(small):
            window = grid[:, row * step : row * step + 3, column * step : column * step + 3]
            done[row * small + column] = (window * weight[:, 0]).sum((1, 2))
    return getattr(module, f"norm_{name}")(torch.cat((x[:first], done)))


@pytest.mark.parametrize("token", [True, False])
@pytest.mark.parametrize("stride", [1, 2])
def test_pooling_attention_is_its_equation(token, stride):
    torch.manual_seed(0)
    module = PoolingAttention(6, 8, 2, 4, stride=stride, shrink=2, class_token=token)
    for parameter in module.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    x = torch.randn(2, 16 + token, 6)
    with torch.no_grad():
        assert torch.allclose(module(x), slow_attention(module, x), atol=1e-5)


def test_distances_are_of_the_finer_grid():
    assert distances(4, 2).tolist() == [[2, 0], [3, 1], [4, 2], [5, 3]]
    assert distances(2, 4).tolist() == [[3, 2, 1, 0], [5, 4, 3, 2]]


def test_what_the_class_token_attends_to_sums_to_one():
    torch.manual_seed(0)
    net, x = MViT(SMALL, pixels=PIXELS).eval(), torch.rand(2, 3, PIXELS, PIXELS)
    stages, seen = net.watched(x)
    assert all(torch.equal(*pair) for pair in zip(stages[3], net(x)[3], strict=True))
    assert [tuple(each.shape[1:]) for each in seen] == [(4, 4), (4, 4), (8, 8), (4, 4)]
    assert all(torch.allclose(each.sum((1, 2)), torch.ones(2)) for each in seen)


def test_drop_path_keeps_the_mean_and_is_off_in_evaluation():
    torch.manual_seed(0)
    block = MViT(SMALL, pixels=PIXELS, drop_path=0.4).blocks[-1]
    branch = torch.ones(4000, 1, 1)
    assert block.drop == pytest.approx(0.4)
    kept = block._sometimes(branch)
    assert float(kept.mean()) == pytest.approx(1, abs=0.05)
    assert kept.unique().tolist() == pytest.approx([0, 1 / 0.6])
    assert torch.equal(block.eval()._sometimes(branch), branch)


def test_pictures_of_another_size_are_refused():
    with pytest.raises(InputError, match=r"pictures of 100 pixels.*multiple of 32"):
        MViT(SMALL, pixels=100)
    with pytest.raises(InputError, match="for 64 pixels: pictures of 64×32 pixels"):
        MViT(SMALL, pixels=PIXELS)(torch.rand(1, 3, 32, 64))


def public(size, pixels, *, layout, classes=7):
    """A generated checkpoint with the names, shapes and extra entries of the public ones."""
    generator = torch.Generator().manual_seed(3)
    side, channels, found = pixels // size.stride, size.width, {}

    def add(name, *shape):
        found[name] = torch.randn(shape, generator=generator)

    add("patch_embed.proj.weight", channels, 3, size.kernel, size.kernel)
    add("patch_embed.proj.bias", channels)
    add("cls_token", 1, 1, channels)
    flat = 0
    for stage, depth in enumerate(size.depths):
        for number in range(depth):
            outputs, heads, step = size.width << stage, 1 << stage, 2 if stage and not number else 1
            block = f"blocks.{flat}" if layout == "original" else f"stages.{stage}.blocks.{number}"
            for part, shape in (("norm1", channels), ("norm2", outputs)):
                add(f"{block}.{part}.weight", shape), add(f"{block}.{part}.bias", shape)
            add(f"{block}.attn.qkv.weight", 3 * outputs, channels), add(f"{block}.attn.qkv.bias", 3 * outputs)
            add(f"{block}.attn.proj.weight", outputs, outputs), add(f"{block}.attn.proj.bias", outputs)
            head = outputs // heads
            for which in "qkv":
                add(f"{block}.attn.pool_{which}.weight", head, 1, 3, 3)
                add(f"{block}.attn.norm_{which}.weight", head), add(f"{block}.attn.norm_{which}.bias", head)
            rows = 2 * max(side // step, side // max(1, 4 >> stage)) - 1
            add(f"{block}.attn.rel_pos_h", rows, head), add(f"{block}.attn.rel_pos_w", rows, head)
            add(f"{block}.mlp.fc1.weight", 4 * outputs, outputs), add(f"{block}.mlp.fc1.bias", 4 * outputs)
            add(f"{block}.mlp.fc2.weight", outputs, 4 * outputs), add(f"{block}.mlp.fc2.bias", outputs)
            if channels != outputs:
                short = "proj" if layout == "original" else "shortcut_proj_attn"
                add(f"{block}.{short}.weight", outputs, channels), add(f"{block}.{short}.bias", outputs)
            channels, side, flat = outputs, side // step, flat + 1
    add("norm.weight", channels), add("norm.bias", channels)
    top = "head.projection" if layout == "original" else "head.fc"
    add(f"{top}.weight", classes, channels), add(f"{top}.bias", classes)
    return found


LAYOUTS = ["original", "timm"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["safetensors", "npz", "pyth"])
def test_public_checkpoints_fit(tmp_path, layout, kind):
    tensors, path = public(SMALL, PIXELS, layout=layout), tmp_path / f"mvit.{kind}"
    if kind == "npz":
        np.savez(path, **{name: each.numpy() for name, each in tensors.items()})
    elif kind == "pyth":
        torch.save({"model_state": tensors, "epoch": 3}, path)
    else:
        save_file(tensors, path)
    backbone = load_backbone(MViT(SMALL, pixels=PIXELS), path, trust_pickle=kind == "pyth")
    block = "blocks.3" if layout == "original" else "stages.2.blocks.0"
    for name, theirs in (
        ("patches.weight", "patch_embed.proj.weight"),
        ("token", "cls_token"),
        ("blocks.3.attention.qkv.bias", f"{block}.attn.qkv.bias"),
        ("blocks.3.attention.mix.weight", f"{block}.attn.proj.weight"),
        ("blocks.3.attention.pool_k.weight", f"{block}.attn.pool_k.weight"),
        ("blocks.3.attention.rel_w", f"{block}.attn.rel_pos_w"),
        ("blocks.3.down.weight", f"{block}.mlp.fc2.weight"),
        ("blocks.3.widen.weight", f"{block}.{'proj' if layout == 'original' else 'shortcut_proj_attn'}.weight"),
    ):
        assert torch.equal(backbone.state_dict()[name], tensors[theirs]), name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_name_of_the_base_size_is_known(layout):
    with torch.device("meta"):
        own = MViT(SIZES["base"]).state_dict()
    found = renamed(public(SIZES["base"], 224, layout=layout), SIZES["base"])
    assert {name: each.shape for name, each in found.items()} == {name: each.shape for name, each in own.items()}


@pytest.mark.parametrize("positions", ["interpolate", "reset"])
def test_pictures_of_another_size_need_other_positions(tmp_path, positions):
    tensors, path = public(SMALL, 128, layout="original"), tmp_path / "mvit.safetensors"
    save_file(tensors, path)
    with pytest.raises(WeightsError, match=r"mvit\.safetensors: .*rel_h.*positions='interpolate' or 'reset'"):
        load_backbone(MViT(SMALL, pixels=PIXELS), path)
    backbone = MViT(SMALL, pixels=PIXELS)
    fresh = backbone.blocks[0].attention.rel_h.clone()
    load_backbone(backbone, path, positions=positions)
    table, theirs = backbone.blocks[0].attention.rel_h, tensors["blocks.0.attn.rel_pos_h"]
    assert torch.equal(table, fresh) == (positions == "reset")
    if positions == "interpolate":
        assert len(theirs) == 63 and len(table) == 31
        assert torch.allclose(table[[0, 15, 30]], theirs[[0, 31, 62]], atol=1e-6)


def spoiled(tensors, how):
    if how == "another size":
        return {**tensors, "blocks.5.norm1.weight": torch.zeros(8)}
    if how == "no class token":
        return {name: each for name, each in tensors.items() if name != "cls_token"}
    if how == "not finite":
        return {**tensors, "patch_embed.proj.bias": torch.full((8,), float("nan"))}
    return {re.sub("attn", "attention_of_ours", name): each for name, each in tensors.items()}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("another size", r"1 unexpected \(blocks\.5\.norm1\.weight\).*with 5 blocks"),
        ("no class token", r"1 missing \(token\).*with a class token if the network has one"),
        ("not finite", r"'patches\.bias' has 8 weights that are not finite"),
        ("another network", r"missing \(.*unexpected \("),
    ],
)
def test_a_wrong_checkpoint_is_named_and_changes_nothing(tmp_path, how, message):
    path = tmp_path / "wrong.safetensors"
    save_file(spoiled(public(SMALL, PIXELS, layout="original"), how), path)
    backbone = MViT(SMALL, pixels=PIXELS)
    before = {name: each.clone() for name, each in backbone.state_dict().items()}
    with pytest.raises(WeightsError, match=rf"wrong\.safetensors: .*{message}"):
        load_backbone(backbone, path)
    assert all(torch.equal(each, before[name]) for name, each in backbone.state_dict().items())


def test_the_size_that_would_fit_is_named(tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_file({f"blocks.{number}.norm1.weight": torch.zeros(96) for number in range(10)}, path)
    with torch.device("meta"):
        backbone = MViT(SIZES["base"])
    with pytest.raises(WeightsError, match="with 24 blocks; its 10 blocks are those of tiny"):
        load_backbone(backbone, path)


def macs(model, pixels):
    """Half of what torch's own counter finds, attention taken apart, without computing anything."""
    with torch.no_grad(), unfused(), FlopCounterMode(display=False) as found:
        model.eval()(torch.empty(1, 3, pixels, pixels, device="meta"))
    return found.get_total_flops() / 2


@pytest.mark.parametrize(("name", "billions"), [("tiny", 4.7), ("small", 7.0), ("base", 10.2)])
def test_macs_are_the_published_ones(name, billions):
    with torch.device("meta"):
        model = MViTClassifier(MViT(replace(SIZES[name], class_token=False)), 1000)
    assert macs(model, 224) / 1e9 == pytest.approx(billions, rel=0.015)


def test_our_counter_finds_the_same():
    model = MViTClassifier(MViT(SMALL, pixels=PIXELS), 5)
    due = macs(copy.deepcopy(model).to("meta"), PIXELS)
    assert count_module(model, torch.rand(1, 3, PIXELS, PIXELS)).total("macs") == due


def test_m2former_adds_less_than_a_hundredth_to_its_backbone_at_448_pixels():
    with torch.device("meta"):
        backbone = MViT(SIZES["base"], pixels=448)
        plain, whole = MViTClassifier(backbone, 200), M2Former(backbone, 200, Design())
    assert macs(plain, 448) == pytest.approx(54.85e9, rel=1e-3)
    assert 1 < macs(whole, 448) / macs(plain, 448) < 1.01
