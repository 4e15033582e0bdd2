"""A presentation in plain torch: all samples of a batch at once, with a loop over time or without one.

The equations are those of :mod:`picojoule.kernels.herding`, which this is the reference of. Without time
(``collapsed``) every herder is replaced by the total it emits under a constant drive, and the gate by its last state::

    c_0 = round(T·x)        c_l = max(0, round(Z_l))        Z_l = c_{l−1}·W_l
    E_L = (c_L − T·[label])·[Z_L ≥ 0]        E_{l−1} = round(ψ₀ + E_l·W_lᵀ)·[Z_{l−1} ≥ 0]

which is a quantised network with rounded errors. It is not the same: a hidden herder emits max_t ⌈Σu − ½⌉, which is
more where its drive comes in bursts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from picojoule.neurons.herder import rectified, signed, signed_total


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Presentation:
    """What a presentation left behind, of ``[batch, units]`` each.

    Attributes:
        z: real-valued input Z of layers 1 … L over all steps, in units of the weights.
        counts: spikes c of layers 0 … L.
        errors: errors E of layers 1 … L; zeros without labels.
        psi: what the backward herders of layers 1 … L−1 are left with.
        passed: Σ|e| of layers 1 … L over units, steps and batch; with both signs in one sum they would cancel.
        events: Σ|s| of layers 0 … L, likewise.
        update_adds: additions to the weights of layers 1 … L, if it was asked for.
    """

    z: tuple[Tensor, ...]
    counts: tuple[Tensor, ...]
    errors: tuple[Tensor, ...]
    psi: tuple[Tensor, ...]
    passed: Tensor
    events: Tensor
    update_adds: Tensor


def stepped(
    x: Tensor,
    labels: Tensor | None,
    weights: Sequence[Tensor],
    psi: Sequence[Tensor],
    *,
    steps: int,
    q: float,
    fractional: float | None = None,
) -> Presentation:
    """T steps, forward and back.

    Args:
        x: drive of a step, ``[batch, sizes[0]]``, in units of which q are a quantum; dtype of the weights.
        labels: int64 ``[batch]``; None leaves out the backward path.
        weights: ``[inputs, outputs]`` of each layer. Changed in place by fractional updates, else left alone.
        psi: ψ₀ of each hidden layer, ``[batch, units]``.
        steps: T.
        q: a quantum.
        fractional: k, if the weights are to learn after every step.
    """
    sizes = [x.shape[1], *(w.shape[1] for w in weights)]
    phi, c, z, errors = ([torch.zeros_like(x[:, :1]).expand(-1, n).clone() for n in sizes] for _ in range(4))
    psi = [torch.zeros_like(x), *psi]
    events, passed, adds = (torch.zeros(len(sizes), dtype=torch.int64) for _ in range(3))
    target = None if labels is None else one_hot(labels, sizes[-1]).to(x.dtype)
    for _ in range(steps):
        s, phi[0] = signed(phi[0], x, q)
        spikes = [s]
        for layer, w in enumerate(weights, 1):
            u = spikes[-1] @ w
            z[layer] += u
            s, phi[layer] = rectified(phi[layer], u, q)
            spikes.append(s)
        for layer, s in enumerate(spikes):
            c[layer] += s
            events[layer] += _size(s)
        if target is not None:
            e = _back(spikes[-1] - target, weights, psi, z, q)
            for layer in range(1, len(sizes)):
                errors[layer] += e[layer]
                passed[layer] += _size(e[layer])
            if fractional is not None:
                adds[1:] += learn(weights, c, e[1:], fractional)
    return Presentation(
        z=tuple(z[1:]),
        counts=tuple(c),
        errors=tuple(errors[1:]),
        psi=tuple(psi[1:]),
        passed=passed[1:],
        events=events,
        update_adds=adds[1:],
    )


def collapsed(
    x: Tensor, labels: Tensor | None, weights: Sequence[Tensor], psi: Sequence[Tensor], *, steps: int, q: float
) -> Presentation:
    """The presentation without time; arguments are those of :func:`stepped`."""
    c, z = [signed_total(steps * x, q)], []
    for w in weights:
        z.append(c[-1] @ w)
        c.append(signed_total(z[-1], q).clamp(min=0))
    errors = [torch.zeros_like(each) for each in z]
    psi = [torch.zeros_like(x), *psi]
    if labels is not None:
        wrong = c[-1] - steps * one_hot(labels, c[-1].shape[1]).to(x.dtype)
        errors = _back(wrong, weights, psi, [x, *z], q)[1:]
    return Presentation(
        z=tuple(z),
        counts=tuple(c),
        errors=tuple(errors),
        psi=tuple(psi[1:]),
        passed=torch.tensor([_size(each) for each in errors]),
        events=torch.tensor([_size(each) for each in c]),
        update_adds=torch.zeros(len(weights), dtype=torch.int64),
    )


def learn(weights: Sequence[Tensor], counts: Sequence[Tensor], errors: Sequence[Tensor], gain: float) -> Tensor:
    """W_l ← W_l − k·c_{l−1}ᵀ·E_l in place, summed over the batch.

    Returns:
        The additions this takes, int64 ``[layers]``: for every error, one for each count that is not zero.
    """
    adds = []
    for w, c, e in zip(weights, counts, errors, strict=False):
        w.sub_(gain * (c.T @ e))
        adds.append(int((c.ne(0).sum(1) * e.abs().sum(1)).sum()))
    return torch.tensor(adds)


def _back(wrong: Tensor, weights: Sequence[Tensor], psi: list[Tensor], z: Sequence[Tensor], q: float) -> list[Tensor]:
    """Errors of layers 0 (none) … L of one step or of all; ψ moves in place."""
    errors = [_gate(wrong, z[-1])]
    for layer in range(len(weights) - 1, 0, -1):
        e, psi[layer] = signed(psi[layer], errors[0] @ weights[layer].T, q)
        errors.insert(0, _gate(e, z[layer]))
    return [torch.zeros_like(psi[0]), *errors]


def _gate(e: Tensor, z: Tensor) -> Tensor:
    """Errors pass where the sum so far is not negative."""
    return e * (z >= 0)


def _size(x: Tensor) -> int:
    return int(x.abs().sum())
