"""Patches on pictures and tables of classes, pixel by pixel."""

from PIL import Image

from picojoule.reports.patches import confusion, heated, only


def test_only_kept_patches_are_left():
    picture = Image.new("RGB", (14, 14), (10, 200, 30))
    page = only(picture, [0, 8, 48], 7)
    left = {(x // 2, y // 2) for x in range(14) for y in range(14) if page.getpixel((x, y)) == (10, 200, 30)}
    assert left == {(0, 0), (1, 1), (6, 6)} and page.size == (14, 14)


def test_heat_is_largest_where_the_value_is():
    picture = Image.new("RGB", (40, 40), (100, 100, 100))
    page = heated(picture, [0.0, 0.0, 0.0, 9.0], 2)
    assert page.getpixel((38, 38))[0] > 150 > 100 > page.getpixel((1, 1))[0]
    flat = heated(picture, [2.0] * 4, 2)
    assert flat.getpixel((0, 0)) == flat.getpixel((39, 39))


def test_a_table_is_darker_on_what_is_more():
    page = confusion([[9, 1], [0, 0]], ["cat", "dog"])
    dark, light, empty = (
        page.getpixel((118 + column * 40 + 3, 118 + row * 40 + 3)) for row, column in ((0, 0), (0, 1), (1, 1))
    )
    assert sum(dark) < sum(light) < sum(empty) == 3 * 255
    names = [f"class {number}" for number in range(30)]
    many = confusion([[int(row == column) for column in range(30)] for row in range(30)], names)
    assert many.width < 30 * 20 + 130 and many.getpixel((118 + 3, 118 + 3)) == dark_of(many)


def dark_of(page):
    """The shade of a row's whole."""
    return page.getpixel((118 + 29 * 20 + 3, 118 + 29 * 20 + 3))
