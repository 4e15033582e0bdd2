"""Stochastic differential equations: Brownian paths, solvers, the divergence between two laws of a path."""

from picojoule.sde.brownian import Brownian, Still
from picojoule.sde.divergence import control_cost, gaussian_kl
from picojoule.sde.integrate import Solution, integrate, shared
from picojoule.sde.solvers import SOLVERS, Solver

__all__ = ["SOLVERS", "Brownian", "Solution", "Solver", "Still", "control_cost", "gaussian_kl", "integrate", "shared"]
