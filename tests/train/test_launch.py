"""Processes that are started together find each other; one that fails ends all, and its last words are told."""

import json

import pytest

from picojoule.base.errors import InputError
from picojoule.train.launch import launch

GOOD = """
import json, sys, torch
from picojoule.train.parallel import processes
together = processes()
total = together.total(together.rank + 1, torch.device("cpu"))
everyone = together.collect(torch.tensor([together.rank]), torch.device("cpu"))
if together.rank == 0:
    open(sys.argv[1], "w").write(json.dumps([total, [each.item() for each in everyone], torch.get_num_threads()]))
"""
BAD = "import os, sys, time\nif os.environ['RANK'] == '1': sys.exit('no phone here')\ntime.sleep(60)"
SLOW = "import time; time.sleep(60)"


def script(folder, monkeypatch, text: str) -> str:
    (folder / "worker_of_a_test.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    return "worker_of_a_test"


def test_they_find_each_other(tmp_path, monkeypatch):
    launch(script(tmp_path, monkeypatch, GOOD), str(tmp_path / "found"), size=2)
    assert json.loads((tmp_path / "found").read_text()) == [3.0, [0, 1], 1]


def test_one_that_fails_ends_all(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="process 1 of 2 ended with status 1: no phone here"):
        launch(script(tmp_path, monkeypatch, BAD), size=2)


def test_they_do_not_take_for_ever(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"2 processes were not done after 0.5 s.*Remedy"):
        launch(script(tmp_path, monkeypatch, SLOW), size=2, timeout_s=0.5)
