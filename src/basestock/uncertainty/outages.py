"""Interruptions by chance: suppliers and lanes that go down and come up, deliveries that are lost or come in parts."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.event import World
from basestock.uncertainty.keys import entity_uniforms, period_key, stable_words
from basestock.uncertainty.laws import LawError
from basestock.uncertainty.part import EventPart
from basestock.uncertainty.rules import Rule, is_number, periods, require, share

Root = UInt32[Array, "2"]


@dataclasses.dataclass(frozen=True)
class Outage:
    """A regime of two states, up and down, that a supplier or a lane goes through (Markov).

    Parameters
    ----------
    disruption_probability
        Of going down in a period that starts up [alpha].
    recovery_probability
        Of coming up in a period that starts down [beta].
    severity
        Share of the supply that is gone while it is down.
    extra_lead_time
        Periods added to the lead time of what is shipped while it is down.
    starts
        State before the first period.

    Examples
    --------
    >>> round(Outage(0.04, 0.25).availability, 6)
    0.862069
    """

    disruption_probability: float
    recovery_probability: float
    severity: float = 1.0
    extra_lead_time: int = 0
    starts: Literal["up", "down"] = "up"

    def __post_init__(self) -> None:
        require(
            LawError,
            "Outage",
            "parameters",
            disruption_probability=share(self.disruption_probability),
            recovery_probability=share(self.recovery_probability),
            severity=share(self.severity),
            extra_lead_time=periods(self.extra_lead_time),
            starts=Rule(self.starts, self.starts in ("up", "down"), "'up' or 'down'"),
        )

    @property
    def availability(self) -> float:
        """Long-run share of periods that are up, beta / (alpha + beta)."""
        total = self.disruption_probability + self.recovery_probability
        return 1.0 if total == 0 else self.recovery_probability / total


@dataclasses.dataclass(frozen=True)
class Delivery:
    """What can happen to a delivery of an item at the end of a lane.

    Parameters
    ----------
    loss_probability, lost_share
        With this probability this share of the units is lost.
    partial_probability, late_share
        With this probability this share of the rest comes a period later.
    """

    loss_probability: float = 0.0
    lost_share: float = 1.0
    partial_probability: float = 0.0
    late_share: float = 0.5

    def __post_init__(self) -> None:
        shares = {each.name: share(getattr(self, each.name)) for each in dataclasses.fields(self)}
        require(LawError, "Delivery", "parameters", **shares)


class OutagePart(EventPart):
    """Draws which lanes are open; lanes of one supplier go down together.

    Parameters
    ----------
    words
        Stable hash of who goes down: the lane, or its supplier.
    fails, recovers, severity, starts_down
        Law of each lane; 0 where it never goes down.
    extra
        Periods added to the lead time while down; ``None`` without.
    """

    words: UInt32[Array, "lane 2"]
    fails: Float[Array, "lane 1"]
    recovers: Float[Array, "lane 1"]
    severity: Float[Array, "lane 1"]
    starts_down: Int[Array, "lane 1"]
    extra: Int[Array, "lane 1"] | None

    def initial_world(self, num_replications: int) -> dict[str, Array]:
        """Return the leaves of the world at the start."""
        return {"lane_down": jnp.broadcast_to(self.starts_down, (len(self.words), num_replications))}

    def sample(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Draw the leaves of this part for one period."""
        uniform = _by_owner(root, "outage", period, self.words, replications)
        before = jnp.zeros_like(self.starts_down) if world.lane_down is None else world.lane_down
        down = jnp.where(before > 0, uniform >= self.recovers, uniform < self.fails).astype(jnp.int32)
        leaves: dict[str, Array] = {"lane_open": 1.0 - self.severity * down}
        if self.extra is not None:
            leaves["extra_lead_time"] = self.extra * down
        return leaves, {"lane_down": down}


class DeliveryPart(EventPart):
    """Draws what is lost and what comes late on each lane and item."""

    lane_words: UInt32[Array, "lane 2"]
    item_words: UInt32[Array, "item 2"]
    loses: Float[Array, "lane 1 1"]
    lost: Float[Array, "lane 1 1"]
    splits: Float[Array, "lane 1 1"]
    late: Float[Array, "lane 1 1"]

    def sample(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Draw the leaves of this part for one period."""
        draw = lambda purpose: entity_uniforms(  # noqa: E731
            period_key(root, purpose, period), self.lane_words, self.item_words, replications
        )
        lost = jnp.where(draw("loss_in_transit") < self.loses, self.lost, 0.0)
        late = jnp.where(draw("partial_delivery") < self.splits, self.late, 0.0)
        return {"lost_share": lost, "late_share": late}, {}


class SpecialPart(EventPart):
    """Draws the quantile of the number of unserved customers who take a special delivery."""

    node_words: UInt32[Array, "node 2"]
    item_words: UInt32[Array, "item 2"]

    def sample(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Draw the leaves of this part for one period."""
        key = period_key(root, "special_delivery", period)
        return {"special": entity_uniforms(key, self.node_words, self.item_words, replications)}, {}


class RoutingPart(EventPart):
    """Draws the lane that a place's orders go to.

    Parameters
    ----------
    words
        Stable hash of the destination of each lane.
    low, high
        A lane is drawn when the uniform number of its destination lies between them; both -1 on other lanes.
    """

    words: UInt32[Array, "lane 2"]
    low: Float[Array, "lane 1"]
    high: Float[Array, "lane 1"]

    def sample(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Draw the leaves of this part for one period."""
        uniform = _by_owner(root, "routing", period, self.words, replications)
        chosen = ((uniform >= self.low) & (uniform < self.high)).astype(jnp.float32)
        return {"route": jnp.where(self.high < 0, -1.0, chosen)}, {}


def _by_owner(
    root: Root, purpose: str, period: Array, words: Array, replications: Array
) -> Float[Array, "owner replication"]:
    nobody = jnp.zeros((1, 2), dtype=jnp.uint32)
    return entity_uniforms(period_key(root, purpose, period), words, nobody, replications)[:, 0]


def outage_part(laws: Mapping[str, Outage], network: SupplyNetwork, axes: Axes) -> OutagePart | None:
    """Compile outages of suppliers and lanes; ``None`` without any.

    Raises
    ------
    LawError
        Naming every supplier or lane that does not exist, and every lane that is declared never to be interrupted.
    """
    if not laws:
        return None
    by_lane = _of_lanes(laws, network)
    table = {
        name: np.zeros((axes.num_lanes, 1), dtype=np.float32) for name in ("fails", "recovers", "severity")
    }
    whole = {name: np.zeros((axes.num_lanes, 1), dtype=np.int32) for name in ("starts_down", "extra")}
    words = np.zeros((axes.num_lanes, 2), dtype=np.uint32)
    for row, (owner, law) in by_lane.items():
        words[row] = stable_words([owner])[0]
        values = (law.disruption_probability, law.recovery_probability, law.severity)
        for name, value in zip(table, values, strict=True):
            table[name][row] = value
        whole["starts_down"][row], whole["extra"][row] = law.starts == "down", law.extra_lead_time
    extra = jnp.asarray(whole["extra"]) if whole["extra"].any() else None
    arrays = {name: jnp.asarray(leaf) for name, leaf in table.items()}
    return OutagePart(
        jnp.asarray(words), **arrays, starts_down=jnp.asarray(whole["starts_down"]), extra=extra
    )


def _of_lanes(laws: Mapping[str, Outage], network: SupplyNetwork) -> dict[int, tuple[str, Outage]]:
    wrong: list[str] = []
    found: dict[int, tuple[str, Outage]] = {}
    for owner, law in laws.items():
        rows = [row for row, lane in enumerate(network.lanes) if owner in (lane.name, lane.source)]
        if not rows:
            wrong.append(f"outage of {owner!r}, must be of a lane or of the source of one.")
        for row in rows:
            lane = network.lanes[row]
            if row in found:
                wrong.append(
                    f"lane {lane.name!r} has the outages of {found[row][0]!r} and {owner!r}, must have one."
                )
            found[row] = (owner, law)
            wrong += never_interrupted(network, row, law.extra_lead_time)
    if wrong:
        raise LawError(f"Outages: {' '.join(wrong)} Correct the outages or the lanes.")
    return found


def never_interrupted(network: SupplyNetwork, row: int, extra: int) -> list[str]:
    """Say why a lane cannot be interrupted in this way, if it cannot."""
    lane = network.lanes[row]
    found: list[str] = []
    if lane.interruption == "never":
        found.append(f"lane {lane.name!r} has interruption 'never', must be 'keep_moving' or 'wait'.")
    if extra > lane.max_extra_lead_time:
        found.append(
            f"lane {lane.name!r} has max_extra_lead_time {lane.max_extra_lead_time}, must be >= {extra}."
        )
    return found


def delivery_part(laws: Mapping[str, Delivery], network: SupplyNetwork, axes: Axes) -> DeliveryPart | None:
    """Compile lost and partial deliveries by lane; ``None`` without any.

    Raises
    ------
    LawError
        Naming every lane that does not exist or is declared never to be interrupted.
    """
    if not laws:
        return None
    wrong: list[str] = []
    table = np.zeros((4, axes.num_lanes, 1, 1), dtype=np.float32)
    for name, law in laws.items():
        if name not in network.lane_index:
            wrong.append(f"delivery on {name!r}, must be on a lane of the network.")
            continue
        row = network.lane_index[name]
        wrong += never_interrupted(network, row, 0)
        table[:, row, 0, 0] = (law.loss_probability, law.lost_share, law.partial_probability, law.late_share)
    if wrong:
        raise LawError(f"Deliveries: {' '.join(wrong)} Correct the deliveries or the lanes.")
    words = (jnp.asarray(axes.words("lane")), jnp.asarray(axes.words("item")))
    return DeliveryPart(*words, *(jnp.asarray(leaf) for leaf in table))


def special_part(network: SupplyNetwork, axes: Axes) -> SpecialPart | None:
    """Return the dice of special deliveries; ``None`` where no lane offers them."""
    if not any(lane.special_share > 0 for lane in network.lanes):
        return None
    return SpecialPart(jnp.asarray(axes.words("node")), jnp.asarray(axes.words("item")))


def routing_part(weights: Mapping[str, float], network: SupplyNetwork, axes: Axes) -> RoutingPart | None:
    """Compile the weights by which orders go to one of several lanes; ``None`` without any.

    Raises
    ------
    LawError
        Naming lanes that do not exist, weights that are no shares, and places whose weights do not sum to 1.
    """
    if not weights:
        return None
    wrong = [f"weight of {name!r}, must be of a lane." for name in weights if name not in network.lane_index]
    wrong += [
        f"weight of {name!r} is {w!r}, must be >= 0." for name, w in weights.items() if not is_number(w, 0.0)
    ]
    low, high = (np.full((axes.num_lanes, 1), -1.0, dtype=np.float32) for _ in range(2))
    words = np.zeros((axes.num_lanes, 2), dtype=np.uint32)
    reached: dict[str, float] = {}
    for name in sorted(set(weights) & set(network.lane_index)):
        row = network.lane_index[name]
        place = network.lanes[row].destination
        words[row] = stable_words([place])[0]
        low[row] = reached.get(place, 0.0)
        reached[place] = reached.get(place, 0.0) + weights[name]
        high[row] = reached[place] if reached[place] < 1 - 1e-6 else 1.0
    wrong += [
        f"the weights of the lanes into {place!r} sum to {total:.12g}, must be 1."
        for place, total in reached.items()
        if abs(total - 1) > 1e-6
    ]
    if wrong:
        raise LawError(f"Routing: {' '.join(wrong)} Correct the weights.")
    return RoutingPart(jnp.asarray(words), jnp.asarray(low), jnp.asarray(high))
