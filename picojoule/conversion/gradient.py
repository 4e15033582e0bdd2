"""Calibration: τ and d of time-to-first-spike neurons by gradient descent, each layer by itself.

::

    x    what the ANN gives, in units of its scale        x̂ = ε(s) where a neuron fires, else 0
    L_prec = ½·mean (x − x̂)²
    L_min  = ½·mean (x_min − x̂_min)²        x̂_min = e^{−(T−d)/τ},  x_min = 2nd percentile of a sample's x, with zeros
    L_max  = ½·mean (x_max − x̂_max)²        x̂_max = e^{d/τ},       x_max = ε(earliest spike of a sample)

    τ ← τ + [ρ₁·mean₊((x − x̂)·x̂·(s − d)) + ρ₂·(x_min − x̂_min)·x̂_min·(T − d)] / τ²
    d ← d + ρ₃·mean((x_max − x̂_max)·x̂_max/τ)            ρ = 10, 100, 1; d of the input stays

mean₊ is over positive terms alone. A layer's decoder is its sender's encoder, so both move together. Updates are
those of the code at the paper's submission; its later release has another mask and another clock.

In a sparse layer x_min is 0, so L_min shortens τ until L_prec holds it. Rounding and early firing stay as they are.

Reference: cite key ``park2020``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp
from typing import Any, NamedTuple, final

import torch
from torch import Tensor

from picojoule.codes import TTFS
from picojoule.data.batches import collect
from picojoule.ir import Fate, Fire, Network, Node, ReLU
from picojoule.ir.dense import evaluate, scaled_input

RHO = (10.0, 100.0, 1.0)
"""ρ₁, ρ₂, ρ₃."""
UPDATES, BATCH, _SAMPLES = 150, 32, 1024
"""150 updates are as many as the published run made, of 400 samples each."""
_SHARE = 0.02


class Losses(NamedTuple):
    """L_prec, L_min and L_max of one layer on one batch."""

    precision: float
    smallest: float
    largest: float

    @property
    def weighted(self) -> float:
        """Σ ρ_i·L_i, the descent's own weights."""
        return sum(rho * loss for rho, loss in zip(RHO, self, strict=True))


@final
@dataclass(frozen=True, kw_only=True)
class Optimised:
    """A network with its kernels optimised, and the losses of each layer on the way: by node, one an update."""

    network: Network
    losses: dict[str, tuple[Losses, ...]]


def _movable(network: Network) -> dict[str, TTFS]:
    return {fire.name: fire.code for fire in network.all(Fire) if isinstance(fire.code, TTFS) and not fire.code.slope}


@torch.no_grad()
def optimise_kernels(network: Network, data: Any, *, updates: int = UPDATES, batch: int = BATCH) -> Optimised:
    """Move τ and d of every layer of time-to-first-spike neurons; others, and signed ones, stay.

    Args:
        network: a converted network.
        data: inputs like those it will see; the first 1,024, batch by batch, again and again.
        updates: how many.
        batch: inputs an update.
    """
    batches = network.check_input(collect(data, batch, _SAMPLES)).split(batch)
    codes = _movable(network)
    losses: dict[str, list[Losses]] = {name: [] for name in codes}
    for update in range(updates if codes else 0):
        for name, (due, sent) in _values(network, codes, batches[update % len(batches)]).items():
            of_input = network.by_name[name].layer == "input"
            codes[name], seen = _stepped_down(codes[name], due, sent, coded_input=of_input)
            losses[name].append(seen)
    fates = [Fate(name, "Fire", _told(network.by_name[name].code, code), "gradient") for name, code in codes.items()]
    nodes = [replace(node, code=codes[node.name]) if node.name in codes else node for node in network.nodes]
    moved = network.evolve(nodes, fates=fates)
    return Optimised(network=moved, losses={name: tuple(each) for name, each in losses.items()})


@torch.no_grad()
def losses_of(network: Network, data: Any, *, samples: int = 200) -> dict[str, Losses]:
    """The losses of every layer as it is, by node."""
    x = network.check_input(collect(data, samples, samples))
    codes = _movable(network)
    return {name: _losses(codes[name], *pair)[0] for name, pair in _values(network, codes, x).items()}


def _values(network: Network, codes: dict[str, TTFS], x: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Of each layer to be moved what the ANN gives and what its own neurons send."""
    due = {network.input.name: scaled_input(network.input, x)}
    sent, pairs = dict(due), {}
    for node in network.nodes[1:]:
        due[node.name] = _as_ann(node, due)
        inputs = [sent[name] for name in node.inputs]
        if not isinstance(node, Fire):
            sent[node.name] = evaluate(node, *inputs)
        elif node.name in codes:
            sent[node.name] = _fast_value(codes[node.name], *inputs)
            pairs[node.name] = due[node.name], sent[node.name]
        else:
            sent[node.name] = node.code.value(*inputs)
    return pairs


def _as_ann(node: Node, values: dict[str, Tensor]) -> Tensor:
    """The node as the ANN has it: neurons are rectifiers."""
    inputs = [values[name] for name in node.inputs]
    if not isinstance(node, Fire):
        return evaluate(node, *inputs)
    return evaluate(ReLU(name=node.name, inputs=node.inputs, shape=node.shape, slope=node.code.slope), *inputs)


def _fast_value(code: TTFS, u: Tensor) -> Tensor:
    """ε(s*) by the logarithm: a step off where u is within rounding of a threshold, which a mean does not see."""
    s = (code.delay - code.kernel_tau * (u.clamp_min(1e-30) / code.threshold).log()).ceil_().clamp_min_(0)
    return torch.where(s < code.steps, ((code.delay - s) / code.kernel_tau).exp_(), 0.0)


def _losses(code: TTFS, due: Tensor, sent: Tensor) -> tuple[Losses, Tensor, Tensor]:
    """The losses, and x_min and x_max of each sample."""
    tau, d, x, x_hat = code.kernel_tau, code.delay, due.flatten(1), sent.flatten(1)
    smallest = x.kthvalue(max(1, int(_SHARE * x.shape[1])), 1).values
    largest = x_hat.amax(1)
    low, high = exp(-(code.steps - d) / tau), exp(d / tau)
    parts = (x - x_hat).square().mean(), (smallest - low).square().mean(), (largest - high).square().mean()
    return Losses(*(float(each) / 2 for each in parts)), smallest, largest


def _stepped_down(code: TTFS, due: Tensor, sent: Tensor, *, coded_input: bool) -> tuple[TTFS, Losses]:
    """One update of a layer, and the losses before it."""
    found, smallest, largest = _losses(code, due, sent)
    tau, d = code.kernel_tau, code.delay
    fired = sent > 0
    x_hat = sent[fired]
    late = -tau * x_hat.log()  # s − d
    terms = (due[fired] - x_hat) * x_hat * late
    positive = terms[terms > 0]
    low, high = exp(-(code.steps - d) / tau), exp(d / tau)
    toward = RHO[0] * float(positive.mean()) if len(positive) else 0.0
    toward += RHO[1] * float(smallest.mean() - low) * low * (code.steps - d)
    shift = 0.0 if coded_input else RHO[2] * float(largest.mean() - high) * high / tau
    return replace(code, tau=tau + toward / tau**2, delay=d + shift), found


def _told(before: TTFS, after: TTFS) -> str:
    pairs = (("τ", before.kernel_tau, after.kernel_tau), ("d", before.delay, after.delay))
    return ", ".join(f"{name} {old:.4g} → {new:.4g}" for name, old, new in pairs)
