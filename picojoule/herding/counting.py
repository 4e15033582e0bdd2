"""What a deep spiking network does, as counts: answering, and learning with its way back and its updates.

Per layer of n inputs and m units, for the events in, the errors e passed and the additions to weights of the tally::

    answering   synops = events·m                              state_updates = T·m
    learning    synops = events·m + e·n [not in layer 1] + update_adds       state_updates = T·(m + n [not in layer 1])

An addition to a weight is counted as a synaptic operation: it reads and writes a synapse. The weights go through memory
once in answering; in learning once forward, once back (not those of layer 1), and once each way for the update.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from picojoule.cost import Counts, LayerCounts
from picojoule.herding.form import Form


def answering(form: Form, tally: Tensor, samples: int) -> Counts:
    """Counts of answers alone: the output layer adds up and does not fire.

    Args:
        form: of the network.
        tally: int64 ``[layers, 4]``, over all samples.
        samples: how many.
    """
    rows = tally.tolist()
    layers = []
    for layer, (n, m) in enumerate(pairwise(form.sizes), 1):
        fires = layer < len(rows)
        events, spikes, _, _ = rows[layer - 1]
        layers.append(
            LayerCounts(
                name=f"fc{layer}",
                weights=n * m,
                inputs=n,
                outputs=m,
                neurons=m if fires else 0,
                events_in=events,
                spikes=spikes if fires else 0,
                synops=events * m,
                state_updates=form.steps * m * samples if fires else 0,
            )
        )
    return Counts(samples=samples, steps=form.steps, layers=(_input(form, rows, samples), *layers))


def learning(form: Form, tally: Tensor, samples: int) -> Counts:
    """Counts of presentations with their way back and the updates; arguments are those of :func:`answering`."""
    rows = tally.tolist()
    layers = []
    for layer, (n, m) in enumerate(pairwise(form.sizes), 1):
        events, spikes, errors, adds = rows[layer - 1]
        back = n if layer > 1 else 0
        layers.append(
            LayerCounts(
                name=f"fc{layer}",
                weights=n * m,
                weight_moves=4 if back else 3,
                inputs=n,
                outputs=m,
                neurons=m + back,
                events_in=events + errors,
                spikes=spikes + errors,
                synops=events * m + errors * back + adds,
                state_updates=form.steps * (m + back) * samples,
            )
        )
    return Counts(samples=samples, steps=form.steps, layers=(_input(form, rows, samples), *layers))


def _input(form: Form, rows: list[list[int]], samples: int) -> LayerCounts:
    """The herders of the input."""
    n = form.sizes[0]
    return LayerCounts(
        name="input",
        inputs=n,
        outputs=n,
        neurons=n,
        spikes=rows[0][0],
        bias_adds=form.steps * n * samples,
        state_updates=form.steps * n * samples,
    )
