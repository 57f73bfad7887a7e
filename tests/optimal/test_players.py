"""What is best by computation, played like any other policy."""

import pytest

from basestock.evaluation import evaluate
from basestock.optimal.mdp import optimize
from basestock.optimal.players import PLAYERS
from basestock.policies import REGISTRY, fit, from_parameters
from tests.optimal.programs.test_hierarchy import _kiosk


def test_every_name_is_there_once() -> None:
    assert set(PLAYERS) - set(REGISTRY) == {"optimal", "rolling_horizon", "rollout", "hierarchy"}
    assert all(entry.name == name for name, entry in PLAYERS.items())


def test_computed_players_take_no_parameters() -> None:
    with pytest.raises(ValueError, match=r"policy 'optimal' computes its parameters; drop \['level'\]"):
        from_parameters(_kiosk(), PLAYERS["optimal"], {"level": 3.0})


@pytest.mark.slow
@pytest.mark.requirement("D-08")
def test_they_are_reported_beside_a_tuned_classic() -> None:
    """None costs less than the optimum, on the same events and on the whole."""
    problem = _kiosk()
    names = ("optimal", "base_stock", "hierarchy")
    found = {name: fit(problem, PLAYERS[name], replications=8) for name in names}
    assert all(each.name == name for name, each in found.items())
    best = optimize(problem)
    assert found["optimal"].cost.mean == pytest.approx(best.value, abs=3 * found["optimal"].cost.half_width)
    report = evaluate(problem, {name: each.policy for name, each in found.items()}, replications=32, seed=3)
    totals = {row.policy: row.total for row in report.rows}
    for name in names[1:]:
        assert totals[name].mean > best.value - 3 * totals[name].half_width
