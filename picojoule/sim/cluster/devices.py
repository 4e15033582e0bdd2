"""The devices and networks of the phone cluster, every number with how it is known.

Nothing of the paper's own measurements is here: per-phone speed, batch, switches and temperatures are not known to us.
"""

from __future__ import annotations

from picojoule.sim.cluster.device import Body, Device
from picojoule.sim.cluster.networks import Shared, Star, TwoLevel

LEVELS = ((0.4, 0.66), (0.5, 0.7), (0.6, 0.76), (0.7, 0.82), (0.8, 0.88), (0.9, 0.94), (1.0, 1.0))
COOLED_K_PER_W, BARE_K_PER_W = 3.0, 8.0
"""A phone under a fan, and lying on a table: assumptions."""

PHONE = Device(
    name="galaxy-s10+",
    source="FLOP rate: calibrated; 25 GFLOP/s to begin with. 34 GB/s of memory (from memory), of which half, each value"
    " touched three times (assumption). 1.5 µs a turn of the depthwise loop (assumption). 8 GB, of which 6 for training"
    " (assumption). 1 W at rest, 5 W at work: middle of 4 to 6 W (assumption). 175 g at 0.85 J/gK, 3 K/W under a fan,"
    " throttling at 45 °C, voltages of the clock levels: assumptions.",
    flop_per_s=25e9,
    bytes_per_s=5.5e9,
    depthwise="loop",
    group_s=1.5e-6,
    memory_bytes=6e9,
    idle_w=1.0,
    busy_w=5.0,
    body=Body(heat_j_per_k=150.0, k_per_w=COOLED_K_PER_W, trip_c=45.0, levels=LEVELS),
)
P100 = Device(
    name="p100",
    source="150 images/s of ResNet-50 under Caffe, middle of 100 to 200 (reconstruction); 732 GB/s of memory (from"
    " memory), 70 % of it, each value touched three times (assumption). 5 µs a turn of the depthwise loop: a launched"
    " kernel (from memory). 250 W (from memory), 30 W at rest (assumption).",
    flop_per_s=5e12,
    bytes_per_s=170e9,
    depthwise="loop",
    group_s=5e-6,
    memory_bytes=16e9,
    idle_w=30.0,
    busy_w=250.0,
)
V100 = Device(
    name="v100",
    source="1.5 times the arithmetic of the P100, 900 GB/s of memory (from memory); the rest as the P100.",
    flop_per_s=7.5e12,
    bytes_per_s=210e9,
    depthwise="loop",
    group_s=5e-6,
    memory_bytes=16e9,
    idle_w=30.0,
    busy_w=250.0,
)

WIRED = Star(
    name="gigabit Ethernet",
    source="117 MB/s of payload; 0.2 ms a message through an adapter, 1 W a port (assumptions)",
    latency_s=2e-4,
    bytes_per_s=117e6,
    watts_a_port=1.0,
)
WIRELESS = Shared(
    name="one wireless channel",
    source="60 MB/s for all together (reconstruction); 2 ms a message, 0.1 W a phone for the point (assumptions)",
    latency_s=2e-3,
    bytes_per_s=60e6,
    watts_a_port=0.1,
)
SWITCHES = TwoLevel(
    name="48-port switches",
    source="as gigabit Ethernet, with an uplink of 10 Gbit/s (assumption)",
    latency_s=2e-4,
    bytes_per_s=117e6,
    watts_a_port=1.0,
    ports=48,
    uplink_bytes_per_s=1170e6,
)
