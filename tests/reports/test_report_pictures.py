"""Pictures of a result are files beside its JSON, and part of the page."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from picojoule.base.errors import InputError
from picojoule.reports import report
from picojoule.reports.boxes import Box, annotated, grid, png
from picojoule.result import Result
from sample_result import sample


def small(colour: str = "#ff0000") -> bytes:
    return png(Image.new("RGB", (4, 3), colour))


def test_saved_beside_the_json_and_loaded_again(tmp_path):
    pictures = {"Boxes of a b": small(), "another": small("#00ff00")}
    result = replace(sample(), pictures=pictures)
    again = Result.load(result.save(tmp_path / "result.json"))
    assert again == result and again.pictures == pictures and [*again.pictures] == [*pictures]
    assert "pictures" not in result.to_dict()
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        f"{result.recipe} 00 Boxes of a b.png",
        f"{result.recipe} 01 another.png",
    ]


def test_a_later_run_replaces_them_and_leaves_others_alone(tmp_path):
    replace(sample(), pictures={"old": small(), "older": small()}).save(tmp_path / "result.json")
    replace(sample(), recipe="other", pictures={"its": small()}).save(tmp_path / "other.json")
    replace(sample(), pictures={"new": small()}).save(tmp_path / "result.json")
    assert [*Result.load(tmp_path / "result.json").pictures] == ["new"]
    assert [*Result.load(tmp_path / "other.json").pictures] == ["its"]
    (next((tmp_path / "figures").glob("other*"))).write_bytes(b"no picture")
    with pytest.raises(InputError, match="it is no PNG picture"):
        Result.load(tmp_path / "other.json")


def test_the_page_shows_them():
    page = report(replace(sample(), pictures={"Boxes <b>": small()})).html()
    assert "data:image/png;base64,iVBOR" in page and "Boxes &lt;b&gt;" in page
    assert "Pictures" not in report(sample()).html()


def test_boxes_are_drawn_where_they_are():
    page = annotated(Image.new("RGB", (40, 30)), [Box(10, 5, 30, 25), Box(-50, 90, 500, 7, "far", 3)], zoom=2)
    assert page.size == (80, 60) and page.getpixel((20, 30)) != (0, 0, 0) and page.getpixel((40, 30)) == (0, 0, 0)
    sheet = grid([[page, page], [page, page]], ["one", "two"])
    with Image.open(io.BytesIO(png(sheet))) as opened:
        assert opened.size == sheet.size and sheet.width > 160
