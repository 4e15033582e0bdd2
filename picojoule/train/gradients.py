"""Gradients of many copies of one small model at once: a copy is a flat vector of its parameters.

``g(θ; B) = ∂/∂θ mean_{(x, y) ∈ B} −log softmax(f(x; θ))_y`` for copies ``[rates, workers]``, each worker with a
minibatch of its own. Softmax regression has it in closed form; every other model goes through autograd.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

Gradient = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Flat copies ``[rates, workers, parameters]``, inputs ``[workers, batch, ...]``, labels ``[workers, batch]`` →
gradients like the copies."""


def flat(model: nn.Module) -> Tensor:
    """The parameters of a model as one vector, in their order."""
    return torch.cat([each.detach().flatten() for each in model.parameters()])


def outputs(model: nn.Module, copies: Tensor, x: Tensor) -> Tensor:
    """What each copy says about the same inputs.

    Args:
        model: gives the form.
        copies: ``[copies, parameters]``.
        x: ``[batch, ...]``.

    Returns:
        ``[copies, batch, classes]``.
    """
    return vmap(lambda one: functional_call(model, _named(model, one), (x,)))(copies)


def gradient(model: nn.Module) -> Gradient:
    """The gradient of copies of `model` under softmax and cross-entropy."""
    if isinstance(model, nn.Linear) and model.bias is not None:
        return softmax_regression(model.out_features, model.in_features)
    return by_autograd(model)


def by_autograd(model: nn.Module) -> Gradient:
    """For any differentiable model without buffers that change."""

    def loss(one: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(functional_call(model, _named(model, one), (x,)), y)

    of_rates = vmap(grad(loss), in_dims=(0, None, None))
    return vmap(of_rates, in_dims=(1, 0, 0), out_dims=1)


def softmax_regression(classes: int, features: int) -> Gradient:
    """For ``nn.Linear``: with e = (softmax(W·x + b) − onehot(y)) / batch, ∂W = Σ e·xᵀ and ∂b = Σ e."""

    def gradients(copies: Tensor, x: Tensor, y: Tensor) -> Tensor:
        w = copies[..., : classes * features].unflatten(-1, (classes, features))
        b = copies[..., None, classes * features :]
        e = (torch.einsum("lwcf,wnf->lwnc", w, x) + b).softmax(-1)
        e -= nn.functional.one_hot(y, classes).to(e.dtype)
        e /= y.shape[-1]
        return torch.cat((torch.einsum("lwnc,wnf->lwcf", e, x).flatten(2), e.sum(2)), 2)

    return gradients


def _named(model: nn.Module, one: Tensor) -> dict[str, Tensor]:
    names, shapes = zip(*((name, each.shape) for name, each in model.named_parameters()), strict=True)
    pieces = one.split([shape.numel() for shape in shapes])
    return {name: piece.view(shape) for name, piece, shape in zip(names, pieces, shapes, strict=True)}
