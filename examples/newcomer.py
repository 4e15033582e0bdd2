"""The whole path in fifteen lines: a model of your own, converted, diagnosed, reported and exported.

python examples/newcomer.py
"""

from torch import nn

import picojoule as pj
from picojoule.data.vision import digits

data = digits.load()  # yours: pairs of tensors, a Dataset, a DataLoader
model = nn.Sequential(
    nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8 * 6 * 6, 10)
).eval()  # yours: trained, in evaluation mode
net = pj.convert(model, data.train.take(200), code=pj.codes.Rate(steps=16))
print(net.conversion)
print(pj.diagnose(model, net, data.test.take(20), samples=20))
report = pj.report([pj.measure(each, data.test, limit=50) for each in (model, net)])
print(report)
report.save("report.html")
pj.exchange.to_nir(net, "network.nir")
