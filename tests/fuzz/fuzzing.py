"""Spoil good files and give them to their readers: each case ends in a value that holds, or in one clear error."""

import random
import resource
import signal
import tempfile
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from picojoule.base.errors import PicojouleError
from readers import Reader

SECONDS, EXTRA_BYTES = 20, 6 * 2**30


class Hang(BaseException):
    """A case that did not end in time."""


@dataclass
class Report:
    """What became of the cases of a reader; `failures` holds the first of each kind, with the bytes of its file."""

    name: str
    read: int = 0
    refused: int = 0
    failures: dict[str, tuple[int, bytes, str]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def cases(self) -> int:
        return self.read + self.refused + self.kinds.total()


def fuzz(reader: Reader, cases: range) -> Report:
    """Run the cases with these numbers; the same number is the same case every time."""
    report = Report(reader.name)
    with tempfile.TemporaryDirectory() as folder, _limits():
        place = Path(folder)
        given = reader.make(place)
        reader.check(reader.read(given))
        victim = place / reader.victim
        good = victim.read_bytes()
        for case in cases:
            draw = random.Random(f"{reader.name} {case}")
            content = draw.choice(list(reader.mutations))(good, draw)
            victim.write_bytes(content)
            _try(reader, given, case, content, report)
    return report


def _try(reader: Reader, given: object, case: int, content: bytes, report: Report) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            value = reader.read(given)
        reader.check(value)
        report.read += 1
    except PicojouleError as error:
        if len(str(error).splitlines()) == 1 and error.remedy:
            report.refused += 1
        else:
            _note(report, "an error of several lines", case, content, str(error))
    except (Exception, Hang, RecursionError) as error:
        frames = [each for each in traceback.extract_tb(error.__traceback__) if "picojoule" in each.filename]
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        _note(report, f"{type(error).__name__} at {place}", case, content, traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _note(report: Report, kind: str, case: int, content: bytes, text: str) -> None:
    report.kinds[kind] += 1
    report.failures.setdefault(kind, (case, content, text))


class _limits:
    """A memory limit above what the process has now, and an alarm that ends a hanging case."""

    def __enter__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_AS)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + EXTRA_BYTES, self._before[1]))
        self._handler = signal.signal(signal.SIGALRM, self._hang)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGALRM, self._handler)
        resource.setrlimit(resource.RLIMIT_AS, self._before)

    @staticmethod
    def _hang(*_: object) -> None:
        raise Hang(f"no end within {SECONDS} s")
