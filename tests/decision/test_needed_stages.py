"""A sequence that would ignore what a network or its dice say is refused, with the part and the stage."""

import dataclasses

import pytest

from basestock.decision import Problem, stands_for
from basestock.decision.needed_stages import NEEDS
from basestock.dynamics import RECEIVE_ORDER_SELL, Sequence, with_repairs
from basestock.economics import make_tariff
from basestock.network import (
    Goodwill,
    Item,
    Lane,
    Limit,
    Node,
    PriceResponse,
    Process,
    ReturnFlow,
    Substitution,
    Supplier,
    SupplyNetwork,
)
from basestock.uncertainty import SupplyLaws, Uncertainty

PLAIN = SupplyNetwork(
    items=(Item("a"), Item("b")),
    nodes=(Node("s"),),
    suppliers=(Supplier("x"),),
    lanes=(Lane("x", "s"),),
)
WHOLE = with_repairs(RECEIVE_ORDER_SELL)


def without(*names: str) -> Sequence:
    def kept(stages):
        return tuple(stage for stage in stages if stage.__name__ not in names)

    return Sequence(kept(WHOLE.before), kept(WHOLE.after))


def of_lane(**changes: object) -> SupplyNetwork:
    return dataclasses.replace(PLAIN, lanes=(Lane("x", "s", **changes),))


def problem(network: SupplyNetwork, sequence: Sequence, **dice: object) -> Problem:
    return Problem("shop", network, Uncertainty({}, **dice), make_tariff(network), sequence=sequence)


CASES = {
    "expire": (dataclasses.replace(PLAIN, items=(Item("a", shelf_life=3), Item("b"))), "a has shelf_life"),
    "store": (dataclasses.replace(PLAIN, nodes=(Node("s", storage={"ambient": 9.0}),)), "s has storage"),
    "start_processes": (
        dataclasses.replace(PLAIN, processes=(Process("p", "s", {"a": 1}, {"b": 1}),)),
        "p has a process",
    ),
    "complete_processes": (
        dataclasses.replace(PLAIN, processes=(Process("p", "s", {"a": 1}, {"b": 1}),)),
        "p has a process",
    ),
    "substitute": (
        dataclasses.replace(PLAIN, substitutions=(Substitution("s", "a", "b", 0.5),)),
        "'a' at 's' has a substitution",
    ),
    "return_goods": (
        dataclasses.replace(PLAIN, returns=(ReturnFlow("s", "a", 0.1),)),
        "'a' at 's' has a return flow",
    ),
    "remember": (dataclasses.replace(PLAIN, goodwill=(Goodwill("s", "a"),)), "'a' at 's' has goodwill"),
    "repair_orders": (of_lane(order_multiple=6.0), "x -> s has a limit of orders"),
    "account_terms": (of_lane(price_breaks=(10.0,)), "x -> s has price_breaks"),
}


@pytest.mark.parametrize("stage", sorted(CASES))
def test_a_part_without_its_stage_is_refused_and_accepted_with_it(stage: str) -> None:
    network, named = CASES[stage]
    assert problem(network, WHOLE).sequence is WHOLE
    with pytest.raises(ValueError, match=rf"Problem 'shop': {named}.*needs the stage .*{stage}"):
        problem(network, without(stage))


def test_all_that_is_missing_is_named_at_once() -> None:
    network = dataclasses.replace(
        PLAIN,
        nodes=(Node("s", storage={"ambient": 9.0}),),
        responses=(PriceResponse("s", "a", 10.0, -1.0),),
        limits=(Limit("network", "orders", cap=1),),
    )
    with pytest.raises(ValueError, match=r"storage.*price response.*limit of orders"):
        problem(network, without("store", "remember", "repair_orders"))


def test_dice_need_their_stages_too() -> None:
    with pytest.raises(ValueError, match="x -> s has defects, which needs the stage find_defects"):
        problem(PLAIN, without("find_defects"), defects={"x -> s": 0.1})
    drawn = SupplyLaws(routing={"x -> s": 1.0})
    with pytest.raises(ValueError, match="x -> s has routing, which needs the stage route_orders"):
        problem(PLAIN, without("route_orders"), supply=drawn)


def test_a_stage_of_ones_own_may_stand_for_another() -> None:
    @stands_for("expire")
    def melt(network, state, decision, event, flows):
        return state, flows

    own = without("expire")
    network = CASES["expire"][0]
    assert problem(network, Sequence(own.before, (*own.after, melt))).network is network


def test_every_need_names_stages_that_exist() -> None:
    from basestock.dynamics import stages

    assert {name for need in NEEDS for name in need.stages} <= set(stages.__all__)
