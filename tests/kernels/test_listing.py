"""Lists of what is meant equal those of a loop, by either instruction."""

import numba
import numpy as np
import pytest

from picojoule.kernels import listing
from picojoule.kernels.listing import list_reaching, list_set
from picojoule.kernels.vectors import LANES


@pytest.fixture(params=["as this processor can", "by a table"], autouse=True)
def way(request, monkeypatch):
    if request.param == "by a table":
        monkeypatch.setattr(listing, "has_wide_registers", lambda context: False)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 1.0])
def test_the_flags_that_are_set(share):
    compiled = numba.njit(lambda flags, where, found: list_set(flags, where, found))
    flags = (np.random.default_rng(0).random(5 * LANES) < share) * np.uint8(1)
    where = np.full(3 + len(flags) + LANES, -7, np.int32)
    found = compiled(flags, where, 3)
    assert where[3:found].tolist() == flags.nonzero()[0].tolist()
    assert where[:3].tolist() == [-7] * 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ends", [(0, 48), (5, 48), (17, 41), (7, 7), (0, 3), (32, 51)])
def test_the_values_that_reach_a_limit(ends, dtype):
    compiled = numba.njit(lambda v, first, last, limit, where: list_reaching(v, first, last, limit, where, 2))
    v = np.random.default_rng(0).standard_normal(51).astype(dtype)
    v[[1, 6, 20, 40, 50]] = 0.5, np.nan, np.inf, -np.inf, np.nextafter(dtype(0.5), dtype(0))
    where = np.full(2 + len(v) + LANES, -7, np.int32)
    found = compiled(v, *ends, np.float32(0.5), where)
    assert where[2:found].tolist() == [i for i in range(*ends) if v[i] >= 0.5]
