"""One network under several codes beside its ANNs: print the table, write the report.

python examples/compare_codes.py [samples] [report.html]
"""

import sys

import picojoule as pj
from picojoule.data.vision import digits
from picojoule.models import embedded

SAMPLES = int(sys.argv[1]) if len(sys.argv) > 1 else 50
PROFILES = [pj.profiles.HOROWITZ_FP32, pj.profiles.HOROWITZ_INT8, pj.profiles.LOIHI]
CODES = [
    pj.codes.Rate(steps=16),
    pj.codes.Phase(steps=16),
    pj.codes.TTFS(steps=80),
    pj.codes.TTFS.nearest(steps=12, tau=2.0),
]

data, model = digits.load(), embedded()
calibration, test = data.train.take(500), data.test.take(SAMPLES)

results = [
    pj.measure(model, test, profiles=PROFILES),
    pj.measure(pj.quantise(model, calibration, bits=8), test, profiles=PROFILES),
]
for code in CODES:
    results.append(pj.measure(pj.convert(model, calibration, code=code), test, profiles=PROFILES))

report = pj.report(results)
print(report)
if len(sys.argv) > 2:
    print("wrote", report.save(sys.argv[2]))
