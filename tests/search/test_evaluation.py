"""The supernet, and scores that do not depend on how networks are grouped, nor on who computes them."""

import copy
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import torch
from search_case import CountsItsCalls, Dies, evaluation, samples, supernet
from torch import nn

from picojoule.base.errors import InputError, PicojouleError
from picojoule.cost import price, profiles
from picojoule.measurement.watching import count
from picojoule.metrics import correct
from picojoule.search import Fitness, Here, Processes, evaluate, evolution
from picojoule.search.journal import Journal
from picojoule.search.workers import _call, _result, bundles
from picojoule.train import Shuffled, fit

GENOMES = list(supernet().choices)


class Samples:
    def __init__(self, n, seed):
        self.x, self.y = samples(n, seed)

    def __len__(self):
        return len(self.x)

    def pick(self, index):
        return self.x[index], self.y[index]


def loss(model, x, y):
    return (model(x) - nn.functional.one_hot(y, 10)).square().mean()


# --- the supernet ---------------------------------------------------------------------------------------------------


def test_paths_are_drawn_with_equal_chance_and_counted():
    net = supernet().train()
    seen = []
    for _ in range(300):
        seen.append(net.drawn())
        net.calls += 1
    assert len(set(seen)) == 27 and max(map(seen.count, set(seen))) < 30
    assert net.eval().drawn() == net.drawn()


def test_only_the_drawn_path_learns():
    net = supernet().train()
    genome = net.drawn()
    loss(net, *samples(8, 0)).backward()
    for options, gene in zip(net.positions, genome, strict=True):
        for number, each in enumerate(options):
            assert all((p.grad is not None) == (number == gene) for p in each.parameters())
    assert int(net.calls) == 1


def test_an_interrupted_training_goes_on_with_the_same_paths(tmp_path):
    def train(net, epochs, folder=None):
        adam = partial(torch.optim.Adam, lr=1e-2)
        fit(net, loss, Shuffled(samples=Samples(40, 5), size=10), epochs=epochs, optimiser=adam, folder=folder)
        return net.state_dict()

    whole = train(supernet(), 3)

    def broken(model, x, y):
        if int(model.calls) == 7:
            raise KeyboardInterrupt
        return loss(model, x, y)

    adam = partial(torch.optim.Adam, lr=1e-2)
    source = Shuffled(samples=Samples(40, 5), size=10)
    with pytest.raises(KeyboardInterrupt):
        fit(supernet(), broken, source, epochs=3, optimiser=adam, folder=tmp_path)
    again = train(supernet(), 3, tmp_path)
    assert all(torch.equal(whole[key], again[key]) for key in whole)


# --- scores ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize("batch", [500, 7])
def test_common_beginnings_change_no_score(calibrated, batch):
    options = {"batch": batch} | ({} if calibrated else {"calibration": None})
    shared = evaluation(**options)(GENOMES)
    assert shared == evaluation(**options, shared=False)(GENOMES)
    assert len({each.spikes for each in shared}) > 20


def test_scores_are_of_the_network_itself():
    """By the network alone: norms calibrated in one pass, samples run, counts priced."""
    made = evaluation()
    for genome in GENOMES[::5]:
        net = copy.deepcopy(made.supernet.network(genome)).train()
        for norm in (each for each in net.modules() if isinstance(each, nn.BatchNorm2d)):
            norm.reset_running_stats()
            norm.momentum = None
        with torch.no_grad():
            net(made.calibration)
        values, counts = count(net, made.x)
        (score,) = made([genome])
        assert score.accuracy == correct(values, made.y) / 20
        assert score.spikes == counts.hidden_spikes / 20 and score.synops == counts.per_sample("synops")
        assert score.joules == pytest.approx(price(counts, profiles.HOROWITZ_FP32).joules)


def test_calibration_is_for_the_path():
    assert evaluation()(GENOMES) != evaluation(calibration=None)(GENOMES)


def test_stages_run_once_for_a_common_beginning():
    made, runs = evaluation(), []
    for position, options in enumerate(made.supernet.positions):
        for each in options:
            each.register_forward_hook(lambda *_, position=position: runs.append(position))
    made(GENOMES)
    assert [runs.count(position) // 2 for position in range(3)] == [3, 9, 27]  # calibration, then samples


def test_genomes_of_another_length_are_refused():
    with pytest.raises(InputError, match="genomes of"):
        evaluation()([(0, 1)])


# --- workers --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def due():
    return evaluate(evaluation(), GENOMES, Here())


@pytest.mark.parametrize("workers", [1, 2, 5, 40])
def test_bundles_are_everything_once(workers):
    made = bundles(GENOMES[::-1], workers)
    assert sorted(each for task in made for each in task) == GENOMES
    assert len(made) >= min(2 * workers, 27) and not bundles([], workers)


def test_two_processes_find_the_same_and_one_that_dies_is_replaced(due, tmp_path):
    assert evaluate(Dies(tmp_path), GENOMES, Processes(2)) == due
    assert (tmp_path / "died0").exists()


def test_processes_that_always_die_are_given_up(tmp_path):
    with pytest.raises(PicojouleError, match="workers died again and again"):
        evaluate(Dies(tmp_path, deaths=100), GENOMES, Processes(1))


def test_no_processes_are_refused():
    with pytest.raises(InputError, match="0 processes"):
        Processes(0)


def test_dask_finds_the_same_and_a_worker_that_dies_is_replaced(due, tmp_path):
    distributed = pytest.importorskip("distributed")
    from picojoule.search import Cluster

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path / "dask")
    ) as cluster:
        workers = Cluster(cluster.scheduler_address)
        assert workers.count == 2
        assert evaluate(Dies(tmp_path), GENOMES, workers) == due
    assert (tmp_path / "died0").exists()


def test_a_scheduler_that_is_not_there_is_named():
    pytest.importorskip("distributed")
    from picojoule.search import Cluster

    with pytest.raises(InputError, match=r"tcp://127.0.0.1:9: no scheduler answers"):
        evaluate(evaluation(), GENOMES, Cluster("tcp://127.0.0.1:9", seconds=0.5))
    with pytest.raises(InputError, match="nonsense: that is no address"):
        Cluster("nonsense")


def test_a_cluster_without_workers_and_one_of_another_version_are_named(tmp_path):
    distributed = pytest.importorskip("distributed")
    from picojoule.search import Cluster

    class Future:
        def result(self):
            raise ModuleNotFoundError("No module named 'picojoule.search'")

    with pytest.raises(InputError, match="install the same versions"):
        _result(Future())
    empty = distributed.LocalCluster(n_workers=0, dashboard_address=None, local_directory=str(tmp_path))
    with empty as cluster, pytest.raises(InputError, match="the scheduler has no worker"):
        evaluate(evaluation(), GENOMES, Cluster(cluster.scheduler_address, seconds=0.5))


def test_processes_have_nothing_in_common(tmp_path):
    assert len(evaluate(CountsItsCalls(tmp_path, 2), GENOMES, Processes(2))) == 27


def test_threads_of_one_worker_take_turns(tmp_path):
    made = CountsItsCalls(tmp_path, 1)
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(partial(_call, made), [[genome] for genome in GENOMES]))) == 27


# --- the journal ----------------------------------------------------------------------------------------------------


def test_a_search_on_the_supernet_is_the_search_on_the_table(due, tmp_path):
    made, journal = evaluation(), Journal(tmp_path / "scores.jsonl", "a")
    fitness = Fitness.of(due.values())

    def look(genomes):
        return [fitness(each) for each in evaluate(made, genomes, journal=journal).values()]

    on_table = evolution(made.supernet.choices, lambda genomes: [fitness(due[each]) for each in genomes], budget=12)
    assert evolution(made.supernet.choices, look, budget=12) == on_table
    assert set(journal.scores) == set(on_table.genomes)


def test_a_killed_search_goes_on_where_it_was(due, tmp_path):
    path, done = tmp_path / "scores.jsonl", []

    made = evaluation()

    def stops(genomes):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(genomes)
        return made(genomes)

    with pytest.raises(KeyboardInterrupt):
        evaluate(stops, GENOMES, journal=Journal(path, "a"))
    known = len(Journal(path, "a").scores)
    assert known == sum(map(len, done)) and 0 < known < 27
    asked = []

    def counted(genomes):
        asked.extend(genomes)
        return made(genomes)

    assert evaluate(counted, GENOMES, journal=Journal(path, "a")) == due
    assert len(asked) == 27 - known
    assert evaluate(stops, GENOMES, journal=Journal(path, "a")) == due  # nothing is asked any more


def test_a_journal_of_another_search_or_damaged_is_refused(due, tmp_path):
    path = tmp_path / "scores.jsonl"
    Journal(path, "a").add(due)
    assert Journal(path, "a").scores == due
    with pytest.raises(InputError, match="another search"):
        Journal(path, "b")
    path.write_text(path.read_text()[:-20])
    with pytest.raises(InputError, match="damaged"):
        Journal(path, "a")
