"""Networks that link entities: padding changes nothing, pointers point at entities, and the union is a union."""

import pytest
import torch

from picojoule.base.errors import DataError
from picojoule.data.language.relations import Entity, Relation, Sentence
from picojoule.data.language.relations.order import triples
from picojoule.data.language.relations.sharing import mixed
from picojoule.measurement import count_module
from picojoule.models.language.pointing import (
    BACKWARD,
    FORWARD,
    DualPointer,
    Form,
    PairsApart,
    PairsTogether,
    Pointers,
    Rule,
    Targets,
    encode,
    merged,
    possible_in,
)
from picojoule.models.language.pointing.linking import proposals
from picojoule.train.linking import as_triples

CORPUS = mixed(train=40, valid=0, test=1)
FORM = Form(
    kinds=CORPUS.kinds, labels=CORPUS.labels, word=8, letter=4, type=4, filters=4, context=6, entity=8, heads=2,
    buckets=64,
)  # fmt: skip
NETWORKS = {
    "pointers": lambda: DualPointer(FORM),
    "placed": lambda: DualPointer(FORM, placed=True),
    "blind": lambda: DualPointer(FORM, context=False),
    "many": lambda: DualPointer(FORM, many=True),
    "together": lambda: PairsTogether(FORM),
    "apart": lambda: PairsApart(FORM),
}
WHOLE = encode(CORPUS.train, FORM.kinds, FORM.hashed)


def network(name):
    torch.manual_seed(0)
    return NETWORKS[name]().eval()


def tensors(said):
    return [said] if isinstance(said, torch.Tensor) else [t for p in said for t in (p.at, p.relation)]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_sentence_is_read_alike_alone_and_in_a_padded_batch(name):
    """No padded word, letter, piece or entity has a say."""
    net = network(name)
    together = tensors(net(WHOLE))
    for place in (0, 7, 23):
        alone = tensors(net(WHOLE.pick(torch.tensor([place]))))
        for one, all_ in zip(alone, together, strict=True):
            own = all_[place][tuple(slice(size) for size in one.shape[1:])]
            torch.testing.assert_close(one[0], own, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_entities_that_are_not_there_are_never_chosen(name):
    net = network(name)
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_(3)
        found = merged(net(WHOLE), WHOLE)
    assert any(found)
    for links, sentence in zip(found, CORPUS.train, strict=True):
        assert all(max(link.subject, link.object) < len(sentence.entities) for link in links)


def test_without_masks_they_would_be():
    """The broken twin: pointers that may point behind the last entity do."""
    there = torch.tensor([[True, False, False]])
    at = torch.zeros(1, 3, 4)
    at[..., 3] = 5
    said = Pointers(at=at, relation=torch.tensor([0.0, 1.0]).expand(1, 3, 2))
    (links,) = proposals((said, said), there)
    assert {link.object for link in links if link.decoder == "objects"} == {2}


def said_of(sentence, n=4):
    """Perfect pointers."""
    targets = Targets.of([sentence], CORPUS.labels)
    heads = []
    for aim in (targets.objects, targets.subjects):
        at = torch.nn.functional.one_hot(aim[..., 0], n + 1) * 10.0
        heads.append(Pointers(at=at, relation=torch.nn.functional.one_hot(aim[..., 1], len(CORPUS.labels) + 1) * 10.0))
    return tuple(heads)


def sentence_of(*relations, kinds="PPOO"):
    names = {"P": "Peop", "O": "Org"}
    entities = tuple(Entity(start=i, stop=i + 1, kind=names[kind]) for i, kind in enumerate(kinds))
    made = tuple(Relation(subject=s, object=o, label="Work_For") for s, o in relations)
    return Sentence(tokens=tuple("abcd"), entities=entities, relations=made)


@pytest.mark.parametrize(
    ("relations", "forward", "backward", "union"),
    [
        ([(0, 2), (1, 2)], [(0, 2), (1, 2)], [(1, 2)], [(0, 2), (1, 2)]),  # n subjects, one object
        ([(0, 2), (0, 3)], [(0, 3)], [(0, 2), (0, 3)], [(0, 2), (0, 3)]),  # one subject, n objects
        ([(0, 2), (0, 3), (1, 2), (1, 3)], [(0, 3), (1, 3)], [(1, 2), (1, 3)], [(0, 3), (1, 2), (1, 3)]),
    ],
)
def test_the_union_says_what_one_pointer_cannot(relations, forward, backward, union):
    sentence = sentence_of(*relations)
    batch = encode([sentence], FORM.kinds, FORM.hashed)
    said = said_of(sentence)
    for rule, due in ((FORWARD, forward), (BACKWARD, backward), (Rule(), union)):
        found = as_triples(merged(said, batch, rule), CORPUS.labels)
        assert found == [{(s, "Work_For", o) for s, o in due}]


def test_options_of_the_union():
    batch = encode([sentence_of()], FORM.kinds, FORM.hashed)
    n, labels = 4, len(CORPUS.labels)
    work, live = CORPUS.labels.index("Work_For"), CORPUS.labels.index("Live_In")

    def pointers(links):
        at, relation = torch.zeros(1, n, n + 1), torch.zeros(1, n, labels + 1)
        at[..., 0] = 5
        relation[..., 0] = 5
        for entity, other, label, strength in links:
            at[0, entity] = torch.nn.functional.one_hot(torch.tensor(other + 1), n + 1) * 9.0
            relation[0, entity] = torch.nn.functional.one_hot(torch.tensor(label + 1), labels + 1) * strength
        return Pointers(at=at, relation=relation)

    said = (pointers([(0, 2, work, 6.0), (1, 1, work, 6.0)]), pointers([(2, 0, live, 7.0), (1, 0, work, 6.0)]))

    def found(**options):
        return {(link.subject, link.label, link.object) for link in merged(said, batch, Rule(**options))[0]}

    everything = {(0, work, 2), (0, live, 2), (1, work, 1), (0, work, 1)}
    assert found() == everything
    assert found(one_label=True) == everything - {(0, work, 2)}  # Live_In is likelier
    assert found(others=True) == everything - {(1, work, 1)}
    possible = possible_in([sentence_of((0, 2))], FORM.kinds, FORM.labels)
    assert found(possible=possible) == {(0, work, 2)}  # a person works for an organisation, and nothing else


def test_targets_overwrite_with_the_last_listed():
    sentence = sentence_of((0, 2), (0, 3), (1, 2))
    targets = Targets.of([sentence], CORPUS.labels)
    label = 1 + CORPUS.labels.index("Work_For")
    assert targets.objects[0].tolist() == [[4, label], [3, label], [0, 0], [0, 0]]
    assert targets.subjects[0].tolist() == [[0, 0], [0, 0], [2, label], [1, label]]
    assert targets.pairs[0].nonzero().tolist() == [[0, 2], [0, 3], [1, 2]]


def test_a_pair_has_no_relation_to_itself_and_apart_reads_each_pair_alone():
    batch = WHOLE.pick(torch.tensor([3]))
    for name in ("together", "apart"):
        logits = network(name)(batch)
        assert (logits[0].diagonal().T.argmax(1) == 0).all()
    works = {n: count_module(network("apart"), WHOLE.pick(torch.tensor([i])), samples=1) for i, n in singles()}
    reading = {n: sum(layer.macs for layer in counts.layers if layer.name.startswith("sentence")) / (n * (n - 1))
               for n, counts in works.items()}  # fmt: skip
    words = {n: len(CORPUS.train[i].tokens) for i, n in singles()}
    assert len({reading[n] / words[n] for n in reading}) == 1  # a reading of every word for each ordered pair


def singles():
    found = {}
    for place, sentence in enumerate(CORPUS.train):
        if len(sentence.entities) > 1:
            found.setdefault(len(sentence.entities), place)
    return [(place, n) for n, place in found.items()]


def test_pointers_take_a_step_an_entity_each():
    """Two decoders of n steps: their LSTMs' work grows as n, not as n(n − 1)."""
    for i, n in singles():
        counts = count_module(network("pointers"), WHOLE.pick(torch.tensor([i])), samples=1)
        steps = {layer.name: layer.macs for layer in counts.layers}
        each = 4 * FORM.entity * (FORM.named + FORM.type + 2 * FORM.entity)
        assert steps["objects.lstm"] == steps["subjects.lstm"] == n * each


def test_pointing_is_the_sum_over_heads():
    net = network("pointers")
    o, memory = torch.randn(2, 3, FORM.entity), torch.randn(2, 5, FORM.entity)
    point = net.objects.point
    attended, scores = point.with_scores(o, memory)
    q, k = (linear(x).unflatten(2, (2, -1)) for linear, x in ((point.query, o), (point.key, memory)))
    due = torch.einsum("bihd,bjhd->bhij", q, k) / (FORM.entity / 2) ** 0.5
    torch.testing.assert_close(scores, due)
    torch.testing.assert_close(point.scores(o, memory), due)
    torch.testing.assert_close(attended, point(o, memory))


def test_many_can_say_what_the_union_cannot():
    sentence = sentence_of((0, 2), (0, 3), (1, 2), (1, 3))
    batch, label = encode([sentence], FORM.kinds, FORM.hashed), CORPUS.labels.index("Work_For")
    at, relation = torch.full((1, 4, 4), -5.0), torch.zeros(1, 4, 4, len(CORPUS.labels))
    at[0, :2, 2:] = 5
    relation[..., label] = 5
    said = (Pointers(at=at, relation=relation), Pointers(at=at.mT, relation=relation))
    assert as_triples(merged(said, batch), CORPUS.labels) == [triples(sentence)]


def test_what_no_network_can_read_is_refused():
    entities = (Entity(start=1, stop=2, kind="Peop"), Entity(start=0, stop=1, kind="Org"))
    with pytest.raises(DataError, match="not in the order of the text"):
        encode([Sentence(tokens=("a", "b"), entities=entities)], FORM.kinds, FORM.hashed)
    odd = Sentence(tokens=("a",), entities=(Entity(start=0, stop=1, kind="Car"),), name="f.txt:3")
    with pytest.raises(DataError, match=r"f\.txt:3: the label 'Car' is not known\. Remedy: use one of Loc, Org"):
        encode([odd], FORM.kinds, FORM.hashed)
    with pytest.raises(DataError, match="there is no sentence"):
        encode([], FORM.kinds, FORM.hashed)


def test_sentences_without_entities_and_nested_ones_are_read():
    inner = (Entity(start=0, stop=3, kind="Org"), Entity(start=1, stop=2, kind="Loc"))
    sentences = [Sentence(tokens=("a",)), Sentence(tokens=("x", "y", "é"), entities=inner)]
    batch = encode(sentences, FORM.kinds, FORM.hashed)
    assert batch.owners.tolist() == [[0, 0, 0], [1, 2, 1]]
    for name in NETWORKS:
        assert merged(network(name)(batch), batch)[0] == ()
