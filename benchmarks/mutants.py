"""Do the tests notice when the code is wrong? A sample of small faults, each put in alone, and the tests run.

    python benchmarks/mutants.py --sample 300 --workers 2 --work DIR --out benchmarks/results/mutants.md

A mutant turns one comparison, operator, number, truth value or condition of the rooms below into another. It is killed
when a test of its room fails or does not end; quick tests go first. Mutants that change nothing a caller can see count
as survivors, so the share is a lower bound. What is done is kept in DIR, one JSON line a mutant; a run that was stopped
goes on from there.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import Queue

import pytest

from picojoule.base.files import write_whole
from picojoule.metrics import wilson

ROOT = Path(__file__).parent.parent
TESTS = {
    "codes": ("codes", "conformance"),
    "neurons": ("neurons", "herding"),
    "engines": ("engines", "conformance"),
    "cost": ("cost", "measurement"),
    "conversion": ("conversion", "diagnosis"),
}
"""The rooms whose code is spoilt, and the folders of tests that should notice."""
SECONDS = 900
FORKS = get_context("forkserver")


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One fault: `after` in place of `before` in a line of a file."""

    file: str
    line: int
    column: int
    before: str
    after: str


COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add, ast.Pow: ast.Mult,
}  # fmt: skip


def mutants(path: Path) -> Iterator[Mutant]:
    """Every fault that can be put into a file."""
    source = path.read_text()
    tree = ast.parse(source)
    for node in ast.walk(tree):  # annotations, decorators and errors compute nothing
        for name in ("annotation", "returns", "exc"):
            if getattr(node, name, None) is not None:
                setattr(node, name, None)
        if hasattr(node, "decorator_list"):
            node.decorator_list = []
    for node in ast.walk(tree):
        spoilt = _spoilt(node)
        before = ast.get_source_segment(source, node) if spoilt else None
        if spoilt and before and "\n" not in before:
            yield Mutant(
                file=str(path.relative_to(ROOT)),
                line=node.lineno,  # type: ignore[attr-defined]
                column=len(source.splitlines()[node.lineno - 1].encode()[: node.col_offset].decode()),  # type: ignore[attr-defined]
                before=before,
                after=f"({ast.unparse(spoilt)})",
            )


def _spoilt(node: ast.AST) -> ast.expr | None:
    match node:
        case ast.Compare(left=left, ops=[first, *rest], comparators=others):
            return ast.Compare(left, [COMPARISONS[type(first)](), *rest], others)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return ast.BinOp(left, OPERATORS[type(op)](), right)
        case ast.BoolOp(op=op, values=values):
            return ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            return operand
        case ast.Constant(value=bool(value)):
            return ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            return ast.Constant(value + 1)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return ast.IfExp(ast.UnaryOp(ast.Not(), test), body, orelse)
    return None


def sample(number: int, seed: int) -> list[Mutant]:
    """So many faults, drawn evenly from all there are."""
    files = sorted(path for room in TESTS for path in (ROOT / "picojoule" / room).rglob("*.py"))
    every = sorted(
        (each for path in files for each in mutants(path)), key=lambda each: (each.file, each.line, each.column)
    )
    return random.Random(seed).sample(every, min(number, len(every)))


def killed(mutant: Mutant, copy: Path, seconds: Path) -> bool:
    """Whether a test fails with the fault in a copy of the repository, which is whole again afterwards."""
    path = copy / mutant.file
    good = path.read_text()
    lines = good.splitlines(keepends=True)
    line = lines[mutant.line - 1]
    assert line[mutant.column :].startswith(mutant.before), mutant
    lines[mutant.line - 1] = line[: mutant.column] + mutant.after + line[mutant.column + len(mutant.before) :]
    try:
        path.write_text("".join(lines))
        return tested(TESTS[mutant.file.split("/")[1]], copy, seconds) != pytest.ExitCode.OK
    finally:
        path.write_text(good)


def tested(rooms: Iterable[str], copy: Path, seconds: Path) -> int | None:
    """pytest's exit code for the tests of rooms; in a process of its own that has the libraries loaded."""
    process = FORKS.Process(target=_test, args=([f"tests/{room}" for room in rooms], copy, seconds))
    process.start()
    process.join(SECONDS)
    process.kill()
    process.join()
    return process.exitcode


def _test(folders: list[str], copy: Path, seconds: Path) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "picojoule"]:
        del sys.modules[name]
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    os.environ.update(PYTHONPATH=str(copy), OMP_NUM_THREADS="1", MPLBACKEND="Agg")
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        code = pytest.main(
            ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", *folders], plugins=[QuickFirst(seconds)]
        )
    sys.exit(int(code))


class QuickFirst:
    """A plug-in of pytest: tests in the order of the seconds they took last time, which it keeps."""

    def __init__(self, kept: Path) -> None:
        self.kept = kept
        self.seconds = Counter(json.loads(kept.read_text()) if kept.exists() else {})
        self.took: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.seconds[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took[report.nodeid] += report.duration

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.OK:
            write_whole(self.kept, json.dumps(self.seconds | self.took))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--work", type=Path, required=True, help="a folder for copies and for what is done")
    parser.add_argument("--limit", type=int, help="stop after so many of the sample; another run goes on")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    copies: Queue[Path] = Queue()
    for number in range(options.workers):
        copies.put(_copy(options.work / f"copy{number}"))
    FORKS.set_forkserver_preload(["torch", "numba", "pytest", "networkx", "matplotlib.pyplot"])
    seconds, journal = options.work / "seconds.json", options.work / "done.jsonl"
    for rooms in () if seconds.exists() else TESTS.values():
        assert tested(rooms, copies.queue[0], seconds) == 0, f"the tests of {rooms} fail before anything is spoilt"
    done = {} if not journal.exists() else dict(map(_entry, journal.read_text().splitlines()))
    chosen = sample(options.sample, options.seed)[: options.limit]

    def try_one(mutant: Mutant) -> None:
        copy = copies.get()
        result = killed(mutant, copy, seconds)
        copies.put(copy)
        done[mutant] = result
        with journal.open("a") as file:
            file.write(json.dumps({**asdict(mutant), "killed": result}) + "\n")
        print(
            f"{'killed' if result else 'LIVES ':<7}{mutant.file}:{mutant.line}  {mutant.before}  →  {mutant.after}",
            flush=True,
        )

    with ThreadPoolExecutor(options.workers) as pool:
        list(pool.map(try_one, [each for each in chosen if each not in done]))
    text = table({each: done[each] for each in chosen})
    print(text)
    if options.out:
        write_whole(options.out, text)


def _copy(folder: Path) -> Path:
    """The repository's own files, the present state of each."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("picojoule", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _entry(line: str) -> tuple[Mutant, bool]:
    values = json.loads(line)
    result = values.pop("killed")
    return Mutant(**values), result


def table(done: dict[Mutant, bool]) -> str:
    """Killed of all by room with intervals, and those that live."""
    lines = ["| room | mutants | killed | share | 95 % interval |", "|---|---|---|---|---|"]
    for room in (*TESTS, "all"):
        found = [result for each, result in done.items() if room in (each.file.split("/")[1], "all")]
        if found:
            low, high = wilson(sum(found), len(found))
            share = f"{sum(found) / len(found):.0%}"
            lines.append(f"| {room} | {len(found)} | {sum(found)} | {share} | {low:.0%}–{high:.0%} |")
    lines += ["", "Those that live:", ""]
    lines += [
        f"- `{each.file}:{each.line}` `{each.before}` → `{each.after}`" for each, result in done.items() if not result
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
