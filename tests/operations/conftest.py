"""One small planned run that the tests of this package share."""

import pytest

from basestock.operations.plan import PlanRun, plan_lines
from basestock.operations.plan_settings import PlanSettings
from tests.operations.twin_fixture import small_twin

SETTINGS = PlanSettings(replications=64, seed=5)


@pytest.fixture(scope="session")
def settings() -> PlanSettings:
    return SETTINGS


@pytest.fixture(scope="session")
def run() -> PlanRun:
    return plan_lines(small_twin(), SETTINGS, "inputs")
