"""Coefficients of money, asked of the ledger itself: no price is written down a second time."""

import dataclasses
import weakref
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from basestock.decision import Problem
from basestock.dynamics import PeriodOutcome, State, Step, blank_outcome, no_decision
from basestock.economics.ledger import Term, money_of
from basestock.optimal.programs.refusal import UnsupportedError
from basestock.uncertainty import Event, root_words

STEPPED = ("fixed_order", "joint_order", "order_change", "shortage_occurrence")
"""Terms that are not linear in the outcome but become so with variables of their own."""

DATA = ("demand", "supply_price", "price", "opening")
"""Leaves of an outcome that a path gives, not a plan."""

_ON_EVENTS = ("supply_price", "lead_time", "extra_lead_time")


@dataclasses.dataclass(frozen=True, eq=False)
class Prices:
    """What a unit of each quantity costs, revenues negative.

    Parameters
    ----------
    constant
        ``[period]`` money whatever is done.
    linear
        Leaf of the outcome to ``[period, ...]`` money per unit, on padded axes without replications.
    stepped
        Term to the money of one occurrence (an order, a unit of change), on padded axes.
    """

    constant: np.ndarray
    linear: dict[str, np.ndarray]
    stepped: dict[str, np.ndarray]

    def of(self, leaf: str) -> np.ndarray | None:
        """Return ``[period, ...]`` money per unit of a leaf; ``None`` where nobody prices it."""
        return self.linear.get(leaf)


def read_prices(problem: Problem, state: State, events: Event) -> Prices:
    """Read the coefficients of a problem's ledger off its own terms.

    Parameters
    ----------
    problem
        Tariff and ledger.
    state
        A state of its network, one replication.
    events
        Events of the periods, for prices that come with them.

    Raises
    ------
    UnsupportedError
        Naming a term that is not linear in what a plan decides.

    Notes
    -----
    A term f is linear where f(x + y) = f(x) + f(y) - f(0) on random quantities; its coefficients are the gradient.
    """
    moving = any(getattr(events, name) is not None for name in _ON_EVENTS)
    periods = len(np.asarray(events.market))
    if moving:
        return _read(problem, state, events)
    # Prices that no event moves are read once for a problem: rolling plans ask for them in every period.
    first = jax.tree.map(lambda leaf: leaf[:1], events)
    kept = _KEPT.get(problem)
    if kept is None:
        kept = _KEPT[problem] = _read(problem, state, first)
    spread = lambda table: np.repeat(table, periods, axis=0)  # noqa: E731
    linear = {leaf: spread(table) for leaf, table in kept.linear.items()}
    return Prices(spread(kept.constant), linear, kept.stepped)


_KEPT: "weakref.WeakKeyDictionary[Problem, Prices]" = weakref.WeakKeyDictionary()


def _read(problem: Problem, state: State, events: Event) -> Prices:
    if problem.tariff.context is not None:
        raise UnsupportedError("a context of the tariff", "prices depend on what is decided")
    terms = [term for term in problem.ledger.terms if term.name not in STEPPED]
    steps = _steps(problem, state, events)
    for term in terms:
        _require_linear(problem, term, steps[0])
    gradients = [_gradient(problem, terms, step) for step in steps]
    linear: dict[str, np.ndarray] = {}
    for name in gradients[0][1]:
        table = np.stack([gradient[1][name] for gradient in gradients])
        if (table != 0).any():
            linear[name] = table
    names = {term.name: term for term in problem.ledger.terms}
    stepped = {name: _occurrence(problem, names[name], steps[0]) for name in STEPPED if name in names}
    return Prices(np.stack([gradient[0] for gradient in gradients]), linear, stepped)


def _steps(problem: Problem, state: State, events: Event) -> list[Step]:
    """Return a period without any flow for each period of the path."""
    count = len(np.asarray(events.market))
    world = problem.events.initial_world(state.on_hand.shape[-1])
    root = root_words(jax.random.key(0))
    blank = blank_outcome(problem.arrays, problem.sequence, problem.events, problem.start(), world, root)
    decision = no_decision(problem.arrays, state)
    found: list[Step] = []
    for period in range(count):
        event = jax.tree.map(lambda leaf, t=period: leaf[t], events)
        outcome = dataclasses.replace(
            blank, demand=jnp.asarray(event.market).sum(0), supply_price=event.supply_price
        )
        found.append(Step(world, state, state, decision, event, outcome, state))
    return found


def _total(problem: Problem, terms: list[Term], step: Step) -> jax.Array:
    money = jnp.zeros(())
    for term in terms:
        money = money + term.sign * jnp.sum(money_of(term, problem.tariff, step))
    return money


def _free(outcome: PeriodOutcome) -> dict[str, Any]:
    """Return the leaves that a plan decides."""
    leaves = {field.name: getattr(outcome, field.name) for field in dataclasses.fields(outcome)}
    return {name: leaf for name, leaf in leaves.items() if leaf is not None and name not in DATA}


def _gradient(problem: Problem, terms: list[Term], step: Step) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    def money(leaves: dict[str, Any]) -> jax.Array:
        outcome = dataclasses.replace(step.outcome, **leaves)
        return _total(problem, terms, dataclasses.replace(step, outcome=outcome))

    value, slopes = jax.value_and_grad(money)(_free(step.outcome))
    return _decimal(value), {name: _decimal(slope)[..., 0] for name, slope in slopes.items()}


def _decimal(single: jax.Array) -> np.ndarray:
    """Return the shortest decimals that are these numbers in single precision: 0.1 and not 0.10000000149."""
    table = np.asarray(single, dtype=np.float32)
    return np.asarray(table.astype(str).astype(np.float64)).reshape(table.shape)


def _require_linear(problem: Problem, term: Term, step: Step) -> None:
    """Refuse a term whose money is not linear in the quantities of a period."""
    generator = np.random.default_rng(7)
    if term.name == "lead_time_deviation" and problem.arrays.features.ages:
        raise UnsupportedError(
            "the ledger term lead_time_deviation", "it depends on when unknown arrivals come"
        )
    leaves = _free(step.outcome)
    first, second = (
        {
            name: jnp.asarray(generator.integers(0, 9, leaf.shape), dtype=leaf.dtype)
            for name, leaf in leaves.items()
        }
        for _ in range(2)
    )
    both = {name: first[name] + second[name] for name in leaves}

    def money(of: dict[str, Any]) -> np.ndarray:
        outcome = dataclasses.replace(step.outcome, **of)
        return np.asarray(
            money_of(term, problem.tariff, dataclasses.replace(step, outcome=outcome)), dtype=np.float64
        )

    left, right = money(both) + money(leaves), money(first) + money(second)
    if not np.allclose(left, right, rtol=1e-4, atol=1e-4):
        raise UnsupportedError(
            f"the ledger term {term.name}", "it is not linear in the quantities of a period"
        )


def _occurrence(problem: Problem, term: Term, step: Step) -> np.ndarray:
    """Return the money of one order, one short place, or one unit of change."""
    ones = {
        name: jnp.ones_like(getattr(step.outcome, name))
        for name in ("ordered", "lost")
        if getattr(step.outcome, name) is not None
    }
    start = step.start
    if start.previous_order is not None:
        start = dataclasses.replace(start, previous_order=jnp.zeros_like(start.previous_order))
    outcome = dataclasses.replace(step.outcome, **ones)
    money = money_of(term, problem.tariff, dataclasses.replace(step, start=start, outcome=outcome))
    return _decimal(money)[..., 0]
