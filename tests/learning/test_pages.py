"""The page of a learner names every setting, and its curve is what was recorded."""

import numpy as np
import pytest

from basestock.learning.registry import ALGORITHMS
from tools.learners import along


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_setting_has_a_meaning(name: str) -> None:
    pages = pytest.importorskip("tools.learner_pages", reason="the documents' packages are not installed")
    rows = list(pages.settings_of(ALGORITHMS[name]))
    assert rows
    assert all(meaning for _, _, meaning in rows)


def test_a_curve_is_the_best_so_far() -> None:
    found = along([(1.0, 5.0), (2.0, 7.0), (3.0, -1.0)], np.array([0.5, 1.0, 2.5, 9.0]))
    np.testing.assert_array_equal(found, [np.nan, 5.0, 5.0, -1.0])
