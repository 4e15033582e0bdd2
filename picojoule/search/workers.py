"""Who evaluates: this process, processes beside it, or a Dask cluster. The scores are the same.

Tasks are bundles of genomes with a common beginning. A task whose worker died is done again, by another.
"""

from __future__ import annotations

import pickle
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import get_context
from threading import Lock
from typing import Any, final

from picojoule.base.errors import InputError, PicojouleError, first_line
from picojoule.base.extras import needed
from picojoule.base.progress import track
from picojoule.search.choices import Genome
from picojoule.search.journal import Journal
from picojoule.search.score import Score

Task = list[Genome]
Do = Callable[[Sequence[Genome]], list[Score]]
_TASKS_EACH = 2
"""Tasks for every worker, at least, so that none is idle long."""
_DEATHS = 3
"""Times in a row that workers may die without a task done in between."""


class Workers(ABC):
    """Who does tasks.

    Attributes:
        count: how many there are.
    """

    @property
    @abstractmethod
    def count(self) -> int:
        """How many there are."""

    @abstractmethod
    def do(self, do: Do, tasks: Sequence[Task]) -> Iterator[tuple[Task, list[Score]]]:
        """Every task with its outcome, in the order they are done."""


@final
@dataclass(frozen=True)
class Here(Workers):
    """This process."""

    @property
    def count(self) -> int:
        return 1

    def do(self, do: Do, tasks: Sequence[Task]) -> Iterator[tuple[Task, list[Score]]]:
        for task in tasks:
            yield task, do(task)


@final
@dataclass(frozen=True)
class Processes(Workers):
    """So many processes of this machine."""

    processes: int

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise InputError(f"{self.processes} processes", where="Processes", remedy="ask for 1 or more")

    @property
    def count(self) -> int:
        return self.processes

    def do(self, do: Do, tasks: Sequence[Task]) -> Iterator[tuple[Task, list[Score]]]:
        """One pool for each process, since a death breaks a whole pool; the task is done again in a new one."""
        left, deaths = list(reversed(tasks)), 0
        running: dict[Future[list[Score]], tuple[ProcessPoolExecutor, Task]] = {}
        with ExitStack() as stack:
            idle = [stack.enter_context(_process(do)) for _ in range(min(self.processes, len(tasks)))]
            while left or running:
                while left and idle:
                    pool, task = idle.pop(), left.pop()
                    running[_begun(pool, task)] = pool, task
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    pool, task = running.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        left.append(task)
                        deaths += 1
                        if deaths == _DEATHS:
                            raise _died(f"{len(left) + len(running)} tasks are left")
                        pool = stack.enter_context(_process(do))
                    else:
                        deaths = 0
                        yield task, future.result()
                    idle.append(pool)


def _process(do: Do) -> ProcessPoolExecutor:
    # as bytes: torch would share the tensors between the processes, and calibration writes into them
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_learn, initargs=(pickle.dumps(do),))


def _begun(pool: ProcessPoolExecutor, task: Task) -> Future[list[Score]]:
    try:
        return pool.submit(_do, task)
    except BrokenProcessPool as error:  # it died while it had nothing to do
        future: Future[list[Score]] = Future()
        future.set_exception(error)
        return future


_known: Do | None = None


def _learn(do: bytes) -> None:
    """What a process of a pool will do with its tasks; handed over once, not with every task."""
    global _known
    _known = pickle.loads(do)


def _do(task: Task) -> list[Score]:
    assert _known is not None
    return _known(task)


@final
@dataclass(frozen=True)
class Cluster(Workers):
    """The workers of a Dask scheduler.

    Args:
        scheduler: its address, such as ``tcp://10.0.0.5:8786``.
        seconds: to wait for it, and for its first worker.
    """

    scheduler: str
    seconds: float = 20.0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w+://.+:\d+", self.scheduler):
            raise self._absent("that is no address of a scheduler")

    @property
    def count(self) -> int:
        with self._client() as client:
            return len(client.scheduler_info(n_workers=-1)["workers"])

    def do(self, do: Do, tasks: Sequence[Task]) -> Iterator[tuple[Task, list[Score]]]:
        from dask.distributed import as_completed

        with self._client() as client:
            # a task, and not scattered data, which would be lost with the last worker that has it
            given = client.submit(_given, do, pure=False)
            futures = {client.submit(_call, given, task, pure=False): task for task in tasks}
            for future in as_completed(futures, loop=client.loop):
                yield futures[future], _result(future)

    def _client(self) -> Any:
        told = {"extra": "distributed", "needed_for": "--scheduler", "package": "distributed"}
        Client = needed("dask.distributed", **told).Client
        try:
            client = Client(self.scheduler, timeout=self.seconds, set_as_default=False)
        except OSError:
            raise self._absent("no scheduler answers") from None
        try:
            client.wait_for_workers(1, timeout=self.seconds)
        except TimeoutError:
            client.close()
            raise self._absent("the scheduler has no worker") from None
        return client

    def _absent(self, what: str) -> InputError:
        remedy = "start `dask scheduler` and `dask worker`, and give the scheduler's address, tcp://host:8786"
        return InputError(what, where=self.scheduler, remedy=remedy)


def _given(do: Do) -> Do:
    return do


def _call(do: Do, task: Task) -> list[Score]:
    with _ONE_AT_A_TIME:
        return do(task)


_ONE_AT_A_TIME = Lock()
"""A Dask worker with several threads would run tasks on the same modules at once."""


def _result(future: Any) -> list[Score]:
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise _died(str(error)) from None
    except (RuntimeError, ImportError) as error:
        if isinstance(error, RuntimeError) and "deserializ" not in str(error):
            raise
        what = f"the cluster cannot read what it is given ({first_line(error)})"
        remedy = "install the same versions of picojoule, torch and Python on scheduler, workers and here"
        raise InputError(what, where="--scheduler", remedy=remedy) from None


def _died(detail: str) -> PicojouleError:
    what = f"workers died again and again ({detail})"
    return PicojouleError(what, where="search", remedy="give them more memory, or fewer samples a batch")


def evaluate(
    do: Do, genomes: Sequence[Genome], workers: Workers | None = None, journal: Journal | None = None
) -> dict[Genome, Score]:
    """The score of every genome.

    Args:
        do: how to evaluate some, such as an :class:`~picojoule.search.Evaluation`; it must be picklable.
        genomes: which.
        workers: who does it; this process if None.
        journal: of what is known; new scores are kept there as they come.
    """
    workers = workers or Here()
    found = {genome: journal.scores[genome] for genome in genomes if genome in journal.scores} if journal else {}
    tasks = bundles([each for each in dict.fromkeys(genomes) if each not in found], workers.count)
    for task, scores in track(workers.do(do, tasks), "evaluating networks", total=len(tasks)):
        new = dict(zip(task, scores, strict=True))
        found |= new
        if journal is not None:
            journal.add(new)
    return {genome: found[genome] for genome in genomes}


def bundles(genomes: Sequence[Genome], workers: int) -> list[Task]:
    """Genomes with a common beginning together, in enough bundles for the workers; large ones first."""
    ordered = sorted(genomes)
    length = 1
    while ordered:
        tasks = [list(group) for _, group in groupby(ordered, key=lambda genome: genome[:length])]
        if len(tasks) >= _TASKS_EACH * workers or length >= len(ordered[0]):
            return sorted(tasks, key=len, reverse=True)
        length += 1
    return []
