"""The recipe's parts: ways to watch, costs a frame, claims that can fail, digits found in frames, files given to it."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from picojoule.base.errors import DataError
from picojoule.data.events import films, nmnist
from picojoule.models.events import LeakyIntegrator
from picojoule.recipes.e2v_sde.claims import claims
from picojoule.recipes.e2v_sde.costs import Costs
from picojoule.recipes.e2v_sde.judged import Doubt, Judged, doubt, judge
from picojoule.recipes.e2v_sde.learning import chosen_leaky
from picojoule.recipes.e2v_sde.pictures import pictures
from picojoule.recipes.e2v_sde.plan import IMAGE, LEAKY, PARTS, PLANS, RIVALS, SDE
from picojoule.recipes.e2v_sde.real import MNIST, aligned, beside, stretched
from picojoule.recipes.e2v_sde.scoring import Quality, quality, spearman
from picojoule.recipes.e2v_sde.systems import (
    BASELINE,
    TIMES,
    System,
    again,
    between_ends,
    mean_path,
    sensor_grids,
    systems,
)
from picojoule.recipes.settings import Settings

SYSTEMS = systems(2, 0)
NAMED = {each.name: each for each in SYSTEMS}


@pytest.fixture(scope="module")
def data():
    given = {"side": 16, "windows": 4, "real": False}
    return films("test", 2, **given), films("test", 2, **given, split=PARTS)


@pytest.fixture(scope="module")
def models():
    torch.manual_seed(0)
    made = {arm.name: [arm.make().eval()] for arm in (SDE, IMAGE, *RIVALS)}
    return {**made, LEAKY: [chosen_leaky(films("validation", 2, side=16, windows=4, real=False))]}


def test_frames_between_ends_by_hand():
    ends = torch.tensor([0.0, 1.0]).view(1, 2, 1, 1).expand(1, 2, 2, 2)
    held, blended = (between_ends(ends, blend=each)[0, :, :, 0, 0] for each in (False, True))
    assert held[1].tolist() == [0, 0, 0, 0, 1]
    assert blended[1].tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_every_system_watches(data, models):
    known = {name: judge(system, models[system.arm], *data) for name, system in NAMED.items()}
    assert all(each.frames.shape == data[0].frames.shape for each in known.values())
    as_ode, held = (known[f"{SDE.name}{tail}"].frames for tail in (" as ode", " held"))
    assert torch.allclose(held[:, 1:, 0], held[:, :-1, -1]) and not torch.allclose(as_ode[:, 1:, 0], as_ode[:, :-1, -1])
    found = pictures(list(known.values()), data[0], doubt(models[SDE.name], data[0], 2, 0))
    assert len(found) == 2 and all(each.startswith(b"\x89PNG") for each in found.values())
    assert b"acTL" in [*found.values()][1][:200], "the second one moves"


def test_running_again_forgets_no_faster(data):
    """But for short windows of one or two events, whose grids are empty, five runs end where one does."""
    whole, fine = data
    for decay in (1.0, 0.5):
        model = LeakyIntegrator(decay, 0.001)
        often, once = again(model, whole, fine)[:, :, -1], model(whole.voxels)
        assert (often - once).abs().mean() < (0.1 if decay == 1 else 0.4) * (once - 0.5).abs().mean()
        assert model.decay == decay


def test_costs_of_a_frame(data, models):
    costs = Costs({name: each[0] for name, each in models.items()}, data[0], (32, 48))
    macs = {name: costs.frame(system).per_sample("macs") for name, system in NAMED.items()}
    ode = f"{SDE.name} as ode"
    assert macs[SDE.name] == pytest.approx(2 * macs[ode], rel=1e-3), "two paths"
    assert macs[ode] * PARTS == pytest.approx(costs.window_macs(SDE.name, TIMES), rel=1e-6)
    assert macs[ode] < 0.6 * macs[f"{SDE.name} held"], "the encoder is shared by five frames"
    assert macs[f"e2vid-mini run for {PARTS} frames a window"] == macs[BASELINE]
    rests = replace(NAMED[ode], fewest=10**9)
    assert costs.frame(rests).per_sample("macs") < 0.8 * macs[ode], "nothing is encoded"
    names = {layer.name for layer in costs.frame(rests).layers if layer.macs}
    assert not any("encoder" in name or "memory" in name for name in names) and any("decoder" in name for name in names)
    assert sensor_grids(data[0], 2, (40, 23)).shape == (1, 2, 5, 40, 23)
    assert torch.equal(sensor_grids(data[0], 2, (16, 16))[0], data[0].voxels[0, :2])


def judgement(name: str, ssim: float, mse: float = 0.02, pdist: float = 1.0) -> Judged:
    found = Quality(mse=mse, ssim=ssim, pdist=pdist)
    return Judged(system=NAMED[name], frames=torch.zeros(1), ends=(found,), between=(found,))


class FixedCosts:
    """Window costs by name and number of frames."""

    sensor = (180, 240)

    def __init__(self, latent=(10.0, 14.0), e2vid=10.0, etnet=25.0):
        self.costs = {(SDE.name, 1): latent[0], (SDE.name, PARTS): latent[1]}
        self.costs |= {("e2vid-mini", 1): e2vid, ("et-net-mini", 1): etnet}

    def window_macs(self, arm, times=(1.0,)):
        return self.costs[arm, len(times)]

    window_seconds = window_macs


def judged_claims(models, data, costs=None, correlation=0.5, lpips=None, **qualities):
    given = {"ours": 0.7, "image": 0.6, "held": 0.6, "blended": 0.6, "rerun": 0.6, "leaky": 0.6} | qualities
    names = {
        "ours": f"{SDE.name} as ode",
        "image": f"{IMAGE.name} as ode",
        "held": f"{SDE.name} held",
        "blended": "e2vid-mini blended between",
        "rerun": f"e2vid-mini run for {PARTS} frames a window",
        "leaky": f"{LEAKY} for {PARTS} frames a window",
    }
    found = [judgement(name, given[key], pdist=1 - given[key]) for key, name in names.items()]
    found += [judgement(SDE.name, 0.7), judgement("et-net-mini", 0.6)]
    sure = Doubt(spread=torch.zeros(1), correlation=(correlation,), divergence=(1.0,), noise=(0.1,))
    return {each.id: each for each in claims(found, models, sure, costs or FixedCosts(), data[0], lpips or {})}


@pytest.mark.parametrize(
    ("changed", "claim", "status"),
    [
        ({}, "no-control-no-divergence", "reached"),
        ({}, "cheap-frames", "reached"),
        ({"costs": FixedCosts(latent=(10.0, 31.0))}, "cheap-frames", "not-reached"),
        ({"costs": FixedCosts(latent=(10.0, 31.0))}, "fast-frames", "not-reached"),
        ({}, "speed", "reached"),
        ({"costs": FixedCosts(etnet=18.0)}, "speed", "not-reached"),
        ({}, "lpips", "not-tried"),
        ({"lpips": {SDE.name: 0.8, "et-net-mini": 1.0}}, "lpips", "reached"),
        ({"lpips": {SDE.name: 0.9, "et-net-mini": 1.0}}, "lpips", "not-reached"),
        ({}, "composition-ssim", "reached"),
        ({"image": 0.8}, "composition-ssim", "not-reached"),
        ({"image": 0.8}, "composition-pdist", "not-reached"),
        ({}, "calibrated", "reached"),
        ({"correlation": 0.2}, "calibrated", "not-reached"),
        *(({}, f"between-{rival}", "reached") for rival in ("held", "blended", "rerun", "leaky")),
        *(({rival: 0.8}, f"between-{rival}", "not-reached") for rival in ("held", "blended", "rerun", "leaky")),
    ],
)
def test_claims_can_fail(models, data, changed, claim, status):
    assert judged_claims(models, data, **changed)[claim].status == status


def test_a_control_would_cost(models, data):
    """The structural claim looks at real nats: with its control the same path has some."""
    model = models[SDE.name][0]
    path, state, nats = model.path(data[0].voxels, seed=0), None, []
    with torch.no_grad():
        for grid in data[0].voxels.unbind(1):
            found, state = model.window(grid, state, TIMES, path)
            nats.append(found.kl)
    assert torch.stack(nats[1:]).min() > 0


def test_scores_by_hand():
    due = torch.rand(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    found = due.clone()
    found[:, :2] = 0
    assert quality(found, due).mse == 0 and quality(found, due).ssim == pytest.approx(1), "the first two do not count"
    found[:, 3] += 0.1
    assert quality(found.clamp(0, 1), due).mse > 0
    x = torch.tensor([3.0, 1.0, 2.0, 10.0])
    assert spearman(x, x**3) == pytest.approx(1) and spearman(x, -x) == pytest.approx(-1)


def test_a_digit_is_found_wherever_it_lies():
    digit = torch.zeros(28, 28)
    digit[6:22, 12:16] = 1
    frame = torch.zeros(34, 34)
    frame[4:32, 1:29] = digit
    assert aligned(frame, digit) == (0.0, pytest.approx(1.0))
    assert stretched(0.3 + 0.2 * frame).unique().tolist() == pytest.approx([0, 1], abs=1e-5)


def small_n_mnist(folder, n=2):
    generator = np.random.default_rng(0)
    arrays = {}
    for part in ("train", "test"):
        events = 300
        x, y, p = generator.integers(34, size=(2, n * events)), None, generator.integers(2, size=n * events)
        x, y = x
        arrays[f"{part}_xyp"] = (x | y << 6 | p << 12).astype(np.uint16)
        arrays[f"{part}_dt"] = np.full(n * events, 400, np.uint16)
        arrays[f"{part}_offsets"] = np.arange(n + 1) * events
        arrays[f"{part}_labels"] = np.zeros(n, np.uint8)
        arrays[f"{part}_ids"] = np.arange(n, dtype=np.int32) + (60_001 if part == "test" else 1)
    np.savez(folder / nmnist.FILE, **arrays)
    np.savez(folder / MNIST, x_test=generator.integers(256, size=(5, 28, 28)).astype(np.uint8))


def test_what_is_given_is_watched(tmp_path, models):
    small_n_mnist(tmp_path)
    ode = System(name="ode", arm=SDE.name, watch=mean_path, frames=PARTS)
    settings = Settings(data=str(tmp_path))
    found = beside([ode], models, PLANS["quick"], settings)["ode"]
    assert set(found) == {"mse_n-mnist", "ssim_n-mnist"} and 0 < found["mse_n-mnist"] < 1
    with pytest.raises(DataError, match="no recordings that are known here"):
        beside([ode], models, PLANS["quick"], _empty(tmp_path))
    with pytest.raises(DataError, match="it is no folder"):
        beside([ode], models, PLANS["quick"], Settings(data=str(tmp_path / nmnist.FILE)))


def _empty(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    return SimpleNamespace(data=str(folder), mode="quick", limit=None)


def test_real_recordings(real_data, models):
    from picojoule.recipes.e2v_sde.real import recordings_and_digits

    given, digits = recordings_and_digits(real_data, 3)
    assert given.voxels.shape[:2] == (3, 9) and digits.shape == (3, 28, 28) and 0.05 < float(digits.mean()) < 0.3
    whole = models[LEAKY][0](given.voxels)[:, -1]
    error, _ = aligned(stretched(whole[0]), digits[0])
    assert error < 0.3
