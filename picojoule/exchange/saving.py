"""A network as files for others to read, as the command line writes them."""

from __future__ import annotations

from pathlib import Path

from picojoule.base.errors import InputError
from picojoule.base.files import write_whole
from picojoule.exchange.nir_writing import to_nir
from picojoule.exchange.onnx_writing import to_onnx
from picojoule.exchange.snntorch_writing import to_snntorch
from picojoule.ir import Network
from picojoule.ir.file import save as save_network

_SNNTORCH = '''"""{name} as a module of snnTorch: [batch, ...] -> [steps, batch, ...], time first.

Written by picojoule export. A module is code, so this makes it anew from the network in network.safetensors.
"""

from pathlib import Path

import picojoule as pj
from picojoule.exchange import to_snntorch

net = to_snntorch(pj.load(Path(__file__).parent / "network.safetensors"))
'''


def save(network: Network, out: Path, *, to: str, mode: str = "strict", dt: float = 1e-4) -> tuple[Path, ...]:
    """Write a network in a format of others.

    Args:
        network: what to write.
        out: the folder.
        to: ``nir``, ``snntorch`` or ``onnx``.
        mode, dt: of NIR, as for :func:`picojoule.exchange.to_nir`.

    Returns:
        The files written.

    Raises:
        ConversionError: something that the format cannot express.
        InputError: no such format.
    """
    if to == "nir":
        to_nir(network, out / "network.nir", mode=mode, dt=dt)  # type: ignore[arg-type]
        return (out / "network.nir",)
    if to == "onnx":
        return (to_onnx(network, out / "network.onnx"),)
    if to != "snntorch":
        raise InputError(f"no format {to!r}", where="export", remedy="choose nir, snntorch or onnx")
    to_snntorch(network)
    code = _SNNTORCH.format(name=network.name)
    return save_network(network, out / "network.safetensors"), write_whole(out / "network_snntorch.py", code)
