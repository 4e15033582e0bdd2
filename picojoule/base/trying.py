"""Calls into libraries that may end the process, tried in a copy of it first."""

from __future__ import annotations

import contextlib
import faulthandler
import os
from collections.abc import Callable


def survived(call: Callable[[], object]) -> bool:
    """Whether a process that makes this call lives on; what the call returns or raises does not matter.

    HDF5's library, for one, can break on a damaged file in a way that no ``except`` sees.
    """
    child = os.fork()
    if child == 0:
        faulthandler.disable()  # what breaks here is told in one line
        try:
            with contextlib.suppress(BaseException):
                call()
        finally:
            os._exit(0)
    return os.WIFEXITED(os.waitpid(child, 0)[1])
