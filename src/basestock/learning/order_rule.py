"""Order-up-to rules as scores of choices: where learning by choices begins."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.envs import ActionCodec, action_codec
from basestock.learning.actors import UNIT, ChoiceActor, QuantityActor
from basestock.learning.encoding import Encoder
from basestock.learning.networks import Mlp

LEVELS = 401
"""Choices of a slot at most."""

NO_CAP = 1e6
"""Units that are no cap."""


class OrderRule(eqx.Module):
    """A shift, a threshold and a cap of what scores say, in every column another one.

    Parameters
    ----------
    sharpness
        ``[slot]`` score of a squared unit.
    shift
        ``[slot, column]`` units by which the level is higher.
    gap
        ``[slot, column]`` units that must be short before anything is ordered.
    cap
        ``[slot, column]`` largest quantity, units.
    """

    sharpness: Float[Array, " slot"]
    shift: Float[Array, "slot column"]
    gap: Float[Array, "slot column"]
    cap: Float[Array, "slot column"]

    def scores(self, codec: ActionCodec) -> Float[Array, "output column"]:
        """Return what is added to the scores of all choices.

        Notes
        -----
        Where m units are short, quantity a scores sharpness (a m - a^2 / 2), which is largest at a = m; nothing at all
        scores what the best quantity would where ``gap`` units are short.
        """
        parts: list[Array] = []
        for slot, size in enumerate(codec.sizes):
            amounts = codec.choices[slot, :size, None]
            fits = amounts <= jnp.maximum(self.cap[slot], amounts[0])
            worth = amounts * self.gap[slot] - amounts**2 / 2.0
            bonus = jnp.where(fits, worth, -jnp.inf).max(0)
            moved = self.sharpness[slot] * (amounts * self.shift[slot])
            moved = moved.at[0].add(self.sharpness[slot] * bonus)
            # Beyond the cap more is worse, whatever is short.
            over = jnp.where(fits, 0.0, amounts - self.cap[slot])
            parts.append(moved - self.sharpness[slot] * amounts[-1] * over)
        return jnp.concatenate(parts)


def single_units(problem: Problem) -> ActionCodec:
    """Return the choices of every slot: single units up to many, as few of them are ever compared."""
    codec = action_codec(problem, "multi_discrete")
    spread = [slot.high for slot in codec.slots if slot.whole and len(slot.choices) <= slot.high]
    if not spread:
        return codec
    return action_codec(problem, "multi_discrete", levels=min(int(max(spread)) + 1, LEVELS))


def typical_of(codec: ActionCodec) -> Float[np.ndarray, " slot"]:
    """Return the quantity of an average period of each slot, units."""
    return np.array([slot.typical or 1.0 for slot in codec.slots], np.float32)


def sharpness_of(codec: ActionCodec) -> Float[np.ndarray, " slot"]:
    """Return the score of a squared unit: choices next to the best one are less probable, but not by much."""
    step = [np.diff(slot.choices).max(initial=0.0) or 1.0 for slot in codec.slots]
    return (1.0 / (np.array(step) * typical_of(codec))).astype(np.float32)


def base_stock_scores(problem: Problem, encoder: Encoder, codec: ActionCodec, hidden: Mlp) -> Mlp:
    """Return a network whose best choices are what a base stock at newsvendor levels orders.

    Parameters
    ----------
    problem, encoder, codec
        What is learned, what is read, and the choices.
    hidden
        Network with an output for every choice; its last layer must be zeros.

    Notes
    -----
    Where m units are short, which is linear in what is read, quantity a scores sharpness (a m - a^2 / 2).
    """
    flat = Mlp(
        (jnp.zeros((len(codec.slots), encoder.width)),),
        (jnp.zeros((len(codec.slots), 1)),),
        jnp.zeros((len(codec.slots), encoder.width)),
    )
    smooth = QuantityActor.create(problem, encoder, action_codec(problem, "continuous"), flat)
    typical = np.asarray(smooth.typical)
    slope = typical[:, None] * np.asarray(smooth.network.linear)
    short = typical * (np.asarray(smooth.network.biases[-1])[:, 0] + UNIT)
    # A price is no shortage: the usual one scores best.
    short = np.where(np.asarray(smooth.priced) > 0, typical_of(codec), short)
    sharp = sharpness_of(codec)
    linear: list[np.ndarray] = []
    bias: list[np.ndarray] = []
    for at, slot in enumerate(codec.slots):
        amounts = np.array(slot.choices)[:, None]
        linear.append(sharp[at] * amounts * slope[at])
        bias.append(sharp[at] * (amounts * short[at] - amounts**2 / 2.0))
    return dataclasses.replace(
        hidden,
        linear=jnp.asarray(np.concatenate(linear), dtype=jnp.float32),
        biases=(*hidden.biases[:-1], jnp.asarray(np.concatenate(bias), dtype=jnp.float32)),
    )


def base_stock_choices(problem: Problem, encoder: Encoder, codec: ActionCodec, key: Array) -> ChoiceActor:
    """Return the policy that orders by base stock at newsvendor levels, as scores of choices."""
    blank = Mlp.create((encoder.width, sum(codec.sizes)), key, last=0.0)
    return ChoiceActor(encoder, base_stock_scores(problem, encoder, codec, blank), codec)


def ruled(network: Mlp, rule: OrderRule, codec: ActionCodec) -> Mlp:
    """Return a network that follows a rule, one column of it."""
    return dataclasses.replace(
        network, biases=(*network.biases[:-1], network.biases[-1] + rule.scores(codec))
    )
