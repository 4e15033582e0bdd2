"""From the counts of dense inference to those of a training step."""

from __future__ import annotations

from dataclasses import replace

from picojoule.cost.counts import Counts


def dense_training(counts: Counts, *, inputs: bool = False) -> Counts:
    """Counts of a step of gradient descent on a dense network, per sample.

    Each layer multiplies its weights once forward, once with the errors of its outputs for those of its inputs (not in
    the first layer), and once errors with inputs for the gradient: 3 MACs where inference has one, 2 in the first
    layer. A layer without weights, which multiplies activations with each other as attention does, needs the errors of
    both. Each weight goes through memory once for each of the first two, and twice for the update. Multiplications by
    zero activations are left out of ``effective_macs`` forward and in the gradient, but not on the way back.
    A batch that shares the moves of its weights would need fewer.

    Args:
        counts: of inference.
        inputs: whether what enters the first layer is learnt, too, as vectors of words are: it gets its errors then.
    """
    layers = []
    first = not inputs
    for layer in counts.layers:
        if not layer.weights:
            layers.append(replace(layer, macs=3 * layer.macs, effective_macs=layer.effective_macs + 2 * layer.macs))
            continue
        back = 0 if first else layer.macs
        layers.append(
            replace(
                layer,
                macs=2 * layer.macs + back,
                effective_macs=2 * layer.effective_macs + back,
                bias_adds=2 * layer.bias_adds,
                weight_moves=3 if first else 4,
            )
        )
        first = False
    return replace(counts, layers=tuple(layers))


def joined(**parts: Counts) -> Counts:
    """The counts of several networks that a sample goes through, the names of layers behind that of their part.

    Args:
        parts: at least one; all of the same number of samples.
    """
    samples = {each.samples for each in parts.values()}
    assert len(samples) == 1, f"counts of {sorted(samples)} samples cannot be joined"
    layers = (replace(layer, name=f"{name}.{layer.name}") for name, each in parts.items() for layer in each.layers)
    return Counts(samples=samples.pop(), steps=None, layers=tuple(layers))
