"""Networks from events to video: shapes, sizes, time, and what the latent SDE promises."""

from functools import partial

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.measurement.modules import count_module
from picojoule.models.events import FireNet, LatentSDEReconstructor, LeakyIntegrator, e2vid, etnet, frames_at
from picojoule.models.events.latent_sde import G_LEAST, G_MOST
from picojoule.models.events.recurrent import padded, sum_until
from picojoule.models.vision.textures import pdist
from picojoule.recipes.e2v_sde.plan import RIVALS, SDE

SMALL = {
    "firenet": partial(FireNet, 5, 4),
    "firenet with sums": partial(FireNet, 5, 4, 0.9),
    "e2vid": partial(e2vid, 5, 4, (6, 8)),
    "e2vid with sums": partial(e2vid, 5, 4, (6, 8), decay=0.9),
    "etnet": partial(etnet, 5, 4, (6, 8), width=8, heads=2, encoders=2, decoders=2),
}


def made(build, seed=0):
    torch.manual_seed(seed)
    return build().eval()


def grids(n=2, windows=3, h=13, w=18, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, windows, 5, h, w, generator=generator)


@pytest.mark.parametrize("name", SMALL)
@torch.no_grad()
def test_rivals(name):
    model, x = made(SMALL[name]), grids()
    frames = model(x)
    assert frames.shape == (2, 3, 13, 18) and frames.min() >= 0 and frames.max() <= 1
    assert torch.allclose(model(x[:, :2]), frames[:, :2], atol=1e-6), "what comes later changes nothing"
    assert torch.allclose(model(x[1:]), frames[1:], atol=1e-6), "nor does another film"
    changed = x.clone()
    changed[:, 0] += 1
    assert (model(changed)[:, 2] - frames[:, 2]).abs().max() > 1e-6, "it remembers"


@pytest.mark.parametrize(
    ("build", "parameters"),
    [(e2vid, 10_710_401), (etnet, 22_303_873), (FireNet, 37_777)],
    ids=["e2vid", "etnet", "firenet"],
)
def test_the_published_sizes(build, parameters):
    """10.7 M, 22.2 M and 0.038 M by memory; the count of ET-Net's is of our reading of its decoder."""
    assert sum(each.numel() for each in build().parameters()) == parameters


def test_the_minis_are_of_equal_cost():
    x = grids(1, 2, 180, 240)

    def window(model):
        return count_module(model, x).total("macs") - count_module(model, x[:, :1]).total("macs")

    ours = window(made(SDE.make))
    for rival in RIVALS:
        assert window(made(rival.make)) == pytest.approx(ours, rel=0.1), rival.name


def test_the_leaky_integrator_by_hand():
    x = torch.zeros(1, 3, 5, 1, 1)
    x[0, 0, 2], x[0, 2, 4] = 1, -2
    assert LeakyIntegrator(0.5, 0.1)(x).flatten().tolist() == pytest.approx([0.6, 0.55, 0.325])


def test_sums_until_a_time():
    """At the end all events count, at the start none, and it grows bin by bin."""
    grid, level = torch.ones(1, 5, 1, 1), torch.full((1, 1, 1, 1), 8.0)
    at = [float(sum_until(t, grid, level, 0.5)) for t in (0.0, 0.25, 0.5, 1.0)]
    assert at == pytest.approx([8, 8 * 0.5**0.25 + 1.5, 8 * 0.5**0.5 + 2.5, 4 + 5])


def test_padding():
    x = grids(1, 2, 5, 7)
    y = padded(x, 4)
    assert y.shape[-2:] == (8, 8) and torch.equal(y[..., :5, :7], x) and torch.equal(y[..., 5, :7], x[..., 3, :])
    assert padded(x, 1) is x


def latent(**options):
    return made(partial(LatentSDEReconstructor, 5, 6, **options))


@torch.no_grad()
def test_frames_at_any_times():
    model, x = latent(), grids()
    done = model(x, (0.25, 0.7, 1.0))
    assert done.frames.shape == done.synthesised.shape == (2, 3, 3, 13, 18) and done.kl.shape == (2,)
    assert done.frames.min() >= 0 and done.frames.max() <= 1 and (done.kl > 0).all()
    assert torch.allclose(model(x[:, :2], (0.25, 0.7, 1.0)).frames, done.frames[:, :2], atol=1e-6)


@torch.no_grad()
def test_more_times_leave_the_path_as_it_is():
    """Where the steps of the solver are the same, so are z and D; noise at old times stays what it was."""
    model, x = latent(composition="image"), grids(1, 2)
    few, many = (model(x, times, seed=3, longest=0.25) for times in ((0.5, 1.0), (0.25, 0.5, 0.75, 1.0)))
    path = model.path(padded(x, 2), 3)
    assert torch.equal(path.increment(0.5, 1.0), path.increment(0.5, 1.0))
    assert few.frames.shape[2] == 2 and torch.isfinite(many.frames).all()
    assert torch.allclose(few.kl, many.kl, rtol=1e-5), "the same path has the same cost"


@torch.no_grad()
def test_noise_is_by_seed():
    model, x = latent(), grids()
    one, again, other, none = (model(x, seed=seed).frames for seed in (1, 1, 2, None))
    assert torch.equal(one, again) and not torch.equal(one, other) and torch.equal(none, model(x).frames)
    ordinary = latent(noisy=False)
    assert torch.equal(ordinary(x, seed=1).frames, ordinary(x).frames) and not ordinary(x).kl.isnan().any()
    assert not latent(noisy=False)._start(torch.zeros(1, 6, 2, 2), 1)[1].any()


@torch.no_grad()
def test_no_control_no_divergence():
    model, x = latent(), grids()
    for each in model.control[-1].parameters():
        each.zero_()
    path, state = model.path(padded(x, 2), 0), None
    for k, grid in enumerate(padded(x, 2).unbind(1)):
        found, state = model.window(grid, state, (0.5, 1.0), path)
        assert (found.kl == 0).all() if k else (found.kl > 0).all(), "only the start costs"


def test_g_is_bounded_and_diagonal():
    model = latent()
    torch.nn.init.normal_(model.diffusion)
    z = 50 * torch.randn(1, 6, 4, 4, dtype=torch.float32)
    assert model.g(z).min() >= G_LEAST and model.g(z).max() <= G_MOST
    jacobian = torch.autograd.functional.jacobian(lambda each: model.g(each).flatten(), 0.1 * z)
    matrix = jacobian.view(96, 96)
    assert not (matrix - matrix.diag().diag()).any() and matrix.diag().any()


@torch.no_grad()
def test_a_window_whose_encoder_rests():
    model, x = latent(), grids()
    all_windows = model(x).frames
    rest = model(x, skip=torch.tensor([True, False, True])).frames
    assert torch.equal(rest[:, :2], all_windows[:, :2]), "the first one is always seen"
    assert not torch.equal(rest[:, 2], all_windows[:, 2])
    moved = x.clone()
    moved[:, 2] = moved[:, 2].flip(1)  # the same sums at the end
    last = torch.tensor([False, False, True])
    assert torch.allclose(model(moved, skip=last).frames, model(x, skip=last).frames, atol=1e-6)
    assert not torch.allclose(model(x + 1, skip=last).frames[:, 2], rest[:, 2]), "sums go on"
    with pytest.raises(InputError, match="begin with a grid"):
        model.window(None, None, (1.0,), model.path(padded(x, 2), 0))


@torch.no_grad()
def test_any_list_of_times():
    model, x = latent(), grids()
    asked = frames_at(model, x, [0.25, 1.0, 2.5, 3.0, 4.5])
    assert asked.shape == (2, 5, 13, 18) and torch.isfinite(asked).all()
    assert torch.allclose(asked[:, :2], model(x[:, :1], (0.25, 1.0)).frames[:, 0], atol=1e-6)
    assert torch.equal(frames_at(model, x, [0.25, 1.0], seed=1), model(x[:, :1], (0.25, 1.0), seed=1).frames[:, 0])
    changed = x.clone()
    changed[:, 2] += 1
    later = frames_at(model, changed, [0.25, 1.0, 2.5, 3.0, 4.5])
    assert torch.equal(later[:, :2], asked[:, :2]) and not torch.equal(later[:, 4], asked[:, 4])
    for wrong in ([], [1.0, 0.5], [0.0], [float("nan")], [float("inf")]):
        with pytest.raises(InputError, match="ask for rising, finite times"):
            frames_at(model, x, wrong)
    for wrong in ((), (0.0,), (0.5, 0.5), (0.5, 1.5)):
        with pytest.raises(InputError, match="ask for rising times in"):
            model(x, wrong)


def test_every_part_learns():
    model, x = latent().train(), grids(1, 2)
    done = model(x, (0.5, 1.0), seed=0)
    (done.frames.mean() + done.synthesised.std() + 1e-3 * done.kl.mean()).backward()
    still = [name for name, each in model.named_parameters() if each.grad is None or not each.grad.any()]
    assert not still


@torch.no_grad()
def test_compositions():
    x = grids()
    image = latent(composition="image")(x, (0.5, 1.0))
    assert torch.equal(image.frames, image.synthesised)
    both, warp = (latent(composition=each)(x, (0.5, 1.0)) for each in ("both", "warp"))
    assert torch.equal(both.frames[:, 0, 0], both.synthesised[:, 0, 0]), "the first frame is synthesised"
    assert not torch.equal(both.frames, warp.frames)


def test_the_distance_by_textures_sees_a_blur():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(3, 24, 24, generator=generator)
    blurred = torch.nn.functional.avg_pool2d(x[:, None], 3, 1, 1)[:, 0]
    assert not pdist(x, x).any() and (pdist(x, blurred) > pdist(x, (x + 0.01).clamp(0, 1))).all()
