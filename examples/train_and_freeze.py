"""Train spiking neurons in a plain loop of torch, then run what came out on the engines, and price it.

python examples/train_and_freeze.py
"""

import torch
from torch import nn

import picojoule as pj
from picojoule.data.vision import digits
from picojoule.neurons.trainable import LIF

torch.manual_seed(0)
data, steps = digits.load(), 6
model = nn.Sequential(nn.Flatten(2), nn.Linear(784, 64), LIF(leak=0.75), nn.Linear(64, 10))  # [steps, batch, ...]
optimiser = torch.optim.Adam(model.parameters(), 2e-3)
images, labels = data.train.images[:1000], data.train.labels[:1000]
for epoch in range(3):
    for part in torch.randperm(1000).split(50):
        scores = model(images[part].expand(steps, -1, -1, -1, -1)).mean(0)
        loss = nn.functional.cross_entropy(scores, labels[part])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    print(f"epoch {epoch + 1}: loss {loss.item():.2f}")

net = pj.freeze(model.eval(), images[:1], steps=steps)  # its own spikes, on engines that count
print(pj.measure(net, data.test, limit=200, name=f"lif T={steps}"))
