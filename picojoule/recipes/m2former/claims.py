"""The claims and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from picojoule.data.vision.fine_grained.creatures import SCALES
from picojoule.metrics.accuracy import gained
from picojoule.models.vision.m2former import Design, M2Former, answer, exits
from picojoule.recipes.claims import judged, structural
from picojoule.recipes.m2former.conditions import FULL, ORDERED, PYRAMID, SINGLE, TOKEN, Arm
from picojoule.recipes.m2former.material import Material
from picojoule.recipes.m2former.networks import Trained
from picojoule.result import Claim

_ABSTRACT = "abstract, without a number"
_OURS = "expected of the method; not read in the paper"
_SETS = {555: ("NABirds", 0.911, "a third party's table"), 200: ("CUB-200-2011", None, "no number was read")}
"""By their number of classes: the data set, and what is known of the paper's accuracy."""


def claims(done: Mapping[Arm, Trained], material: Material) -> Iterator[Claim]:
    """Every claim; what a mode has no system or no data for is not tried."""
    yield from _structural(done, material)
    for name, other, text, source in (
        ("beats-single-scale", SINGLE[3], "patches of four scales instead of the last one's", _ABSTRACT),
        ("beats-class-token", TOKEN, "over the transformer with its class token alone", _ABSTRACT),
        ("beats-cnn", PYRAMID, "over a plain convolutional network of about equal MACs", _OURS),
    ):
        yield _gain(name, done, other, f"accuracy gained {text}, above chance of the pictures", source)
    yield from _by_size(done, material)
    yield from _paper(done, material)


def _gain(name: str, done: Mapping[Arm, Trained], other: Arm, text: str, source: str) -> Claim:
    if other not in done or FULL not in done:
        return _untried(name, text, source, "this mode does not train it")
    mean, low, high = gained(done[FULL].right, done[other].right)
    reason = f"95 % interval {100 * low:+.1f} to {100 * high:+.1f} points, one training each"
    return judged(name, text, measured=mean, reached=low > 0, source=source, reason=reason)


def _by_size(done: Mapping[Arm, Trained], material: Material) -> Iterator[Claim]:
    texts = {
        "small-and-large-alike": (
            "least gain over the last scale alone among large, medium, small and tiny parts",
            "abstract, of objects, without a number",
        ),
        "most-on-small-parts": (
            "gain over the class token alone on small and tiny parts, less that on others",
            _OURS,
        ),
    }
    needed = FULL in done and SINGLE[3] in done and TOKEN in done
    if material.sightings is None or not needed:
        for name, (text, source) in texts.items():
            yield _untried(name, text, source, "the size of parts is known of generated creatures only")
        return
    scales = material.sightings.scales
    present = [scale for scale in range(len(SCALES)) if int((scales == scale).sum()) > 1]
    single = {s: gained(done[FULL].right[scales == s], done[SINGLE[3]].right[scales == s]) for s in present}
    told = ", ".join(f"{SCALES[s]} {100 * mean:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
                     for s, (mean, low, high) in single.items())  # fmt: skip
    least = min(mean for mean, _, _ in single.values())
    text, source = texts["small-and-large-alike"]
    yield judged("small-and-large-alike", text, measured=least, reached=least > 0, source=source,
                 reason=f"points: {told}")  # fmt: skip
    right, token = done[FULL].right, done[TOKEN].right
    small, large = (gained(right[of], token[of]) for of in (scales >= 2, scales < 2))
    difference = small[0] - large[0]
    half = sum(((high - low) / 2) ** 2 for _, low, high in (small, large)) ** 0.5
    text, source = texts["most-on-small-parts"]
    yield judged("most-on-small-parts", text, measured=difference, reached=difference - half > 0, source=source,
                 reason=f"{100 * small[0]:+.1f} and {100 * large[0]:+.1f} points, ± {100 * half:.1f}")  # fmt: skip


def _structural(done: Mapping[Arm, Trained], material: Material) -> Iterator[Claim]:
    yield structural(
        "tokens-at-448",
        "tokens of the published design that enter the attention, of 163, 55, 19 and 7",
        target=244,
        measured=sum(Design().tokens),
        unit="tokens",
    )
    model = next((done[arm].model for arm in (ORDERED,) if arm in done), None)
    if isinstance(model, M2Former):
        yield structural(
            "no-exit-no-change",
            "decisions that early exit changes when nobody may leave, of 32",
            target=0,
            measured=_changed(model, material),
            unit="count",
        )


@torch.no_grad()
def _changed(model: M2Former, material: Material) -> int:
    device = next(model.parameters()).device
    x = material.test.pick(torch.arange(min(32, len(material.test))))[0].to(device)
    whole, left = answer(model(x)), exits.run(model, x, sure=1.1).answers
    return int((whole.argmax(1) != left.argmax(1)).sum())


def _paper(done: Mapping[Arm, Trained], material: Material) -> Iterator[Claim]:
    """Accuracies on the paper's data, tried where they are given."""
    for classes, (name, paper, source) in _SETS.items():
        text, key = f"accuracy on {name}", f"accuracy-{name.split('-')[0].lower()}"
        if material.sightings is not None or len(material.classes) != classes or FULL not in done:
            yield _untried(key, text, source, f"needs {name} and the ImageNet-21k checkpoint", paper)
        else:
            found = done[FULL].accuracy
            reached = None if paper is None else found >= paper - 0.005
            reason = "within half a point" if paper is not None else "there is no number to compare with"
            yield judged(key, text, measured=found, reached=reached, source=source, paper=paper, reason=reason)


def _untried(name: str, text: str, source: str, reason: str, paper: float | None = None) -> Claim:
    return judged(name, text, measured=None, reached=None, source=source, paper=paper, reason=reason)
