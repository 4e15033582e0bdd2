"""Peak memory of a system, in a process of its own in which nothing else has run.

Two numbers. *Process*: by how much the resident memory of the process grows at its highest, over what it was after a
warm-up with one image; buffers of compiled kernels and of libraries are in it (Linux; unknown elsewhere). *Tensors*:
bytes of torch tensors alive at once, the same on every machine.

One helper process imports everything once and starts no thread; each measurement runs in a fork of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, final

import torch
from torch import Tensor

from picojoule.benchmark.search import Choice
from picojoule.benchmark.systems import System
from picojoule.measurement.memory import peak_bytes

_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


class Peak(NamedTuple):
    """Bytes; None where unknown."""

    process: int | None = None
    tensors: int | None = None


@final
class Helper:
    """The process whose forks measure. Made by :func:`helper`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def peak(self, system: System, choice: Choice, x: Tensor) -> Peak:
        """Peak memory of one call.

        Args:
            system: what to run.
            choice: its way; the batch is `x`.
            x: one batch ``[batch, ...]``.
        """
        tasks, answers = self._process.stdin, self._process.stdout
        assert tasks is not None and answers is not None
        # By value: the usual way of tensors between processes is shared memory, which would stay out of the count.
        task = pickle.dumps((system.build, system.network, choice.way, x.clone(), torch.get_num_threads()))
        try:
            pickle.dump(task, tasks)
            tasks.flush()
            return pickle.load(answers)
        except (EOFError, BrokenPipeError):
            return Peak()


@contextlib.contextmanager
def helper() -> Iterator[Helper]:
    """A helper process for the time of a ``with`` block."""
    command = [sys.executable, "-c", "from picojoule.benchmark.memory import serve; serve()"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is ours to answer
    )
    try:
        yield Helper(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def serve() -> None:
    """The helper's loop: a task from standard input, a fork that measures it, its answer to standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    with contextlib.suppress(EOFError):
        while True:
            task = pickle.load(sys.stdin.buffer)
            child = os.fork()
            if not child:
                _answer(task, answers)
            if os.waitpid(child, 0)[1]:
                pickle.dump(Peak(), answers)
                answers.flush()


def _answer(task: bytes, answers: BinaryIO) -> None:
    status = 1
    try:
        pickle.dump(_measured(task), answers)
        answers.flush()
        status = 0
    finally:
        os._exit(status)


def _measured(task: bytes) -> Peak:
    build, network, way, x, threads = pickle.loads(task)
    torch.set_num_threads(threads)
    forward = build(network)[way]
    forward(x[:1])
    before = _trimmed()
    forward(x)
    highest = _status("VmHWM")
    process = None if before is None or highest is None else max(0, highest - before)
    return Peak(process, peak_bytes(forward, x))


def _trimmed() -> int | None:
    """Resident bytes after freed memory went back to the system; the high-water mark starts again from there."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        _CLEAR.write_text("5")
    except (OSError, AttributeError):
        return None
    return _status("VmRSS")


def _status(entry: str) -> int | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(f"{entry}:")), None)
