"""The start of the small networks: what is written fits, comes back, and is the same when it is trained again."""

import json
from dataclasses import replace

import torch
from safetensors import safe_open

from picojoule.data.vision.fine_grained import creatures
from picojoule.models.loading import read_weights
from picojoule.models.vision.small import CREATURES, small_mvit, small_pyramid, start
from picojoule.train.creatures import SETTINGS, Described, described, train_embedded

FEW = replace(SETTINGS, pictures=64, epochs=1, tested=16)


def test_what_is_known_of_a_creature():
    data = creatures.load(train=32, test=1)
    _, known = Described(data.train).pick(torch.arange(32))
    assert known.shape == (32, 5) and known[:, 4].tolist() == [n % 16 // 4 for n in range(32)]
    told = torch.full((32, 20), -20.0)
    for column in range(5):
        told[torch.arange(32), 4 * column + known[:, column]] = 20.0
    loss = described(0.5)
    assert float(loss(lambda _: told, None, known)) < 1e-6 < float(loss(lambda _: -told, None, known))


def test_a_training_writes_both_networks_and_can_be_repeated(tmp_path):
    for name in ("one", "two"):
        train_embedded(tmp_path / name, settings=FEW)
    one, two = (read_weights(tmp_path / name) for name in ("one", "two"))
    assert one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)
    mvit = start(small_mvit(), "mvit", tmp_path / "one")
    assert torch.equal(mvit.patches.weight, one["mvit.patches.weight"].float())
    pyramid = start(small_pyramid(7), "pyramid", tmp_path / "one")
    assert torch.equal(pyramid.body[0].weight, one["pyramid.0.weight"].float())


def test_the_weights_in_the_package_have_learned():
    with safe_open(CREATURES, framework="pt") as file:
        about = json.loads(file.metadata()["training"])
    assert about["command"] == "python -m picojoule.train.creatures" and about["data_seed"] == SETTINGS.data_seed
    for part in ("mvit", "pyramid"):
        assert about["accuracies"][part]["breast"] > 0.9, part
