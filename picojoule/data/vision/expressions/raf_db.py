"""RAF-DB, basic expressions: aligned faces of 100×100 pixels, one list for both parts.

::

    EmoLabel/list_patition_label.txt      train_00001.jpg 5        the misspelling is the release's
    Image/aligned/train_00001_aligned.jpg
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, final

from picojoule.data.vision.expressions.listing import Layout, Line, Parts, Picture, lines

_LIST = Path("EmoLabel/list_patition_label.txt")


@final
class RafDb(Layout):
    """Also found one folder below, under ``basic``."""

    name: ClassVar[str] = "raf-db"
    classes: ClassVar[tuple[str, ...]] = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
    cite: ClassVar[str] = "li2017rafdb"

    def fits(self, folder: Path) -> bool:
        return self._root(folder) is not None

    def listed(self, folder: Path) -> Parts:
        root = self._root(folder)
        assert root is not None
        parts: dict[str, list[Picture]] = {"train": [], "test": []}
        for line in lines(root / _LIST, fields=2, separator=" "):
            part = line.fields[0].partition("_")[0]
            if part not in parts:
                raise line.wrong(f"{line.fields[0]!r} is neither of train nor of test", "correct the line")
            parts[part].append(self._picture(line, root))
        return Parts(**parts)

    def _picture(self, line: Line, root: Path) -> Picture:
        name, label = line.fields[:2]
        path = root / "Image" / "aligned" / f"{Path(name).stem}_aligned.jpg"
        return Picture(path=line.existing(path), label=line.whole(label, 1, len(self.classes), "class") - 1)

    def _root(self, folder: Path) -> Path | None:
        return next((root for root in (folder, folder / "basic") if (root / _LIST).is_file()), None)
