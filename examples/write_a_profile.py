"""Price a network on hardware of your own: a profile is a value with a source for each number.

python examples/write_a_profile.py
"""

import picojoule as pj
from picojoule.cost import Price, Profile, price
from picojoule.data.vision import digits
from picojoule.models import embedded

GUESS = "an invented number, for this example only"
MINE = Profile(
    name="my-chip",
    title="an event-driven chip with an analogue front end",
    bits=32,
    prices={
        "mac": Price(5e-12, GUESS),
        "synop_binary": Price(2e-12, GUESS),
        "synop_real": Price(4e-12, GUESS),
        "add": Price(0.5e-12, GUESS),
        "compare": Price(0.5e-12, GUESS),
    },  # no price for a shift: phase coding cannot run on it, and the table says so
    note="Arithmetic only; memory and routing are left out.",
)

data, model = digits.load(), embedded()
codes = [pj.codes.TTFS(steps=80), pj.codes.Rate(steps=16), pj.codes.Phase(steps=16)]
nets = [pj.convert(model, data.train.take(200), code=code) for code in codes]
print(pj.report([pj.measure(net, data.test.take(20), profiles=[MINE]) for net in nets]))

cost = price(pj.run(nets[0], data.test.images[:20]).counts, MINE)
for action, joules in cost.by_action.items():
    print(f"{action:12} {joules * 1e6:6.3f} µJ")
