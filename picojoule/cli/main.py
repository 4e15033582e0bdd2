"""Parsing, dispatch and exit status: 0 done; 2 wrong input, said in one line; 1 our fault, with a traceback."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from picojoule.base.errors import NotBuiltYet, PicojouleError
from picojoule.base.progress import set_quiet
from picojoule.cli.parser import PLANNED, parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words behind ``picojoule``; those of this process if None.

    Returns:
        The exit status.
    """
    options, unknown = parser().parse_known_args(arguments)
    if unknown and options.verb not in PLANNED:
        parser().error(f"unknown option {unknown[0]} (picojoule {options.verb} --help names all)")
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


def _dispatch(options: argparse.Namespace) -> int:
    if options.verb in PLANNED:
        raise NotBuiltYet(f"picojoule {options.verb}", instead=PLANNED[options.verb].instead)
    verbs = importlib.import_module("picojoule.cli.verbs")
    verbs.VERBS[options.verb](options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
