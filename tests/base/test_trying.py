"""Calls that may end the process are known before they are made."""

import ctypes
import os

from picojoule.base.trying import survived


def test_what_ends_the_process_is_told_from_what_only_fails():
    assert survived(lambda: 1)
    assert survived(lambda: 1 / 0)
    assert not survived(os.abort)
    assert not survived(lambda: ctypes.string_at(0))
    assert os.getpid()
