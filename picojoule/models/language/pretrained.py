"""Pretrained encoders of text as encoders of marked sentences: the packaged sentence encoder, and those of a folder.

Both give the states of all tokens, ``encoder(numbers [batch, tokens, 1], there [batch, tokens])``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import WeightsError
from picojoule.base.extras import needed
from picojoule.data.language.relations.encoding import Encoding
from picojoule.models.language.sentence_encoder import Loaded


@final
class SentenceStates(nn.Module):
    """The packaged sentence encoder, with its table of words.

    Args:
        loaded: the encoder; its weights are learnt on, unless they are frozen.
        words: whether its vectors of words are learnt, too.
    """

    def __init__(self, loaded: Loaded, *, words: bool = False) -> None:
        super().__init__()
        self.table = nn.Embedding.from_pretrained(loaded.vectors.clone(), freeze=not words)
        self.register_buffer("places", loaded.places)
        self.inner = loaded.model
        self.width = loaded.vectors.shape[1]

    def forward(self, numbers: Tensor, there: Tensor) -> Tensor:
        """``[batch, tokens, width]``."""
        looked_up = self.table(numbers[..., 0]) + self.places[: numbers.shape[1]]
        return self.inner.states(torch.cat([looked_up, there.unsqueeze(2).to(looked_up.dtype)], 2))


def sentence_encoding(loaded: Loaded, *, form: str = "punctuation", most: int = 128) -> Encoding:
    """How sentences become numbers for :class:`SentenceStates`."""
    pieces = loaded.pieces
    return Encoding(
        pieces=lambda word: [(number,) for number in pieces.of(word)],
        form=form,
        first=pieces.first,
        last=pieces.last,
        most=most,
    )


@final
class HuggingFaceStates(nn.Module):
    """An encoder that transformers reads from a folder; needs the extra ``[text]`` and no network.

    Args:
        model: what :func:`load_hugging_face` gave.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.inner, self.width = model, int(model.config.hidden_size)

    def forward(self, numbers: Tensor, there: Tensor) -> Tensor:
        """``[batch, tokens, width]``."""
        return self.inner(input_ids=(numbers[..., 0] - 1).clamp_min(0), attention_mask=there.long()).last_hidden_state


def load_hugging_face(
    folder: Path | str, *, new: Sequence[str] = (), form: str = "typed punctuation", most: int = 512
) -> tuple[HuggingFaceStates, Encoding]:
    """The encoder of a local folder, and how sentences become numbers for it. Nothing is fetched.

    Args:
        folder: with ``config.json``, the weights as safetensors, and the tokeniser's files.
        new: words to add to the vocabulary: the marks of the forms that are no punctuation.
        form: of the marks.
        most: tokens at most.

    Raises:
        MissingExtra: transformers is not installed.
        WeightsError: the folder has no such encoder.
    """
    transformers = needed("transformers", extra="text", needed_for="encoders of a folder")
    if not (Path(folder) / "config.json").is_file():
        remedy = "give a folder with config.json, model.safetensors and the tokeniser's files"
        raise WeightsError("there is no config.json in it", where=str(folder), remedy=remedy)
    try:
        tokeniser = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        model = transformers.AutoModel.from_pretrained(str(folder), local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, KeyError) as error:
        why = str(error).splitlines()[0]
        raise WeightsError(f"it cannot be read ({why})", where=str(folder), remedy="save it there anew") from None
    if tokeniser.add_tokens(list(new)):
        model.resize_token_embeddings(len(tokeniser), mean_resizing=False)
    return HuggingFaceStates(model), _encoding(tokeniser, form, most)


def _encoding(tokeniser: Any, form: str, most: int) -> Encoding:
    """Words are cut one by one; numbers are one higher than the tokeniser's, since 0 is what is not there."""

    def numbers(text: str, *, ends: bool = False) -> list[int]:
        return [1 + each for each in tokeniser(text, add_special_tokens=ends)["input_ids"]]

    whole, bare = numbers("a", ends=True), numbers("a")
    start = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
    return Encoding(
        pieces=lambda word: [(number,) for number in numbers(word)],
        form=form,
        first=tuple(whole[:start]),
        last=tuple(whole[start + len(bare) :]),
        most=most,
    )
