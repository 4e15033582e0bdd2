"""Start processes of this machine that work together, and wait for them: what ``torchrun`` does, for one round.

Unlike it, nothing is started again, and the interpreter that asks takes no part: no group of processes is left in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from torch import distributed

from picojoule.base.errors import InputError

_PAUSE_S = 0.05


def launch(module: str, *arguments: str, size: int, timeout_s: float = 600.0) -> None:
    """Run ``python -m module arguments`` as so many processes that find each other by
    :func:`picojoule.train.parallel.processes`. Each computes on one thread.

    Args:
        module: that has a main program.
        arguments: of each.
        size: how many.
        timeout_s: after which all are ended.

    Raises:
        InputError: one of them failed, or they took too long; the others are ended.
    """
    store = distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    common = {
        **os.environ,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "WORLD_SIZE": str(size),
        "LOCAL_WORLD_SIZE": str(size),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    with tempfile.TemporaryDirectory() as folder:
        logs = [Path(folder) / f"{rank}.log" for rank in range(size)]
        started = []
        try:
            for rank, log in enumerate(logs):
                own = common | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
                with log.open("wb") as errors:
                    command = [sys.executable, "-m", module, *arguments]
                    started.append(subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL, stderr=errors))
            _wait(started, logs, module, timeout_s)
        finally:
            for each in started:
                each.kill()
                each.wait()


def _wait(started: Sequence[subprocess.Popen[bytes]], logs: Sequence[Path], module: str, timeout_s: float) -> None:
    """Until all are done; the first that fails ends it."""
    deadline = time.monotonic() + timeout_s
    while any(each.poll() is None for each in started):
        failed = [rank for rank, each in enumerate(started) if each.poll()]
        if failed:
            break
        if time.monotonic() > deadline:
            what = f"{len(started)} processes were not done after {timeout_s:g} s"
            raise InputError(what, where=module, remedy="let the machine do less beside, or ask for less work")
        time.sleep(_PAUSE_S)
    for rank, each in enumerate(started):
        if each.poll():
            last = (logs[rank].read_text(errors="replace").strip() or "no message").splitlines()[-1]
            raise InputError(
                f"process {rank} of {len(started)} ended with status {each.returncode}: {last}",
                where=module,
                remedy="see the message; processes on one machine need a working loopback interface",
            )
