"""Memory does not grow with the number of steps."""

import pytest

from nets import converted, inputs
from picojoule.codes import Rate
from picojoule.engines import run
from picojoule.measurement.memory import peak_bytes


@pytest.mark.parametrize("engine", ["event", "layered"])
@pytest.mark.parametrize("samples", [1, 16])
def test_memory_is_flat_in_time(engine, samples):
    x = inputs(samples)
    short, long = (peak_bytes(run, converted(Rate(steps=steps)), x, engine=engine) for steps in (32, 512))
    assert 0 < long <= 1.2 * short
