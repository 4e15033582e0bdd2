"""A neural code of your own: one binary number a window. See docs/extend.md for what each part means."""

from dataclasses import dataclass
from typing import ClassVar

import picojoule as pj
from picojoule.codes import Code, Contract
from picojoule.data.vision import digits
from picojoule.models import embedded
from picojoule.neurons import Neuron


@dataclass(frozen=True, kw_only=True)
class Binary(Code):
    contract: ClassVar = Contract(closed="ideal", error="2^-T", payload="power_of_two", spikes=None)
    name: ClassVar = "binary"
    waits: ClassVar = True
    cite: ClassVar = ()
    steps: int = 8

    def neuron(self):
        return Neuron(thresholds=self.amplitudes(), resets=self.amplitudes(), initial=2.0 ** -(self.steps + 1))

    def amplitudes(self):
        return tuple(2.0 ** -(1 + t) for t in range(self.steps))

    def injections(self):
        return (1.0,) + (0.0,) * (self.steps - 1)

    def value(self, u):
        return (u * 2**self.steps + 0.5).floor().clamp(0, 2**self.steps - 1) / 2**self.steps

    def staircase(self):
        return None


data = digits.load()
net = pj.convert(embedded(), data.train.take(200), code=Binary(steps=8), weight_bits=8)
print(pj.measure(net, data.test.take(20), profiles=[pj.profiles.HOROWITZ_INT8]))
