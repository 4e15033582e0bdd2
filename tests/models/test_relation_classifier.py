"""Classifiers of relations: padding changes nothing, marks are where the states are taken, and encoders of a folder."""

import importlib.util
import json

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import tiny_bert
from picojoule.base.errors import MissingExtra, WeightsError
from picojoule.data.language.relations import Entity, pair
from picojoule.data.language.relations.encoding import NOTHING, OBJECT, SUBJECT, TOKEN, Pairs
from picojoule.models.language import SentenceEncoder, WordPiece
from picojoule.models.language.pretrained import SentenceStates, load_hugging_face, sentence_encoding
from picojoule.models.language.relation_classifier import Given, MarkedStates, RelationClassifier
from picojoule.models.language.sentence_encoder import Loaded
from picojoule.models.language.small_encoders import LSTMEncoder, SmallTransformer, SummedEmbedding

HAS_TRANSFORMERS = importlib.util.find_spec("transformers") is not None


def sentences(*lengths: int, pieces: int = 3):
    """Random sentences with marks at places 1 and 2."""
    generator = torch.Generator().manual_seed(0)
    x = torch.zeros(len(lengths), max(lengths), 1 + pieces, dtype=torch.int64)
    for row, length in zip(x, lengths, strict=True):
        row[:length, 0] = TOKEN
        row[1, 0], row[2, 0] = SUBJECT, OBJECT
        row[:length, 1:] = torch.randint(1, 50, (length, pieces), generator=generator)
    return x


def lstm():
    return LSTMEncoder(50, width=8, hidden=6)


def transformer():
    return SmallTransformer(50, width=8, heads=2)


def packaged():
    """The packaged encoder's form with random weights."""
    loaded = Loaded(SentenceEncoder(width=8, inner=16, depth=2, heads=2), None, torch.randn(60, 8), torch.randn(30, 8))
    return SentenceStates(loaded)


@pytest.mark.parametrize("make", [lstm, transformer, packaged])
@pytest.mark.parametrize("pooled", [False, True])
def test_padding_changes_nothing(make, pooled):
    torch.manual_seed(0)
    encoder = make()
    model = RelationClassifier(encoder, encoder.width, 4, pooled=pooled).eval()
    x = sentences(9, 5, pieces=1)
    together = model(x)
    alone = torch.cat([model(x[:1]), model(x[1:, :5])])
    assert together.shape == (2, 4)
    torch.testing.assert_close(together, alone)


def test_the_lstm_is_torchs_own_in_both_directions():
    torch.manual_seed(0)
    encoder = lstm().eval()
    both = nn.LSTM(8, 6, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for name, value in encoder.read.ahead.named_parameters():
            getattr(both, name).copy_(value)
        for name, value in encoder.read.back.named_parameters():
            getattr(both, f"{name}_reverse").copy_(value)
    x = sentences(7)
    embedded = encoder.embed(x[..., 1:])
    torch.testing.assert_close(encoder(x[..., 1:], x[..., 0] != NOTHING), both(embedded)[0])


def test_embeddings_are_summed():
    torch.manual_seed(0)
    embed = SummedEmbedding(50, 8)
    numbers = torch.tensor([[[3, 7, 0], [5, 0, 0], [0, 0, 0]]])
    table = embed.table.weight
    due = torch.stack([(table[3] + table[7]) / 2**0.5, table[5], torch.zeros(8)])
    torch.testing.assert_close(embed(numbers)[0], due)


def test_states_are_taken_at_the_marks():
    class Places(nn.Module):
        """The state of a token is its place."""

        def forward(self, numbers, there):
            return torch.arange(float(numbers.shape[1]))[None, :, None].expand(*numbers.shape[:2], 1)

    x = sentences(9, 5)
    x[1, 1, 0], x[1, 4, 0] = TOKEN, SUBJECT
    model = RelationClassifier(Places(), 1, 2, pooled=True)
    assert model.features(x).tolist() == [[1, 2, 8], [4, 2, 4]], "and the largest is that of a token that is there"


def test_words_are_left_out_in_training_only():
    torch.manual_seed(0)
    encoder = LSTMEncoder(50, width=8, hidden=6, words=0.5, dropout=0.0)
    x = sentences(9)
    once, again = (encoder(x[..., 1:], x[..., 0] != NOTHING) for _ in range(2))
    assert not torch.equal(once, again)
    encoder.eval()
    once, again = (encoder(x[..., 1:], x[..., 0] != NOTHING) for _ in range(2))
    assert torch.equal(once, again)


def test_frozen_words_get_no_gradient_and_the_encoder_does():
    torch.manual_seed(0)
    states = packaged()
    model = RelationClassifier(states, 8, 3)
    model(sentences(6, pieces=1)).sum().backward()
    assert states.table.weight.grad is None and states.inner.layers[0].up.weight.grad.abs().sum() > 0


def test_a_frozen_encoder_is_asked_once_and_the_classifier_learns_the_same():
    class Shorter:
        """An encoding that has made its sentences before."""

        def __call__(self, sentences, labels):
            return Pairs(x=x, y=torch.tensor([2, 0, 1]))

    torch.manual_seed(0)
    x, states = sentences(9, 5, 7, pieces=1), packaged()
    x[1, 1, 0], x[1, 4, 0] = TOKEN, SUBJECT
    kept = MarkedStates(encoding=Shorter(), encoder=states)((), ())
    assert kept.x.shape == (3, 2, 9) and kept.lengths.tolist() == [2, 2, 2] and kept.y.tolist() == [2, 0, 1]
    whole = RelationClassifier(states.requires_grad_(False), 8, 3).eval()
    head = RelationClassifier(Given(), 8, 3).eval()
    head.load_state_dict({name: value for name, value in whole.state_dict().items() if "encoder" not in name})
    torch.testing.assert_close(head(kept.x), whole(x))
    for model, batch in ((whole, x), (head, kept.x)):
        cross_entropy(model(batch), kept.y).backward()
    torch.testing.assert_close(head.hidden.weight.grad, whole.hidden.weight.grad)


SENTENCE = pair(("Ann", "hired", "Bob"), Entity(start=0, stop=1, kind="P"), Entity(start=2, stop=3, kind="P"), "r")


def test_the_packaged_encoder_cuts_words_into_its_pieces(tmp_path):
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "@", "#", "ann", "hire", "##d", "bo", "##b"]))
    loaded = Loaded(None, WordPiece(vocabulary), None, None)
    tokens = sentence_encoding(loaded).tokens(SENTENCE)
    assert [number for _, number in tokens] == [2, 4, 6, 4, 7, 8, 5, 9, 10, 5, 3]
    assert [place for place, (role, _) in enumerate(tokens) if role == SUBJECT] == [1]
    assert [place for place, (role, _) in enumerate(tokens) if role == OBJECT] == [6]


@pytest.fixture
def folder(tmp_path):
    return tiny_bert.save(tmp_path)


def test_an_encoder_of_a_folder(folder):
    states, encoding = load_hugging_face(folder)
    pairs = encoding([SENTENCE, pair(("Ann", "Bob"), *SENTENCE.pair[:1], Entity(start=1, stop=2), "r")], ("r",))
    numbers = (pairs.x[0, :, 1] - 1).tolist()
    assert numbers == [2, 5, 7, 9, 7, 10, 5, 11, 12, 6, 8, 9, 8, 13, 14, 6, 3]
    model = RelationClassifier(states, states.width, 2).eval()
    torch.testing.assert_close(model(pairs.x)[1:], model(pairs.pick(torch.tensor([1]))[0]))
    due = states.inner.eval()(input_ids=torch.tensor([numbers])).last_hidden_state[0, 1]
    torch.testing.assert_close(model.features(pairs.x)[0, :8], due)


def test_new_words_are_one_token_each(folder):
    states, encoding = load_hugging_face(folder, new=("[E1]", "[/E1]", "[E2]", "[/E2]"), form="tokens")
    pairs = encoding([SENTENCE], ("r",))
    assert pairs.x.shape[1] == 2 + 4 + 5 and states(pairs.x[..., 1:], pairs.x[..., 0] != NOTHING).shape == (1, 11, 8)


def test_wrong_folders(folder, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(WeightsError, match=r"no config.json"):
        load_hugging_face(empty)
    (empty / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(WeightsError, match="cannot be read"):
        load_hugging_face(empty)


@pytest.mark.skipif(HAS_TRANSFORMERS, reason="transformers is installed")
def test_without_transformers_the_extra_is_named(tmp_path):
    with pytest.raises(MissingExtra, match=r"picojoule\[text\]"):
        load_hugging_face(tmp_path)
