"""Parsing, dispatch and exit status: 0 done; 2 wrong input, said in one line; 1 our fault, with a traceback."""

from __future__ import annotations

import argparse
import errno
import importlib
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack

from picojoule.base.errors import PicojouleError
from picojoule.base.progress import set_quiet
from picojoule.cli.parser import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words behind ``picojoule``; those of this process if None.

    Returns:
        The exit status.
    """
    options, unknown = parser().parse_known_args(arguments)
    if unknown:
        parser().error(f"unknown option {unknown[0]} (picojoule {options.verb} --help names all)")
    _end_politely()
    set_quiet(getattr(options, "quiet", False))
    try:
        return _dispatch(options)
    except PicojouleError as error:
        print(f"picojoule: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("picojoule: interrupted; nothing half-written was left", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        where = error.filename or "a file"
        print(f"picojoule: {where}: cannot write ({error.strerror}). Remedy: free space on its disk", file=sys.stderr)
        return 2


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""Writing failed, and it is nobody's fault but the disk's."""


def _dispatch(options: argparse.Namespace) -> int:
    verbs = importlib.import_module("picojoule.cli.verbs")
    with ExitStack() as options.held:
        verbs.VERBS[options.verb](options)
    return 0


def _end_politely() -> None:
    """Let SIGTERM clean up as Ctrl-C does; signals are the main thread's."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)


def command() -> None:
    """The process ``picojoule``: one command, and then nothing that a signal could disturb."""
    status = main()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # Python's own clean-up would answer with a traceback
    sys.exit(status)


if __name__ == "__main__":
    command()
