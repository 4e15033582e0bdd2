"""Traces in their three forms, and what is said about a wrong line."""

import numpy as np
import pytest

from picojoule.base.errors import InputError
from picojoule.sim.ssd import ISP_ML, fresh, replay, traces
from picojoule.sim.ssd.requests import of_pages

MSR = """128166372003061629,usr,0,Read,8192,8192,551
128166372003061729,usr,0,Write,4096,8192,100

128166372003062629,usr,0,Read,0,1,12
"""


def written(folder, text: str) -> str:
    path = folder / "trace.csv"
    path.write_text(text)
    return str(path)


def test_msr_cambridge(tmp_path):
    requests = traces.read(written(tmp_path, MSR), page_bytes=8192)
    assert requests.page.tolist() == [1, 0, 0] and requests.pages.tolist() == [1, 2, 1]
    assert requests.writes.tolist() == [False, True, False]
    assert requests.arrival_ps.tolist() == [0, 10_000_000, 100_000_000]


def test_mqsims_form(tmp_path):
    requests = traces.read(written(tmp_path, "50 0 16 16 1\n10 0 0 8 0\n"), page_bytes=4096, form="mqsim")
    assert requests.writes.tolist() == [True, False] and requests.arrival_ps.tolist() == [0, 40_000]
    assert requests.page.tolist() == [0, 2] and requests.pages.tolist() == [1, 2]


def test_our_own_form_there_and_back(tmp_path):
    first = traces.read(written(tmp_path, MSR), page_bytes=8192)
    path = traces.write(tmp_path / "own.csv", first, page_bytes=8192)
    again = traces.read(path, page_bytes=8192, form="picojoule")
    for name in ("page", "pages", "writes", "arrival_ps"):
        assert (getattr(first, name) == getattr(again, name)).all()


def test_a_trace_can_be_replayed_on_a_smaller_drive(tmp_path):
    text = "time_us,op,offset,size\n" + "".join(f"{i * 100},{'rw'[i % 2]},{i * 10**9},65536\n" for i in range(50))
    requests = traces.read(written(tmp_path, text), page_bytes=8192, form="picojoule", wrap_pages=ISP_ML.logical_pages)
    outcome = replay(fresh(ISP_ML), requests)[1]
    assert len(outcome.latency_s) == 50 and outcome.percentile(50) <= outcome.percentile(99.9)


WRONG = {
    "line 2: 3 columns instead of 7": MSR.splitlines()[0] + "\n1,2,3\n",
    "line 1: 'Trim' is neither read nor write": "1,usr,0,Trim,0,4096,5\n",
    "line 1: a time, offset or size that is no number": "x,usr,0,Read,0,4096,5\n",
    "line 1: a negative time or offset, a size below 1, or a number beyond any drive": "1,usr,0,Read,0,0,5\n",
    "it has no requests": "\n\n",
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_line_is_named(message, tmp_path):
    with pytest.raises(InputError, match=f"trace.csv.*{message}"):
        traces.read(written(tmp_path, WRONG[message]), page_bytes=8192)


def test_other_refusals(tmp_path):
    path = written(tmp_path, MSR)
    with pytest.raises(InputError, match="no trace format 'blk'"):
        traces.read(path, page_bytes=8192, form="blk")
    with pytest.raises(InputError, match="cannot read the trace"):
        traces.read(tmp_path / "nothing", page_bytes=8192)
    with pytest.raises(InputError, match="a request of 2 pages"):
        traces.read(path, page_bytes=8192, wrap_pages=1)
    with pytest.raises(InputError, match="no arrival times"):
        traces.write(tmp_path / "t", of_pages(np.array([0])), page_bytes=8192)
