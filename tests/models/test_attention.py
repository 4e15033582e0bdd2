"""Attention: the equation itself, torch's own layer, and masks."""

import pytest
import torch
from torch import nn

from picojoule.models.attention import Attention, TransformerLayer


def test_it_is_the_attention_of_torch():
    torch.manual_seed(0)
    ours, theirs = Attention(12, 3, context=5).double(), nn.MultiheadAttention(12, 3, kdim=5, vdim=5, batch_first=True)
    theirs = theirs.double()
    with torch.no_grad():
        for part in ("q", "k", "v"):
            source = {"q": ours.query, "k": ours.key, "v": ours.value}[part]
            getattr(theirs, f"{part}_proj_weight").copy_(source.weight)
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key.bias, ours.value.bias]))
        theirs.out_proj.load_state_dict(ours.mix.state_dict())
    x, context = torch.randn(2, 4, 12, dtype=torch.double), torch.randn(2, 7, 5, dtype=torch.double)
    told, weights = theirs(x, context, context, average_attn_weights=False)
    torch.testing.assert_close(ours(x, context), told)
    torch.testing.assert_close(ours.weights(x, context), weights)


@pytest.mark.parametrize("norm", ["before", "after"])
@pytest.mark.parametrize("kind", [torch.bool, torch.float64])
def test_what_is_masked_changes_nothing(norm, kind):
    torch.manual_seed(0)
    layer = TransformerLayer(8, 2, norm=norm).double()
    x = torch.randn(1, 5, 8, dtype=torch.double)
    seen = torch.tensor([True, True, True, False, False])
    mask = seen if kind is torch.bool else torch.zeros(5, dtype=kind).masked_fill(~seen, -float("inf"))
    mask = mask.unsqueeze(0)
    other = x.clone()
    other[:, 3:] += 1
    torch.testing.assert_close(layer(x, mask)[:, :3], layer(other, mask)[:, :3])
    torch.testing.assert_close(layer(x, mask)[:, :3], layer(x[:, :3]))
    assert layer.attention.weights(x, mask=mask)[..., 3:].count_nonzero() == 0
