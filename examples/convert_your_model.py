"""A spiking network from your own module. The weights here are random: put your trained network in their place.

python examples/convert_your_model.py
"""

import torch
from torch import nn

import picojoule as pj

torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1, bias=False),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1),
    nn.ReLU(),
    nn.AvgPool2d(2),
    nn.Flatten(),
    nn.Linear(16 * 7 * 7, 10),
).eval()
images = torch.rand(64, 1, 28, 28)  # yours: inputs like those the network was trained on

net = pj.convert(model, images, code=pj.codes.TTFS(steps=80))
print(net.conversion)  # what became of each node

run = pj.run(net, images[:8], record=["0"])  # "0" is the first convolution's name in the nn.Sequential
with torch.no_grad():
    error = (run.values - model(images[:8])).abs().max()
print(f"engine {run.plan}; largest difference from the ANN {error:.3f}")
print(f"{run.counts.steps} steps, {run.counts.hidden_spikes / 8:.0f} spikes a sample")
print("first-spike times of four neurons of the first layer:", run.trains["0"].first[0, 0, 0, :4].tolist())
