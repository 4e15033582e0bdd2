"""Numbers in few bits: grids, fixed point, similarities that stay bounded, and gradients that pass through rounding."""

from picojoule.quant.fixed import Fixed, Grid, stack
from picojoule.quant.gauge import Gauge
from picojoule.quant.grid import ROUNDINGS, on_grid
from picojoule.quant.hamming import Hamming
from picojoule.quant.through import binary, through

__all__ = ["ROUNDINGS", "Fixed", "Gauge", "Grid", "Hamming", "binary", "on_grid", "stack", "through"]
