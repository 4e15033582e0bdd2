"""The recipe's parts: data of every kind, the paper's setting, a search that goes on, claims that can fail."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from picojoule.base.errors import InputError
from picojoule.cli.main import main
from picojoule.cost import Counts, LayerCounts
from picojoule.models.spiking.found import AUTOSNN
from picojoule.neurons import StepByStep
from picojoule.recipes import autosnn
from picojoule.recipes.autosnn import networks, searching
from picojoule.recipes.autosnn.claims import claims
from picojoule.recipes.autosnn.conditions import DESIGNS, HANDMADE, LAMBDA, MAXIMUM, SIZES, Entrant
from picojoule.recipes.autosnn.material import gather
from picojoule.recipes.autosnn.networks import Trained, rate_loss, supernet, train
from picojoule.recipes.autosnn.searching import Searched, workers_of
from picojoule.recipes.settings import Settings
from picojoule.search import Choices, Cluster, Here, Processes, Score, Trail
from picojoule.train import Shuffled, fit

SMOKE = SIZES["smoke"]


def test_designs_are_apart():
    assert len({each.name for each in DESIGNS}) == len(DESIGNS) == 10
    assert [each.name for each in DESIGNS if each.silent] == ["average, released", "global, released"]


def test_the_full_mode_is_the_papers():
    size = SIZES["full"]
    assert (size.channels, size.steps, size.supernet, size.batch, size.rate, size.budget) == (16, 8, 600, 96, 1e-3, 400)
    assert size.fabric.layer is StepByStep and len(Choices(options=(5,) * 5)) == 3125


# --- data -----------------------------------------------------------------------------------------------------------


def test_digits_are_made_small_and_the_last_are_held_out():
    material = gather(Settings(mode="smoke", limit=10), SMOKE)
    assert material.macro.shape == (1, 14, 14) and not material.frames and len(material.test) == 10
    samples, held = material.split(0.25)
    assert (len(samples), len(held)) == (48, 16)
    assert torch.equal(held.images, material.train.images[48:])


def cifar(root, images: int):
    generator = np.random.default_rng(0)
    for part in ("train", "test"):
        for number in range(images):
            path = root / part / f"class{number % 2}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(generator.integers(0, 256, (32, 32, 3), np.uint8)).save(path)
    return Settings(mode="full", data=str(root))


def dvs(root):
    for part in ("train", "test"):
        for number in range(2):
            path = root / part / f"class{number}" / "0.npz"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, frames=np.random.default_rng(number).poisson(0.3, (2, 2, 128, 128)))
    return Settings(mode="full", data=str(root))


def steps(net, source, number: int, size) -> list[float]:
    adam = lambda parameters: torch.optim.Adam(parameters, lr=size.rate)  # noqa: E731
    return list(fit(net, rate_loss, source, epochs=number, optimiser=adam).losses)


def test_the_first_twenty_steps_of_the_papers_search_on_a_folder_of_pictures(tmp_path):
    size = SIZES["full"]
    material = gather(cifar(tmp_path, images=2), size)
    assert material.macro.shape == (3, 32, 32) and material.macro.channels == 16
    net = supernet(material.macro, 0)
    assert len(net.choices) == 3125
    losses = steps(net, Shuffled(samples=material.train, size=1), 10, size)
    assert int(net.calls) == 20 and all(np.isfinite(losses))


def test_the_first_twenty_steps_of_the_published_network_on_a_folder_of_frames(tmp_path):
    size = SIZES["full"]
    material = gather(dvs(tmp_path), size)
    assert material.frames and material.macro.shape == (2, 128, 128) and material.macro.steps == 2
    net = material.macro.network(AUTOSNN)
    losses = steps(net, Shuffled(samples=material.train, size=1), 10, size)
    assert losses[-1] < losses[0]


# --- the search -----------------------------------------------------------------------------------------------------


def test_who_evaluates_is_asked_for():
    assert workers_of(Settings()) == Here()
    assert workers_of(Settings(workers=3)) == Processes(3)
    assert workers_of(Settings(workers=3, scheduler="tcp://there:1")) == Cluster("tcp://there:1")


def test_a_killed_search_goes_on_and_ends_the_same(tmp_path, monkeypatch):
    settings = Settings(mode="smoke", limit=8)
    material = gather(settings, SMOKE)
    whole = autosnn._searched(material, SMOKE, settings)
    going, call, calls = replace(settings, unfinished=str(tmp_path)), searching.Evaluation.__call__, []

    def counted(self, genomes):
        calls.append(len(genomes))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return call(self, genomes)

    monkeypatch.setattr(searching.Evaluation, "__call__", counted)
    with pytest.raises(KeyboardInterrupt):
        autosnn._searched(material, SMOKE, going)
    again = autosnn._searched(material, SMOKE, going)
    assert (again.table, again.alone, again.trails) == (whole.table, whole.alone, whole.trails)
    assert calls == [
        5,
        5,
        5,
        5,
        5,
        5,
        SMOKE.alone,
    ]  # two bundles, the third killed; then the three left, and path by path
    assert whole.seconds is not None and again.seconds is None


def test_frames_get_the_published_architecture(tmp_path, monkeypatch):
    monkeypatch.setitem(autosnn.SIZES, "full", replace(SMOKE, fabric=SIZES["full"].fabric))
    result = autosnn.build(dvs(tmp_path))
    assert "plif T=2 as published" in {each.system for each in result.rows}
    assert "evolution-below-random" not in {each.id for each in result.claims}
    assert {each.id: each.status for each in result.claims}["average-is-silent"] == "reached"


def test_a_network_is_trained_from_several_seeds():
    material = gather(Settings(mode="smoke", limit=8), SMOKE)
    entrant = Entrant(name="plain", architecture=("SCB3",) * 2)
    found = train(entrant, material.macro, material, SMOKE, Settings(mode="smoke"), epochs=1, repeats=2)
    assert len(found.modules) == len(found.accuracies) == 2
    first, second = (next(each.parameters()) for each in found.modules)
    assert not torch.equal(first, second)


def test_the_ann_of_frames_sees_their_sum():
    frames = torch.rand(2, 3, 2, 4, 4)
    assert torch.equal(networks.still(frames), frames.sum(1))
    assert networks.still(frames[:, 0]) is not None and networks.still(frames[:, 0]).shape == (2, 2, 4, 4)


# --- claims ---------------------------------------------------------------------------------------------------------

SPACE = Choices(options=(2, 2))
TABLE = {
    genome: Score(accuracy=0.5 + 0.1 * genome[0], spikes=100.0 + 50 * genome[1], synops=1.0, joules=1e-9)
    for genome in SPACE
}


def searched(**changed) -> Searched:
    best, other = (1, 0), (0, 1)
    trails = {
        "evolution": (Trail(genomes=(best,), values=(fitness(best),)),),
        "random": (Trail(genomes=(other,), values=(fitness(other),)),),
        "tpe": (Trail(genomes=(other,), values=(fitness(other),)),),
    }
    known = {"table": TABLE, "alone": {best: TABLE[best]}, "seconds": 1.0, "seconds_alone": 3.0, "trails": trails}
    return Searched(choices=SPACE, **(known | changed))


def fitness(genome) -> float:
    return Searched(choices=SPACE, table=TABLE, alone={}, seconds=None, seconds_alone=0.0, trails={}).fitness(LAMBDA)(
        TABLE[genome]
    )


def trained(accuracy: float, spikes: int, *, behind: int = 0) -> Trained:
    net = torch.nn.Sequential(torch.nn.AvgPool2d(2))
    layers = (LayerCounts(name="0", spikes=behind), LayerCounts(name="rest", spikes=spikes - behind))
    return Trained(
        entrant=Entrant(name="net", architecture=()),
        modules=(net,),
        hits=(round(1000 * accuracy),),
        counts=(Counts(samples=1000, steps=4, layers=layers),),
    )


def judged(*, search=None, study=None, **changed) -> dict[str, str]:
    done = {"aware": trained(0.9, 700), "blind": trained(0.905, 1000)}
    done |= {name: trained(0.89, 900) for name in HANDMADE} | changed
    studied = {each: trained(0.80, 1200) for each in DESIGNS}
    studied |= {each: trained(0.1, 50) for each in DESIGNS if each.silent} | {MAXIMUM: trained(0.9, 800)}
    found = claims(search or searched(), done, studied | (study or {}))
    return {claim.id: claim.status for claim in found}


def test_claims_are_reached():
    found = judged()
    assert found.pop("cifar10") == "not-tried" and set(found.values()) == {"reached"}


@pytest.mark.parametrize(
    ("changed", "claim", "status"),
    [
        ({"aware": trained(0.9, 850)}, "spike-aware-fewer", "not-reached"),
        ({"aware": trained(0.89, 700)}, "spike-aware-fewer", "not-reached"),
        ({"aware": trained(0.9, 950)}, "beats-handmade", "not-reached"),
        ({"aware": trained(0.87, 700)}, "beats-handmade", "not-reached"),
        ({"search": searched(seconds_alone=2.0)}, "shared-is-faster", "not-reached"),
        ({"search": searched(seconds=None)}, "shared-is-faster", "not-tried"),
        ({"search": searched(alone={(1, 0): TABLE[0, 0]})}, "shared-equals-alone", "not-reached"),
        ({"study": {MAXIMUM: trained(0.7, 800)}}, "maximum-not-average", "not-reached"),
        ({"study": {MAXIMUM: trained(0.9, 2000)}}, "no-global", "not-reached"),
        ({"study": {DESIGNS[2]: trained(0.1, 50, behind=1)}}, "average-is-silent", "not-reached"),
    ],
)
def test_claims_can_fail(changed, claim, status):
    assert judged(**changed)[claim] == status


def test_an_evolution_no_better_than_chance_is_not_reached():
    same = searched()
    trails = {**same.trails, "random": same.trails["evolution"]}
    assert judged(search=replace(same, trails=trails))["evolution-below-random"] == "not-reached"


def test_winners_and_regrets_are_exact():
    found = searched()
    assert found.best(LAMBDA) == (1, 0) and found.front == [(1, 0)] and set(found.winners) == {(1, 0)}
    assert found.regrets(LAMBDA)["evolution"] == [0.0] and found.regrets(LAMBDA)["random"][0] > 0
    assert found.regret_against_evaluations(LAMBDA)["random"] == found.regrets(LAMBDA)["random"]


# --- the command ----------------------------------------------------------------------------------------------------


def test_recipes_that_do_not_search_refuse_workers(capsys, tmp_path):
    assert main(["run", "t2fsnn", "--smoke", "--workers", "2", "--out", str(tmp_path)]) == 2
    assert "it does not search" in capsys.readouterr().err


def test_a_scheduler_that_is_not_there_ends_the_run(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(searching, "Cluster", lambda address: Cluster(address, seconds=0.5))
    with pytest.raises(InputError, match="no scheduler"):
        autosnn.build(Settings(mode="smoke", scheduler="tcp://127.0.0.1:9"))
