"""Pictures with boxes as users have them: PASCAL VOC and COCO folders, and ``.npz`` files of JPEG pictures.

==========  =============================================================================================
voc         ``Annotations/*.xml``, ``JPEGImages/*``, and ``ImageSets/Main/train.txt``, ``test.txt`` (or ``val``)
coco        ``annotations/instances_train*.json`` and ``instances_val*.json``, pictures in ``train*/``, ``val*/``
``.npz``    ``jpeg`` and ``offsets``, ``boxes`` (rows picture, class, left, top, right, bottom), ``classes``, ``ids``,
            and perhaps ``split``; without it all pictures are for the test
==========  =============================================================================================
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as xml
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch

from picojoule.base.errors import DataError, InputError
from picojoule.base.files import inside, read_bytes, sha256
from picojoule.base.progress import track
from picojoule.data import npz
from picojoule.data.vision.detection.letterbox import letterbox, open_picture
from picojoule.data.vision.detection.scenes import SceneData, Scenes, require_inside
from picojoule.data.vision.raw import require_images_fit

FORMS = "a folder as of PASCAL VOC or COCO, or an .npz of JPEG pictures with boxes"
_PARTS = {"train": ("train", "trainval"), "test": ("test", "val")}


@final
@dataclass(frozen=True, kw_only=True)
class _Boxed:
    """One picture not decoded yet, and its boxes in its own pixels."""

    where: str
    content: Callable[[], bytes]
    classes: tuple[int, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    difficult: tuple[bool, ...]


def load(spec: Path | str, *, size: tuple[int, int], stretch: bool = False, limit: int | None = None) -> SceneData:
    """Scenes of one size from a folder or a file.

    Args:
        spec: one of the forms above.
        size: height and width every picture is brought to.
        stretch: fill it instead of leaving grey beside the picture.
        limit: at most so many pictures of each part.

    Raises:
        DataError: whatever is wrong with it, with place and remedy.
    """
    path = Path(spec)
    if path.is_file() and path.suffix == ".npz":
        names, parts = _npz(path)
    elif (path / "Annotations").is_dir():
        names, parts = _voc(path)
    elif (path / "annotations").is_dir():
        names, parts = _coco(path)
    else:
        what = "there is no such file or folder" if not path.exists() else "it is in no form that is known"
        raise DataError(what, where=str(path), remedy=f"give {FORMS}")
    taken = {part: pictures[:limit] for part, pictures in parts.items()}
    digests: list[bytes] = []
    made = {part: _scenes(pictures, size, stretch, digests, path) for part, pictures in taken.items()}
    return SceneData(name=path.stem, names=names, sha256=sha256(*digests), **made)


def _scenes(pictures: Sequence[_Boxed], size: tuple[int, int], stretch: bool, digests: list[bytes], at: Path) -> Scenes:
    require_images_fit(len(pictures) * 3 * size[0] * size[1], where=str(at))
    images = torch.empty(len(pictures), 3, *size)
    boxes, owners = [torch.zeros(0, 4)], []
    for number, picture in enumerate(track(pictures, f"reading {at.name}")):
        raw = picture.content()
        digests.append(sha256(raw).encode())
        opened = open_picture(raw, where=picture.where)
        given = torch.tensor(picture.boxes).view(-1, 4)
        kept = torch.zeros(len(given), dtype=torch.int64)
        require_inside(given, kept, (opened.height, opened.width), where=picture.where)
        images[number], placed = letterbox(opened, size, stretch=stretch)
        boxes.append(placed.inside(given))
        owners += [number] * len(given)
    return Scenes(
        images=images,
        owners=torch.tensor(owners, dtype=torch.int64),
        classes=torch.tensor([each for p in pictures for each in p.classes], dtype=torch.int64),
        boxes=torch.cat(boxes),
        difficult=torch.tensor([each for p in pictures for each in p.difficult], dtype=torch.bool),
    )


Parts = tuple[tuple[str, ...], dict[str, list[_Boxed]]]
"""Names of the classes, and the pictures of each part."""


def _npz(path: Path) -> Parts:
    known = npz.headers(path, error=DataError)
    missing = [name for name in ("jpeg", "offsets", "boxes", "classes") if name not in known]
    if missing:
        raise DataError(f"it has no {', '.join(missing)}", where=str(path), remedy=f"give {FORMS}")
    arrays = npz.read(path, known, error=DataError)
    raw, offsets, rows, names = (arrays[name] for name in ("jpeg", "offsets", "boxes", "classes"))
    _require_pictures(raw, offsets, str(path))
    number = len(offsets) - 1
    _require_boxes(rows, number, names, str(path))
    split = arrays.get("split", np.full(number, "test"))
    if split.shape != (number,):
        raise DataError(f"split is of shape {split.shape}", where=str(path), remedy="give train or test a picture")

    def picture(k: int) -> _Boxed:
        mine = rows[rows[:, 0] == k]
        return _Boxed(
            where=f"{path}, picture {k}",
            content=lambda: raw[offsets[k] : offsets[k + 1]].tobytes(),
            classes=tuple(int(row[1]) for row in mine),
            boxes=tuple(tuple(map(float, row[2:])) for row in mine),  # type: ignore[misc]
            difficult=(False,) * len(mine),
        )

    chosen = {part: [picture(k) for k in np.flatnonzero(split == part)] for part in ("train", "test")}
    return tuple(str(each) for each in names), chosen


def _require_pictures(raw: np.ndarray, offsets: np.ndarray, where: str) -> None:
    rising = (
        offsets.ndim == 1 and offsets.dtype.kind in "iu" and len(offsets) and (np.diff(offsets.astype(int)) >= 0).all()
    )
    if raw.dtype != np.uint8 or raw.ndim != 1 or not rising or offsets[0] < 0 or offsets[-1] > len(raw):
        what = "jpeg is no row of bytes, or its offsets do not rise within it"
        raise DataError(what, where=where, remedy="give picture k as jpeg[offsets[k]:offsets[k+1]]")


def _require_boxes(rows: np.ndarray, pictures: int, names: np.ndarray, where: str) -> None:
    remedy = "give rows picture, class, left, top, right, bottom"
    if rows.ndim != 2 or rows.shape[1] != 6 or rows.dtype.kind not in "iuf" or names.ndim != 1:
        raise DataError(f"its boxes are {rows.dtype} of shape {rows.shape}", where=where, remedy=remedy)
    for column, limit, what in ((0, pictures, "picture"), (1, len(names), "class")):
        odd = rows[~((rows[:, column] >= 0) & (rows[:, column] < limit) & (rows[:, column] % 1 == 0))]
        if len(odd):
            raise DataError(f"a box of {what} {odd[0, column]}, of {limit}", where=where, remedy=remedy)


def _voc(folder: Path) -> Parts:
    lists = {part: _voc_list(folder, names) for part, names in _PARTS.items()}
    parsed = {part: [_voc_file(folder, ident) for ident in idents] for part, idents in lists.items()}
    names = tuple(sorted({name for files in parsed.values() for _, found in files for name, *_ in found}))
    places = {name: number for number, name in enumerate(names)}
    return names, {
        part: [
            _Boxed(
                where=str(path),
                content=lambda path=path: read_bytes(path, what="picture"),
                classes=tuple(places[name] for name, *_ in found),
                boxes=tuple(box for _, box, _ in found),
                difficult=tuple(hard for *_, hard in found),
            )
            for path, found in files
        ]
        for part, files in parsed.items()
    }


def _voc_list(folder: Path, names: Iterable[str]) -> list[str]:
    """The pictures of a part; all of them for the test where there are no lists."""
    lists = folder / "ImageSets" / "Main"
    for name in names:
        if (lists / f"{name}.txt").is_file():
            return [line.split()[0] for line in (lists / f"{name}.txt").read_text().splitlines() if line.strip()]
    return [] if "train" in names or lists.is_dir() else sorted(p.stem for p in (folder / "Annotations").glob("*.xml"))


def _voc_file(folder: Path, ident: str) -> tuple[Path, list[tuple[str, tuple[float, ...], bool]]]:
    """The picture of an annotation and its objects: name, box from 0 in place of VOC's 1, and whether difficult."""
    path = folder / "Annotations" / f"{ident}.xml"
    try:
        root = xml.fromstring(read_bytes(path, what="annotation"))
        found = []
        for each in root.iter("object"):
            corners = [float(each.findtext(f"bndbox/{name}", "")) for name in ("xmin", "ymin", "xmax", "ymax")]
            box = (corners[0] - 1, corners[1] - 1, corners[2], corners[3])
            found.append((str(each.findtext("name")), box, each.findtext("difficult", "0").strip() == "1"))
    except InputError:
        raise
    except (xml.ParseError, ValueError) as problem:
        raise DataError(
            f"the annotation cannot be read ({problem})", where=str(path), remedy="mend or remove it"
        ) from None
    return inside(folder / "JPEGImages", root.findtext("filename") or f"{ident}.jpg"), found


def _coco(folder: Path) -> Parts:
    files = {part: _coco_file(folder, names) for part, names in {"train": ("train",), "test": ("val", "test")}.items()}
    if files["test"] is None:
        raise DataError(
            "there is no instances_val*.json", where=str(folder / "annotations"), remedy="add the test part's boxes"
        )
    contents = {part: _json(path) for part, path in files.items() if path is not None}
    kinds = {each["id"]: each["name"] for c in contents.values() for each in c["categories"]}
    order = {ident: place for place, ident in enumerate(sorted(kinds))}
    chosen: dict[str, list[_Boxed]] = {"train": [], "test": []}
    for part, content in contents.items():
        chosen[part] = _coco_pictures(folder, files[part], content, order)  # type: ignore[arg-type]
    return tuple(kinds[ident] for ident in sorted(kinds)), chosen


def _coco_file(folder: Path, names: Sequence[str]) -> Path | None:
    found = [path for name in names for path in sorted((folder / "annotations").glob(f"instances_{name}*.json"))]
    return found[0] if found else None


_COCO: dict[str, dict[str, Callable[[Any], bool]]] = {
    "categories": {"id": lambda v: type(v) is int, "name": lambda v: isinstance(v, str)},
    "images": {"id": lambda v: type(v) is int, "file_name": lambda v: isinstance(v, str)},
    "annotations": {
        "image_id": lambda v: type(v) is int,
        "category_id": lambda v: type(v) is int,
        "bbox": lambda v: isinstance(v, list) and len(v) == 4 and all(type(each) in (int, float) for each in v),
    },
}
"""What is read of each list of a COCO file, and what it must be."""


def _json(path: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        content = json.loads(read_bytes(path, what="annotations"))
    except InputError:
        raise
    except (ValueError, RecursionError) as problem:
        raise DataError(f"it is not COCO's JSON ({problem})", where=str(path), remedy="write it again") from None
    if not isinstance(content, dict):
        raise DataError("it is not COCO's JSON (no object of lists)", where=str(path), remedy=_WRITE_COCO)
    for name, needed in _COCO.items():
        if not isinstance(content.get(name), list):
            raise DataError(f"it has no list {name!r}", where=str(path), remedy=_WRITE_COCO)
        for number, row in enumerate(content[name]):
            wrong = [key for key, holds in needed.items() if not (isinstance(row, dict) and holds(row.get(key)))]
            if wrong:
                raise DataError(
                    f"{wrong[0]} is missing or wrong", where=f"{path}, {name}[{number}]", remedy=_WRITE_COCO
                )
    return content


_WRITE_COCO = "give COCO's images (id, file_name), annotations (image_id, category_id, bbox) and categories (id, name)"


def _coco_pictures(folder: Path, file: Path, content: dict[str, Any], order: dict[int, int]) -> list[_Boxed]:
    """Crowds count as difficult: they are neither to be found nor wrong when found."""
    pictures = folder / file.stem.removeprefix("instances_")
    mine: dict[int, list[dict[str, Any]]] = {each["id"]: [] for each in content["images"]}
    for number, row in enumerate(content["annotations"]):
        for key, known, what in (("image_id", mine, "picture"), ("category_id", order, "category")):
            if row[key] not in known:
                raise DataError(
                    f"a box of {what} {row[key]}, which is not listed",
                    where=f"{file}, annotations[{number}]",
                    remedy="list every picture under images and every kind under categories",
                )
        mine[row["image_id"]].append(row)
    return [_coco_picture(inside(pictures, each["file_name"]), mine[each["id"]], order) for each in content["images"]]


def _coco_picture(path: Path, rows: list[dict[str, Any]], order: dict[int, int]) -> _Boxed:
    return _Boxed(
        where=str(path),
        content=lambda: read_bytes(path, what="picture"),
        classes=tuple(order[row["category_id"]] for row in rows),
        boxes=tuple(_corners(row["bbox"]) for row in rows),
        difficult=tuple(bool(row.get("iscrowd", 0)) for row in rows),
    )


def _corners(box: Sequence[float]) -> tuple[float, float, float, float]:
    left, top, width, height = map(float, box)
    return left, top, left + width, top + height
