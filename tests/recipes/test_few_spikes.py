"""The few-spikes recipe beyond what every smoke mode is held to."""

from io import BytesIO

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from picojoule.base.errors import InputError
from picojoule.codes.few_spikes import FUNCTIONS, published, quality
from picojoule.codes.few_spikes.layer import FewSpikesLayer, decoded
from picojoule.metrics.distance import kernel_distance
from picojoule.models.vision.denoiser import Denoiser
from picojoule.recipes.few_spikes import build
from picojoule.recipes.few_spikes.claims import forms_that_differ
from picojoule.recipes.few_spikes.functions import OURS, STEPS, sets
from picojoule.recipes.settings import Settings
from picojoule.train.denoising import SHIPPED, losses, rates, sample


@pytest.fixture(scope="module")
def result():
    return build(Settings(mode="smoke", limit=16))


def test_tables_curves_and_samples_are_there(result):
    names = {series.name for series in result.series}
    assert {f"{what} of {function}" for what in ("error", "spikes") for function in FUNCTIONS} <= names
    assert "Swish by neurons of K=8" in names and any(name.startswith("live fit") for name in names)
    assert any(name.startswith("diffusion: image loss") for name in names)
    (picture,) = map(Image.open, map(BytesIO, result.pictures.values()))
    assert picture.format == "PNG" and picture.width > 5 * 96 and len(set(picture.convert("L").tobytes())) > 20


def test_errors_are_those_of_the_sequences(result):
    ours = next(each for each in result.series if each.name == "error of silu" and each.system == OURS)
    assert ours.x == STEPS
    for steps, error in zip(ours.x, ours.y, strict=True):
        assert error == pytest.approx(quality(sets("silu")[OURS][steps], *FUNCTIONS["silu"]).error, rel=0.01)


def test_structural_claims_hold():
    assert forms_that_differ() == 0


def test_a_layer_is_neurons_forward_and_the_function_backward():
    sequences = published()["tbpi 8"]
    layer, x = FewSpikesLayer(sequences, "silu"), torch.linspace(-3, 5, 40).view(2, 20).requires_grad_()
    y = layer(x)
    y.sum().backward()
    torch.testing.assert_close(y.detach(), sequences(x.detach()), atol=1e-5, rtol=0)
    smooth = x.detach().clone().requires_grad_()
    torch.nn.functional.silu(smooth).sum().backward()
    torch.testing.assert_close(x.grad, smooth.grad)
    values, spikes = decoded(x.detach(), sequences)
    assert torch.equal(values, layer(x.detach())) and torch.equal(spikes.long(), sequences.stepped(x.detach())[1])


def test_kernel_distance():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 400, 6, generator=generator)
    assert abs(kernel_distance(x, y)) < 0.1 < kernel_distance(x, y + 0.5) < kernel_distance(x, y + 1)
    with pytest.raises(InputError):
        kernel_distance(x[:1], y)


def test_diffusion_goes_from_picture_to_noise():
    ends = rates(torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(ends.signal, torch.tensor([0.95, 0.02]))
    torch.testing.assert_close(ends.signal**2 + ends.noise**2, torch.ones(2))


def test_the_shipped_denoiser_draws_digits():
    from picojoule.data.vision import digits
    from picojoule.train.denoising import pictures

    model = Denoiser()
    model.load_state_dict(load_file(SHIPPED))
    assert SHIPPED.stat().st_size < 500_000
    tests = pictures(digits.load().test.take(100)).images
    assert losses(model.eval(), tests, 0)[1] < 0.16
    drawn = sample(model, 20, steps=10)
    assert drawn.min() >= -1 and drawn.max() <= 1
    assert abs(float(drawn.mean() - tests.mean())) < 0.1
