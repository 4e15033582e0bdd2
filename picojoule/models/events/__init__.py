"""Networks for event cameras: a spiking classifier, and networks that make video of events."""

from picojoule.models.events.asking import frames_at
from picojoule.models.events.e2vid import RecurrentUNet, e2vid
from picojoule.models.events.etnet import etnet
from picojoule.models.events.event_net import EventNet
from picojoule.models.events.firenet import FireNet
from picojoule.models.events.latent_sde import LatentSDEReconstructor
from picojoule.models.events.leaky import LeakyIntegrator

__all__ = [
    "EventNet",
    "FireNet",
    "LatentSDEReconstructor",
    "LeakyIntegrator",
    "RecurrentUNet",
    "e2vid",
    "etnet",
    "frames_at",
]
