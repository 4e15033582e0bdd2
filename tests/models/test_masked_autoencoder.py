"""FaceMAE: its size, its patches and places, and that what is hidden is not seen."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.models.vision.masked_autoencoder import MaskedAutoencoder, patches_of, waves

SMALL = {"size": 24, "patch": 4, "width": 16, "depth": 2, "heads": 2}
DECODER = {"decoder_width": 8, "decoder_depth": 1, "decoder_heads": 2}


def small(seed: int = 0) -> MaskedAutoencoder:
    torch.manual_seed(seed)
    return MaskedAutoencoder(**SMALL, **DECODER).eval()


def layer(width: int) -> int:
    """Parameters of a transformer layer with a hidden layer four times as wide, and biases everywhere."""
    return 12 * width**2 + 13 * width


def test_the_defaults_are_a_vit_b_and_a_decoder_of_eight():
    with torch.device("meta"):
        model = MaskedAutoencoder()
    pixels = 3 * 16**2
    encoder = 12 * layer(768) + 2 * 768 + pixels * 768 + 768 + 768
    decoder = 8 * layer(512) + 2 * 512 + (768 + 1) * 512 + 512 + (512 + 1) * pixels
    assert sum(each.numel() for each in model.parameters()) == encoder + decoder == 111_655_680
    assert model.side**2 == 49 and len(model.encoder) == 13 and len(model.decoder) == 9


def test_patches_go_row_by_row():
    square = torch.arange(2 * 3 * 16 * 16).float().view(2, 3, 16, 16)
    patches = patches_of(square, 4)
    assert patches.shape == (2, 16, 48)
    assert torch.equal(patches[1, 6].view(3, 4, 4), square[1, :, 4:8, 8:12])


def test_places_are_all_different_and_fixed():
    places = waves(7, 32)[0]
    assert places.shape == (49, 32) and float(torch.cdist(places, places).fill_diagonal_(9).min()) > 0.1
    row = places.view(7, 7, 32)
    assert torch.equal(row[:, 0, :16], row[[0] * 7, 0, :16])  # the first half is of the column
    assert "places" not in small().state_dict()


def test_hidden_patches_change_nothing_and_kept_ones_do():
    model, x = small(), torch.rand(2, 3, 24, 24)
    kept = torch.tensor([[0, 5, 7], [1, 2, 35]])
    tokens, predicted = model(x, kept)
    assert tokens.shape == (2, 4, 16) and predicted.shape == (2, 36, 48)
    other = x.clone()
    other[:, :, 12:16, 12:16] = 0.0  # patch 21, hidden in both
    assert torch.equal(model(other, kept)[1], predicted)
    other[0, :, :4, :4] = 0.0  # patch 0, seen in the first
    changed = model(other, kept)[1]
    assert not torch.allclose(changed[0], predicted[0]) and torch.allclose(changed[1], predicted[1])


def test_seeing_all_is_keeping_all():
    model, x = small(), torch.rand(2, 3, 24, 24)
    everything = torch.arange(36).expand(2, -1)
    assert torch.allclose(model.encode(x), model.encode(x, everything), atol=1e-6)


def test_a_weight_of_one_changes_nothing():
    model, x, kept = small(), torch.rand(1, 3, 24, 24), torch.tensor([[3, 4]])
    assert torch.allclose(model.encode(x, kept, torch.ones(1, 2, 1)), model.encode(x, kept), atol=1e-6)


@pytest.mark.parametrize("wrong", [{"size": 25}, {"width": 18}, {"decoder_width": 6}])
def test_sizes_have_to_divide(wrong):
    with pytest.raises(InputError, match="give multiples of the patch and of 4"):
        MaskedAutoencoder(**(SMALL | DECODER | wrong))
