"""A host that reads a file page by page: the right pages in the right order, and times that contain each other."""

import numpy as np
import pytest

from picojoule.base.errors import InputError
from picojoule.measurement.reading import read_pages

PAGE = 512


@pytest.fixture
def path(tmp_path):
    (tmp_path / "pages").write_bytes(b"".join(bytes([number]) * PAGE for number in range(9)))
    return tmp_path / "pages"


def test_each_page_is_worked_on_in_its_turn(path):
    seen: list[bytes] = []
    order = np.array([3, 0, 8, 3])
    log = read_pages(path, order, page_bytes=PAGE, work=seen.append)
    assert seen == [bytes([number]) * PAGE for number in order]
    assert (log.pages == order).all() and 0 < log.io_s <= log.total_s and log.other_s == log.total_s - log.io_s


def test_refusals(path):
    with pytest.raises(InputError, match="it has no page 9"):
        read_pages(path, np.array([0, 9]), page_bytes=PAGE, work=len)
    with pytest.raises(InputError, match="cannot read it"):
        read_pages(path.parent / "nothing", np.array([0]), page_bytes=PAGE, work=len)
