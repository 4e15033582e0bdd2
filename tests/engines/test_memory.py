"""Memory does not grow with the number of steps."""

from nets import converted, inputs
from picojoule.codes import Rate
from picojoule.engines import run
from picojoule.measurement.memory import peak_bytes


def test_layered_memory_is_flat_in_time():
    x = inputs(16)
    short, long = (peak_bytes(run, converted(Rate(steps=steps)), x, engine="layered") for steps in (32, 512))
    assert 0 < long <= 1.2 * short
