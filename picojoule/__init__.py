"""picojoule: accuracy per joule.

Build, convert, run, price and compare energy-efficient neural networks, beside what a user would run instead.

>>> import picojoule as pj
>>> net = pj.convert(model, calibration, code=pj.codes.TTFS(steps=80))       # doctest: +SKIP
>>> print(pj.measure(net, test_set, profiles=[pj.profiles.HOROWITZ_FP32]))   # doctest: +SKIP

Nothing heavy is imported until it is used: ``import picojoule`` needs neither torch nor numba.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# The public face: name → where it lives. A module is named alone, a function or class with its module.
_PUBLIC: dict[str, str] = {
    "codes": "picojoule.codes",
    "profiles": "picojoule.cost.profiles",
    "convert": "picojoule.conversion.pipeline:convert",
    "quantise": "picojoule.conversion.pipeline:quantise",
    "Noise": "picojoule.noise:Noise",
    "disturb": "picojoule.conversion.disturb:disturb",
    "compensate": "picojoule.conversion.disturb:compensate",
    "freeze": "picojoule.conversion.freeze:freeze",
    "trace": "picojoule.conversion.trace:trace",
    "finetune": "picojoule.train.finetune:finetune",
    "save": "picojoule.ir.file:save",
    "load": "picojoule.ir.file:load",
    "exchange": "picojoule.exchange",
    "run": "picojoule.engines.run:run",
    "measure": "picojoule.measurement.measure:measure",
    "diagnose": "picojoule.diagnosis.diagnose:diagnose",
    "tune": "picojoule.tuning.tune:tune",
    "report": "picojoule.reports:report",
    "cite": "picojoule.reports.cite:cite",
    "Network": "picojoule.ir.network:Network",
    "Result": "picojoule.result:Result",
    "PicojouleError": "picojoule.base.errors:PicojouleError",
    "InputError": "picojoule.base.errors:InputError",
}

__all__ = [*sorted(_PUBLIC), "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'picojoule' has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    loaded = importlib.import_module(module)
    value = getattr(loaded, attribute) if attribute else loaded
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
