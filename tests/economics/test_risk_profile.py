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


def test_levels_must_be_shares() -> None:
    with pytest.raises(ValueError, match=r"levels are \[5\], must be shares"):
        risk_profile((5,))


def test_relative_returns_leave_out_episodes_without_reference() -> None:
    assert relative_returns(np.array([2.0, 5.0]), np.array([1.0, 0.0])).tolist() == [1.0]
