"""How exact optima grow with the number of components."""

import pytest

from basestock.optimal.mdp import optimize
from benchmarks.exact_scaling import assembly


@pytest.mark.slow
@pytest.mark.requirement("E-21")
def test_components_add_states_and_never_multiply_them() -> None:
    found = {count: optimize(assembly(count)) for count in (1, 2, 4)}
    each = found[1].pieces.num_states
    assert {count: one.pieces.num_states for count, one in found.items()} == {
        1: each,
        2: 2 * each,
        4: 4 * each,
    }
    values = [part.value for part in found[4].solved]
    assert [part.value for part in found[2].solved] == pytest.approx(values[:2], rel=1e-6)
    assert found[1].solved[0].value == pytest.approx(values[0], rel=1e-6)
