"""What moves a market from outside: moments, calendars, regimes, independence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.network import Item, Lane, Node, PriceResponse, Supplier, SupplyNetwork
from basestock.uncertainty import (
    AutoregressiveLevel,
    DemandRegimes,
    Deterministic,
    DriverError,
    Event,
    MarketDrivers,
    Poisson,
    Promotion,
    Surge,
    Uncertainty,
    Wave,
    record,
    root_words,
)

ROOT = root_words(jax.random.key(5))


def shop(items: tuple[str, ...] = ("milk",), **customers: object) -> SupplyNetwork:
    return SupplyNetwork(
        items=tuple(Item(name) for name in items),
        nodes=(Node("shop"), Node("kiosk")),
        suppliers=(Supplier("dairy"),),
        lanes=(Lane("dairy", "shop"), Lane("dairy", "kiosk")),
        **customers,  # type: ignore[arg-type]
    )


def play(drivers: MarketDrivers, periods: int = 20, replications: int = 500, network=None, law=None) -> Event:
    network = shop() if network is None else network
    demand = {("shop", "milk"): law or Poisson(20.0), ("kiosk", "milk"): law or Poisson(20.0)}
    source = Uncertainty(demand, drivers=drivers).compile(network)
    return record(source, ROOT, periods, jnp.arange(replications))


@pytest.mark.slow
@pytest.mark.requirement("A-12")
def test_autoregressive_prices_have_the_moments_of_their_settings() -> None:
    level = AutoregressiveLevel(10.0, 0.8, 0.05)
    event = play(
        MarketDrivers(
            competitor_price={("shop", "milk"): level}, supply_price={("dairy -> shop", "milk"): level}
        ),
        periods=60,
        replications=400,
    )
    for leaf in (event.competitor_price[30:, 0, 0], event.supply_price[30:, 0, 0]):
        price = np.asarray(leaf, dtype=np.float64)
        assert price.mean() == pytest.approx(10.0, rel=0.005)
        assert price.std() == pytest.approx(0.5 / np.sqrt(1 - 0.64), rel=0.05)
        lagged = np.corrcoef(price[:-1].ravel(), price[1:].ravel())[0, 1]
        assert lagged == pytest.approx(0.8, abs=0.03)
    assert (
        abs(
            np.corrcoef(
                np.asarray(event.competitor_price[40, 0, 0]), np.asarray(event.supply_price[40, 0, 0])
            )[0, 1]
        )
        < 0.2
    )


@pytest.mark.slow
@pytest.mark.requirement("A-12")
def test_the_economy_moves_all_places_together() -> None:
    event = play(MarketDrivers(economy=AutoregressiveLevel(1.0, 0.9, 0.1)), law=Deterministic(1000.0))
    market = np.asarray(event.market)[:, 0, :, 0]
    assert np.corrcoef(market[:, 0].ravel(), market[:, 1].ravel())[0, 1] > 0.99


@pytest.mark.slow
@pytest.mark.requirement("A-11")
def test_trend_season_and_week_multiply_the_mean() -> None:
    event = play(
        MarketDrivers(trend=0.01, waves=(Wave(8.0, 0.2), Wave(4.0, 0.1))), periods=9, replications=4000
    )
    time = np.arange(9)
    expected = (
        20 * (1 + 0.01 * time) * (1 + 0.2 * np.sin(np.pi * time / 4)) * (1 + 0.1 * np.sin(np.pi * time / 2))
    )
    np.testing.assert_allclose(np.asarray(event.market)[:, 0, 0, 0].mean(-1), expected, rtol=0.02)


def test_promotions_lift_and_dip_where_they_are() -> None:
    promotion = Promotion(
        first=2, length=2, uplift=0.5, dip=0.2, dip_length=1, every=8, places=(("shop", "milk"),)
    )
    event = play(MarketDrivers(promotions=(promotion,)), periods=12, replications=1, law=Deterministic(100.0))
    market = np.asarray(event.market)[:, 0, :, 0, 0]
    assert market[:, 0].tolist() == [100, 100, 150, 150, 80, 100, 100, 100, 100, 100, 150, 150]
    assert (market[:, 1] == 100).all()


@pytest.mark.slow
@pytest.mark.requirement("A-11")
def test_regimes_stay_in_each_state_as_often_as_their_chain_says() -> None:
    regimes = DemandRegimes((1.0, 3.0), ((0.9, 0.1), (0.3, 0.7)))
    event = play(MarketDrivers(regimes=regimes), periods=60, replications=600, law=Deterministic(10.0))
    high = np.asarray(event.market)[30:, 0, 0, 0] > 20
    assert high.mean() == pytest.approx(0.25, abs=0.02)
    assert (np.asarray(event.market)[:, 0, 0] == np.asarray(event.market)[:, 0, 1]).all()


@pytest.mark.slow
def test_a_surge_lasts_and_stays_in_its_region() -> None:
    event = play(MarketDrivers(surges=(Surge(("shop",), 0.1, 2.0, 3),)), periods=40, law=Deterministic(10.0))
    market = np.asarray(event.market)[:, 0, :, 0]
    high = market[:, 0] > 10
    assert (market[:, 1] == 10).all()
    # Busy 3 of 3 + 9 expected quiet periods: a new surge may start at once.
    assert high[20:].mean() == pytest.approx(3 / 12, abs=0.03)


@pytest.mark.slow
def test_the_value_of_the_market_is_its_quantile_at_the_reference_price() -> None:
    network = shop(responses=(PriceResponse("shop", "milk", 2.0, -1.0),))
    event = play(MarketDrivers(waves=(Wave(7.0, 0.3),)), network=network, periods=5, replications=50)
    from basestock.uncertainty.counts import count_quantile

    again = count_quantile(event.market_quantile[:, 0, 0], event.market_mean[:, 0, 0])
    np.testing.assert_array_equal(np.asarray(again), np.asarray(event.market)[:, 0, 0, 0])


@pytest.mark.slow
def test_another_item_changes_no_draw_of_the_first() -> None:
    drivers = MarketDrivers(competitor_price={("shop", "milk"): AutoregressiveLevel(2.0, 0.5, 0.1)})
    one, two = (
        play(drivers, network=shop(items), periods=4, replications=8)
        for items in (("milk",), ("milk", "tea"))
    )
    np.testing.assert_array_equal(np.asarray(one.market)[:, :, :, 0], np.asarray(two.market)[:, :, :, 0])
    np.testing.assert_array_equal(
        np.asarray(one.competitor_price)[:, :, 0], np.asarray(two.competitor_price)[:, :, 0]
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Wave(0.0, 0.1), "length is 0.0"),
        (lambda: Wave(7.0, 1.5), "amplitude is 1.5"),
        (lambda: Promotion(0, 2, 0.5, every=1), "every is 1"),
        (lambda: DemandRegimes((1.0, 2.0), ((0.5, 0.4), (0.5, 0.5))), "probabilities that sum to 1"),
        (lambda: AutoregressiveLevel(1.0, 1.0), "coefficient is 1.0"),
        (lambda: Surge((), 0.1, 2.0, 3), "nodes is"),
    ],
)
def test_drivers_that_cannot_be_are_refused(build, message: str) -> None:
    with pytest.raises(DriverError, match=message):
        build()


def test_drivers_at_unknown_places_are_refused() -> None:
    drivers = MarketDrivers(
        competitor_price={("stop", "milk"): AutoregressiveLevel(1.0)}, surges=(Surge(("bar",), 0.1, 2.0, 3),)
    )
    with pytest.raises(DriverError, match=r"competitor_price at \('stop', 'milk'\).*surge at 'bar'"):
        play(drivers)
