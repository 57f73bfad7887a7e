"""Safety stock placed by messages, by a tree's dynamic program, by a program, and by trying everything."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basestock.optimal.closed_form.guaranteed_service import (
    ServiceNetwork,
    ServiceNetworkError,
    Stage,
    guaranteed_service,
    is_tree,
    place_safety_stock,
)
from basestock.optimal.closed_form.guaranteed_service.candidates import Times
from basestock.optimal.closed_form.guaranteed_service.placing import _Search
from basestock.optimal.programs.guaranteed_service import proven_placement, safety_stock_program
from basestock.optimal.programs.model import ProgramError
from basestock.problems.service_networks import read_service_networks

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "willems_networks"


def diamond(scale: float = 1.0) -> ServiceNetwork:
    """Return a part that reaches a shop by two ways: the smallest network that is no tree."""
    return ServiceNetwork(
        (
            Stage("part", (), 3 * scale, 1.0, 2.0),
            Stage("left", ("part",), 2 * scale, 2.5, 2.0),
            Stage("right", ("part",), 1 * scale, 2.0, 2.0),
            Stage("shop", ("left", "right"), 1 * scale, 6.0, 2.0, max_outbound=scale, deviation=5.0),
        )
    )


def tried(network: ServiceNetwork, step: float = 1.0) -> float:
    """Return the least cost over all service times that are multiples of a step."""
    tick = round(step * 1e9)
    ranges = [np.arange(0, int(high) + 1, tick) for high in network.limits[1]]
    costs = []
    for times in itertools.product(*ranges):
        outbound = np.array(times)
        if (network.inbound(outbound) + network.times >= outbound).all():
            costs.append(network.cost(outbound))
    return min(costs)


Draft = list[tuple[set[int], int, int, int, int, int]]


@st.composite
def drafts(draw: st.DrawFn, *, tree: bool) -> Draft:
    """Return suppliers, time, holding cost, outside time, longest promise and deviation of a few stages."""
    count = draw(st.integers(2, 5))
    sources: list[set[int]] = [set() for _ in range(count)]
    for stage in range(1, count):
        if tree:
            other = draw(st.integers(0, stage - 1))
            first, last = (other, stage) if draw(st.booleans()) else (stage, other)
            sources[last].add(first)
        else:
            sources[stage] = draw(st.sets(st.integers(0, stage - 1), min_size=1, max_size=3))
    numbers = st.tuples(*(st.integers(0, most) for most in (3, 9, 1, 2, 5)))
    return [(each, *draw(numbers)) for each in sources]


def built(draft: Draft) -> ServiceNetwork:
    bought = set().union(*(each[0] for each in draft))
    return ServiceNetwork(
        tuple(
            Stage(
                f"s{k}",
                tuple(f"s{source}" for source in sorted(sources)),
                time,
                cost,
                1.5,
                inbound=outside,
                max_outbound=None if k in bought else promise,
                deviation=0.0 if k in bought else deviation,
            )
            for k, (sources, time, cost, outside, promise, deviation) in enumerate(draft)
        )
    )


@given(drafts(tree=True))
@settings(max_examples=25)
def test_trees_are_solved_as_by_trying_everything(draft: Draft) -> None:
    network = built(draft)
    found = place_safety_stock(network)
    assert found.certificate == "exact"
    assert found.cost == pytest.approx(tried(network))


@given(drafts(tree=False))
@settings(max_examples=25)
def test_networks_are_bounded_from_below_and_the_program_closes_the_gap(draft: Draft) -> None:
    network = built(draft)
    best = tried(network)
    found = place_safety_stock(network)
    assert found.lower_bound <= best + 1e-9
    assert found.cost >= best - 1e-9
    assert proven_placement(network).cost == pytest.approx(best)


@given(drafts(tree=True))
@settings(max_examples=10)
def test_messages_and_the_program_agree_with_the_tree(draft: Draft) -> None:
    network = built(draft)
    exact = guaranteed_service(network.stages)
    program = safety_stock_program(network)
    assert program.cost == pytest.approx(exact.value)
    assert program.lower_bound == pytest.approx(exact.value)


def test_the_diamond_by_every_way() -> None:
    network = diamond()
    assert not network.is_forest
    best = tried(network)
    assert place_safety_stock(network).cost == pytest.approx(best)
    assert place_safety_stock(network).gap_percent == 0
    assert safety_stock_program(network).cost == pytest.approx(best)


def test_times_need_not_be_whole() -> None:
    """Time in another unit changes the cost by the square root alone."""
    assert place_safety_stock(diamond(0.37)).cost == pytest.approx(
        place_safety_stock(diamond()).cost * np.sqrt(0.37)
    )


@pytest.mark.slow
def test_too_many_times_are_taken_together_and_told_apart_where_it_matters() -> None:
    """Times in thousandths add up to more values than are listed: cells are merged, and split where it matters."""
    ways = [Stage(f"way{k}", ("part",), 1 + 0.01 * 1.7**k, 1.5 + k / 7, 2.0) for k in range(5)]
    shops = [
        Stage(f"shop{k}", (f"way{k}", f"way{k - 1}"), 0.3 + k / 9, 6.0, 2.0, max_outbound=0, deviation=3 + k)
        for k in range(1, 5)
    ]
    network = ServiceNetwork((Stage("part", (), 2.345, 1.0, 2.0), *ways, *shops))
    listed, merged = place_safety_stock(network), _Search(Times(network, None, None)).run(1e-3, 600)
    assert merged.gap_percent < 0.01
    assert merged.cost == pytest.approx(listed.cost, rel=1e-4)
    assert merged.lower_bound <= listed.cost + 1e-9


def test_a_placement_says_what_it_costs() -> None:
    network = diamond()
    found = place_safety_stock(network)
    total = sum(stage.holding_cost * found.safety_stock[stage.name] for stage in network.stages)
    assert found.cost == pytest.approx(total)
    for stage in network.stages:
        name = stage.name
        assert found.net[name] == pytest.approx(
            found.inbound[name] + stage.processing_time - found.outbound[name]
        )
        assert all(found.outbound[source] <= found.inbound[name] for source in stage.predecessors)


def test_any_demand_bound_may_be_covered() -> None:
    """With stock proportional to time (no pooling over time) it is all held where it is cheapest to hold."""
    line = [
        Stage("part", (), 4, 1.0, 0.0, cover=lambda time: 3 * time),
        Stage("shop", ("part",), 2, 5.0, 0.0, max_outbound=0, cover=lambda time: 3 * time),
    ]
    found = place_safety_stock(ServiceNetwork(tuple(line)))
    assert found.cost == pytest.approx(3 * (4 * 1 + 2 * 5))
    assert found.outbound["part"] == 0


def test_customers_who_wait_longer_than_everything_takes_need_no_stock() -> None:
    network = ServiceNetwork((Stage("shop", (), 2, 5.0, 2.0, max_outbound=9, deviation=1.0),))
    assert place_safety_stock(network).cost == 0
    assert place_safety_stock(network).gap_percent == 0


def test_a_network_without_links_is_several_trees_but_not_one() -> None:
    two = [Stage(name, (), 4, 1.0, 1.0, deviation=1.0) for name in "ab"]
    assert not is_tree(two)
    assert guaranteed_service(two).value == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("stages", "sentence"),
    [
        ([], "must be one or more"),
        ([Stage("a", ("a",), 1, 1, 1)], "form a cycle"),
        ([Stage("a", ("b",), 1, 1, 1), Stage("b", ("a",), 1, 1, 1)], "form a cycle"),
        ([Stage("a", ("c",), 1, 1, 1)], "predecessor 'c' is no stage"),
        ([Stage("a", (), 1, 1, 1)] * 2, "'a' appears twice"),
        ([Stage("a", (), -1, 1, float("nan"))], r"processing_time is -1.*bound is nan"),
    ],
)
def test_what_makes_no_network_is_told(stages: list[Stage], sentence: str) -> None:
    with pytest.raises(ServiceNetworkError, match=sentence):
        ServiceNetwork(tuple(stages))


def test_the_dynamic_program_refuses_what_is_no_tree() -> None:
    with pytest.raises(ServiceNetworkError, match="Use place_safety_stock"):
        guaranteed_service(diamond().stages)
    assert not is_tree(diamond().stages)


def test_the_program_refuses_what_is_too_large_with_the_number() -> None:
    with pytest.raises(ProgramError, match="must be at most 3"):
        safety_stock_program(diamond(), max_pairs=3)


def test_options_out_of_range_are_told() -> None:
    with pytest.raises(ValueError, match="max_sweeps 0"):
        place_safety_stock(diamond(), max_sweeps=0)


def test_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "stages.csv").write_text(
        "chain,stage,stage_time,direct_cost,max_service_time,demand_sd,z\n"
        "x,part,4,10,,,\nx,shop,1,5,0,3,1.5\nx,kiosk,1,5,0,4,2\n",
        encoding="utf-8",
    )
    (tmp_path / "arcs.csv").write_text("chain,source,target\nx,part,shop\nx,part,kiosk\n", encoding="utf-8")
    network = read_service_networks(tmp_path, holding_rate=0.1)["x"]
    assert [stage.holding_cost for stage in network.stages] == pytest.approx([1.0, 1.5, 1.5])
    assert network.deviations[0] == pytest.approx(5.0)
    assert {stage.bound for stage in network.stages} == {2.0}


@pytest.mark.parametrize(
    ("stages", "arcs", "sentence"),
    [
        ("chain,stage\n", "chain,source,target\n", "'stage_time' is missing"),
        ("chain,stage,stage_time,direct_cost,max_service_time,demand_sd,z\nx,a,two,1,,,\n", "chain,source,target\n",
         "stage_time is 'two'"),
        ("chain,stage,stage_time,direct_cost,max_service_time,demand_sd,z\nx,a,,1,,,\n", "chain,source,target\n",
         "stage_time is ''"),
        ("chain,stage,stage_time,direct_cost,max_service_time,demand_sd,z\nx,a,2,1,,,\n",
         "chain,source,target\ny,a,b\n", "chain 'y'"),
    ],
)  # fmt: skip
def test_a_broken_folder_is_told(tmp_path: Path, stages: str, arcs: str, sentence: str) -> None:
    (tmp_path / "stages.csv").write_text(stages, encoding="utf-8")
    (tmp_path / "arcs.csv").write_text(arcs, encoding="utf-8")
    with pytest.raises(ServiceNetworkError, match=sentence):
        read_service_networks(tmp_path)


def test_a_chain_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "stages.csv").write_text(
        "chain,stage,stage_time,direct_cost,max_service_time,demand_sd,z\nx,a,2,1,,,\n", encoding="utf-8"
    )
    (tmp_path / "arcs.csv").write_text("chain,source,target\n", encoding="utf-8")
    with pytest.raises(ServiceNetworkError, match="no chain 'y', must be one of x"):
        read_service_networks(tmp_path, chains=["y"])


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ServiceNetworkError, match=r"there is no stages\.csv"):
        read_service_networks(tmp_path)


@pytest.mark.skipif(not SHARED.exists(), reason="needs shared/data beside the repository")
@pytest.mark.parametrize(
    ("chain", "known"),
    [("1", 3965.8173374), ("2", 5406907.0186889), ("4", 27983.705793), ("6", 258.4409996), ("10", 592137.4665288)],
)  # fmt: skip
def test_real_chains_are_placed_at_their_known_optimum(chain: str, known: float) -> None:
    found = place_safety_stock(read_service_networks(SHARED, chains=[chain])[chain])
    assert found.cost == pytest.approx(known, rel=1e-9)
    assert found.certificate == "exact"
