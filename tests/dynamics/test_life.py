"""Units that grow old: written periods, a slow simulator of single units, and limits (SIM-108, 109, 114, 201, 811)."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basestock.dynamics import (
    AUDITED,
    RECEIVE_ORDER_SELL,
    SELL_BEFORE_RECEIVING,
    Decision,
    InitialState,
    NetworkArrays,
    Sequence,
    State,
    Step,
    by_remaining_life,
    canonical,
    compile_network,
    empty_state,
    expiring_within,
    transition,
    with_stock,
)
from basestock.dynamics.life import classes_of, withdrawn
from basestock.dynamics.stages import expire, receive
from basestock.network import DemandClass, Item, Lane, Node, Supplier, SupplyNetwork
from basestock.uncertainty import Event, World
from tests.compiler import advance, audit


def _network(item: Item, *lanes: Lane, **options) -> SupplyNetwork:
    nodes = tuple(dict.fromkeys(lane.destination for lane in lanes))
    return SupplyNetwork(
        items=(item,),
        nodes=tuple(map(Node, nodes)),
        suppliers=(Supplier("s"), Supplier("t")),
        lanes=lanes,
        **options,
    )


def _one(issuing: str = "fifo", life: int = 3, **options) -> SupplyNetwork:
    return _network(Item("i", shelf_life=life, issuing=issuing, **options), Lane("s", "n", lead_time=0))


def _column(*values: float) -> jnp.ndarray:
    return jnp.asarray(values, dtype=jnp.float32).reshape(-1, 1, 1)


def _play(network: SupplyNetwork, orders, demands, sequence=RECEIVE_ORDER_SELL, start=None):
    arrays = compile_network(network)
    state = (start or InitialState()).compile(network, arrays)
    outcomes = []
    for order, demand in zip(orders, demands, strict=True):
        by_class = demand if isinstance(demand[0], tuple) else (demand,)
        market = jnp.stack([_column(*each) for each in by_class])
        before = state
        event = Event(market=market)
        state, outcome = advance(arrays, sequence, state, Decision(order=_column(*order)), event)
        step = Step(World(), before, before, Decision(order=_column(*order)), event, outcome, state)
        found = np.asarray(audit(arrays, step)).tolist()
        assert dict(zip(AUDITED, found, strict=True)) == dict.fromkeys(AUDITED, 0.0)
        outcomes.append(outcome)
    return arrays, state, outcomes


def _ages(arrays: NetworkArrays, state: State) -> list[list[float]]:
    return by_remaining_life(arrays.life, state.lots, state.life_clock)[:, :, 0, 0].T.tolist()


def _sums(outcomes, field: str) -> list[float]:
    return [float(getattr(outcome, field).sum()) for outcome in outcomes]


@pytest.mark.slow
@pytest.mark.requirement("C-07")
def test_the_oldest_units_go_first_and_the_rest_expires_on_its_last_day() -> None:
    arrays, state, outcomes = _play(_one(), [(5,), (4,), (0,), (0,)], [(1,), (2,), (1,), (3,)])
    assert _sums(outcomes, "sales") == [1, 2, 1, 3]
    assert _sums(outcomes, "expired") == [0, 0, 1, 1]
    assert _ages(arrays, state) == [[0, 0, 0]]


@pytest.mark.slow
def test_the_freshest_units_go_first_where_the_item_says_so() -> None:
    _, _, outcomes = _play(_one("lifo"), [(5,), (4,), (0,), (0,)], [(1,), (2,), (1,), (3,)])
    assert _sums(outcomes, "sales") == [1, 2, 1, 1]
    assert _sums(outcomes, "expired") == [0, 0, 4, 0]


def test_a_mix_takes_its_share_from_each_end() -> None:
    """4 units, half of them the oldest: 3 old and 3 new become 1 and 1; of 3 units the middle is rounded up."""
    lots = {("n", "i", 1): 3.0, ("n", "i", 3): 3.0}
    start = InitialState(lots=lots)
    arrays, state, _ = _play(_one("mixed"), [(0,)], [(4,)], _no_aging(), start)
    assert _ages(arrays, state) == [[1, 0, 1]]
    arrays, state, _ = _play(_one("mixed"), [(0,)], [(3,)], _no_aging(), start)
    assert _ages(arrays, state) == [[1, 0, 2]]


def _no_aging() -> Sequence:
    after = tuple(stage for stage in RECEIVE_ORDER_SELL.after if stage is not expire)
    return Sequence(RECEIVE_ORDER_SELL.before, after)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=6), st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_a_withdrawal_takes_from_the_ends(units: list[int], oldest: int, newest: int) -> None:
    """SIM-109: against a row of single units."""
    row = [kind for kind, count in enumerate(units) for _ in range(count)]
    oldest = min(oldest, len(row))
    newest = min(newest, len(row) - oldest)
    kept = row[oldest : len(row) - newest]
    lots = jnp.asarray(np.cumsum(units), jnp.float32).reshape(-1, 1, 1, 1)
    after = withdrawn(lots, _column(oldest), _column(len(row) - oldest - newest))
    found = np.diff(np.asarray(after).ravel(), prepend=0).tolist()
    assert found == [kept.count(kind) for kind in range(len(units))]


def test_two_classes_of_customers_take_from_both_ends() -> None:
    network = dataclasses.replace(_one(), demand_classes=(DemandClass("a", "fifo"), DemandClass("b", "lifo")))
    lots = {("n", "i", 1): 2.0, ("n", "i", 2): 2.0, ("n", "i", 3): 2.0}
    arrays, state, outcomes = _play(network, [(0,)], [((3,), (2,))], _no_aging(), InitialState(lots=lots))
    assert _ages(arrays, state) == [[0, 1, 0]]
    assert _sums(outcomes, "sales") == [5]


def test_the_first_class_is_served_first() -> None:
    network = dataclasses.replace(_one(), demand_classes=(DemandClass("a", "fifo"), DemandClass("b", "lifo")))
    lots = {("n", "i", 1): 1.0, ("n", "i", 3): 1.0}
    _, _, outcomes = _play(network, [(0,)], [((2,), (2,))], start=InitialState(lots=lots))
    assert (_sums(outcomes, "sales"), _sums(outcomes, "lost")) == ([2], [2])


@pytest.mark.slow
@pytest.mark.parametrize(
    "lead_time", [pytest.param(0, marks=pytest.mark.slow), 1, pytest.param(2, marks=pytest.mark.slow)]
)
def test_units_grow_older_on_their_way_between_nodes(lead_time: int) -> None:
    """Four units of life 4 leave on the day they come in; they can be sold for 4 days, wherever they are."""
    network = _network(
        Item("i", shelf_life=4), Lane("s", "dc", lead_time=0), Lane("dc", "n", lead_time=lead_time)
    )
    orders = [(4, 4), *[(0, 0)] * 5]
    if lead_time:
        orders = [(4, 0), (0, 4), *[(0, 0)] * 4]
    _, _, outcomes = _play(network, orders, [(0, 0)] * 6)
    assert [index for index, units in enumerate(_sums(outcomes, "expired")) if units] == [3]
    assert float(outcomes[3].expired[1].sum()) == 4


@pytest.mark.slow
def test_what_expires_on_its_way_is_thrown_away_on_receipt() -> None:
    network = _network(Item("i", shelf_life=2), Lane("s", "dc", lead_time=0), Lane("dc", "n", lead_time=3))
    _, state, outcomes = _play(network, [(4, 0), (0, 4), *[(0, 0)] * 4], [(0, 9)] * 6)
    assert _sums(outcomes, "expired") == [0, 0, 0, 0, 4, 0]
    assert sum(_sums(outcomes, "sales")) == 0
    assert float(state.on_hand.sum()) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("closed", "sold"), [(1, 2), (4, 0)])
def test_units_grow_older_while_they_are_held_at_a_closed_lane(closed: int, sold: int) -> None:
    """Units with 4 days of life, held on arrival for some days: they are sold in time or thrown away."""
    lanes = (Lane("s", "dc", lead_time=0), Lane("dc", "n", lead_time=1, interruption="wait"))
    network = _network(Item("i", shelf_life=4), *lanes)
    arrays = compile_network(network)
    state, handed, wasted = empty_state(arrays), 0.0, 0.0
    for period in range(8):
        order = Decision(order=_column(*{0: (2, 0), 1: (0, 2)}.get(period, (0, 0))))
        lane_open = jnp.asarray([[1.0], [float(not 2 <= period < 2 + closed)]])
        event = Event(market=_column(0, 9)[None], lane_open=lane_open)
        before = state
        state, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, order, event)
        found = audit(arrays, Step(World(), before, before, order, event, outcome, state))
        assert float(np.asarray(found).max()) == 0
        handed, wasted = handed + float(outcome.sales.sum()), wasted + float(outcome.expired.sum())
    assert (handed, wasted) == (sold, 2 - sold)


def _single_units(orders: np.ndarray, demand: np.ndarray, opened: np.ndarray) -> tuple[list[int], list[int]]:
    """Play single units with their date of arrival at the center; return units sold and thrown away by period."""
    center, shop, way, owed = [], [], [], 0
    sold, wasted = [], []
    for t, (bought, wanted) in enumerate(orders.tolist()):
        thrown = 0
        if opened[t]:
            come = [born for ready, born in way if ready <= t]
            thrown += sum(born + 4 <= t for born in come)
            shop = sorted([*shop, *(born for born in come if born + 4 > t)])
            way = [unit for unit in way if unit[0] > t]
        owed += wanted
        sent = min(owed, len(center)) if opened[t] else 0
        way += [(t + 1, born) for born in center[:sent]]
        center, owed = [*center[sent:], *[t] * bought], owed - sent
        sold.append(min(int(demand[t]), len(shop)))
        shop = shop[sold[-1] :]
        wasted.append(thrown + sum(born + 4 <= t + 1 for born in (*center, *shop)))
        center, shop = ([born for born in place if born + 4 > t + 1] for place in (center, shop))
    return sold, wasted


def test_lives_are_right_on_a_lane_that_closes_at_random() -> None:
    """SIM-108: units sold and thrown away are those of a simulator of single units."""
    lanes = (Lane("s", "dc", lead_time=0), Lane("dc", "n", lead_time=1, interruption="wait"))
    arrays = compile_network(_network(Item("i", shelf_life=4), *lanes))
    draw = np.random.default_rng(8)
    for _ in range(4):
        orders, demand = draw.integers(0, 7, (30, 2)), draw.integers(0, 6, 30)
        opened = draw.random(30) < 0.6
        state, found = empty_state(arrays), []
        for period in range(30):
            lane_open = jnp.asarray([[1.0], [float(opened[period])]])
            event = Event(market=_column(0, float(demand[period]))[None], lane_open=lane_open)
            order = Decision(order=_column(*orders[period].tolist()))
            state, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, order, event)
            found.append(outcome)
        flat = lambda name, found=found: [float(getattr(each, name).sum()) for each in found]  # noqa: E731
        sold, wasted = _single_units(orders, demand, opened)
        assert (flat("sales"), flat("expired")) == (sold, wasted)
        assert min(sum(sold), sum(wasted)) > 0


@pytest.mark.slow
def test_suppliers_deliver_units_of_known_life() -> None:
    network = _network(
        Item("i", shelf_life=5),
        Lane("s", "n", lead_time=0, life_on_receipt=2), Lane("t", "n", name="fresh", lead_time=0),
    )  # fmt: skip
    _, _, outcomes = _play(network, [(3, 4), *[(0, 0)] * 5], [(0,)] * 6)
    assert _sums(outcomes, "expired") == [0, 3, 0, 0, 4, 0]


def test_selling_before_receiving_gives_units_their_whole_life() -> None:
    network = _network(Item("i", shelf_life=2), Lane("s", "n", lead_time=0))
    _, _, outcomes = _play(network, [(3,), (0,), (0,), (0,)], [(0,), (1,), (1,), (1,)], SELL_BEFORE_RECEIVING)
    assert _sums(outcomes, "sales") == [0, 1, 1, 0]
    assert _sums(outcomes, "expired") == [0, 0, 1, 0]


def test_expiry_may_come_after_the_holding_cost() -> None:
    """Expired at the start of the next day, units are still counted at the end of their last."""
    sequence = Sequence(before=(expire, receive), after=_no_aging().after)
    _, _, outcomes = _play(_one(life=1), [(3,), (0,)], [(1,), (0,)], sequence)
    assert _sums(outcomes, "closing") == [2, 0]
    assert _sums(outcomes, "expired") == [0, 2]


def test_a_share_of_whole_units_decays_when_fractions_make_a_unit() -> None:
    network = _network(Item("i", decay_rate=0.1), Lane("s", "n", lead_time=0))
    _, state, outcomes = _play(network, [(4,), *[(0,)] * 5], [(0,)] * 6)
    assert _sums(outcomes, "expired") == [0, 0, 1, 0, 0, 1]
    assert float(state.on_hand.sum()) == 2


def test_fractional_stock_decays_by_its_share() -> None:
    network = _network(Item("i", decay_rate=0.25, whole_units=False), Lane("s", "n", lead_time=0))
    _, _, outcomes = _play(network, [(8,), (0,)], [(0,), (2,)])
    assert _sums(outcomes, "expired") == [2, 1]


@pytest.mark.slow
def test_long_lives_may_be_kept_in_classes_and_nothing_is_sold_too_late() -> None:
    item = Item("i", shelf_life=9, life_classes=3)
    assert classes_of(item) == (3, 3)
    network = _network(item, Lane("s", "n", lead_time=0))
    for day in range(4):
        orders = [(5,) if period == day else (0,) for period in range(16)]
        _, _, outcomes = _play(network, orders, [(0,)] * 16)
        (gone,) = [period for period, units in enumerate(_sums(outcomes, "expired")) if units]
        assert day + 9 - 3 < gone + 1 <= day + 9


@functools.lru_cache
def _two_stage(issuing: str, classes: bool) -> tuple[SupplyNetwork, NetworkArrays]:
    network = SupplyNetwork(
        items=(Item("i", shelf_life=4, issuing=issuing), Item("j", shelf_life=7, issuing=issuing), Item("k")),
        nodes=(Node("dc"), Node("a"), Node("b")),
        suppliers=(Supplier("s"),),
        lanes=(
            Lane("s", "dc", name="in", lead_time=1),
            Lane("dc", "a", name="to a", lead_time=1), Lane("dc", "b", name="to b", lead_time=2),
            Lane("a", "b", name="x", lead_time=1, priority=2),
            Lane("s", "b", name="late", lead_time=0, life_on_receipt={"i": 2}),
        ),
        unmet_at={("b", "i"): "backorder"},
        demand_classes=(DemandClass("first", "fifo"), DemandClass("then", "lifo")) if classes else (),
    )  # fmt: skip
    return network, compile_network(network)


class _Units:
    """A slow simulator: every unit is a number, the period at whose end it expires."""

    def __init__(self, issuing: str) -> None:
        self.stock = {(n, i): [] for n in range(3) for i in range(3)}
        self.moving: list[tuple[int, int, int, list[float]]] = []
        self.issuing, self.life = issuing, (4, 7, 10**9)

    def take(self, place: tuple[int, int], count: int, order: str) -> list[float]:
        row = sorted(self.stock[place])
        taken = row[:count] if order == "fifo" else row[len(row) - count :]
        self.stock[place] = row[count:] if order == "fifo" else row[: len(row) - count]
        return taken

    def period(
        self, period: int, shipped: np.ndarray, sold: list[np.ndarray], orders: list[str]
    ) -> np.ndarray:
        """Arrivals, shipments, arrivals at once, sales by class, expiry; returns what expired."""
        expired = np.zeros((3, 3))
        self.arrive(period, expired)
        ends = {0: (-1, 0, 1), 1: (0, 1, 1), 2: (0, 2, 2), 3: (1, 2, 1), 4: (-1, 2, 0)}
        for i in range(3):
            for n in (0, 1):
                names = {1: "to a", 2: "to b", 3: "x"}
                out = [lane for lane in names if ends[lane][0] == n]
                total = int(sum(shipped[lane, i] for lane in out))
                row = sorted(self.take((n, i), total, self.issuing))
                for lane in sorted(out, key=names.__getitem__):
                    count = int(shipped[lane, i])
                    self.moving.append((period + ends[lane][2], ends[lane][1], i, row[:count]))
                    row = row[count:]
            for lane, life in ((0, self.life[i]), (4, 2 if i == 0 else self.life[i])):
                arrival = period + ends[lane][2]
                self.moving.append((arrival, ends[lane][1], i, [arrival + life - 1] * int(shipped[lane, i])))
        self.arrive(period, expired)
        for amounts, order in zip(sold, orders, strict=True):
            for place in self.stock:
                assert all(unit >= period for unit in self.stock[place])
                self.take(place, int(amounts[place]), order)
        for place, row in self.stock.items():
            expired[place] += sum(unit <= period for unit in row)
            self.stock[place] = [unit for unit in row if unit > period]
        return expired

    def arrive(self, period: int, expired: np.ndarray) -> None:
        for _, node, item, row in [each for each in self.moving if each[0] == period]:
            self.stock[node, item] += [unit for unit in row if unit >= period]
            expired[node, item] += sum(unit < period for unit in row)
        self.moving = [each for each in self.moving if each[0] != period]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("issuing", "classes"),
    [
        pytest.param("fifo", False),
        pytest.param("lifo", True, marks=pytest.mark.slow),
        pytest.param("fifo", True, marks=pytest.mark.slow),
        pytest.param("lifo", False, marks=pytest.mark.slow),
    ],
)
def test_every_unit_is_where_a_slow_simulator_has_it(issuing: str, classes: bool) -> None:
    """SIM-108, SIM-109, SIM-114, SIM-201: random orders and demand over two stages and a transfer."""
    _, arrays = _two_stage(issuing, classes)
    dice, slow = np.random.default_rng(5), _Units(issuing)
    state = empty_state(arrays)
    for period in range(60):
        order = np.zeros((arrays.num_lanes, 3, 1), dtype=np.float32)
        order[:5, :, 0] = dice.integers(0, 9, (5, 3)) * (dice.random((5, 3)) < 0.6)
        market = dice.integers(0, 5, (2 if classes else 1, 3, 3, 1)).astype(np.float32)
        market[:, 0] = 0
        event, decision = Event(market=jnp.asarray(market)), Decision(order=jnp.asarray(order))
        before = state
        state, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, decision, event)
        worst = audit(arrays, Step(World(), before, before, decision, event, outcome, state))
        assert float(np.asarray(worst).max()) == 0
        expected = _expected(slow, period, outcome, market, issuing, classes)
        np.testing.assert_array_equal(np.asarray(outcome.expired)[..., 0], expected)
        rows = np.asarray(by_remaining_life(arrays.life, state.lots, state.life_clock))[..., 0]
        for node in range(3):
            for item in range(2):
                own = slow.stock[node, item]
                assert rows[:, node, item].tolist() == [
                    own.count(period + 1 + k) for k in range(rows.shape[0])
                ]


def _expected(slow, period, outcome, market, issuing, classes) -> np.ndarray:
    # Waiting demand is at a node that ships nothing, so that it makes no difference when it is served.
    filled = np.asarray(outcome.backorders_filled)[..., 0]
    total = np.asarray(outcome.sales)[..., 0]
    if not classes:
        return slow.period(period, np.asarray(outcome.shipped)[..., 0], [filled + total], [issuing])
    first = np.minimum(market[0, ..., 0], total)
    return slow.period(
        period, np.asarray(outcome.shipped)[..., 0], [filled, first, total - first], [issuing, "fifo", "lifo"]
    )


@pytest.mark.slow
def test_a_very_long_life_is_no_life_bit_for_bit() -> None:
    """SIM-811."""
    network, _ = _two_stage("fifo", False)
    forever = dataclasses.replace(
        network, items=tuple(Item(item.name) for item in network.items),
        lanes=tuple(dataclasses.replace(lane, life_on_receipt=None) for lane in network.lanes),
    )  # fmt: skip
    long = dataclasses.replace(
        forever, items=tuple(Item(item.name, shelf_life=200) for item in network.items)
    )
    arrays, keeping = compile_network(long), compile_network(forever)
    assert keeping.life is None
    dice = np.random.default_rng(3)
    one, other = empty_state(arrays), empty_state(keeping)
    for _ in range(30):
        order = Decision(order=jnp.asarray(dice.integers(0, 9, (arrays.num_lanes, 3, 1)), jnp.float32))
        event = Event(market=jnp.asarray(dice.integers(0, 5, (1, 3, 3, 1)), jnp.float32))
        one, first = advance(arrays, RECEIVE_ORDER_SELL, one, order, event)
        other, second = advance(keeping, RECEIVE_ORDER_SELL, other, order, event)
        for name in ("closing", "sales", "lost", "received", "shipped", "backorders"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
        assert float(first.expired.sum()) == 0


@pytest.mark.slow
def test_gradients_through_ten_periods_are_finite() -> None:
    """SIM-612."""
    network = _network(
        Item("i", shelf_life=3, whole_units=False, issuing="mixed", oldest_share=0.7),
        Lane("s", "dc", lead_time=0), Lane("dc", "n", lead_time=1),
    )  # fmt: skip
    arrays = compile_network(network)

    event = Event(market=_column(0.3, 1.1)[None])

    def wasted(order: jnp.ndarray) -> jnp.ndarray:
        def period(state: State, _: None) -> tuple[State, jnp.ndarray]:
            state, outcome = transition(arrays, RECEIVE_ORDER_SELL, state, Decision(order=order), event)
            return state, outcome.expired.sum()

        return jax.lax.scan(period, empty_state(arrays), None, length=10)[1].sum()

    slope = jax.jit(jax.grad(wasted))(_column(4.0, 2.0))
    assert np.isfinite(slope).all()
    assert float(slope.sum()) > 0


def test_stock_that_is_set_is_fresh_and_lots_are_read_back() -> None:
    arrays = compile_network(_one(life=3))
    state = with_stock(arrays, empty_state(arrays), _column(7.0))
    assert _ages(arrays, state) == [[0, 0, 7]]
    assert expiring_within(arrays.life, state.lots, state.life_clock, 5)[:, 0, 0, 0].tolist() == [
        0,
        0,
        7,
        7,
        7,
    ]


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        ({"lots": {("n", "i", 4): 1.0}}, "1 to 3 periods left"),
        ({"lots": {("n", "i", 2): -1.0}}, "must be a quantity >= 0"),
        ({"lots": {("m", "i", 2): 1.0}}, "at a node"),
        ({"lots": {("n", "i", 2): 1.0}, "on_hand": {("n", "i"): 3.0}}, "the sum of its lots"),
    ],
)
def test_lots_that_cannot_be_are_refused(start, sentence: str) -> None:
    network = _one(life=3)
    with pytest.raises(ValueError, match=sentence):
        InitialState(**start).compile(network, compile_network(network))


@pytest.mark.slow
def test_equal_states_look_equal_at_any_time() -> None:
    network, arrays = _two_stage("fifo", False)
    lots = {("dc", "i", 2): 3.0, ("a", "j", 5): 2.0}
    start = InitialState(lots=lots).compile(network, arrays)
    later = dataclasses.replace(start, period=start.period + 13)
    jax.tree.map(np.testing.assert_array_equal, canonical(start), canonical(later))


def test_a_network_of_keeping_items_carries_nothing() -> None:
    arrays = compile_network(_network(Item("i"), Lane("s", "n")))
    state = empty_state(arrays)
    assert (arrays.life, state.lots, state.lots_under_way, state.decay_carry) == (None, None, None, None)
