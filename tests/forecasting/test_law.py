"""Paths drawn from a law have the moments, the zeros and the whole numbers that the law says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.forecasting.dice import stratified_dice
from basestock.forecasting.law import Law, demand_paths, demand_total, plain_dynamics
from basestock.forecasting.setting import NUM_ATOMS

NUM_PATHS, NUM_STEPS = 4096, 6


def _law(atoms: list[float], *, whole: bool = False, **dynamics: float | list[float]) -> Law:
    table = jnp.asarray(np.repeat(atoms, NUM_ATOMS // len(atoms)), jnp.float32)
    plain = plain_dynamics(NUM_STEPS, np.asarray(whole))
    return Law(
        table, plain._replace(**{name: jnp.asarray(value, jnp.float32) for name, value in dynamics.items()})
    )


def _paths(law: Law) -> np.ndarray:
    return np.asarray(jax.jit(demand_paths)(law, stratified_dice(NUM_PATHS, NUM_STEPS, 0)))


def test_plain_draws_are_the_table() -> None:
    paths = _paths(_law([0.0, 0.0, 3.0, 5.0]))
    assert set(np.unique(paths)) == {0.0, 3.0, 5.0}
    np.testing.assert_allclose((paths == 0).mean(axis=1), 0.5, atol=1e-6)
    np.testing.assert_allclose(paths.mean(axis=1), 2.0, atol=1e-5)


def test_steps_are_independent() -> None:
    paths = _paths(_law([0.0, 1.0, 2.0, 9.0]))
    correlation = np.corrcoef(paths)
    assert np.abs(correlation - np.eye(NUM_STEPS)).max() < 0.06


def test_demand_stays_away_with_the_probability_of_the_law() -> None:
    paths = _paths(_law([4.0], occurrence=0.25))
    np.testing.assert_allclose((paths > 0).mean(axis=1), 0.25, atol=1e-3)


def test_an_uncertain_probability_keeps_the_mean_and_widens_the_sum() -> None:
    certain, uncertain = (
        _paths(_law([4.0], occurrence=0.25, occurrence_spread=spread)) for spread in (0.0, 0.5)
    )
    assert uncertain.mean() == pytest.approx(certain.mean(), rel=0.03)
    assert uncertain.sum(axis=0).var() > 1.3 * certain.sum(axis=0).var()


def test_an_uncertain_level_keeps_the_mean_and_binds_the_steps() -> None:
    paths = _paths(_law([9.0, 11.0], level_spread=0.3))
    assert paths.mean() == pytest.approx(10.0, rel=0.02)
    assert np.corrcoef(paths)[0, 1] > 0.8


def test_errors_move_the_level_by_the_gain() -> None:
    """Var(y_h) = v (1 + (h - 1) alpha^2) of simple exponential smoothing."""
    paths = _paths(_law([-2.0, 2.0], base=[50.0] * NUM_STEPS, level_gain=0.5))
    expected = 4.0 * (1 + 0.25 * np.arange(NUM_STEPS))
    np.testing.assert_allclose(paths.var(axis=1), expected, rtol=0.08)
    np.testing.assert_allclose(paths.mean(axis=1), 50.0, atol=0.1)


def test_errors_move_the_slope_by_its_gain() -> None:
    """c_k = alpha + alpha beta (phi + ... + phi^k) of damped Holt smoothing."""
    alpha, slope_gain, damping = 0.4, 0.1, 0.8
    law = _law([-2.0, 2.0], base=[50.0] * NUM_STEPS, level_gain=alpha, slope_gain=slope_gain, damping=damping)
    effect = alpha + slope_gain * np.cumsum(damping ** np.arange(1, NUM_STEPS))
    expected = 4.0 * np.concatenate([[1.0], 1 + np.cumsum(effect**2)])
    np.testing.assert_allclose(_paths(law).var(axis=1), expected, rtol=0.08)


def test_the_season_scales_and_shifts() -> None:
    scale, shift = [1.0, 2.0, 3.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0, 0.0, 5.0]
    paths = _paths(_law([2.0], season_scale=scale, season_shift=shift))
    np.testing.assert_allclose(paths[:, 0], [2, 4, 7, 2, 2, 7])


def test_demand_is_never_negative() -> None:
    assert _paths(_law([-3.0, 1.0])).min() == 0.0


def test_whole_demand_is_rounded_to_the_nearest_unit() -> None:
    paths = _paths(_law([0.4, 1.5, 2.6, 7.2], whole=True))
    assert set(np.unique(paths)) == {0.0, 2.0, 3.0, 7.0}


def test_a_run_continues_in_the_order_of_time_around_the_end() -> None:
    newest_first = [float(value) for value in range(7, -1, -1)]
    paths = _paths(_law(newest_first, block_step=1 / 8))
    steps = np.mod(np.diff(paths, axis=0), 8)
    np.testing.assert_array_equal(steps, 1.0)


def test_the_total_is_the_weighted_sum_of_the_paths() -> None:
    law = _law([0.0, 3.0, 5.0, 8.0], occurrence=0.7, level_spread=0.2)
    dice = stratified_dice(256, NUM_STEPS, 1)
    weights = jnp.asarray([1.0, 1.0, 0.0, 1.0, 0.5, 0.0])
    np.testing.assert_allclose(
        jax.jit(demand_total)(law, dice, weights),
        np.asarray(weights) @ np.asarray(jax.jit(demand_paths)(law, dice)),
        rtol=1e-5,
    )


def test_stratified_dice_take_every_cell_once() -> None:
    dice = stratified_dice(512, 3, 0)
    cells = np.sort(np.asarray(dice.atom, dtype=np.float64) / 2.0**32 * 512, axis=1)
    np.testing.assert_array_equal(np.floor(cells), np.broadcast_to(np.arange(512), (3, 512)))
    assert float(np.asarray(dice.level).mean()) == pytest.approx(0.0, abs=1e-6)


def test_dice_follow_the_seed() -> None:
    same, other = stratified_dice(64, 2, 3), stratified_dice(64, 2, 4)
    np.testing.assert_array_equal(same.atom, stratified_dice(64, 2, 3).atom)
    assert (np.asarray(same.atom) != np.asarray(other.atom)).any()
