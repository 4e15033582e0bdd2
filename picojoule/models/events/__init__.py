"""Networks for event cameras."""

from picojoule.models.events.event_net import EventNet

__all__ = ["EventNet"]
