"""How to learn: one file an algorithm, each ``train(problem, config, *, key) -> TrainResult``."""

from basestock.learning.registry import ALGORITHMS, Algorithm, learn
from basestock.learning.results import Point, TrainResult
from basestock.learning.saved import loaded_actor, policy_of, saved_actor, saved_policies
from basestock.learning.settings import SettingError
from basestock.learning.streams import run_key
from basestock.learning.structures import levels_of
from basestock.learning.suited import AUTO, suited

__all__ = [
    "ALGORITHMS",
    "AUTO",
    "Algorithm",
    "Point",
    "SettingError",
    "TrainResult",
    "learn",
    "levels_of",
    "loaded_actor",
    "policy_of",
    "run_key",
    "saved_actor",
    "saved_policies",
    "suited",
]
