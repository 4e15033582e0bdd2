"""Telling an encoder which two of the entities are meant: the five forms of marks.

::

    typed punctuation   @ * person * Ann @ works for # ^ organization ^ X #        words that every vocabulary has
    punctuation         @ Ann @ works for # X #
    typed tokens        [SUBJ-PERSON] Ann [/SUBJ-PERSON] works for [OBJ-ORGANIZATION] X [/OBJ-ORGANIZATION]
    tokens              [E1] Ann [/E1] works for [E2] X [/E2]
    mask                [SUBJ-PERSON] works for [OBJ-ORGANIZATION]                 the names themselves are hidden

The first is that of cite key ``zhou2022``. The state of the first word of a mark stands for its entity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from picojoule.base.errors import InputError
from picojoule.data.language.relations.sentences import Entity, Sentence
from picojoule.data.language.relations.spans import Bracket, bracket


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """A sentence with marks.

    Attributes:
        tokens: its words and the marks.
        subject, object: places of the first word of each mark.
    """

    tokens: tuple[str, ...]
    subject: int
    object: int


_Written = tuple[tuple[str, ...], tuple[str, ...], bool]
"""Before a span, behind it, and whether it is hidden."""


def _typed_punctuation(entity: Entity, *, subject: bool) -> _Written:
    outer, inner = ("@", "*") if subject else ("#", "^")
    kind = entity.kind.lower().replace("_", " ").split()
    return (outer, inner, *kind, inner), (outer,), False


def _punctuation(entity: Entity, *, subject: bool) -> _Written:
    outer = ("@",) if subject else ("#",)
    return outer, outer, False


def _typed_tokens(entity: Entity, *, subject: bool) -> _Written:
    role = f"{'SUBJ' if subject else 'OBJ'}-{entity.kind}"
    return (f"[{role}]",), (f"[/{role}]",), False


def _tokens(entity: Entity, *, subject: bool) -> _Written:
    role = "E1" if subject else "E2"
    return (f"[{role}]",), (f"[/{role}]",), False


def _mask(entity: Entity, *, subject: bool) -> _Written:
    opening, _, _ = _typed_tokens(entity, subject=subject)
    return opening, (), True


FORMS: dict[str, Callable[..., _Written]] = {
    "typed punctuation": _typed_punctuation,
    "punctuation": _punctuation,
    "typed tokens": _typed_tokens,
    "tokens": _tokens,
    "mask": _mask,
}
"""The five forms by name."""


def mark(sentence: Sentence, form: str = "typed punctuation") -> Marked:
    """A sentence of one pair with marks around subject and object.

    Args:
        sentence: with one relation; subject and object may be nested, cross, or be the same words.
        form: one of :data:`FORMS`.

    Raises:
        InputError: there is no such form.
        DataError: the sentence has no relation, or several.
    """
    if form not in FORMS:
        raise InputError(f"there are no marks named {form!r}", where="mark", remedy="use one of " + ", ".join(FORMS))
    brackets = []
    for entity, is_subject in zip(sentence.pair, (True, False), strict=True):
        opening, closing, hides = FORMS[form](entity, subject=is_subject)
        brackets.append(Bracket(start=entity.start, stop=entity.stop, opening=opening, closing=closing, hides=hides))
    done = bracket(sentence.tokens, brackets)
    return Marked(tokens=done.tokens, subject=done.opened[0], object=done.opened[1])


def new_words(kinds: tuple[str, ...], form: str) -> tuple[str, ...]:
    """Words that a form writes and no vocabulary has, for entities of these types; sorted."""
    found = set()
    for kind in kinds or ("",):
        for subject in (True, False):
            opening, closing, _ = FORMS[form](Entity(start=0, stop=1, kind=kind), subject=subject)
            found |= {word for word in (*opening, *closing) if word.startswith("[")}
    return tuple(sorted(found))
