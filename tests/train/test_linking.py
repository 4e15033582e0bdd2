"""Losses of pointers by hand, a network that learns, and a file that holds all it needs."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from picojoule.base.errors import InputError, WeightsError
from picojoule.data.language.relations.sharing import mixed
from picojoule.models.language.pointing import (
    DualPointer,
    Form,
    Linker,
    PairsApart,
    PairsTogether,
    Pointers,
    Rule,
)
from picojoule.models.language.pointing.linker import EMBEDDED
from picojoule.models.loading import embedded_metadata
from picojoule.train import linker as training
from picojoule.train.linking import Material, Settings, as_triples, found_by, loss_of, scored, teach

CORPUS = mixed(train=60, valid=12, test=12)
FORM = Form(
    kinds=CORPUS.kinds, labels=CORPUS.labels, word=16, letter=4, type=8, filters=4, context=16, entity=32, heads=2,
    buckets=256, dropout=0.0, forget=0.0,
)  # fmt: skip
MATERIAL = Material.of(CORPUS.train, FORM)


class Says(nn.Module):
    """A module that gives the same answer whatever it sees."""

    def __init__(self, said):
        super().__init__()
        self.said, self.unused = said, nn.Parameter(torch.zeros(()))

    def forward(self, _batch):
        return self.said


def answers(many=False, n=None, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator)

    labels = len(FORM.labels)
    if many:
        return tuple(Pointers(at=draw(2, n, n), relation=draw(2, n, n, labels)) for _ in range(2))
    return tuple(Pointers(at=draw(2, n, n + 1), relation=draw(2, n, labels + 1)) for _ in range(2))


INDEX = torch.tensor([2, 5])
NONE = 0.25


def sizes():
    batch = MATERIAL.batch.pick(INDEX)
    return batch.types.shape[1], [len(CORPUS.train[i].entities) for i in INDEX.tolist()]


def test_the_loss_of_two_pointers_by_hand():
    n, counts = sizes()
    said, targets = answers(n=n), MATERIAL.targets.pick(INDEX, n)
    due = 0.0
    for pointers, aim in zip(said, (targets.objects, targets.subjects), strict=True):
        total = weights = 0.0
        for row, entities in enumerate(counts):
            for j in range(entities):
                where, what = aim[row, j].tolist()
                weight = 1.0 if where else NONE
                pointing = -float(pointers.at[row, j].log_softmax(0)[where])
                naming = -float(pointers.relation[row, j].log_softmax(0)[what])
                total += weight * (0.4 * pointing + 0.1 * naming)
                weights += weight
        due += total / weights
    assert float(loss_of(MATERIAL, none=NONE)(Says(said), INDEX, INDEX)) == pytest.approx(due, rel=1e-5)


def test_the_loss_of_many_pointers_by_hand():
    n, counts = sizes()
    said, targets = answers(many=True, n=n), MATERIAL.targets.pick(INDEX, n)
    due = 0.0
    for pointers, aim in zip(said, (targets.pairs, targets.pairs.mT), strict=True):
        total = weights = naming = named = 0.0
        for row, entities in enumerate(counts):
            for j in range(entities):
                for k in range(entities):
                    hit = int(aim[row, j, k])
                    weight = 1.0 if hit else NONE
                    total -= weight * float(F.logsigmoid(pointers.at[row, j, k] * (1 if hit else -1)))
                    weights += weight
                    naming -= float(pointers.relation[row, j, k].log_softmax(0)[hit - 1]) if hit else 0.0
                    named += hit > 0
        due += 0.4 * total / weights + 0.1 * naming / named
    assert float(loss_of(MATERIAL, none=NONE)(Says(said), INDEX, INDEX)) == pytest.approx(due, rel=1e-5)


def test_the_loss_of_pairs_leaves_the_diagonal_out():
    n, counts = sizes()
    logits = torch.randn(2, n, n, len(FORM.labels) + 1, generator=torch.Generator().manual_seed(1))
    aim = MATERIAL.targets.pick(INDEX, n).pairs
    loss = loss_of(MATERIAL, none=NONE)
    due = float(loss(Says(logits), INDEX, INDEX))
    spoiled = logits.clone()
    spoiled[:, range(n), range(n)] = 100.0
    assert float(loss(Says(spoiled), INDEX, INDEX)) == due
    terms = [
        ((1.0 if aim[row, i, k] else NONE), -float(logits[row, i, k].log_softmax(0)[aim[row, i, k]]))
        for row, entities in enumerate(counts) for i in range(entities) for k in range(entities) if i != k
    ]  # fmt: skip
    assert due == pytest.approx(sum(w * t for w, t in terms) / sum(w for w, _ in terms), rel=1e-5)


@pytest.mark.parametrize(
    "network",
    [lambda form: DualPointer(form, placed=True), lambda form: DualPointer(form, placed=True, many=True), PairsTogether,
     PairsApart],
    ids=["pointers", "many", "together", "apart"],
)  # fmt: skip
def test_every_network_learns_a_few_sentences(network):
    few = Material.of([each for each in CORPUS.train if 2 <= len(each.entities) <= 4][:8], FORM)
    torch.manual_seed(0)
    model = network(FORM)
    before = scored(model.eval(), few, FORM.labels).f1
    teach(model, few, Settings(epochs=150, rate=1e-2, batch=8, none=0.5), what="learning a few")
    assert before < 0.3 and scored(model, few, FORM.labels).f1 > 0.8


def test_a_word_may_be_forgotten_in_training_only():
    form = Form(kinds=FORM.kinds, labels=FORM.labels, forget=1.0, dropout=0.0, buckets=64)
    torch.manual_seed(0)
    model = DualPointer(form)
    batch = Material.of(CORPUS.train[:4], form).batch
    whole = model.eval().reading(batch)[0][..., : form.word]
    forgot = model.train().reading(batch)[0][..., : form.word]
    assert whole.abs().sum() > 0 and forgot.abs().sum() == 0


def trained(tmp_path, **options):
    path = tmp_path / "linker.safetensors"
    return path, training.train_embedded(path, settings=Settings(epochs=2), data=CORPUS, **options)


def test_a_linker_is_one_file(tmp_path):
    path, (linker, reached) = trained(tmp_path)
    again = Linker.load(path)
    assert again.model.form == linker.model.form and again.rule == linker.rule
    assert again(CORPUS.test) == linker(CORPUS.test)
    material = Material.of(CORPUS.test, linker.model.form)
    assert scored(again.model, material, again.model.form.labels, again.rule).f1 == reached
    assert as_triples(found_by(again.model, material, again.rule), CORPUS.labels) == as_triples(
        again(CORPUS.test), CORPUS.labels
    )


def test_seeds_and_checkpoints(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
    files = [trained(folder, checkpoints=folder / "c")[0].read_bytes() for folder in (first, second)]
    assert files[0] == files[1] and (first / "c").is_dir()


def test_the_packaged_linker():
    linker = Linker.load()
    assert linker.rule.one_label and linker.rule.others and linker.rule.possible
    assert EMBEDDED.stat().st_size < 300_000
    told = embedded_metadata(EMBEDDED)
    assert told["command"].startswith(training.COMMAND) and 0.8 < float(told["f1"]) <= 1


def test_files_of_another_kind_are_refused(tmp_path):
    from picojoule.models.loading import DETECTOR

    with pytest.raises(WeightsError, match="it holds no linker"):
        Linker.load(DETECTOR)
    path, (linker, _) = trained(tmp_path)
    (tmp_path / "cut").write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError):
        Linker.load(tmp_path / "cut")
    with pytest.raises(WeightsError):
        Linker.load(tmp_path / "none")
    with pytest.raises(InputError, match="cannot write"):
        training.train_embedded("/proc/none/x", data=CORPUS)
    assert linker.rule != Rule()


def test_the_command(tmp_path, capsys):
    assert training.main([str(tmp_path / "x"), "--data", str(tmp_path / "none.json")]) == 2
    assert "Remedy" in capsys.readouterr().err


def test_every_eighth_sentence_is_held_out_where_none_is_given():
    from dataclasses import replace

    found = training.held_out(replace(CORPUS, valid=()))
    assert len(found.valid) == 8 and len(found.train) == 52 and not {*found.valid} & {*found.train}
    assert training.held_out(CORPUS) is CORPUS
