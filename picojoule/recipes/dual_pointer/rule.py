"""A rule without a network: which label two entities have most often, by their types, order and distance.

::

    key(i, k) = (type i, type k, i before k, min(entities between, 3))        in the training sentences
    i –label→ k   where the likeliest label of the key has a share above a threshold
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import final

from picojoule.data.language.relations import Sentence
from picojoule.data.language.relations.order import triples
from picojoule.metrics.triples import Triple, micro

_FAR = 3
MAJORITY = 0.5
_THRESHOLDS = tuple(step / 20 for step in range(1, 20))
_Key = tuple[str, str, bool, int]


@final
@dataclass(frozen=True, kw_only=True)
class TypeRule:
    """The rule.

    Attributes:
        labels: the likeliest label of each key, and its share.
        threshold: least share, not included.
    """

    labels: dict[_Key, tuple[str, float]]
    threshold: float

    @staticmethod
    def learn(train: Sequence[Sentence], threshold: float = MAJORITY) -> TypeRule:
        """Count the pairs of the training sentences."""
        counted: dict[_Key, Counter[str]] = defaultdict(Counter)
        pairs: Counter[_Key] = Counter()
        for each in train:
            known = {(r.subject, r.object): r.label for r in each.relations}
            for subject, object, key in _pairs(each):
                pairs[key] += 1
                if (subject, object) in known:
                    counted[key][known[subject, object]] += 1
        best = {key: found.most_common(1)[0] for key, found in counted.items()}
        return TypeRule(labels={key: (label, n / pairs[key]) for key, (label, n) in best.items()}, threshold=threshold)

    @staticmethod
    def chosen(train: Sequence[Sentence], valid: Sequence[Sentence]) -> TypeRule:
        """The same with the threshold that has the highest F1 on validation sentences."""
        rules = [TypeRule(labels=TypeRule.learn(train).labels, threshold=each) for each in _THRESHOLDS]
        return max(rules, key=lambda rule: micro(rule(valid), [triples(each) for each in valid]).f1)

    def __call__(self, sentences: Sequence[Sentence]) -> list[set[Triple]]:
        """The relations of each sentence."""
        return [set(self._of(each)) for each in sentences]

    def _of(self, sentence: Sentence) -> Iterator[Triple]:
        for subject, object, key in _pairs(sentence):
            label, share = self.labels.get(key, ("", 0.0))
            if share > self.threshold:
                yield subject, label, object


def _pairs(sentence: Sentence) -> Iterator[tuple[int, int, _Key]]:
    kinds = [each.kind for each in sentence.entities]
    for i, k in permutations(range(len(kinds)), 2):
        yield i, k, (kinds[i], kinds[k], i < k, min(abs(i - k), _FAR))
