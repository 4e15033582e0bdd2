"""Events as values, grids of them, scenes that know their flow, and a camera that watches."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import DataError, InputError
from picojoule.data.events import (
    EventCamera,
    Events,
    Layer,
    Motion,
    Scene,
    count_image,
    films,
    recording,
    synthetic,
    time_surface,
    voxel_grid,
)
from picojoule.data.events.films import digest
from picojoule.data.events.sampling import adaptive_times
from picojoule.kernels.warping import warp


def made(x=(0, 1, 2), y=(0, 0, 1), polarity=(1, 0, 1), time=(0, 50, 100), size=(2, 3)) -> Events:
    kinds = {"x": torch.int16, "y": torch.int16, "polarity": torch.uint8, "time": torch.int64}
    values = {"x": x, "y": y, "polarity": polarity, "time": time}
    return Events(**{name: torch.tensor(values[name], dtype=kinds[name]) for name in kinds}, size=size)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"time": (0, 50, 49)}, "time goes backwards at event 2: 49 µs after 50 µs"),
        ({"x": (0, 3, 2)}, "event 1 of 3 has x=3, and 0 … 2 is there"),
        ({"y": (0, -1, 1)}, "event 1 of 3 has y=-1"),
        ({"polarity": (1, 2, 1)}, "has polarity=2"),
        ({"x": (0, 1)}, r"columns of \[2, 3, 3, 3\] events"),
    ],
)
def test_wrong_events_are_refused(changes, match):
    with pytest.raises(DataError, match=match):
        made(**changes)


def test_windows_hold_every_event_once():
    parts = [*made().windows([-1, 0, 50, 200])]
    assert [len(each) for each in parts] == [1, 1, 1] and parts[1].x.tolist() == [1]


def test_a_recording_of_a_set_and_back():
    data = synthetic.load(train=12, test=10).train
    one = recording(data, 1)
    frames = one.recordings().frames(3).counts
    began = int(one.time[0])
    ends = int(one.time[-1]) - began + 1
    assert int(frames.sum()) == len(one) and frames.shape == (1, 3, 2, 34, 34)
    first = (one.time - began) * 3 < ends
    assert int(frames[0, 0].sum()) == int(first.sum())


def test_a_voxel_grid_by_hand():
    """Times 0, 50, 100 of 5 bins are 0, 2, 4; an event at 30 is shared 0.8 to bin 1 and 0.2 to bin 2."""
    grid = voxel_grid(made(), 5)
    due = torch.zeros(5, 2, 3)
    due[0, 0, 0], due[2, 0, 1], due[4, 1, 2] = 1, -1, 1
    assert torch.allclose(grid, due)
    shared = voxel_grid(made(time=(0, 30, 100)), 5)[:, 0, 1]
    assert torch.allclose(shared, torch.tensor([0, -0.8, -0.2, 0, 0]))
    assert not voxel_grid(made().part(0, 2), 5).any(), "fewer than three events"
    with pytest.raises(InputError, match="give two or more"):
        voxel_grid(made(), 1)


@given(seed=st.integers(0, 10**6), n=st.integers(3, 200), bins=st.integers(2, 8))
def test_a_voxel_grid_is_the_sum_it_says(seed, n, bins):
    g = torch.Generator().manual_seed(seed)
    whole = [torch.randint(most, (n,), generator=g).tolist() for most in (6, 4, 2)]
    time = torch.randint(10_000, (n,), generator=g).sort().values.tolist()
    events = made(*whole, time=time, size=(4, 6))
    due = torch.zeros(bins, 4, 6)
    span = (time[-1] - time[0]) or 1
    for x, y, p, t in zip(*whole, time, strict=True):
        for b in range(bins):
            due[b, y, x] += (2 * p - 1) * max(0.0, 1 - abs(b - (bins - 1) * (t - time[0]) / span))
    grid = voxel_grid(events, bins)
    assert torch.allclose(grid, due, atol=1e-4)
    assert float(grid.sum()) == pytest.approx(float(events.signs.sum()), abs=1e-3)
    changed = voxel_grid(events, bins, normalise=True)
    known = changed[grid != 0]
    assert torch.equal(changed != 0, (grid != 0) & (changed != 0))
    if len(known) > 1 and grid[grid != 0].std() > 1e-3:
        assert float(known.mean()) == pytest.approx(0, abs=1e-4)
        assert float(known.std(correction=0)) == pytest.approx(1, abs=1e-3)


def test_counts_and_surfaces():
    events = made(x=(0, 0, 2), y=(0, 0, 1), polarity=(1, 1, 0), time=(0, 50, 100))
    counts = count_image(events)
    assert counts[1, 0, 0] == 2 and counts[0, 1, 2] == 1 and counts.sum() == 3
    surface = time_surface(events, decay_us=50)
    assert float(surface[1, 0, 0]) == pytest.approx(math.exp(-1)) and float(surface[0, 1, 2]) == 1
    assert (surface > 0).sum() == 2 and not time_surface(events.part(0, 0)).any()


def scene(size=(24, 32)) -> Scene:
    generator = torch.Generator().manual_seed(0)
    textures = torch.nn.functional.interpolate(
        torch.rand(2, 1, 12, 12, generator=generator), scale_factor=8, mode="bicubic"
    )
    texture, piece = textures[:, 0].clamp(0, 1)
    return Scene(
        layers=(
            Layer(
                texture=texture, motion=Motion(start=(16, 12), velocity=(1.5, -0.7), angle=0.3, spin=0.05, zoom=0.02)
            ),
            Layer(texture=piece, motion=Motion(start=(10, 9), velocity=(1.0, 1.0), spin=0.1), half=(6, 5), power=4),
        ),
        size=size,
    )


def test_the_flow_of_a_scene_moves_its_pictures():
    """Warped along the flow the picture before is the picture now, but at edges and where something was hidden."""
    there, before = [0.5, 3.0], [0.0, 2.5]
    pictures, earlier = scene().render(there), scene().render(before)
    back = warp(earlier[:, None], scene().flow(before, there))[:, 0]
    apart, still = (back - pictures).abs()[:, 3:-3, 3:-3], (earlier - pictures).abs()[:, 3:-3, 3:-3]
    assert apart.median() < 0.02 and apart.median() < 0.25 * still.median()
    wrong = warp(earlier[:, None], -scene().flow(before, there))[:, 0]
    assert (wrong - pictures).abs()[:, 3:-3, 3:-3].median() > 3 * apart.median(), "the other way does not"


@pytest.mark.parametrize("by", ["flow", "brightness"])
def test_adaptive_samples_keep_their_promise(by):
    camera, most = EventCamera(), {"flow": 0.5, "brightness": 0.3}[by]
    times = adaptive_times(scene(), 0.0, 4.0, most=most, least_rate=1.0, by=by)
    assert times[0] == 0 and times[-1] == 4 and (times.diff() > 0).all() and times.diff().max() <= 1
    if by == "flow":
        moved = scene().flow(times[:-1], times[1:]).norm(dim=1).amax((1, 2))
    else:
        moved = camera.log(scene().render(times)).diff(dim=0).abs().amax((1, 2))
    assert moved.quantile(0.95) < 1.1 * most, "but where the speed changes on the way"
    assert len(adaptive_times(scene(), 0.0, 4.0, most=most / 4, by=by)) > 2 * len(times)
    with pytest.raises(InputError, match="give positive numbers"):
        adaptive_times(scene(), 1.0, 1.0)


def test_a_camera_watches():
    times = torch.linspace(0, 4, 41, dtype=torch.float64)
    film = scene().render(times)
    fast, plain = (EventCamera(compiled=c, wander=0.02, refractory_us=300) for c in (True, False))
    events, slow = (each.record(film, times * 33_333, seed=3) for each in (fast, plain))
    assert len(events) > 500 and torch.equal(events.time, slow.time) and torch.equal(events.places, slow.places)
    exact = EventCamera().record(film, times * 33_333)
    change = (EventCamera().log(film[-1]) - EventCamera().log(film[0])).flatten()
    signed = torch.zeros(change.shape).index_add_(0, exact.places, exact.signs)
    assert ((change - 0.3 * signed).abs() <= 0.3 + 1e-9).all(), "what events say is never more than a threshold away"
    with pytest.raises(InputError, match="give positive thresholds"):
        EventCamera(brighter=0)
    with pytest.raises(InputError, match="a rising time of each"):
        EventCamera().record(film, times[:-1])


def test_grids_without_events_are_nearly_those_with():
    times = torch.linspace(0, 1, 33, dtype=torch.float64)
    film, us = scene().render(times), times * 33_333
    camera = EventCamera(brighter=0.1, darker=0.1)
    direct = camera.voxels(film, us)
    through = voxel_grid(camera.record(film, us), between=(0.0, 33_333.0))
    assert (direct.sum(0) - through.sum(0)).abs().max() < 1e-4, "the same events"
    assert (direct - through).abs().mean() < 0.1 * through.abs().mean(), "at nearly the same times"


def test_films():
    made = films("train", 3, side=16, windows=3, parts=4, real=False)
    assert made.voxels.shape == (3, 3, 5, 16, 16) and made.frames.shape == (3, 3, 4, 16, 16) and made.parts == 4
    again = films("train", 2, side=16, windows=3, parts=4, real=False)
    assert torch.equal(again.voxels, made.voxels[:2]) and digest(again) == digest(made.take(2))
    x, y = made.pick(torch.tensor([1]))
    assert torch.equal(x[0], made.voxels[1]) and torch.equal(y[0, :, :4], made.frames[1]) and y.shape[2] == 6
    assert not torch.equal(films("test", 1, side=16, windows=3, parts=4, real=False).frames[0], made.frames[0])
    fine = films("train", 3, side=16, windows=3, parts=4, real=False, split=4)
    assert torch.equal(fine.frames.view(made.frames.shape), made.frames)
    assert torch.equal(fine.events.view(3, 3, 4).sum(2), made.events)


def test_photos_of_parts_are_apart():
    from picojoule.data.events.films import PHOTOS

    names = [name for each in PHOTOS.values() for name in each]
    assert len(set(names)) == len(names)
    assert films("test", 1, side=16, windows=2).frames.std() > 0.01
