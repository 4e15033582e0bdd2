"""The same on a GPU. Skipped where there is none."""

from functools import partial

import pytest
import torch
from torch.nn.functional import cross_entropy

import picojoule as pj
from nets import converted, inputs, small_cnn
from picojoule.codes import TTFS, Phase, Rate
from picojoule.data.vision import Images
from picojoule.train import Shuffled, fit
from picojoule.train.distillation import distillation

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

ENGINES = [
    (Rate(steps=16), "stepped"),
    (Rate(steps=16), "layered"),
    (Phase(steps=16), "layered"),
    (TTFS(steps=12), "stepped"),
    (TTFS(steps=12), "closed"),
]


@pytest.mark.parametrize(("code", "engine"), ENGINES, ids=lambda each: getattr(each, "label", each))
def test_outputs_and_counts_are_those_of_the_processor(code, engine):
    """In float64, so that no potential is within rounding of a threshold."""
    network, x = converted(code).to("cpu", "float64"), inputs(12, 5).double()
    here = pj.run(network, x, engine=engine)
    there = pj.run(network.to("cuda", "float64"), x.cuda(), engine=engine)
    assert there.values.device.type == "cuda"
    assert torch.allclose(there.values.cpu(), here.values, atol=1e-9)
    for name in ("spikes", "synops", "state_updates", "macs"):
        assert there.counts.total(name) == here.counts.total(name)


def test_a_training_in_bfloat16_learns():
    x = inputs(128, 3)
    data = Images(images=x, labels=(x.mean((1, 2, 3)) > x.mean()).long())
    history = fit(
        small_cnn().cuda(),
        lambda model, x, y: cross_entropy(model(x), y),
        Shuffled(samples=data, size=16),
        epochs=6,
        optimiser=partial(torch.optim.AdamW, lr=1e-2),
    )
    assert history.losses[-1] < 0.7 * history.losses[0]


@pytest.mark.parametrize("code", [Rate(steps=2), TTFS.nearest(steps=4, tau=1.0)], ids=lambda code: code.label)
def test_fine_tuning_starts_from_the_same_loss(code):
    x = inputs(32, 3)
    source = Shuffled(samples=Images(images=x, labels=torch.zeros(32).long()), size=32)
    told = []
    for device in ("cpu", "cuda"):
        network, teacher = (each.to(device, "float32") for each in (converted(code), pj.trace(small_cnn(), x[:1])))
        told.append(
            dict(pj.finetune(network, distillation(teacher), source, epochs=1).conversion.choices)["fine-tuned"]
        )
    first, second = (float(each.split("loss ")[1].split(" ")[0]) for each in told)
    assert first == pytest.approx(second, rel=0.05)
