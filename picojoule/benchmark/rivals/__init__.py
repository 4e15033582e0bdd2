"""Who runs the same network: one small file each, and one table of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import final

from torch import Tensor

from picojoule.benchmark.rivals import plain, sinabs, snntorch, spikingjelly
from picojoule.ir import Network

Forward = Callable[[Tensor], Tensor]
"""From images ``[batch, ...]`` to outputs ``[batch, classes]``, decoded as the ANN would give them."""
Build = Callable[[Network], dict[str, Forward]]
"""From a network to its ways of running here, by name; a file's function, so that another process can call it."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Rival:
    """Another implementation of rate coding.

    Attributes:
        name: as people know it.
        build: its ways to run a network.
        package: what must be importable; None where torch is enough.
        install: the pip command for it.
    """

    name: str
    build: Build
    package: str | None = None
    install: str = ""

    @property
    def label(self) -> str:
        """The name with its version."""
        try:
            return f"{self.name} {version(self.package)}" if self.package else self.name
        except PackageNotFoundError:
            return self.name

    def missing(self) -> str | None:
        """Why it cannot run here; None if it can."""
        try:
            importlib.import_module(self.package or "torch")
        except Exception as problem:  # whatever a package of others does while it is imported
            absent = isinstance(problem, ModuleNotFoundError) and problem.name == self.package
            return "is not installed" if absent else f"cannot be imported ({str(problem).splitlines()[0]})"
        return None


# Without their dependencies: SpikingJelly asks for torchvision and torchaudio, whose builds break beside a CPU's torch.
_TWO = "pip install --no-deps spikingjelly snntorch && pip install loguru pyyaml requests tqdm scipy"
_SINABS = "pip install --no-deps sinabs samna nir nirtorch h5py pbr"

RIVALS: tuple[Rival, ...] = (
    Rival(name="plain PyTorch loop", build=plain.build),
    Rival(name="SpikingJelly", package="spikingjelly", build=spikingjelly.build, install=_TWO),
    Rival(name="snnTorch", package="snntorch", build=snntorch.build, install=_TWO),
    Rival(
        name="sinabs",
        package="sinabs",
        build=sinabs.build,
        install=_SINABS,
    ),
)
"""Every rival, in the order of the table."""
