"""Data from folders of pictures: every form, every wrong input."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from picojoule.base.errors import DataError
from picojoule.data.vision import load


def picture(path: Path, *, value: int = 9, size: tuple[int, int] = (6, 5), mode: str = "L") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size[::-1], value, np.uint8)).convert(mode).save(path)
    return path


def class_folders(root: Path, *, classes: tuple[str, ...] = ("cat", "dog"), n: int = 5) -> Path:
    for label, name in enumerate(classes):
        for k in range(n):
            picture(root / name / f"{k}.png", value=10 * label + k)
    return root


@pytest.fixture
def pets(tmp_path) -> Path:
    class_folders(tmp_path / "pets" / "train")
    class_folders(tmp_path / "pets" / "test", n=2)
    return tmp_path / "pets"


@given(pixels=hnp.arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7), st.just(3))))
def test_pixels_come_back(tmp_path_factory, pixels) -> None:
    root = tmp_path_factory.mktemp("rgb")
    for part in ("train", "test"):
        (root / part / "one").mkdir(parents=True)
        for k, pixel in enumerate(pixels):
            Image.fromarray(pixel).save(root / part / "one" / f"{k}.png")
    data = load(root)
    assert np.array_equal((data.train.images.numpy() * 255).round(), pixels.transpose(0, 3, 1, 2))


def test_classes_are_numbered_by_name(pets) -> None:
    data = load(pets)
    assert data.summary() | {"sha256": 0} == {"name": "pets", "train": 10, "test": 4, "sha256": 0}
    assert data.train.labels.tolist() == [0] * 5 + [1] * 5
    assert (data.test.images[:, 0, 0, 0] * 255).round().tolist() == [0, 1, 10, 11]
    assert data.test.images.shape == (4, 1, 5, 6)


def test_the_hash_is_of_the_pictures(pets) -> None:
    before = load(pets).sha256
    assert load(pets).sha256 == before
    picture(pets / "test" / "dog" / "1.png", value=99)
    assert load(pets).sha256 != before


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_other_names_of_the_test_part(pets, name: str) -> None:
    (pets / "test").rename(pets / name)
    assert len(load(pets).test) == 4


def test_without_a_test_part_every_fifth_of_a_class_is_kept_and_said(pets, capsys) -> None:
    data = load(pets / "train")
    assert (len(data.train), len(data.test)) == (8, 2)
    assert (data.test.images[:, 0, 0, 0] * 255).round().tolist() == [4, 14]
    assert "every fifth picture of each class (2 of 10)" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_one_coloured_picture_makes_three_channels(pets, mode: str) -> None:
    picture(pets / "train" / "cat" / "9.png", mode=mode)
    assert load(pets).train.images.shape[1] == 3


@pytest.mark.parametrize("mode", ["1", "LA"])
def test_grey_pictures_of_other_depth(pets, mode: str) -> None:
    picture(pets / "train" / "cat" / "9.png", mode=mode, value=255)
    images = load(pets).train.images
    assert images.shape[1] == 1
    assert images.max() == 1


def test_other_files_are_left_alone(pets) -> None:
    (pets / "train" / "cat" / ".DS_Store").write_bytes(b"x")
    (pets / "train" / "cat" / "notes.txt").write_text("x")
    (pets / "train" / "cat" / "._0.png").write_bytes(b"x")
    (pets / "train" / ".hidden").mkdir()
    assert len(load(pets).train) == 10


def test_mean_and_std(pets) -> None:
    data, plain = load(pets, mean=[0.5], std=[0.25]), load(pets)
    assert np.allclose(data.train.images, (plain.train.images - 0.5) / 0.25)


def empty(root: Path) -> str:
    root.joinpath("nothing").mkdir()
    return "nothing"


def only_pictures(root: Path) -> str:
    picture(root / "flat" / "a.png")
    return "flat"


def no_pictures(root: Path) -> str:
    (root / "pets" / "train" / "emu").mkdir()
    return "pets"


def no_test_pictures(root: Path) -> str:
    for path in (root / "pets" / "test").glob("*/*.png"):
        path.unlink()
    return "pets"


def no_test(root: Path) -> str:
    (root / "pets" / "test").rename(root / "pets" / "other")
    return "pets"


def broken(root: Path) -> str:
    (root / "pets" / "train" / "cat" / "bad.png").write_bytes(b"no picture")
    return "pets"


def truncated(root: Path) -> str:
    noise = np.random.default_rng(0).integers(0, 255, (5, 6, 3), dtype=np.uint8)
    path = root / "pets" / "train" / "dog" / "cut.png"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-60])
    return "pets"


def unequal(root: Path) -> str:
    picture(root / "pets" / "test" / "dog" / "big.png", size=(7, 5))
    return "pets"


def unknown_class(root: Path) -> str:
    picture(root / "pets" / "test" / "emu" / "a.png")
    return "pets"


def deep(root: Path) -> str:
    Image.fromarray(np.zeros((5, 6), np.uint16)).save(root / "pets" / "train" / "cat" / "deep.png")
    return "pets"


def few(root: Path) -> str:
    class_folders(root / "few", n=3)
    return "few"


def bomb(root: Path) -> str:
    """A picture of 30,000 × 30,000 pixels in 100 bytes."""
    chunk = picture(root / "pets" / "train" / "cat" / "bomb.png").read_bytes()
    head = bytearray(chunk)
    head[16:24] = (30_000).to_bytes(4) * 2
    head[29:33] = __import__("zlib").crc32(bytes(head[12:29])).to_bytes(4)
    (root / "pets" / "train" / "cat" / "bomb.png").write_bytes(bytes(head))
    return "pets"


WRONG = {
    empty: "nothing: it has no class folders",
    only_pictures: "flat: it has pictures but no class folders",
    no_pictures: "emu: the folder has no pictures",
    no_test_pictures: "test: the folder has no pictures",
    no_test: "pets: there is a folder 'train' but none for the test",
    broken: r"bad\.png: the picture cannot be read \(not a known kind",
    truncated: r"cut\.png: the picture cannot be read",
    unequal: r"dog/big\.png: it is 7×5 pixels but .*cat/0\.png is 6×5",
    unknown_class: "test: the class 'emu' is not in the training part",
    deep: r"deep\.png: its pixels are of the mode 'I;16'",
    few: "few: no class has five images",
    bomb: r"bomb\.png: the picture cannot be read \(Image size",
}


@pytest.mark.parametrize(("spoil", "message"), WRONG.items(), ids=[spoil.__name__ for spoil in WRONG])
def test_wrong_folders(pets, spoil, message: str) -> None:
    with pytest.raises(DataError, match=rf"{message}.*Remedy: "):
        load(pets.parent / spoil(pets.parent))


def test_a_folder_that_may_not_be_read(pets, monkeypatch) -> None:
    def refuse(path: Path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match=r"train: it cannot be read \(Permission denied\).*Remedy"):
        load(pets)


def test_more_than_eight_gib_are_refused_before_reading(pets, monkeypatch) -> None:
    monkeypatch.setattr("picojoule.data.npz.LIMIT_BYTES", 100)
    with pytest.raises(DataError, match=r"pets: it would take .* GiB of memory.*Remedy"):
        load(pets)
