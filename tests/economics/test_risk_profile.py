"""Risk of returns: signs and levels are in the names."""

import numpy as np
import pytest

from basestock.economics import cvar, relative_returns, risk_profile, value_at_risk

RETURNS = np.arange(-10.0, 30.0)


def test_levels_are_in_the_names_and_the_loss_has_the_other_sign() -> None:
    found = {name: measure(RETURNS) for name, measure in risk_profile((0.05, 0.25)).items()}
    assert found["cvar05_return"] == cvar(RETURNS, 0.05) == -9.5
    assert found["cvar05_loss"] == 9.5
    assert found["cvar25_return"] == pytest.approx(-5.5)
    assert found["var25_return"] == value_at_risk(RETURNS, 0.25)
    assert found["cvar05_return"] <= found["var05_return"]


@pytest.mark.requirement("A-33")
@pytest.mark.parametrize("level", [0.05, 0.1, 0.25])
def test_risk_of_fixed_returns_is_what_numpy_says(level: float) -> None:
    returns = np.random.default_rng(7).normal(3.0, 2.0, 200)
    found = {name: measure(returns) for name, measure in risk_profile((level,)).items()}
    worst = np.partition(returns, int(level * 200) - 1)[: int(level * 200)]
    tail = f"{100 * level:02g}"
    assert found[f"cvar{tail}_return"] == pytest.approx(worst.mean())
    assert found[f"cvar{tail}_loss"] == pytest.approx(-worst.mean())
    assert found[f"var{tail}_return"] == pytest.approx(np.quantile(returns, level))
    assert found["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1))
    below = np.minimum(returns, 0.0)
    assert found["sortino"] == pytest.approx(returns.mean() / np.sqrt((below**2).mean()))


def test_levels_must_be_shares() -> None:
    with pytest.raises(ValueError, match=r"levels are \[5\], must be shares"):
        risk_profile((5,))


def test_relative_returns_leave_out_episodes_without_reference() -> None:
    assert relative_returns(np.array([2.0, 5.0]), np.array([1.0, 0.0])).tolist() == [1.0]
