"""Spiking networks cut into positions, at each of which one of several blocks may stand (cite key ``na2022``)."""

from picojoule.models.spiking.blocks import BLOCKS, RELU, SPIKING, Fabric, Relaxing
from picojoule.models.spiking.found import FOUND
from picojoule.models.spiking.macro import CANDIDATES, LAYOUT, Architecture, Macro

__all__ = ["BLOCKS", "CANDIDATES", "FOUND", "LAYOUT", "RELU", "SPIKING", "Architecture", "Fabric", "Macro", "Relaxing"]
