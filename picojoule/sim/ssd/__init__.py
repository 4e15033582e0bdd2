"""A solid-state drive: devices as tables, a translation layer that makes flash operations, three ways to time them."""

from picojoule.sim.ssd.device import Device
from picojoule.sim.ssd.devices import DEVICES, ISP_ML, MQSIM, TLC
from picojoule.sim.ssd.drive import Drive, fresh, precondition, replay
from picojoule.sim.ssd.requests import Requests

__all__ = ["DEVICES", "Device", "Drive", "ISP_ML", "MQSIM", "Requests", "TLC", "fresh", "precondition", "replay"]
