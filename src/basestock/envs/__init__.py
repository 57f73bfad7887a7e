"""Problems as environments: functional for JAX, Gymnasium ids ``basestock/<Name>-v0``, PettingZoo games of nodes.

Importing this package registers the ids where Gymnasium is installed (``basestock[rl]``).
"""

import importlib.util
from typing import Any

from basestock.envs.actions import ActionCodec, Slot, action_codec, codec_of
from basestock.envs.functional import Environment, EnvState, Transition, make_environment, rollout_environment
from basestock.envs.registration import environment_id, make, register

__all__ = [
    "ActionCodec",
    "EnvState",
    "Environment",
    "Slot",
    "Transition",
    "action_codec",
    "aec_environment",
    "codec_of",
    "environment_id",
    "make",
    "make_environment",
    "parallel_environment",
    "register",
    "rollout_environment",
]

if importlib.util.find_spec("gymnasium") is not None:
    register()


def parallel_environment(family: str, **arguments: Any) -> Any:
    """Return a registered problem as a PettingZoo parallel game; see ``ParallelEnvironment``.

    Parameters
    ----------
    family
        Registered name of the problem.
    arguments
        Parameters of the problem and settings of the environment.

    Raises
    ------
    ImportError
        If PettingZoo is not installed: ``basestock[rl]``.
    """
    from basestock.envs.registration import build

    problem, settings = build(family, arguments, extra=("reward",))
    return _pettingzoo().ParallelEnvironment(problem, **settings)


def aec_environment(family: str, **arguments: Any) -> Any:
    """Return a registered problem as a PettingZoo game of turns; arguments as for :func:`parallel_environment`."""
    from basestock.envs.registration import build

    problem, settings = build(family, arguments, extra=("reward",))
    return _pettingzoo().aec_environment(problem, **settings)


def _pettingzoo() -> Any:
    try:
        from basestock.envs import pettingzoo_env
    except ImportError as error:
        raise ImportError("basestock.envs needs PettingZoo: install basestock[rl].") from error
    return pettingzoo_env
