"""Count first, price later: integer counts, hardware profiles with a source for every number, and their product."""

from picojoule.cost import profiles
from picojoule.cost.counts import Counts, LayerCounts
from picojoule.cost.price import Cost, price, relative
from picojoule.cost.profile import NormalisedProfile, Price, Profile
from picojoule.cost.traffic import Traffic, traffic

__all__ = [
    "Cost",
    "Counts",
    "LayerCounts",
    "NormalisedProfile",
    "Price",
    "Profile",
    "Traffic",
    "price",
    "profiles",
    "relative",
    "traffic",
]
