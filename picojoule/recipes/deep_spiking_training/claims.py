"""The paper's claims, its parent's numbers, and what is true of herders by construction."""

from __future__ import annotations

from statistics import fmean, stdev

from picojoule.herding.identities import engines_that_differ, rectified_that_differ, signed_that_differ
from picojoule.recipes.claims import judged, structural
from picojoule.recipes.deep_spiking_training.conditions import Condition
from picojoule.recipes.deep_spiking_training.networks import Trained
from picojoule.recipes.settings import Settings
from picojoule.result import Claim


def claims(family: dict[str, Condition], done: dict[Condition, Trained], settings: Settings) -> tuple[Claim, ...]:
    """All claims.

    Args:
        family: the main condition under every potential, by the potential's name.
        done: what their networks did.
        settings: of the run.
    """
    found = {potential: done[c] for potential, c in family.items()}
    dither, carry, zero = (found[each] for each in ("uniform ½", "carry", "zero"))
    learns = min(dither.mean[-1], carry.mean[-1])
    decides = max(each.mean[-1] for each in found.values()) - zero.mean[-1]
    return (
        *(
            structural(name, text, target=0, measured=measured, unit="count")
            for name, text, measured in (
                ("signed-rounds", "herders that do not emit round(φ₀ + Σu), signed", signed_that_differ()),
                (
                    "rectified-is-cummax",
                    "herders that do not emit max(0, max_t ⌈φ₀ + Σu − ½⌉), rectified",
                    rectified_that_differ(),
                ),
                (
                    "events-equal-lanes",
                    "weights that differ after compiled events and after torch, in whole numbers",
                    engines_that_differ(),
                ),
            )
        ),
        judged(
            "no-learning",
            f"zero potential does not learn at σ=0.01 (carry and dither reach at least {learns:.3f}): test error",
            measured=1 - zero.mean[-1],
            reached=zero.mean[-1] < 0.2 and learns > 0.8,
            source="O'Connor and Welling's code, MNIST after 4 epochs",
            paper=0.8787,
        ),
        judged(
            "potential-matters",
            "the backward potential is important: accuracy between the family's best and zero, same condition",
            measured=decides,
            reached=decides > 0.05,
            source="abstract, without a number",
        ),
        _better(
            "control-converges-sooner",
            "controlling it converges sooner: accuracy after one epoch, uniform ½ less carry",
            [a[0] - b[0] for a, b in zip(dither.scores, carry.scores, strict=True)],
        ),
        _better(
            "control-more-accurate",
            "controlling it is more accurate: accuracy at the end, uniform ½ less carry",
            [a[-1] - b[-1] for a, b in zip(dither.scores, carry.scores, strict=True)],
        ),
        _mnist(
            "mnist-error",
            "test error of 784-200-200-10, T=10, carry, on MNIST after 20 epochs",
            0.0268,
            1 - carry.mean[-1],
            settings,
        ),
    )


def _better(name: str, text: str, gains: list[float]) -> Claim:
    """Reached where the mean gain over seeds is above twice its standard error."""
    error = stdev(gains) / len(gains) ** 0.5 if len(gains) > 1 else float("inf")
    spread = f" (± {error:.4f}, one standard error over {len(gains)} seeds)" if len(gains) > 1 else ""
    reached, source = fmean(gains) > 2 * error, "abstract, without a number"
    return judged(name, text + spread, measured=fmean(gains), reached=reached, source=source)


def _mnist(name: str, text: str, paper: float, measured: float, settings: Settings) -> Claim:
    """A number of the parent's code, which needs all of MNIST; reached within a third of it."""
    tried = settings.mode == "full"
    return judged(
        name,
        text,
        measured=measured if tried else None,
        reached=measured <= paper * 4 / 3 if tried else None,
        source="O'Connor and Welling's code",
        paper=paper,
        reason=None if tried else "needs MNIST: picojoule run deep-spiking-training --full --data mnist.npz",
    )
