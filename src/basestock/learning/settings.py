"""Settings of learners: what each must be is written at its field, and is checked wherever settings come from."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

LARGEST = 1e300
"""Beyond this a number counts as infinite; whole numbers of any length can be compared with it."""


class SettingError(ValueError):
    """A setting of a learner is unknown or has a wrong value."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """What a setting must be.

    Parameters
    ----------
    told
        The rule in words, after "must be".
    holds
        Tells whether a value follows it.
    """

    told: str
    holds: Callable[[Any], bool]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST < value < LARGEST


Count = Annotated[int, Rule("a whole number >= 1", lambda value: _is_whole(value) and value >= 1)]
Natural = Annotated[int, Rule("a whole number >= 0", lambda value: _is_whole(value) and value >= 0)]
Several = Annotated[int, Rule("a whole number >= 2", lambda value: _is_whole(value) and value >= 2)]
Widths = Annotated[
    tuple[int, ...],
    Rule(
        "whole numbers >= 1, at least one",
        lambda value: (
            isinstance(value, tuple)
            and len(value) > 0
            and all(_is_whole(each) and each >= 1 for each in value)
        ),
    ),
]
Positive = Annotated[float, Rule("a finite number > 0", lambda value: is_number(value) and value > 0)]
NonNegative = Annotated[float, Rule("a finite number >= 0", lambda value: is_number(value) and value >= 0)]
Share = Annotated[float, Rule("a number in [0, 1]", lambda value: is_number(value) and 0 <= value <= 1)]
PositiveShare = Annotated[
    float, Rule("a number in (0, 1]", lambda value: is_number(value) and 0 < value <= 1)
]
InnerShare = Annotated[float, Rule("a number in (0, 1)", lambda value: is_number(value) and 0 < value < 1)]
Decay = Annotated[float, Rule("a number in [0, 1)", lambda value: is_number(value) and 0 <= value < 1)]

PLAIN = {
    bool: Rule("true or false", lambda value: isinstance(value, bool)),
    int: Rule("a whole number", _is_whole),
    float: Rule("a finite number", is_number),
}
"""Rules of types that say nothing more."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of every learner.

    Parameters
    ----------
    seconds
        Wall time of the run, compiling included.
    updates
        Number of updates, for runs that are the same on every machine; by the clock if not given.
    patience
        Share of the run after which it ends if nothing was gained meanwhile on the events of selection, beyond one
        standard error of the difference; 0 never ends it early. Steps fall over the whole run, and gains come late.

    Raises
    ------
    SettingError
        If a value breaks the rule of its field; all that do are told.
    """

    seconds: Positive = 60.0
    updates: Count | None = None
    patience: Share = 0.0

    def __post_init__(self) -> None:
        """Check every value, and keep it as the type of its field."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name, value in checked(type(self).__name__, type(self), given).items():
            object.__setattr__(self, name, value)


@dataclasses.dataclass(frozen=True)
class PlaySettings(Settings):
    """Settings of learners that play many paths beside each other.

    Parameters
    ----------
    paths, periods
        Paths of an update, and periods of each. Problems that end are played whole, by as many paths as make about as
        many decisions.
    discount
        What a reward of the next period is worth where the problem itself does not say.
    restarts
        Share of the paths that begin anew in an update: in the declared start or a state of random play.
    scaled
        Whether rewards are savings on a base stock in units of what that costs; else they are money.
    service_bonus
        What a period in which at least 95 % of demand is served from stock at once earns besides, in units of rewards,
        while learning only: policies are compared and judged without it.
    most_cells
        Places times paths times periods of an update at most.
    """

    paths: Count = 256
    periods: Count = 16
    discount: PositiveShare = 0.99
    restarts: Share = 0.3
    scaled: bool = True
    service_bonus: NonNegative = 0.0
    most_cells: Count = 4_000_000


@dataclasses.dataclass(frozen=True)
class NetworkSettings(PlaySettings):
    """Settings of learners whose networks may read what was seen before.

    Parameters
    ----------
    network
        ``flat`` reads what is seen now; ``recurrent`` goes through what was seen, with gates, for problems where that
        tells what is hidden.
    history
        Observations that ``recurrent`` goes through, the one of now among them.
    """

    network: str = "flat"
    history: Count = 8


Reading = Literal["flat", "recurrent"]
"""Networks that most learners have."""

Made = TypeVar("Made")


def configured(owner: str, settings: type[Made], given: Mapping[str, Any]) -> Made:
    """Return settings, those that are not given at their defaults.

    Parameters
    ----------
    owner
        Name that messages begin with.
    settings
        Dataclass of the settings.
    given
        Values by name, as TOML has them: lists stand for tuples, whole numbers for any.

    Raises
    ------
    SettingError
        If a name is unknown or a value breaks the rule of its field; all that do are told.

    Examples
    --------
    >>> configured("mine", Settings, {"seconds": 5})
    Settings(seconds=5.0, updates=None, patience=0.0)
    >>> configured("mine", Settings, {"updates": -1})
    Traceback (most recent call last):
    basestock.learning.settings.SettingError: mine: updates is -1, must be a whole number >= 1. Correct the setting.
    """
    return settings(**checked(owner, settings, given))


def checked(owner: str, settings: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the types of their fields; see :func:`configured`."""
    known = {field.name: field.type for field in dataclasses.fields(settings)}
    strange = sorted(set(given) - set(known))
    wrong = [f"{', '.join(map(repr, strange))} unknown, must be one of {', '.join(known)}"] if strange else []
    values: dict[str, Any] = {}
    for name in known.keys() & given.keys():
        value: Any = tuple(given[name]) if isinstance(given[name], list) else given[name]
        wants = rule_of(known[name])
        if wants.holds(value):
            values[name] = float(value) if _kind(known[name]) is float else value
        else:
            wrong.append(f"{name} is {given[name]!r}, must be {wants.told}")
    if wrong:
        raise SettingError(
            f"{owner}: {'; '.join(sorted(wrong))}. Correct the setting{'s' * (len(wrong) > 1)}."
        )
    return values


def rule_of(wanted: Any) -> Rule:
    """Return the rule of the type of a field.

    Examples
    --------
    >>> rule_of(Count | None).told, rule_of(bool).told
    ('a whole number >= 1', 'true or false')
    """
    origin, parts = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is Annotated:
        return next(each for each in parts[1:] if isinstance(each, Rule))
    if origin in (typing.Union, types.UnionType):
        # TOML has no word for nothing: what is not set is left out.
        options = [rule_of(each) for each in parts if each is not types.NoneType]
        return Rule(
            " or ".join(each.told for each in options),
            lambda value: value is None or any(each.holds(value) for each in options),
        )
    if origin is Literal:
        return Rule(f"one of {', '.join(parts)}", lambda value: value in parts)
    return PLAIN.get(wanted) or Rule(f"of type {wanted}", lambda value: isinstance(value, origin or wanted))


def _kind(wanted: Any) -> Any:
    """Return the plain type of a field."""
    return typing.get_args(wanted)[0] if typing.get_origin(wanted) is Annotated else wanted
