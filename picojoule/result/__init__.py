"""The result of a run as values, and its file (schema 1). Needs neither torch nor numpy."""

from picojoule.result.diagnosis import Cause, Diagnosis, LayerDiagnosis
from picojoule.result.gather import gather, is_gathered, parts
from picojoule.result.merge import merge
from picojoule.result.values import EVIDENCE, HIGHEST, LOWEST, SCHEMA, STATUSES, Claim, Energy, Result, Row, Series

__all__ = [
    "EVIDENCE",
    "HIGHEST",
    "LOWEST",
    "SCHEMA",
    "STATUSES",
    "Cause",
    "Claim",
    "Diagnosis",
    "Energy",
    "LayerDiagnosis",
    "Result",
    "Row",
    "Series",
    "gather",
    "is_gathered",
    "merge",
    "parts",
]
