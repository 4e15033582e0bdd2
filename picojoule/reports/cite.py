"""The verb ``cite``: BibTeX of exactly the methods a network uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picojoule.base.bibliography import bibtex

if TYPE_CHECKING:
    from picojoule.ir import Network


def cite(network: Network) -> str:
    """BibTeX of the codes of a network, each entry once."""
    from picojoule.ir import Fire

    keys = [key for fire in network.all(Fire) for key in fire.code.cite]
    calibrated = dict(network.conversion.choices).get("calibrated", "").split(", ")
    return bibtex((*keys, *(["li2021"] if {"membrane", "bias"} & set(calibrated) else [])))
