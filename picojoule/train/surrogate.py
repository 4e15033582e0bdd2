"""A spiking network as a function with a gradient, so that what was converted can be trained further.

Forward, each layer gives what its neurons really send, decoded over the whole window: by the closed form where it is
exact, else by running the spikes. Backward, a layer is the ramp that its neurons follow::

    û = Q(u)        ∂û/∂u = 1 where the code carries u (α below zero), 0 where it saturates

So the weights learn against the real quantisation, saturation and uneven arrival. Under a drive that does not change
rate neurons are the clip-floor-shift activation of cite key ``bu2022clip``; running them instead, as tandem learning
does (cite key ``wu2021tandem``), leaves nothing to be lost in conversion. Corrected rate neurons come so close to that
activation that it can stand for them, at one pass instead of T (``ideal``). A start v of its own is then a shift of the
drive by (v − v₀)/repeats. Learnt kernels are those of :mod:`picojoule.train.kernel`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from picojoule.base.errors import InputError
from picojoule.codes import TTFS, Code
from picojoule.conversion.walk import sent
from picojoule.engines import closed
from picojoule.ir import Fire, Input, Network, Node, WeightLayer
from picojoule.ir.dense import evaluate, per_channel, scaled_input
from picojoule.train.kernel import Kernel

_LARGE = 1e6


@final
class Surrogate(nn.Module):
    """A spiking network whose weights and biases, and if wanted kernels, are parameters.

    Args:
        network: from :func:`picojoule.convert`. It is not changed.
        kernels: let τ and d of its time-to-first-spike neurons be learnt; d of the input's stays.
        ideal: answer by the closed form that holds for a drive that is the same in every step, instead of running.
        relaxed: E; in training, a layer answers as a ReLU with the probability 1 − k/E in the k-th call, so that codes
            come in little by little.

    Attributes:
        drives: u of each layer of neurons in the last call, by name.

    Raises:
        InputError: nothing in the network spikes, or `kernels` is asked for and no neuron has one.
    """

    def __init__(self, network: Network, *, kernels: bool = False, ideal: bool = False, relaxed: int = 0) -> None:
        super().__init__()
        fires = list(network.all(Fire))
        if not fires:
            raise InputError("nothing in it spikes", where=network.name, remedy="convert it first")
        if kernels and not any(isinstance(fire.code, TTFS) for fire in fires):
            raise InputError("its neurons have no kernel", where=network.name, remedy="use codes.TTFS")
        self._network = network
        self._closed = ideal or closed.refuses(network) is None
        self._relaxed = relaxed
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.drives: dict[str, Tensor] = {}
        self._reach = {fire.name: _reach(fire.code) for fire in fires}
        self._layers = nn.ModuleDict({_key(layer): _parameters(layer) for layer in network.all(WeightLayer)})
        learnt = [fire for fire in fires if kernels and isinstance(fire.code, TTFS)]
        self.kernels = nn.ModuleDict({_key(fire): Kernel(fire.code) for fire in learnt})
        for fire in learnt:
            self.kernels[_key(fire)].delay.requires_grad_(fire.layer != "input")

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...] | dict[str, Tensor]:
        """What :func:`picojoule.run` gives as values for `x`, but for rounding, with a gradient."""
        real: Mapping[str, Tensor] = {} if self._closed else sent(self.network(), x)
        values: dict[str, Tensor] = {}
        coded = float(self.calls) / self._relaxed if self.training and self._relaxed else 1.0
        self.calls += self.training
        for node in self._network.nodes:
            if isinstance(node, Input):
                values[node.name] = scaled_input(node, x)
            elif isinstance(node, Fire):
                self.drives[node.name] = u = values[node.inputs[0]]
                relaxes = coded < 1 and float(torch.rand(())) >= coded
                values[node.name] = (
                    leaky_relu(u, node.code.slope) if relaxes else self._sent(node, u, real.get(node.name))
                )
            else:
                values[node.name] = evaluate(self._trained(node), *(values[name] for name in node.inputs))
        return self._network.as_model(values[self._network.output.name])

    def learnt(self) -> Iterator[tuple[Fire, Kernel]]:
        """The layers of neurons whose kernels are learnt, with these."""
        for fire in self._network.all(Fire):
            if _key(fire) in self.kernels:
                kernel = self.kernels[_key(fire)]
                assert isinstance(kernel, Kernel)
                yield fire, kernel

    def network(self) -> Network:
        """The spiking network with the parameters as they are now."""
        return self._network.evolve(self._frozen(node) for node in self._network.nodes)

    def _sent(self, node: Fire, u: Tensor, real: Tensor | None) -> Tensor:
        if _key(node) in self.kernels:
            return self.kernels[_key(node)](u)
        values = node.code.value(_driven(node, u.detach())) if real is None else real
        return _Ramp.apply(u, values, node.code.slope, self._reach[node.name])

    def _trained(self, node: Node) -> Node:
        return replace(node, **self._layers[_key(node)]) if isinstance(node, WeightLayer) else node

    def _frozen(self, node: Node) -> Node:
        if isinstance(node, WeightLayer):
            return replace(node, **{name: each.detach().clone() for name, each in self._layers[_key(node)].items()})
        return replace(node, code=self.kernels[_key(node)].code()) if _key(node) in self.kernels else node


def _driven(node: Fire, u: Tensor) -> Tensor:
    """u with what a start of its own adds to it."""
    if node.start is None:
        return u
    shift = (node.start - node.code.neuron().initial) / node.code.repeats
    return u + per_channel(shift, node.shape).to(u)


def _parameters(layer: WeightLayer) -> nn.ParameterDict:
    names = ("weight", "bias") if layer.has_bias else ("weight",)
    return nn.ParameterDict({name: getattr(layer, name).detach().clone() for name in names})


def _key(node: Node) -> str:
    """A module's name may hold no dot."""
    return node.name.replace(".", "/")


def _reach(code: Code) -> tuple[float, float]:
    """The smallest and the largest drive whose value the code still carries."""
    least, most = code.value(torch.tensor([-_LARGE, _LARGE])).tolist()
    return least / code.slope if code.slope else 0.0, most


@final
class _Ramp(torch.autograd.Function):
    """Given values forward; backward the ramp max(u, α·u), flat beyond the reach of the code."""

    @staticmethod
    def forward(context: Any, u: Tensor, values: Tensor, slope: float, reach: tuple[float, float]) -> Tensor:
        context.save_for_backward(u)
        context.slope, context.reach = slope, reach
        return values.to(u).clone()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (u,), slope, (low, high) = context.saved_tensors, context.slope, context.reach
        carried = (u > low) & (u < high)
        through = torch.where(u < 0, slope * gradient, gradient) if slope else gradient
        return through * carried, None, None, None
