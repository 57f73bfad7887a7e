"""Structured policies: networks whose outputs are the levels of a classical rule, so that they can be read."""

import abc
import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.decision import Observation, Policy, Problem, flatten, game, simulate
from basestock.dynamics import Decision, Step
from basestock.envs import ActionCodec
from basestock.learning.actors import BARELY, UNIT, QuantityActor, weighed
from basestock.learning.encoding import Clock, Encoder
from basestock.learning.gates import OPEN, Gated
from basestock.learning.selection import PERIODS
from basestock.learning.slots import supplied, units_of
from basestock.learning.streams import selection_key
from basestock.learning.tokens import FILL, TokenEncoder
from basestock.policies import Newsvendor

STOCK = ("on_hand", "backorders", "unfilled", "due", "outstanding")
"""Fields of an observation that tell stock: a level that read them would be a quantity by another name."""

CAP = 2.0
"""Cap that is begun with, in quantities of an average period."""

WIDTH = 0.25
"""Width of the logistic law of a gate at first, in quantities of an average period."""

READ_ON = 64
"""Paths on which the levels of a policy are read."""


class LevelActor(QuantityActor):
    """Outputs are levels of a rule of the inventory position.

    Levels depend on time, on past demand where that tells something, on prices and messages, never on stock: where
    demand is independent and alike in every period, each is one number. Only what brings the first supply of a place
    follows the rule; other quantities are those of :class:`QuantityActor`.

    Parameters
    ----------
    node, item
        ``[slot]`` place whose position a slot fills up; 0 where it follows no rule.
    content
        ``[slot]`` units of the item in a unit of the quantity: 1 for orders, what a run makes for starts.
    placed
        ``[slot]`` 1 where the slot follows the rule.

    Notes
    -----
    Levels that are learned by gradients of sample paths: Glasserman and Tayur 1995, doi:10.1287/mnsc.41.2.263.
    """

    node: Int[Array, " slot"] = dataclasses.field(kw_only=True)
    item: Int[Array, " slot"] = dataclasses.field(kw_only=True)
    content: Float[Array, " slot"] = dataclasses.field(kw_only=True)
    placed: Float[Array, " slot"] = dataclasses.field(kw_only=True)
    names: ClassVar[tuple[str, ...]]
    """Names of the levels, one a head."""

    @classmethod
    def of_problem(cls, problem: Problem, encoder: Any, network: Any, codec: ActionCodec) -> "LevelActor":
        """Return the actor of a network that was learned."""
        typical, limit, priced = map(jnp.asarray, units_of(codec))
        places = list(supplied(problem, codec))
        at = np.array([place or (0, 0) for place in places], np.int32)
        content = [
            1.0 if slot.name != "start" else max(problem.network.processes[row].produces.values())
            for slot, row in zip(codec.slots, np.asarray(codec.rows), strict=True)
        ]
        return cls(
            *(encoder, network, codec, typical, limit, priced),
            node=jnp.asarray(at[:, 0]),
            item=jnp.asarray(at[:, 1]),
            content=jnp.asarray(np.array(content, np.float32)),
            placed=jnp.asarray(np.array([place is not None for place in places], np.float32)),
        )

    @classmethod
    def create(
        cls, problem: Problem, encoder: Any, codec: ActionCodec, network: Any, share: float = 1.0
    ) -> "LevelActor":
        """Return the actor of a network that begins as a base stock at a share of newsvendor levels."""
        actor = cls.of_problem(problem, encoder, network, codec)
        if isinstance(encoder, TokenEncoder):
            return dataclasses.replace(actor, network=network.leading(*cls.filling(encoder, share)))
        level = np.asarray(Newsvendor.for_problem(problem).base_stock_level)[..., 0]
        unit = np.asarray(actor.content * actor.typical)
        mine = share * level[np.asarray(actor.node), np.asarray(actor.item)] / unit
        free = np.where(np.asarray(actor.priced) > 0, 0.0, BARELY)
        rows = [np.where(np.asarray(actor.placed) > 0, mine, free)]
        rows += [np.full(len(unit), each) for each in cls.first()]
        bias = network.biases[-1] + jnp.asarray(np.concatenate(rows)[:, None], dtype=jnp.float32)
        begun = dataclasses.replace(network, biases=(*network.biases[:-1], bias))
        return dataclasses.replace(actor, network=begun)

    @classmethod
    def filling(
        cls, encoder: TokenEncoder, share: float
    ) -> tuple[Float[np.ndarray, "head input"], Float[np.ndarray, " head"]]:
        """Return the weights and biases that make a network which serves every slot begin in the same way."""
        weights = weighed(encoder, {"level": share / FILL, "first": -BARELY, "priced": -BARELY})
        rows = np.pad(weights[None], ((0, cls.heads - 1), (0, 0)))
        return rows, np.array([BARELY, *cls.first()])

    @classmethod
    def first(cls) -> tuple[float, ...]:
        """Return the outputs that every head after the level begins with."""
        return ()

    @abc.abstractmethod
    def ruled(
        self, levels: Float[Array, "level slot replication"], position: Float[Array, "slot replication"]
    ) -> Float[Array, "slot replication"]:
        """Return the units that the rule orders at a position."""

    def levels(self, observation: Observation) -> Float[Array, "level slot replication"]:
        """Return the levels that are used in what is seen, units, in the order of :attr:`names`."""
        return self._levels(self._outputs(observation))

    def effective(self, levels: np.ndarray) -> np.ndarray:
        """Return what levels ``[level, slot, ...]`` amount to where quantities are whole."""
        whole = np.asarray(self.codec.whole).reshape(-1, *(1,) * (levels.ndim - 2)) > 0
        return np.where(whole, np.round(levels), levels)

    def decided(self, observation: Observation) -> Float[Array, "slot replication"]:
        """Return the quantities that the rule decides, units."""
        position = observation.inventory_position[self.node, self.item]
        return self._units(self._outputs(observation), position)

    def _units(
        self, outputs: Float[Array, "level slot replication"], position: Float[Array, "slot replication"]
    ) -> Float[Array, "slot replication"]:
        """Return the quantities of outputs at a position."""
        mine = self.ruled(self._levels(outputs), position) / self.content[:, None]
        free = self.typical[:, None] * jax.nn.softplus(outputs[0] + UNIT)
        return self.allowed(jnp.where(self.placed[:, None] > 0, mine, free), outputs[0])

    def _outputs(self, observation: Observation) -> Float[Array, "level slot replication"]:
        encoder, inputs = self.encoder, self.encoder(observation)
        shares = isinstance(encoder, TokenEncoder)
        read = encoder.beside_stock() if shares else told_beside_stock(observation, encoder)
        inputs = jnp.where(read.reshape(-1, *(1,) * (inputs.ndim - 1)), inputs, 0.0)
        return self.network(inputs).reshape(self.heads, len(self.codec.slots), -1)

    def _levels(self, outputs: Float[Array, "level slot replication"]) -> Array:
        """Return the first output as a level, units, and others as positive units."""
        unit = (self.content * self.typical)[:, None]
        return jnp.concatenate([unit * outputs[:1], unit * jax.nn.softplus(outputs[1:] + UNIT)])


class BaseStockActor(LevelActor):
    """Orders what the inventory position is short of the base-stock level [S]."""

    form = "base_stock"
    names = ("base_stock_level",)

    def ruled(
        self, levels: Float[Array, "level slot replication"], position: Float[Array, "slot replication"]
    ) -> Float[Array, "slot replication"]:
        """Return max(S - IP, 0)."""
        return jnp.maximum(levels[0] - position, 0.0)


class CappedBaseStockActor(LevelActor):
    """Orders up to the level [S], never more than the cap [r] (Xin 2021, doi:10.1287/opre.2020.2019)."""

    form = "capped_base_stock"
    heads = 2
    names = ("base_stock_level", "cap")

    @classmethod
    def first(cls) -> tuple[float, ...]:
        """Return the output of the first cap."""
        return (float(np.log(np.expm1(CAP))) - UNIT,)

    def ruled(
        self, levels: Float[Array, "level slot replication"], position: Float[Array, "slot replication"]
    ) -> Float[Array, "slot replication"]:
        """Return min(max(S - IP, 0), r)."""
        return jnp.minimum(jnp.maximum(levels[0] - position, 0.0), levels[1])


class OrderUpToActor(LevelActor, Gated):
    """(s, S): where the position is at or below s, orders up to S.

    While learning the gate is open with a probability that falls with the position, by a logistic law around s; its
    width shrinks as learning goes on.
    """

    form = "order_up_to"
    heads = 2
    names = ("order_up_to_level", "reorder_point")

    @classmethod
    def first(cls) -> tuple[float, ...]:
        """Return the output of the first gap between S and s: a quantity of an average period."""
        return (0.0,)

    def ruled(
        self, levels: Float[Array, "level slot replication"], position: Float[Array, "slot replication"]
    ) -> Float[Array, "slot replication"]:
        """Return max(S - IP, 0)."""
        return jnp.maximum(levels[0] - position, 0.0)

    def opened(
        self, observation: Observation
    ) -> tuple[Float[Array, "slot replication"], Float[Array, "slot replication"]]:
        """Return logits of gates, which fall with the position around s, and the quantities where these are open."""
        outputs = self._outputs(observation)
        position = observation.inventory_position[self.node, self.item]
        unit = (self.content * self.typical)[:, None]
        # A whole position at s orders, one beyond s does not: the law is centered between them.
        half = 0.5 * (self.codec.whole * self.content)[:, None]
        logits = (self._levels(outputs)[1] + half - position) / (WIDTH * unit)
        return jnp.where(self.placed[:, None] > 0, logits, OPEN), self._units(outputs, position)

    def decided(self, observation: Observation) -> Float[Array, "slot replication"]:
        """Return the quantities that the rule decides, units."""
        logits, quantities = self.opened(observation)
        return jnp.where(logits > 0, quantities, 0.0)

    def _levels(self, outputs: Float[Array, "level slot replication"]) -> Array:
        """Return S, and s that lies a positive gap below."""
        level, gap = super()._levels(outputs)
        return jnp.stack([level, level - gap])


def told_beside_stock(observation: Observation, encoder: Encoder) -> Bool[np.ndarray, " input"]:
    """Return which inputs of a network tell something else than stock: demand, prices, messages, time."""
    told: list[bool] = []
    for name in encoder.fields:
        if getattr(observation, name) is not None:
            # The field alone, less what is always told behind fields: stock by remaining life.
            width = flatten(observation, encoder.network, (name,)).shape[0] - _num_lots(observation, encoder)
            told += [name not in STOCK] * width
    stock = encoder.center.shape[0] - len(told)
    return np.array([*told, *(False,) * stock, *(True,) * (encoder.width - encoder.center.shape[0])])


def _num_lots(observation: Observation, encoder: Encoder) -> int:
    both = flatten(observation, encoder.network, ("on_hand", "on_hand")).shape[0]
    once = flatten(observation, encoder.network, ("on_hand",)).shape[0]
    return 2 * once - both


class _Watched(Policy):
    """An actor whose levels are remembered: those at the start, their sum, the lowest, and the highest."""

    actor: LevelActor

    def init(self, observation: Observation) -> tuple[Array, ...]:
        """Return the levels at the start."""
        start = self.actor.levels(observation)
        return start, jnp.zeros_like(start), start, start

    def __call__(
        self, observation: Observation, memory: tuple[Array, ...], *, key: Array
    ) -> tuple[Decision, tuple[Array, ...]]:
        """Decide, and remember."""
        start, total, low, high = memory
        now = self.actor.levels(observation)
        decision, _ = self.actor(observation, None, key=key)
        return decision, (start, total + now, jnp.minimum(low, now), jnp.maximum(high, now))


def levels_of(problem: Problem, actor: Policy, *, key: Array) -> list[dict[str, Any]]:
    """Return the levels that a policy uses, a row for each slot that follows the rule and each level.

    Parameters
    ----------
    problem
        The problem that it plays.
    actor
        The policy; one without levels has no rows.
    key
        Key of the run: the policy is played on the events of selection.

    Returns
    -------
    list of dict
        ``owner`` (lane or process), ``item``, ``level`` (its name), ``start`` (at the declared start), ``mean``,
        ``low`` and ``high`` (along the paths), units; whole where quantities are.
    """
    if not isinstance(actor, LevelActor):
        return []
    clock = Clock.of(problem)
    periods = min(clock.periods, PERIODS)
    end = simulate(
        game(problem),
        _Watched(actor),
        problem.start(READ_ON),
        key=selection_key(key),
        num_periods=periods,
        fold=_nothing,
        initial=None,
    ).end
    start, total, low, high = map(np.asarray, end.memory[1])
    start, mean, low, high = start.mean(-1), total.mean(-1) / periods, low.min(-1), high.max(-1)
    start, mean, low, high = (actor.effective(each) for each in (start, mean, low, high))
    return [
        {
            "owner": slot.owner,
            "item": slot.item,
            "level": name,
            "start": float(start[row, at]),
            "mean": float(mean[row, at]),
            "low": float(low[row, at]),
            "high": float(high[row, at]),
        }
        for at, slot in enumerate(actor.codec.slots)
        for row, name in enumerate(actor.names)
        if actor.placed[at] > 0
    ]


def _nothing(carry: None, step: Step) -> tuple[None, None]:
    return None, None


STRUCTURES: dict[str, type[QuantityActor]] = {
    "quantity": QuantityActor,
    "base_stock": BaseStockActor,
    "capped_base_stock": CappedBaseStockActor,
    "order_up_to": OrderUpToActor,
}
"""What outputs mean, by the name of the setting."""
