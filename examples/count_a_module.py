"""What any module of torch costs, layer by layer, and what an accelerator that skips zeros would save.

python examples/count_a_module.py
"""

import torch
from torch import nn

from picojoule.cost import price
from picojoule.cost.profiles import HOROWITZ_FP32
from picojoule.measurement.modules import count_module

torch.manual_seed(0)
model = nn.TransformerEncoderLayer(d_model=32, nhead=4, dim_feedforward=64, batch_first=True).eval()
sentences = torch.randn(8, 12, 32)  # eight samples of twelve tokens

counts = count_module(model, sentences)
for layer in counts.layers:
    print(f"{layer.name:<20} {layer.macs / counts.samples:>10,.0f} MACs, {layer.weights:>6,} weights")
for name, each in (("dense", counts), ("zeros skipped", counts.skipping_zeros())):
    print(f"{name}: {1e6 * price(each, HOROWITZ_FP32).joules:.3g} µJ a sample, computed at 45 nm")
