"""The architectures of the paper, from the authors' public code (cite key ``na2022``)."""

from __future__ import annotations

from picojoule.models.spiking.macro import Architecture

FOUND: dict[str, Architecture] = {
    "λ=0": ("SRB5", "SRB5", "SRB5", "SCB5", "SRB5"),
    "λ=-0.08": ("SRB5", "SRB5", "skip", "SRB3", "SRB5"),
    "λ=-0.16": ("SRB5", "SRB5", "skip", "SRB5", "SRB5"),
    "λ=-0.24": ("skip", "SRB5", "skip", "SCB5", "SRB5"),
    "random λ=0": ("SCB5", "SCB5", "SRB5", "SCB5", "SRB5"),
    "random λ=-0.08": ("SRB5", "SRB5", "SRB3", "SCB3", "SRB5"),
    "ann neurons": ("SRB5", "SRB3", "SCB3", "SCB5", "SRB5"),
}
"""By how they were searched. λ=-0.08 is AutoSNN."""
AUTOSNN = FOUND["λ=-0.08"]
