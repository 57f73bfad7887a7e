"""Where learning begins when something is known: a policy that was learned before, or one that is imitated first."""

from pathlib import Path
from typing import Annotated

from jaxtyping import Array

from basestock.decision import Problem
from basestock.learning.actors import QuantityActor
from basestock.learning.imitation import ImitationConfig
from basestock.learning.imitation import train as imitate
from basestock.learning.saved import kind_of, saved_policies
from basestock.learning.settings import Rule, SettingError
from basestock.learning.teachers import TEACHERS
from basestock.policies.saved import SavedPolicyError

SHARE = 0.3
"""Share of the time of a run that imitation takes."""

ROUNDS = 20
"""Rounds of imitation where the clock does not count."""

Known = Annotated[
    str,
    Rule(
        "the name of a policy that basestock policies lists, optimal, or a folder of a run",
        lambda value: isinstance(value, str) and (value in TEACHERS or Path(value).is_dir()),
    ),
]


def warm_start(
    problem: Problem,
    known: str,
    form: type[QuantityActor],
    hidden: tuple[int, ...],
    network: str,
    *,
    key: Array,
    seconds: float,
    by_clock: bool,
) -> QuantityActor:
    """Return the actor that a run begins with.

    Parameters
    ----------
    problem
        The problem that is learned.
    known
        Name of a policy that is imitated, or a folder with one learned policy.
    form
        What outputs of the network must mean.
    hidden
        Widths of the hidden layers of a network that imitates.
    network
        Kind of the network.
    key
        Key of the run.
    seconds, by_clock
        Time of the run, and whether its end follows the clock.

    Raises
    ------
    SettingError
        If the folder has no such policy, or several; or if the policy that imitates has another form.
    """
    if known in TEACHERS:
        if network != "flat":
            raise SettingError(
                f"begin_with {known!r}: network is {network!r}, must be 'flat' where a policy is imitated. Begin with "
                "a folder, or leave begin_with out."
            )
        rounds = None if by_clock else ROUNDS
        config = ImitationConfig(teacher=known, hidden=hidden, seconds=SHARE * seconds, updates=rounds)
        found = [imitate(problem, config, key=key).policy]
    else:
        try:
            found = list(saved_policies(Path(known), problem).values())
        except SavedPolicyError as error:
            raise SettingError(f"begin_with {known!r}: {error}") from error
    mine = [each for each in found if type(each) is form and kind_of(each) == network]
    if len(mine) != 1:
        raise SettingError(
            f"begin_with {known!r}: {len(mine)} policies for {problem.name!r} whose outputs are {form.form!r} and "
            f"whose network is {network!r}, must be one. Choose the folder of one run, or the structure and the "
            "network that it was learned with."
        )
    return mine[0]
