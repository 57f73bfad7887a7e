"""The beer game: a chain of four players who pass orders up and cases down, each with a delay."""

import dataclasses
import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp

from basestock.decision import NodeOrders, Policy, Problem
from basestock.dynamics import (
    Decision,
    InitialState,
    NetworkArrays,
    PeriodOutcome,
    Stage,
    State,
    out_of_nodes,
)
from basestock.dynamics import Sequence as Order
from basestock.dynamics.books import open_slips
from basestock.dynamics.lanes import require
from basestock.dynamics.stages import account_terms, place_orders, receive, serve, ship
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies.players import AnchorAndAdjust, RandomAround, Team, team
from basestock.problems.laws import SpelledLaw, law_of
from basestock.problems.parameters import parameters
from basestock.uncertainty import DemandLaw, Event, Uncertainty

STERMAN, OROOJLOOY = "doi:10.1287/mnsc.35.3.321", "doi:10.1287/msom.2020.0939"
PLAYERS = ("retailer", "wholesaler", "distributor", "factory")


def receive_slips(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Turn over the order slips that have come: they join the books of their sources."""
    state, arrived = open_slips(network, state)
    incoming = out_of_nodes(network, arrived) + require(event.market, "market").sum(0)
    return dataclasses.replace(state, incoming=incoming), flows


@functools.cache
def directed(weeks: int, cases: float) -> Stage:
    """Return the stage in which every player is told what to order in the first weeks.

    Parameters
    ----------
    weeks
        Number of weeks.
    cases
        Order of each player in each of them.
    """

    def direct_orders(
        network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
    ) -> tuple[State, PeriodOutcome]:
        told = cases * network.lane_active * jnp.ones_like(decision.order)
        return state, dataclasses.replace(
            flows, ordered=jnp.where(state.period < weeks, told, decision.order)
        )

    return direct_orders


def see_slips(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Show every player the slip that comes in, before it joins the books."""
    incoming = require(event.market, "market").sum(0)
    if state.order_slips is not None:
        slips = state.order_slips
        arrived = jax.lax.dynamic_index_in_dim(slips, state.period % slips.shape[0], 0, keepdims=False)
        incoming = incoming + out_of_nodes(network, arrived)
    return dataclasses.replace(state, incoming=incoming), flows


def order_of_play(play: str, directed_weeks: int, cases: float) -> Order:
    """Return the order of play.

    Parameters
    ----------
    play
        ``board``: receive and advance shipments, fill orders, record, advance slips, order. ``article``: see the
        incoming order, order, receive, fill orders.
    directed_weeks, cases
        First weeks in which everybody is told to order so many cases.
    """
    told = (directed(directed_weeks, cases),) if directed_weeks else ()
    if play == "article":
        return Order(before=(see_slips,), after=(*told, place_orders, receive, ship, serve, account_terms))
    return Order(before=(receive, receive_slips, ship, serve), after=(*told, place_orders, account_terms))


@parameters()
def beer_game(
    *,
    demand: DemandLaw | SpelledLaw = {  # noqa: B006
        "type": "step", "before": 4, "after": 8, "first_period_after": 5, "periods": 36,
    },
    shipment_delay: int = 2,
    order_delay: Sequence[int] = (0, 1, 1, 1),
    initial_stock: float = 12.0,
    initial_pipeline: Sequence[float] = (4.0, 4.0),
    initial_orders: float = 4.0,
    holding_cost: Sequence[float] | float = 0.5,
    backorder_cost: Sequence[float] | float = 1.0,
    directed_weeks: int = 4,
    factory_delay: int = 0,
    play: Literal["board", "article"] = "board",
    horizon: int = 36,
    setting: str = "",
) -> Problem:  # fmt: skip
    """Build the beer game (Sterman 1989, doi:10.1287/mnsc.35.3.321).

    Parameters
    ----------
    demand
        Law of the customers' orders, cases per week; a step stays at its last level to the horizon.
    shipment_delay
        Weeks from shipping to receipt, for every player.
    order_delay
        Weeks that the orders a player receives have traveled, customers' first; its length is the number of players.
        On the board an order that is written after the slips have advanced travels a week longer.
    initial_stock
        Cases of every player.
    initial_pipeline
        Cases on their way to every player, those of the next receipt first.
    initial_orders
        Cases on every order slip under way.
    holding_cost, backorder_cost
        Money per case and week, one number or one for each player.
    directed_weeks
        First weeks in which every player is told to order ``initial_orders``.
    factory_delay
        Weeks from the order of the last player to its start, as for the others.
    play
        ``board``: decide at the end of a week, as around the table (Sterman). ``article``: decide when the incoming
        order is known, before shipments come in (Oroojlooyjadid et al. 2022).
    horizon
        Weeks.
    setting
        One of :data:`SETTINGS`, in place of the other arguments.

    Returns
    -------
    Problem
        Total cost of all players. On the board, orders are decided at the end of a week and slips advance before they
        are written, so that an order placed in week t is filled in week t + delay + 1.

    Examples
    --------
    >>> [node.name for node in beer_game().network.nodes]
    ['retailer', 'wholesaler', 'distributor', 'factory']
    """
    if setting:
        if setting not in SETTINGS:
            raise ValueError(
                f"beer_game: setting is {setting!r}, must be one of {', '.join(SETTINGS)}. Choose one."
            )
        game = beer_game(**SETTINGS[setting])
        return dataclasses.replace(game, parameters={**game.parameters, "setting": setting})
    if isinstance(demand, Mapping) and demand.get("type") == "step":
        demand = {**demand, "periods": max(demand["periods"], horizon)}
    count = len(order_delay)
    names = PLAYERS if count == 4 else tuple(f"player {number}" for number in range(1, count + 1))
    sources = (*names[1:], "brewery")
    late = 1 if play == "board" else 0
    delays = (*order_delay[1:], factory_delay)
    lanes = tuple(
        Lane(source, player, name=f"to {player}", lead_time=shipment_delay, order_delay=int(delay) + late)
        for player, source, delay in zip(names, sources, delays, strict=True)
    )
    network = SupplyNetwork(
        items=(Item("beer", unit="case"),),
        nodes=tuple(Node(player, tier=number) for number, player in enumerate(names)),
        suppliers=(Supplier("brewery"),),
        lanes=lanes,
        unmet="backorder",
    )
    spread = lambda rate: _by_player(rate, names)  # noqa: E731
    return Problem(
        name="beer_game",
        network=network,
        uncertainty=Uncertainty({(names[0], "beer"): law_of(demand)}),
        # Orders that a player cannot fill yet wait in its books, on the lane to the player below.
        tariff=make_tariff(
            network,
            holding=spread(holding_cost),
            backorder={(names[0], "beer"): spread(backorder_cost)[names[0], "beer"]},
            unshipped={
                (f"to {below}", "beer"): spread(backorder_cost)[player, "beer"]
                for below, player in itertools.pairwise(names)
            },
        ),
        sequence=order_of_play(play, directed_weeks, initial_orders),
        action_map=NodeOrders(),
        criterion="finite_horizon_total_cost",
        horizon=horizon,
        initial_state=_start(lanes, initial_stock, initial_pipeline, initial_orders),
        parameters={
            "demand": demand,
            "shipment_delay": shipment_delay,
            "order_delay": tuple(order_delay),
            "play": play,
        },
        source=STERMAN if play == "board" else OROOJLOOY,
    )


def _start(lanes: Sequence[Lane], stock: float, pipeline: Sequence[float], orders: float) -> InitialState:
    """Return the same start for every player: stock, shipments and order slips under way, cases."""
    return InitialState(
        on_hand={(lane.destination, "beer"): stock for lane in lanes},
        due={
            (lane.name, "beer", slot): units for lane in lanes for slot, units in enumerate(pipeline) if units
        },
        order_slips={
            (lane.name, "beer", slot): orders for lane in lanes for slot in range(lane.order_delay) if orders
        },
    )


def _by_player(rate: Sequence[float] | float, players: Sequence[str]) -> dict[tuple[str, str], float]:
    rates = [float(rate)] * len(players) if isinstance(rate, int | float) else list(rate)
    if len(rates) != len(players):
        raise ValueError(
            f"beer_game: {len(rates)} costs, must be {len(players)}, one a player. Correct the list."
        )
    return {(player, "beer"): each for player, each in zip(players, rates, strict=True)}


def players(problem: Problem, kinds: Mapping[str, str] | str, *, learner: Policy | None = None) -> Team:
    """Return the players of a game, each node with its own policy.

    Parameters
    ----------
    problem
        A beer game of four players; those of the board play as in the setting ``classic``.
    kinds
        One of :data:`PLAYER_KINDS` for all players, or by player; a player that is left out is the learner.
    learner
        Plays where ``kinds`` names nobody.

    Returns
    -------
    Team
        ``base_stock`` orders up to the published level, ``sterman`` anchors on the incoming order and adjusts by half
        of the gap in stock and a fifth of the gap in the supply line, ``random`` orders what came in plus a random
        step.

    Raises
    ------
    ValueError
        Naming everybody who is unknown or of an unknown kind, and everybody whom nobody plays.
    """
    wanted = dict.fromkeys(PLAYERS, kinds) if isinstance(kinds, str) else dict(kinds)
    wrong = [
        f"{name!r} is no player, must be one of {', '.join(PLAYERS)}."
        for name in wanted
        if name not in PLAYERS
    ]
    wrong += [
        f"player {name!r} is {kind!r}, must be one of {', '.join(PLAYER_KINDS)}."
        for name, kind in wanted.items()
        if kind not in PLAYER_KINDS
    ]
    absent = [name for name in PLAYERS if name not in wanted]
    if learner is None:
        wrong += [f"player {name!r} is nobody, must be of a kind or be the learner." for name in absent]
    if wrong:
        raise ValueError(f"players: {' '.join(wrong)} Correct the players.")
    made = {name: _player(problem, name, kind) for name, kind in wanted.items()}
    if learner is not None:
        made |= dict.fromkeys(absent, learner)
    return team(problem.network, made)


def _player(problem: Problem, name: str, kind: str) -> Policy:
    number = PLAYERS.index(name)
    traits = TRAITS[str(problem.parameters.get("setting", "classic"))]
    leaf = lambda value: jnp.full((1, 1, 1), value, dtype=jnp.float32)  # noqa: E731
    early = problem.parameters["play"] == "article"
    if kind == "random":
        return RandomAround(leaf(-traits.step), leaf(traits.step))
    if kind == "base_stock":
        level = traits.base_stock[number]
        return AnchorAndAdjust(leaf(level), leaf(1.0), leaf(1.0), leaf(float(early)), leaf(0.0))
    weeks = problem.network.lanes[number].order_delay + int(str(problem.parameters["shipment_delay"]))
    desired = traits.anchor + LINE / STOCK * traits.line_anchor * weeks
    return AnchorAndAdjust(leaf(desired), leaf(STOCK), leaf(LINE / STOCK), leaf(1.0), leaf(traits.anchor))


@dataclasses.dataclass(frozen=True)
class Traits:
    """How the players of a setting behave.

    Parameters
    ----------
    base_stock
        Published level of each player, cases.
    anchor
        Desired stock of those who anchor and adjust [a], cases.
    line_anchor
        Desired supply line per week of lead time [b / lead time], cases.
    step
        Largest random step, cases.
    """

    base_stock: tuple[float, float, float, float]
    anchor: float
    line_anchor: float
    step: float


PLAYER_KINDS = ("base_stock", "sterman", "random")
STOCK, LINE = 0.5, 0.2
"""Shares of the gaps in stock and in the supply line that are closed in a week [-alpha, -beta]."""

_ARTICLE: Mapping[str, Any] = {
    "play": "article",
    "order_delay": (0, 2, 2, 2),
    "directed_weeks": 0,
    "horizon": 100,
}

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "basic": {
        **_ARTICLE,
        "demand": {"type": "discrete_uniform", "low": 0, "high": 2},
        "factory_delay": 2,
        "initial_stock": 0.0,
        "initial_pipeline": (),
        "initial_orders": 0.0,
        "holding_cost": (2.0, 2.0, 2.0, 2.0),
        "backorder_cost": (2.0, 0.0, 0.0, 0.0),
    },
    "uniform": {
        **_ARTICLE,
        "demand": {"type": "discrete_uniform", "low": 0, "high": 8},
        "factory_delay": 1,
        "holding_cost": 0.5,
        "backorder_cost": 1.0,
    },
    "normal": {
        **_ARTICLE,
        "demand": {"type": "rounded_normal", "mean": 10, "std": 2, "clip_at": 0},
        "factory_delay": 1,
        "initial_stock": 10.0,
        "initial_pipeline": (10.0, 10.0),
        "initial_orders": 10.0,
        "holding_cost": (1.0, 0.75, 0.5, 0.25),
        "backorder_cost": (10.0, 0.0, 0.0, 0.0),
    },
    "classic": {
        **_ARTICLE,
        "demand": {"type": "step", "before": 4, "after": 8, "first_period_after": 5, "periods": 100},
        "factory_delay": 1,
        "holding_cost": 0.5,
        "backorder_cost": 1.0,
    },
}
"""Settings of Oroojlooyjadid et al. 2022 by name (doi:10.1287/msom.2020.0939): arguments of :func:`beer_game`.

The basic case and the three cases of the literature: U[0,2], U[0,8], N(10, 2) and C(4, 8). Costs, delays, starting
stocks and base-stock levels are those that the authors print with their program (OptMLGroup/DeepBeerInventory-RL,
README, ``config.py``).
"""

TRAITS: Mapping[str, Traits] = {
    "basic": Traits((8.0, 8.0, 0.0, 0.0), anchor=1.0, line_anchor=1.0, step=2.0),
    "uniform": Traits((19.0, 20.0, 20.0, 14.0), anchor=4.0, line_anchor=4.0, step=8.0),
    "normal": Traits((48.0, 43.0, 41.0, 30.0), anchor=10.0, line_anchor=10.0, step=5.0),
    "classic": Traits((32.0, 32.0, 32.0, 24.0), anchor=8.0, line_anchor=6.0, step=8.0),
}
"""Behavior of the players of each setting.

Those who anchor and adjust use alpha = -0.5 and beta = -0.2 in the notation of the source: an order is the incoming one
+ alpha (stock - a) + beta (supply line - b), a the mean demand and b the mean demand times the lead times; with C(4, 8)
a is 8 and b is 6 times the lead times. Random steps are those of the learner's own choices. The authors' program takes
1.5 and 4.5 for the mean of U[0,2] and U[0,8], the mean of the ends of a half-open range; the means 1 and 4 are used
here. Four players at the published levels pay 6.70 +- 0.10, 12.98 +- 0.13, 13.36 +- 0.23 and 1.80 a week over 100
weeks (95% intervals of 5 seeds with 200 games each); levels of one player that are 2 cases off cost more everywhere.
"""
