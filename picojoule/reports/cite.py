"""The verb ``cite``: BibTeX of exactly the methods a network uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picojoule.base.bibliography import bibtex

if TYPE_CHECKING:
    from picojoule.ir import Network


def cite(network: Network) -> str:
    """BibTeX of the codes of a network, each entry once."""
    from picojoule.ir import Fire

    keys = [key for fire in network.all(Fire) for key in fire.code.sources]
    choices = dict(network.conversion.choices)
    keys += ["li2021"] if {"membrane", "bias"} & set(choices.get("calibrated", "").split(", ")) else []
    return bibtex((*keys, *(["bu2022clip", "wu2021tandem"] if "fine-tuned" in choices else [])))
