"""Every reader of foreign files against spoilt ones: no crash, no hang, no growing memory, no silent half.

    python benchmarks/fuzz_readers.py --cases 10000 --out benchmarks/results/fuzz_readers.md

A case is a good file spoilt in one of several ways; its number alone decides how. It must end in a value whose promises
hold or in one error that names what, where and the remedy. What fails is kept in --keep, a file a kind.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "fuzz"))

from fuzzing import Report, fuzz
from picojoule.base.files import write_whole
from readers import READERS
from timing import machine

HEAD = "| reader | cases | read | refused | failed | seconds | memory grown, MB |\n|---|---|---|---|---|---|---|"


def _run(name: str, cases: int) -> tuple[Report, float, float]:
    """A reader's cases in a process of its own; its memory after a tenth of them, and after all."""
    reader = next(each for each in READERS if each.name == name)
    started = time.monotonic()
    report = fuzz(reader, range(cases // 10))
    early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rest = fuzz(reader, range(cases // 10, cases))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early) / 1024
    report.read, report.refused = report.read + rest.read, report.refused + rest.refused
    report.kinds += rest.kinds
    report.failures = rest.failures | report.failures
    return report, time.monotonic() - started, grown


def _alone(name: str, cases: int) -> tuple[Report, float, float]:
    """The same; a process that dies, as compiled code of others can make it, is a failure of its reader."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_run, name, cases).result()
        except BrokenProcessPool:
            report = Report(name)
            report.kinds["the process died"] = 1
            return report, 0.0, 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000, help="a reader")
    parser.add_argument("--only", help="one reader, by its name")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for the files that fail")
    options = parser.parse_args()
    names = [each.name for each in READERS if options.only in (None, each.name)]
    lines, total, failed = [HEAD], 0, 0
    with ThreadPoolExecutor(options.workers) as pool:
        for report, seconds, grown in pool.map(_alone, names, [options.cases] * len(names)):
            total, failed = total + report.cases, failed + report.kinds.total()
            lines.append(
                f"| {report.name} | {report.cases:,} | {report.read:,} | {report.refused:,} | {report.kinds.total()} "
                f"| {seconds:.0f} | {grown:.0f} |"
            )
            print(lines[-1], flush=True)
            _keep(report, options.keep)
    lines.append(f"| **all** | **{total:,}** | | | **{failed}** | | |")
    print(lines[-1])
    if options.out:
        title = f"# Spoilt files for every reader, {date.today()}\n\n{machine()}\n\n"
        write_whole(options.out, title + "\n".join(lines) + "\n")


def _keep(report: Report, folder: Path | None) -> None:
    for number, (kind, (case, content, text)) in enumerate(report.failures.items()):
        print(f"  {kind}, case {case}: {text.splitlines()[-1][:200]}")
        if folder:
            write_whole(folder / f"{report.name} {number}", content)
            write_whole(folder / f"{report.name} {number}.txt", text)


if __name__ == "__main__":
    main()
