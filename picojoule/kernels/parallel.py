"""How the compiled kernels share the machine's threads.

numba's default thread layer dies in forked workers, and its fork-safe one aborts when two Python threads
call it at once. So: the fork-safe layer, and one lock around every parallel kernel.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import numba

numba.config.THREADING_LAYER = "workqueue"

_lock = threading.Lock()
# A child forked while another thread holds the lock would wait for it for ever.
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def parallel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` with numba, loops over ``prange`` in parallel, safe to call from any thread."""
    compiled = numba.njit(parallel=True, cache=True, nogil=True)(function)

    def call(*arguments: Any) -> Any:
        with _lock:
            return compiled(*arguments)

    call.__doc__ = function.__doc__
    return call


def set_threads(threads: int) -> None:
    """Use `threads` threads for torch and for the compiled kernels alike."""
    import torch

    torch.set_num_threads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
