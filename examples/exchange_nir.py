"""A converted network to NIR and back, and as a module of snnTorch: the same spikes. Needs the extras nir and snntorch.

python examples/exchange_nir.py
"""

import torch
from torch import nn

import picojoule as pj
from picojoule import exchange

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).eval()  # yours: trained
x = torch.rand(50, 64)
net = pj.convert(model, x, code=pj.codes.Rate(steps=32))

exchange.to_nir(net, "strict.nir")  # exact, in NIR's own terms
graph = exchange.to_nir(net, "relaxed.nir", mode="relaxed")  # as other libraries write it
print("lost when relaxed:", graph.metadata["notice"])

back = exchange.from_nir("strict.nir")
ours, theirs = pj.run(net, x), pj.run(back, x)
print(ours.counts.total("spikes"), "spikes,", theirs.counts.total("spikes"), "after NIR and back")

module = exchange.to_snntorch(net)  # snn.Leaky between modules of torch
error = (module(x).mean(0) - ours.values).abs().max()
print(f"largest difference of snnTorch's outputs from ours: {error:.1e}")
