"""What a step of gradient descent on a dense network takes, by hand and by torch's own counter."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from picojoule.cost import traffic
from picojoule.cost.training import dense_training
from picojoule.engines import run
from picojoule.models.vision import perceptron
from picojoule.recipes.systems import ann

SIZES = (12, 9, 7, 4)


def counts(*, bias: bool = False):
    net = perceptron(SIZES, bias=bias)
    x = torch.rand(5, 12)
    return net, x, run(ann(net, x), x).counts


def test_macs_are_those_of_torchs_counter():
    net, x, dense = counts()
    with FlopCounterMode(display=False) as counter:
        net(x).sum().backward()
    assert 2 * dense_training(dense).total("macs") == counter.get_total_flops()


def test_macs_and_moves_by_hand():
    _, _, dense = counts()
    step = dense_training(dense)
    weights = [12 * 9, 9 * 7, 7 * 4]
    assert step.per_sample("macs") == 2 * weights[0] + 3 * weights[1] + 3 * weights[2]
    more = traffic(step).ideal - traffic(dense).ideal
    assert more == 4 * (2 * weights[0] + 3 * weights[1] + 3 * weights[2])


def test_a_bias_is_added_and_learnt():
    _, _, dense = counts(bias=True)
    assert dense.per_sample("bias_adds") == 9 + 7 + 4
    assert dense_training(dense).per_sample("bias_adds") == 2 * (9 + 7 + 4)


def test_zeros_are_skipped_forward_and_in_the_gradient_only():
    _, _, dense = counts()
    skipped, backward = dense_training(dense).skipping_zeros(), 9 * 7 + 7 * 4
    assert skipped.per_sample("macs") == 2 * dense.per_sample("effective_macs") + backward
