"""M2Former: tokens at 448 pixels, every part beside plain arithmetic, every switch, early exit."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from picojoule.base.errors import InputError
from picojoule.models.vision.m2former import Design, M2Former, answer, exits
from picojoule.models.vision.m2former.crossing import ChannelAttention, SpatialAttention
from picojoule.models.vision.m2former.selection import SCORES, merged, select
from picojoule.models.vision.mvit import SIZES, MViT, Size

SIZE = Size(depths=(1, 1, 1, 1), width=8)
DESIGN = Design(kept=(12, 5, 3, 1), merge=1, width=16, heads=2)
ORDERED = replace(DESIGN, ordered=True, transfer=False)
SWITCHED = {
    "full": DESIGN,
    "ordered": ORDERED,
    **{f"stage {stage + 1} alone": replace(DESIGN, scales=(stage,)) for stage in range(4)},
    "own class tokens": replace(DESIGN, transfer=False),
    "no channel gates": replace(DESIGN, channel=False),
    "no spatial attention": replace(DESIGN, spatial=False),
    "neither": replace(DESIGN, channel=False, spatial=False),
    **{score: replace(DESIGN, score=score) for score in ("norm", "attention", "random")},
    "merged": replace(DESIGN, merge=2, kept=(9, 3, 1, 1)),
}


def model(design=DESIGN, classes=5):
    torch.manual_seed(0)
    return M2Former(MViT(SIZE, pixels=64), classes, design).eval()


def pictures(count=3):
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_tokens_at_448_pixels():
    with torch.device("meta"):
        large = M2Former(MViT(SIZES["base"], pixels=448), 200, Design())
        chosen = large.selected(torch.empty(1, 3, 448, 448))
    assert Design().tokens == (163, 55, 19, 7) and sum(Design().tokens) == 244
    assert [1 + each.patches.shape[1] for each in chosen] == [163, 55, 19, 7]
    assert [each.patches.shape[2] for each in chosen] == [96, 192, 384, 768]


def test_parameters_of_the_base_size():
    with torch.device("meta"):
        large = M2Former(MViT(SIZES["base"], pixels=448), 200, Design())
    count = {name: sum(each.numel() for each in part.parameters()) for name, part in large.named_children()}
    assert 50e6 < count["backbone"] < 52e6
    assert sum(count.values()) == sum(each.numel() for each in large.parameters())
    assert [large.transfer[name][0].out_features for name in "210"] == [768, 384, 192]
    assert [large.transfer[name][3].out_features for name in "210"] == [384, 192, 96]
    assert [large.channel.gates[0][at].out_features for at in (0, 3)] == [720, 1440]
    assert large.head.in_features == 1440


@pytest.mark.parametrize("name", SWITCHED)
def test_every_switch_gives_logits_and_gradients(name):
    design = SWITCHED[name]
    net = model(design).train()
    logits = net(pictures())
    assert logits.shape == (len(design.scales) + (len(design.scales) > 1), 3, 5) == (len(design.of_heads), 3, 5)
    logits.square().sum().backward()
    assert net.backbone.patches.weight.grad.abs().sum() > 0
    lacking = [key for key, each in net.named_parameters() if each.grad is None and not key.startswith("backbone")]
    assert not lacking


def test_a_switched_off_part_has_no_weights():
    def names(design):
        return {name.split(".")[0] for name, _ in model(design).named_parameters()}

    whole = names(DESIGN)
    for part, design in (
        ("transfer", replace(DESIGN, transfer=False)),
        ("channel", replace(DESIGN, channel=False)),
        ("spatial", replace(DESIGN, spatial=False)),
        ("head", replace(DESIGN, scales=(3,))),
    ):
        assert whole - names(design) >= {part}


def test_merging_is_the_mean_of_squares():
    tokens = torch.arange(16.0).view(1, 16, 1)
    assert merged(tokens, 2).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert merged(tokens, 1) is tokens


def test_the_patches_with_the_largest_means_are_kept_in_order():
    patches = torch.randn(2, 9, 4, generator=torch.Generator().manual_seed(0))
    kept = select(patches, SCORES["mean"](patches, None), 3)
    for sample in range(2):
        due = sorted(range(9), key=lambda at: -float(patches[sample, at].sum()))[:3]
        assert kept.places[sample].tolist() == due
        assert torch.equal(kept.patches[sample], patches[sample, due])


def test_scores_differ_and_chance_repeats_in_evaluation():
    patches = torch.randn(2, 16, 4, generator=torch.Generator().manual_seed(0))
    attention = torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(SCORES["norm"](patches, None), patches.square().sum(2).sqrt())
    assert torch.equal(SCORES["attention"](patches, attention), attention.flatten(1))
    with torch.no_grad():
        assert torch.equal(SCORES["random"](patches, None), SCORES["random"](patches, None))
    assert not torch.equal(SCORES["random"](patches, None), SCORES["random"](patches, None))


def test_more_patches_than_there_are():
    with pytest.raises(InputError, match="17 patches to keep of 16"):
        select(torch.zeros(1, 16, 2), torch.zeros(1, 16), 17)


def test_channel_gates_are_their_equation():
    torch.manual_seed(0)
    gates = ChannelAttention((2, 4), together=True).eval()
    scales = [torch.randn(3, 5, 2), torch.randn(3, 7, 4)]
    means = torch.cat([each.mean(1) for each in scales], dim=1)
    first, norm, _, last = gates.gates[0]
    assert (first.out_features, last.out_features) == (3, 6)
    w = torch.sigmoid(last(torch.relu(norm(first(means)))))
    for found, each, weight in zip(gates(scales), scales, w.split([2, 4], dim=1), strict=True):
        assert torch.allclose(found, each * (1 + weight[:, None]), atol=1e-6)


@pytest.mark.parametrize("ordered", [False, True])
def test_attention_across_scales_is_its_equation(ordered):
    torch.manual_seed(0)
    layer, widths = SpatialAttention((2, 4), 6, 3), (2, 4)
    scales = [torch.randn(2, 5, 2), torch.randn(2, 7, 4)]
    projected = [layer.qkv[i](layer.norms[i](scales[i])).chunk(3, dim=2) for i in range(2)]
    for i, found in enumerate(layer(scales, ordered=ordered)):
        seen = range(i + 1) if ordered else range(2)
        k, v = (torch.cat([projected[j][which] for j in seen], dim=1) for which in (1, 2))
        heads = []
        for head in range(3):
            part = slice(2 * head, 2 * head + 2)
            scores = projected[i][0][:, :, part] @ k[:, :, part].transpose(1, 2) / 2**0.5
            heads.append(scores.softmax(-1) @ v[:, :, part])
        x = scales[i] + layer.mix[i](torch.cat(heads, dim=2))
        assert torch.allclose(found, x + layer.mlps[i](x), atol=1e-5) and found.shape[2] == widths[i]


def test_the_answer_is_the_sum_of_five_softmaxes():
    logits = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(0))
    due = sum(torch.softmax(each, dim=1) for each in logits)
    assert torch.allclose(answer(logits), due) and torch.allclose(answer(logits).sum(1), torch.full((4,), 5.0))


def test_only_kept_patches_and_class_tokens_reach_the_answer():
    """A patch that is not kept gets no gradient from its own stage's head."""
    net = model(replace(DESIGN, scales=(3,)))
    tokens = torch.randn(1, 4, 64, requires_grad=True)
    chosen = net.chosen(3, tokens)
    chosen.patches.sum().backward()
    reached = tokens.grad.abs().sum(2)[0] > 0
    assert reached.nonzero().flatten().tolist() == sorted(chosen.places[0].tolist())


def test_an_ordered_scale_knows_nothing_of_later_ones():
    net, x = model(ORDERED), pictures()
    with torch.no_grad():
        before = net(x)
        for parameter in net.backbone.blocks[2].parameters():
            parameter.add_(0.3)
        after = net(x)
    assert torch.equal(before[:2], after[:2])
    assert not any(torch.allclose(*pair) for pair in zip(before[2:], after[2:], strict=True))


def test_in_the_published_design_every_head_depends_on_the_last_stage():
    net, x = model(DESIGN), pictures()
    with torch.no_grad():
        before = net(x)
        net.backbone.blocks[3].down.bias.add_(torch.arange(64.0))
        assert not any(torch.allclose(*pair) for pair in zip(before, net(x), strict=True))


@pytest.mark.parametrize("design", [ORDERED, replace(ORDERED, channel=False), replace(ORDERED, spatial=False)])
def test_without_confidence_early_exit_is_the_whole_model(design):
    net, x = model(design), pictures()
    with torch.no_grad():
        due = answer(net(x)) / 5
    left = exits.run(net, x, sure=1.1)
    assert torch.allclose(left.answers, due, atol=1e-6) and left.after.tolist() == [3, 3, 3]


def test_samples_that_are_sure_leave_and_the_others_go_on_unchanged():
    net, x = model(ORDERED), pictures(6)
    whole = exits.run(net, x, sure=1.1)
    with torch.no_grad():
        first = net(x)[0].softmax(-1)
    sure = float(first.amax(1).sort().values[3])
    left = exits.run(net, x, sure=sure)
    gone = first.amax(1) >= sure
    assert torch.equal(left.after == 0, gone) and 0 < int(gone.sum()) < 6
    assert torch.allclose(left.answers[gone], first[gone], atol=1e-6)
    stayed = left.after == 3
    assert torch.allclose(left.answers[stayed], whole.answers[stayed], atol=1e-6)


def test_later_stages_never_see_those_who_left(monkeypatch):
    net, seen = model(ORDERED), []
    stage = MViT.stage
    monkeypatch.setattr(MViT, "stage", lambda self, number, x: seen.append((number, len(x))) or stage(self, number, x))
    assert exits.run(net, pictures(4), sure=0.0).after.tolist() == [0] * 4
    assert seen == [(0, 4)]


def test_early_exit_needs_an_ordered_design():
    with pytest.raises(InputError, match=r"its scales see later ones.*ordered=True"):
        exits.run(model(), pictures(), sure=0.5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scales": ()}, r"scales \(\)"),
        ({"scales": (2, 1)}, r"scales \(2, 1\)"),
        ({"scales": (0, 4)}, r"scales \(0, 4\)"),
        ({"kept": (1, 1, 1, 0)}, "kept"),
        ({"heads": 3, "width": 16}, "multiple of the heads"),
        ({"score": "best"}, "a score 'best'"),
        ({"ordered": True}, "set transfer=False"),
        ({"peaks": (0.6, 0.7, 0.8, 0.9, 1.1)}, "peaks"),
    ],
)
def test_impossible_designs(wrong, message):
    with pytest.raises(InputError, match=message):
        Design(**wrong)


def test_a_backbone_without_a_class_token_is_refused():
    with pytest.raises(InputError, match="no class token"):
        M2Former(MViT(replace(SIZE, class_token=False), pixels=64), 5, DESIGN)


def test_class_token_transfer_is_linear_norm_relu_linear():
    kinds = [type(each) for each in model().transfer["0"]]
    assert kinds == [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Linear] and "3" not in model().transfer


FORWARD = """
import resource, torch
from picojoule.models.vision.m2former import Design, M2Former, answer
from picojoule.models.vision.mvit import SIZES, MViT
torch.set_num_threads(1)
model = M2Former(MViT(SIZES["base"], pixels=448), 200, Design()).eval()
with torch.no_grad():
    assert answer(model(torch.rand(1, 3, 448, 448))).shape == (1, 200)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


@pytest.mark.slow
def test_the_base_size_at_448_pixels_needs_less_than_two_gib():
    done = subprocess.run([sys.executable, "-c", FORWARD], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 2
