"""How to learn: one file an algorithm, each ``train(problem, config, *, key) -> TrainResult``."""

from basestock.learning.pathwise import PathwiseConfig
from basestock.learning.results import Point, TrainResult

__all__ = ["PathwiseConfig", "Point", "TrainResult"]
