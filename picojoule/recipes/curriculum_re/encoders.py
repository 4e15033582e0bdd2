"""Encoders by name, each with how sentences become numbers for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import final

import torch
from torch import nn

from picojoule.base.errors import InputError
from picojoule.data.language.relations.encoding import Encoding
from picojoule.data.language.relations.markers import new_words
from picojoule.data.language.relations.sentences import Corpus
from picojoule.data.language.relations.words import HashedWords
from picojoule.models.language.pretrained import SentenceStates, load_hugging_face, sentence_encoding
from picojoule.models.language.relation_classifier import Given, MarkedStates, RelationClassifier
from picojoule.models.language.sentence_encoder import load_sentence_encoder
from picojoule.models.language.small_encoders import LSTMEncoder, SmallTransformer


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Encoder:
    """An encoder that can be made anew for every training.

    Attributes:
        name: in tables and keys.
        encoding: of sentences.
        make: a fresh classifier of so many relations; random numbers come from torch's global generator.
        device: where it is put.
    """

    name: str
    encoding: Encoding | MarkedStates
    make: Callable[[int], nn.Module]
    device: str = "cpu"

    def on(self, device: str) -> Encoder:
        """The same elsewhere."""
        return replace(self, device=device)

    def fresh(self, classes: int, seed: int) -> nn.Module:
        """A classifier whose random weights are those of a seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.make(classes).to(self.device)


def _small(name: str, form: str, words: HashedWords, make: Callable[[], nn.Module], dropout: float) -> Encoder:
    def classifier(classes: int) -> nn.Module:
        encoder = make()
        return RelationClassifier(encoder, encoder.width, classes, dropout=dropout, pooled=True)

    return Encoder(name=name, encoding=Encoding(pieces=words, form=form, most=64), make=classifier)


def _lstm(_: Corpus) -> Encoder:
    words = HashedWords(buckets=4096, most=8)
    return _small("lstm", "typed tokens", words, partial(LSTMEncoder, 4096, width=48, hidden=32, words=0.1), 0.3)


def _transformer(_: Corpus) -> Encoder:
    words = HashedWords(buckets=4096, most=8)
    return _small("transformer", "typed tokens", words, partial(SmallTransformer, 4096, width=64, most=64), 0.1)


def _lstm_of_words(_: Corpus) -> Encoder:
    words = HashedWords(buckets=16384)
    make = partial(LSTMEncoder, 16384, width=128, hidden=96, dropout=0.4, words=0.2)
    return _small("lstm of words", "tokens", words, make, 0.5)


def _sentence(_: Corpus) -> Encoder:
    def classifier(classes: int) -> nn.Module:
        states = SentenceStates(load_sentence_encoder())
        return RelationClassifier(states, states.width, classes)

    return Encoder(name="sentence encoder", encoding=sentence_encoding(load_sentence_encoder()), make=classifier)


def _frozen_sentence(_: Corpus) -> Encoder:
    loaded = load_sentence_encoder()
    states = SentenceStates(loaded)
    return Encoder(
        name="sentence encoder, frozen",
        encoding=MarkedStates(encoding=sentence_encoding(loaded), encoder=states),
        make=partial(RelationClassifier, Given(), states.width),
    )


ENCODERS: dict[str, Callable[[Corpus], Encoder]] = {
    "lstm": _lstm,
    "transformer": _transformer,
    "lstm of words": _lstm_of_words,
    "sentence": _sentence,
    "sentence, frozen": _frozen_sentence,
}


def of_folder(folder: Path, corpus: Corpus, *, form: str = "typed punctuation") -> Encoder:
    """A Hugging Face encoder of a local folder.

    Raises:
        MissingExtra, WeightsError: as :func:`~picojoule.models.language.pretrained.load_hugging_face`.
    """
    new = new_words(corpus.kinds, form)
    _, encoding = load_hugging_face(folder, new=new, form=form)

    def classifier(classes: int) -> nn.Module:
        states, _ = load_hugging_face(folder, new=new, form=form)
        return RelationClassifier(states, states.width, classes)

    return Encoder(name=f"encoder of {folder.name}", encoding=encoding, make=classifier)


def encoder(name: str, corpus: Corpus) -> Encoder:
    """The encoder of that name.

    Raises:
        InputError: there is none.
        WeightsError: the package with its weights is not installed.
    """
    if name not in ENCODERS:
        raise InputError(f"no encoder named {name!r}", where="encoder", remedy="use one of " + ", ".join(ENCODERS))
    return ENCODERS[name](corpus)
