"""Searching among networks: spaces, a supernet of shared weights, evaluation in many processes, searchers"""

from picojoule.search.choices import Choices, Genome
from picojoule.search.evaluation import Evaluation
from picojoule.search.front import front
from picojoule.search.score import Fitness, Score
from picojoule.search.searchers import SEARCHERS, Trail, evolution, random_search, tpe
from picojoule.search.supernet import Supernet
from picojoule.search.workers import Cluster, Here, Processes, evaluate

__all__ = [
    "Choices",
    "Cluster",
    "Evaluation",
    "Fitness",
    "Genome",
    "Here",
    "Processes",
    "SEARCHERS",
    "Score",
    "Supernet",
    "Trail",
    "evaluate",
    "evolution",
    "front",
    "random_search",
    "tpe",
]
