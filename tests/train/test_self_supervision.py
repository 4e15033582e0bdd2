"""Losses against their equations, targets that follow, and which gradient reaches what in SimFLE."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.functional import kl_div

from picojoule.base.errors import InputError
from picojoule.data.vision import Images
from picojoule.models.vision.channel_groups import ChannelGroups
from picojoule.models.vision.masked_autoencoder import MaskedAutoencoder
from picojoule.models.vision.resnet import ResNet
from picojoule.train import Shuffled, checkpoint, fit
from picojoule.train.augment import RandomFlip
from picojoule.train.self_supervision import (
    Byol,
    Choices,
    SimFLE,
    Target,
    Views,
    agreement,
    block_target,
    grouping,
    head,
    masked_error,
    normalised_patches,
    objective,
    regression,
    similarity,
)

PARTS = ("views", "rebuilding", "agreement", "grouping")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def whole(**choices) -> SimFLE:
    torch.manual_seed(0)
    # not narrower: oneDNN of torch 2.13 on AVX2 breaks the heap in the weights' gradient of 1×1 stride 2 of 7 channels
    network = ResNet(8, 3, small=True, stride=2, widths=(8, 16, 32))
    size = {"size": 28, "patch": 4, "width": 16, "depth": 2, "heads": 2}
    autoencoder = MaskedAutoencoder(**size, decoder_width=8, decoder_depth=1, decoder_heads=2)
    return SimFLE(network, autoencoder, choices=Choices(**({"groups": 4} | choices)), hidden=16, outputs=8)


def views(b: int = 6) -> torch.Tensor:
    return torch.rand(b, 3, 3, 28, 28, generator=seeded(1))


def reached(model: SimFLE, loss: torch.Tensor) -> set[str]:
    """Parts of the model in which a parameter gets a gradient that is not zero."""
    named = dict(model.named_parameters())
    gradients = torch.autograd.grad(
        loss, [each for each in named.values() if each.requires_grad], retain_graph=True, allow_unused=True
    )
    learning = [name for name, each in named.items() if each.requires_grad]
    found = [name for name, g in zip(learning, gradients, strict=True) if g is not None and bool(g.any())]
    return {"backbone" if name.startswith("byol.backbone") else name.split(".")[0] for name in found}


def test_gradients_are_those_of_the_released_code():
    """Of what happens to the plain picture only the distillation reaches the backbone."""
    model = whole()
    model.train()
    terms = dict(zip(PARTS, model(views()), strict=True))
    assert reached(model, terms["rebuilding"]) == {"autoencoder"}
    assert reached(model, terms["grouping"]) == {"groups"}
    assert reached(model, terms["agreement"]) == {"backbone", "global_head", "fine_head", "autoencoder"}
    assert "backbone" in reached(model, terms["views"]) and "autoencoder" not in reached(model, terms["views"])


def test_opened_it_is_another_method():
    """The broken twin of the test above: without the detach, rebuilding reaches groups and backbone."""
    model = whole(opened=True)
    assert reached(model, model(views()).rebuilding) == {"autoencoder", "groups", "backbone"}


def test_the_target_never_receives_a_gradient():
    model = whole()
    objective(model, views(), torch.zeros(6)).backward()
    assert all(each.grad is None and not each.requires_grad for each in model.byol.target.parameters())
    assert any(each.grad is not None for each in model.byol.backbone.parameters())


@pytest.mark.parametrize(("ratio", "kept"), [(0.75, 12), (0.5, 24), (0.9, 4)])
def test_kept_patches_of_forty_nine(ratio, kept):
    model = whole(ratio=ratio)
    assert model.mask(views()[:, 0]).kept.shape == (6, kept)


def test_the_lowest_are_not_the_highest():
    high, low = whole(), whole(keep="low")
    low.load_state_dict(high.state_dict())
    group = torch.zeros(6, dtype=torch.long)
    x = views()[:, 0]
    one, other = (m.choose(m.groups(m.backbone.maps(x)), group) for m in (high.eval(), low.eval()))
    assert torch.equal(one.scores, other.scores)
    for k in range(6):
        assert one.scores[k, one.kept[k]].min() >= one.scores[k, other.kept[k]].max()


@pytest.mark.parametrize(
    ("choices", "present"),
    [
        ({}, PARTS),
        ({"rebuild": False}, ("views",)),
        ({"views": False, "mask": "random", "alpha": 0.0}, ("rebuilding",)),
        ({"mask": "random"}, ("views", "rebuilding", "agreement")),
        ({"beta": 0.0}, ("views", "rebuilding", "agreement")),
    ],
)
def test_parts_can_be_left_out(choices, present):
    terms = dict(zip(PARTS, whole(**choices)(views()), strict=True))
    assert {name for name, value in terms.items() if value.detach() != 0} == set(present)


def test_the_objective_is_the_weighted_sum():
    model, same = whole(alpha=0.3, beta=0.03), whole(alpha=0.3, beta=0.03)
    torch.manual_seed(5)
    total = objective(model, views(), torch.zeros(6))
    torch.manual_seed(5)
    s, r, d, g = (each.detach() for each in same(views()))
    assert float(total.detach()) == pytest.approx(float(s + r + 0.3 * d + 0.03 * g), rel=1e-5)


def test_larger_pictures_are_brought_to_the_autoencoders_size():
    model = whole()
    large = torch.rand(4, 3, 3, 56, 56, generator=seeded(2))
    assert model.autoencoder.sized(large[:, 0]).shape[-1] == 28
    assert all(torch.isfinite(each) for each in model(large))


def test_neither_half():
    with pytest.raises(InputError, match="neither views nor rebuilding"):
        Choices(views=False, rebuild=False)
    with pytest.raises(InputError, match="a mask ratio of 1"):
        Choices(ratio=1.0)


# targets and views


def test_a_target_follows_and_keeps_its_statistics():
    online = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    target = Target(online, momentum=0.9)
    before = online[0].weight.detach().clone()
    with torch.no_grad():
        online[0].weight += 1.0
        online[1].running_mean += 5.0
    target.follow(online)
    assert torch.allclose(target.inner[0].weight, before + 0.1)
    assert float(target.inner[1].running_mean.abs().max()) == 0
    assert not target(torch.rand(2, 3)).requires_grad


def test_a_momentum_outside():
    with pytest.raises(InputError, match="a momentum of 1"):
        Target(nn.Linear(1, 1), momentum=1.5)


def test_regression_is_the_distance_of_unit_vectors():
    p, z = (torch.randn(5, 7, generator=seeded(k)) for k in (3, 4))
    unit = [each / each.norm(dim=1, keepdim=True) for each in (p, z)]
    assert float(regression(p, z)) == pytest.approx(float((unit[0] - unit[1]).square().sum(1).mean()), rel=1e-5)
    assert float(regression(z, 3 * z)) == pytest.approx(0, abs=1e-6)


def test_byol_compares_two_views():
    torch.manual_seed(0)
    byol = Byol(nn.Sequential(nn.Flatten(), nn.Linear(12, 6)), 6, hidden=8, outputs=4)
    x = torch.rand(9, 3, 2, 2, generator=seeded(5))
    one, other = byol(x, x), byol(x, x.flip(-1))
    assert 0 <= one.loss.detach() <= 8 and one.features[0].shape == (9, 6)
    assert one.loss.detach() != other.loss.detach()


def test_head_is_linear_norm_relu_linear():
    sizes = [tuple(each.weight.shape) for each in head(5, 7, 3) if isinstance(each, nn.Linear)]
    assert sizes == [(7, 5), (3, 7)] and isinstance(head(5, 7, 3)[1], nn.BatchNorm1d)


# grouping, agreement, rebuilding


def test_the_groups_target_is_block_diagonal_and_contiguous():
    assert block_target(6, 3).tolist() == [
        [1, 1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 1, 1],
    ]


def test_similarity_by_hand():
    maps = torch.rand(3, 4, 2, 2, generator=seeded(6))
    a = maps.flatten(2) + 1e-3
    due = torch.stack([torch.stack([torch.stack([
        a[b, i] @ a[b, j] / (a[b, i].norm() * a[b, j].norm()) for b in range(3)
    ]).mean() for j in range(4)]) for i in range(4)])  # fmt: skip
    assert torch.allclose(similarity(maps), due, atol=1e-6)


def test_grouping_is_zero_for_perfect_groups_and_a_square():
    maps = torch.zeros(2, 4, 2, 2)
    maps[:, :2, 0, 0] = maps[:, 2:, 1, 1] = 1e3
    assert float(grouping(maps, 2)) < 1e-6
    other = torch.rand(2, 4, 2, 2, generator=seeded(7))
    apart = float((similarity(other) - block_target(4, 2)).square().sum())
    assert float(grouping(other, 2)) == pytest.approx((1e-3 * apart / (4 / 512) ** 2) ** 2, rel=1e-5)


def test_random_groups_separate_and_constant_ones_stay_copies():
    """What the start decides: channels of a group that differ, or that are one channel again and again."""
    features = torch.rand(32, 16, 4, 4, generator=seeded(8))
    within = {}
    for begin in ("kaiming", "constant"):
        torch.manual_seed(0)
        groups = ChannelGroups(16, 4, start=begin)
        optimiser = torch.optim.SGD(groups.parameters(), lr=1e-3, momentum=0.9)
        first = grouping(groups(features), 4).item()
        for _ in range(60):
            optimiser.zero_grad()
            grouping(groups(features), 4).backward()
            nn.utils.clip_grad_norm_(groups.parameters(), 10.0)
            optimiser.step()
        s = similarity(groups(features)).detach()
        assert grouping(groups(features), 4).item() < (0.5 if begin == "kaiming" else 1.001) * first
        within[begin] = float((s * block_target(16, 4)).sum() / block_target(16, 4).sum())
    assert within["constant"] > 0.9999 > within["kaiming"]


def test_agreement_by_hand_and_its_gradient():
    k = [torch.randn(5, 6, generator=seeded(seed), requires_grad=True) for seed in (9, 10, 11)]
    mean = sum(each.detach() for each in k) / 3
    due = sum(16 * kl_div((each / 4).log_softmax(1), (mean / 4).softmax(1), reduction="batchmean") for each in k)
    loss = agreement(k, temperature=4.0)
    assert loss.item() == pytest.approx(due.item(), rel=1e-4)
    loss.backward()
    q, p = (k[0].detach() / 4).softmax(1), (mean / 4).softmax(1)
    assert torch.allclose(k[0].grad, 4 * (q - p) / 5, atol=1e-6)
    assert agreement([k[0], k[0]]).item() == pytest.approx(0, abs=1e-6)


def test_only_hidden_patches_count():
    patches = torch.rand(2, 4, 12, generator=seeded(12))
    normal = normalised_patches(patches)
    assert float(normal.mean(-1).abs().max()) < 1e-5 and torch.allclose(normal.var(-1), torch.ones(2, 4), atol=1e-3)
    masked = torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 0]])
    wrong = normal.clone()
    wrong[masked == 0] += 100.0
    assert float(masked_error(wrong, patches, masked)) == pytest.approx(0, abs=1e-9)
    wrong[0, 3] += 2.0
    assert float(masked_error(wrong, patches, masked)) == pytest.approx(4 / 3, rel=1e-4)


# through the loop


def trained(folder=None, epochs: int = 2) -> SimFLE:
    model = whole()
    samples = Images(images=torch.rand(12, 3, 28, 28, generator=seeded(13)), labels=torch.zeros(12, dtype=torch.long))
    fit(
        model,
        objective,
        Shuffled(samples=samples, size=6),
        epochs=epochs,
        optimiser=partial(torch.optim.SGD, lr=1e-3, momentum=0.9),
        augment=Views(changes=(RandomFlip(),)),
        after=SimFLE.follow,
        folder=folder,
    )
    return model


def test_the_target_follows_in_training():
    """After the steps it is between where it began and where the backbone is."""
    model, begun = trained(), whole()
    states = zip(
        model.byol.target.inner[0].parameters(), model.byol.backbone.parameters(), begun.byol.backbone.parameters(),
        strict=True,
    )  # fmt: skip
    moved = [((slow - start).norm().item(), (fast - start).norm().item()) for slow, fast, start in states]
    assert all(slow < fast or fast == 0 for slow, fast in moved) and any(slow > 0 for slow, _ in moved)


def test_an_interrupted_run_ends_alike(tmp_path, monkeypatch):
    """The target is part of the model, so a checkpoint has it."""
    due, save, written = trained().state_dict(), checkpoint.save, []

    def save_and_stop(*given, **options):
        written.append(save(*given, **options))
        if len(written) == 2:  # at the start, and after the first epoch
            raise KeyboardInterrupt
        return written[-1]

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(checkpoint, "save", save_and_stop)
        trained(tmp_path)
    found = trained(tmp_path).state_dict()
    assert len(written) == 2 and all(torch.equal(due[key], found[key]) for key in due)
