"""Settings of codes: what is refused, and that its neighbours on the other side of the limit are not."""

import pytest

from picojoule.base.errors import InputError
from picojoule.codes import TTAS, TTFS, Burst, Phase, Rate, TwoPhase

REFUSED = [
    (Rate, {"steps": 0}, {"steps": 1}),
    (Rate, {"steps": 2.0}, {"steps": 2}),
    (Rate, {"amount": 0.0}, {"amount": 1.0}),
    (Rate, {"threshold": 0.4, "initial": 0.4}, {"threshold": 0.4, "initial": 0.3}),
    (Rate, {"threshold": 1.0, "initial": -0.1}, {"threshold": 1.0, "initial": 0.0}),
    (Rate, {"slope": -0.1}, {"slope": 0.0}),
    (Rate, {"slope": 1.1}, {"slope": 1.0}),
    (Rate, {"steps": 8, "period": 3}, {"steps": 8, "period": 4}),
    (Rate, {"steps": 8, "period": 4, "slope": 0.5}, {"steps": 8, "period": 1, "slope": 0.5}),
    (Rate, {"corrected": True, "slope": 0.5}, {"corrected": True}),
    (Phase, {"threshold": 0.0}, {"threshold": 1.0}),
    (Phase, {"steps": 8, "period": 4, "initial": 1 / 16}, {"steps": 8, "period": 4, "initial": 1 / 17}),
    (Burst, {"beta": 0.9}, {"beta": 1.0}),
    (Burst, {"threshold": 0.0}, {"threshold": 0.125}),
    (Burst, {"amount": 0.25, "threshold": 0.125, "initial": 0.0}, {"amount": 0.125, "threshold": 0.125}),
    (Burst, {"initial": 0.125}, {"initial": 0.12}),
    (TTFS, {"tau": 0.0}, {"tau": 1.0}),
    (TTFS, {"threshold": 0.0}, {"threshold": 0.5}),
    (TTFS, {"steps": 8, "start": 0}, {"steps": 8, "start": 1}),
    (TTFS, {"steps": 8, "start": 9}, {"steps": 8, "start": 8}),
    (TTFS, {"slope": 1.1}, {"slope": 1.0}),
    (TTAS, {"steps": 8, "further": 8}, {"steps": 8, "further": 7}),
    (TTAS, {"steps": 8, "further": -1}, {"steps": 8, "further": 0}),
    (TwoPhase, {"steps": 8, "switch": 9}, {"steps": 8, "switch": 8}),
    (TwoPhase, {"switch": -1}, {"switch": 0}),
    (TwoPhase, {"early": 3.0}, {"early": 2.0}),
    (TwoPhase, {"early": -0.5}, {"early": 0.5}),
    (TwoPhase, {"late": 2.0}, {"late": 1.0}),
    (TwoPhase, {"initial": 1.0}, {"initial": 0.9}),
    (TwoPhase, {"slope": 1.1}, {"slope": 1.0}),
]


@pytest.mark.parametrize(("kind", "refused", "taken"), REFUSED)
def test_limits_of_settings(kind, refused, taken):
    kind(**taken)
    with pytest.raises(InputError, match=r"=.*Remedy: |and corrected") as caught:
        kind(**refused)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("code", "settings"),
    [
        (Rate(), {"steps": 32, "threshold": 1.0, "amount": 1.0, "initial": 0.5, "slope": 0.0, "period": 1}),
        (TTFS(), {"steps": 80, "delay": 0.0, "threshold": 1.0, "slope": 0.0, "start": None}),
        (TTAS(), {"further": 5}),
        (Burst(), {"beta": 2.0, "threshold": 0.125}),
        (TwoPhase(), {"steps": 32, "switch": 8, "early": 0.5, "late": 1.0, "initial": 0.5, "slope": 0.0}),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_defaults(code, settings):
    assert {name: getattr(code, name) for name in settings} == settings


@pytest.mark.parametrize(
    ("code", "label", "signed"),
    [
        (Rate(steps=4), "rate T=4", False),
        (Rate(steps=4, corrected=True), "rate T=4 corrected", True),
        (Rate(steps=4, slope=0.25), "rate T=4 α=0.25", True),
        (TTFS(steps=12, tau=2, start=6), "ttfs T=12 τ=2 ef S=6", False),
        (Burst(steps=16, beta=1.5), "burst T=16 β=1.5", False),
    ],
)
def test_labels_and_signs(code, label, signed):
    """A setting that is not the default is in the name; what fires both ways compares with two thresholds."""
    assert code.label == label
    assert code.signed == signed and code.neuron().bounds == (2 if signed else 1)
