"""Gymnasium ids of the registered problems, and the maker behind them."""

from typing import Any

from basestock.decision import Problem
from basestock.envs.settings import wrong_settings
from basestock.problems import FAMILIES

NAMESPACE = "basestock"

SETTINGS = ("actions", "observations", "largest_order", "levels", "decides", "horizon", "render_mode")
"""Arguments of the environment; every other argument belongs to the problem (``horizon`` serves both)."""


def environment_id(family: str) -> str:
    """Return the Gymnasium id of a problem family.

    Examples
    --------
    >>> environment_id("lost_sales")
    'basestock/LostSales-v0'
    """
    words = family.replace("/", "_").replace("-", "_").split("_")
    return f"{NAMESPACE}/{''.join(word[:1].upper() + word[1:] for word in words)}-v0"


def build(
    family: str, arguments: dict[str, Any], extra: tuple[str, ...] = ()
) -> tuple[Problem, dict[str, Any]]:
    """Split the arguments of ``make`` into a problem and the settings of the environment.

    Parameters
    ----------
    family
        Registered name of the problem.
    arguments
        What the caller gave.
    extra
        Further names of settings.

    Raises
    ------
    ValueError
        Naming every argument that neither the problem nor the environment has, and every wrong value.
    """
    parameters = FAMILIES[family].defaults
    names = (*SETTINGS, *extra)
    settings = {name: value for name, value in arguments.items() if name in names}
    rest = {name: value for name, value in arguments.items() if name not in names}
    faults: list[str] = []
    strange = sorted(set(rest) - set(parameters))
    if strange:
        faults.append(
            f"{', '.join(map(repr, strange))} unknown, must be a parameter of the problem ({', '.join(parameters)}) "
            f"or a setting ({', '.join(names)}). Correct the name."
        )
    if settings.get("horizon") is not None and "horizon" in parameters:
        rest["horizon"] = settings.pop("horizon")
    wrong = wrong_settings(settings)
    faults += [*wrong, "Correct the settings."] if wrong else []
    try:
        problem = FAMILIES[family].build(
            **{name: value for name, value in rest.items() if name in parameters}
        )
    except ValueError as error:
        raise ValueError(" ".join([f"{environment_id(family)}:", *faults, str(error)])) from error
    if faults:
        raise ValueError(" ".join([f"{environment_id(family)}:", *faults]))
    return problem, settings


def make_single(family: str, **arguments: Any) -> Any:
    """Make one environment of a problem family; called by ``gymnasium.make``."""
    from basestock.envs.gymnasium_env import GymnasiumEnvironment

    problem, settings = build(family, arguments)
    return GymnasiumEnvironment(problem, **settings)


def make_vector(family: str, num_envs: int = 1, **arguments: Any) -> Any:
    """Make a native vector environment of a problem family; called by ``gymnasium.make_vec``."""
    from basestock.envs.vector import VectorEnvironment

    problem, settings = build(family, arguments)
    return VectorEnvironment(problem, num_envs, **settings)


def register() -> tuple[str, ...]:
    """Register every problem that is played period by period with Gymnasium; return the ids.

    Raises
    ------
    ImportError
        If Gymnasium is not installed: ``basestock[rl]``.
    """
    try:
        import gymnasium
    except ImportError as error:
        raise ImportError("basestock.envs needs Gymnasium: install basestock[rl].") from error
    ids: list[str] = []
    for family in FAMILIES:
        name = environment_id(family)
        ids.append(name)
        if name not in gymnasium.registry:
            gymnasium.register(
                id=name,
                entry_point="basestock.envs.registration:make_single",
                vector_entry_point="basestock.envs.registration:make_vector",
                kwargs={"family": family},
                disable_env_checker=True,
            )
    return tuple(ids)


def make(environment: str, **arguments: Any) -> Any:
    """Make one environment by id, as ``gymnasium.make`` does.

    Parameters
    ----------
    environment
        Id such as ``basestock/LostSales-v0``.
    arguments
        Parameters of the problem and settings of the environment.

    Examples
    --------
    >>> make("basestock/LostSales-v0", lead_time=3, actions="discrete").action_space
    Discrete(51)
    """
    register()
    import gymnasium

    return gymnasium.make(environment, **arguments)
