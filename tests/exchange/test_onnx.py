"""ONNX: what the file computes is what the engines compute."""

import pytest
import torch
from torch import nn

from exchanged import perceptron, resnet, vectors
from nets import converted, inputs, small_cnn
from picojoule.base.errors import ConversionError, InputError
from picojoule.codes import TTFS, Rate
from picojoule.conversion import quantise
from picojoule.engines import run
from picojoule.exchange import to_onnx
from picojoule.exchange.onnx_writing import unrolled

NETS = {
    "maximum of spikes": (lambda: converted(Rate(steps=6)), inputs(3)),
    "analogue input": (lambda: converted(Rate(steps=6), input="analogue"), inputs(3)),
    "a residual network": (lambda: resnet(6), inputs(3)),
    "reset to zero": (perceptron, vectors(3)),
    "int8": (lambda: quantise(small_cnn(), inputs(64)), inputs(3)),
}


@pytest.mark.parametrize("name", NETS)
def test_the_unrolled_module_is_the_network(name):
    make, x = NETS[name]
    network = make()
    with torch.no_grad():
        torch.testing.assert_close(unrolled(network)(x), run(network, x).values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["maximum of spikes", "reset to zero", "the ANN"])
def test_a_file_gives_the_same_in_onnxruntime_for_any_batch(name, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    make, x = NETS.get(name, (small_cnn, inputs(3)))
    model = make()
    path = to_onnx(model, tmp_path / "net.onnx", example=x)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for samples in (1, 3):
        with torch.no_grad():
            expected = model(x[:samples]) if isinstance(model, nn.Module) else run(model, x[:samples]).values
        (given,) = session.run(None, {"x": x[:samples].numpy()})
        torch.testing.assert_close(torch.from_numpy(given), expected, rtol=1e-4, atol=1e-5)


def test_what_it_cannot_write_is_said(tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    with pytest.raises(ConversionError, match="change in time"):
        to_onnx(converted(TTFS(steps=8)), tmp_path / "net.onnx")
    with pytest.raises(InputError, match="example"):
        to_onnx(small_cnn(), tmp_path / "net.onnx")
