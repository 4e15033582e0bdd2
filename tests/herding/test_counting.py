"""Counts of answers and lessons, by hand."""

import torch

from picojoule.cost import price, profiles, traffic
from picojoule.herding import DeepSpikingNet, Form
from picojoule.herding.counting import answering, learning

FORM = Form(sizes=(12, 9, 7, 4), steps=6)
TALLY = torch.tensor([[100, 20, 30, 1000], [20, 15, 25, 500], [15, 5, 40, 200]])


def test_answers():
    counts = answering(FORM, TALLY, 2)
    assert counts.steps == 6 and counts.samples == 2
    assert [layer.name for layer in counts.layers] == ["input", "fc1", "fc2", "fc3"]
    assert counts.total("synops") == 100 * 9 + 20 * 7 + 15 * 4
    assert counts.hidden_spikes == 20 + 15, "the output layer adds up and does not fire"
    assert counts.neurons == 9 + 7
    assert counts.total("state_updates") == 2 * 6 * (12 + 9 + 7)


def test_lessons():
    counts = learning(FORM, TALLY, 2)
    forward = 100 * 9 + 20 * 7 + 15 * 4
    back = 25 * 9 + 40 * 7
    assert counts.total("synops") == forward + back + 1700
    assert counts.hidden_spikes == 20 + 15 + 5 + 30 + 25 + 40
    assert counts.total("state_updates") == 2 * 6 * (12 + (9 + 7 + 4) + (9 + 7))
    assert counts.neurons == (9 + 7 + 4) + (9 + 7)


def test_lessons_move_the_weights_forward_back_and_for_the_update():
    """Ideal reuse: 4 bytes a weight, thrice in the first layer, four times in the others; the rest are addresses."""
    weights = [12 * 9, 9 * 7, 7 * 4]
    difference = traffic(learning(FORM, TALLY, 2)).ideal - traffic(answering(FORM, TALLY, 2)).ideal
    assert 0 <= difference - 4 * (2 * weights[0] + 3 * weights[1] + 3 * weights[2]) < (30 + 25 + 40 + 5 + 95) / 2


def test_a_lesson_costs_more_than_an_answer():
    net = DeepSpikingNet(Form(sizes=(20, 15, 10), std=None))
    x, y = torch.rand(30, 20), torch.arange(30) % 10
    net.learn(x, y)
    lesson = learning(net.form, net.tally, int(net.seen))
    answer = answering(net.form, net.answer(x).tally, 30)
    assert lesson.samples == 30
    assert price(lesson, profiles.HOROWITZ_FP32).joules > price(answer, profiles.HOROWITZ_FP32).joules
