"""At home elsewhere: networks to and from NIR, snnTorch, SpikingJelly and ONNX. What cannot be said there is an error.

What of a network's meaning a format loses is said aloud. The packages are imported when they are needed.
"""

from __future__ import annotations

from picojoule.exchange.nir_reading import from_nir
from picojoule.exchange.nir_writing import to_nir
from picojoule.exchange.onnx_writing import to_onnx
from picojoule.exchange.snntorch_reading import from_snntorch
from picojoule.exchange.snntorch_writing import to_snntorch
from picojoule.exchange.spikingjelly_reading import from_spikingjelly

__all__ = ["from_nir", "from_snntorch", "from_spikingjelly", "to_nir", "to_onnx", "to_snntorch"]
