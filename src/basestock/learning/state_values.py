"""What states are worth: a network that is fitted to values of some of them."""

import dataclasses
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.learning.actors import Actor
from basestock.learning.deadline import cosine
from basestock.learning.networks import Mlp
from basestock.learning.updates import adam, stepped

Acting = TypeVar("Acting", bound=Actor)

RIDGE = 1e-6
"""Added to the diagonal of the equations of the last layer, per state; features have about unit size."""

LEAST = 1e-3
"""Spread of an input, in spreads of random play, below which it tells nothing."""


class Fit(eqx.Module):
    """A network of values in units of their own, and Adam's means of its gradients.

    Parameters
    ----------
    network
        From what is read in a state to its value.
    means
        Means of gradients and of their squares.
    """

    network: Mlp
    means: Any

    @classmethod
    def begun(cls, network: Mlp) -> "Fit":
        """Return a network that has not been fitted."""
        return cls(network, adam(damping=0.99).init(network))  # pyright: ignore[reportArgumentType]

    def money(self, unit: float) -> Mlp:
        """Return the network whose values are in money, of the worth of a unit."""
        network = self.network
        return Mlp(
            (*network.weights[:-1], unit * network.weights[-1]),
            (*network.biases[:-1], unit * network.biases[-1]),
            unit * network.linear,
        )


@eqx.filter_jit
def _descended(
    fit: Fit,
    inputs: Float[Array, "state input"],
    values: Float[Array, " state"],
    weight: Float[Array, " state"],
    picked: Int[Array, "step draw"],
    rates: Float[Array, " step"],
) -> tuple[Fit, Float[Array, ""]]:
    def loss(network: Mlp, these: Array) -> Array:
        return (weight[these] * (network(inputs[these].T)[0] - values[these]) ** 2).mean()

    def step(at: Fit, drawn: tuple[Array, Array]) -> tuple[Fit, Array]:
        these, rate = drawn
        error, slope = jax.value_and_grad(loss)(at.network, these)
        move, means = adam(damping=0.99).update(slope, at.means)
        return Fit(stepped(at.network, move, rate), means), error

    fit, errors = jax.lax.scan(step, fit, (picked, rates))
    return fit, errors.mean()


def fitted_values(
    fit: Fit,
    inputs: Float[np.ndarray, "state input"],
    values: Float[np.ndarray, " state"],
    weight: Float[np.ndarray, " state"],
    draw: np.random.Generator,
    *,
    steps: int,
    batch: int,
    rate: float,
    room: int,
) -> tuple[Fit, float]:
    """Fit a network to values of states.

    Parameters
    ----------
    fit
        The network.
    inputs, values
        What is read in states, and what they are worth, in units of the network.
    weight
        How much each counts, about 1.
    draw
        Draws the states of each step.
    steps, batch
        Steps of Adam, and states of each.
    rate
        Size of the first step; half a cosine leads to 0.
    room
        Number of states that programs are made for, at least as many as there are.

    Returns
    -------
    tuple
        The network, and the root mean square of what is left.

    Notes
    -----
    After the steps the last layer, which errors are linear in, is the solution of least squares.
    """
    count = len(values)
    filled = np.resize(np.arange(count), room)
    there, wanted = jnp.asarray(inputs[filled]), jnp.asarray(values[filled], dtype=jnp.float32)
    heavy = jnp.asarray(weight[filled], dtype=jnp.float32)
    picked = draw.integers(0, count, (steps, batch)).astype(np.int32)
    rates = np.array([rate * cosine(at / steps, 1.0, 0.0) for at in range(steps)], np.float32)
    fit, _ = _descended(fit, there, wanted, heavy, jnp.asarray(picked), jnp.asarray(rates))
    network = solved_last(fit.network, inputs, values, weight)
    left = np.asarray(network(there.T)[0])[:count] - values
    return dataclasses.replace(fit, network=network), float(np.sqrt(np.mean(weight * left**2)))


def solved_last(
    network: Mlp,
    inputs: Float[np.ndarray, "state input"],
    values: Float[np.ndarray, " state"],
    weight: Float[np.ndarray, " state"],
) -> Mlp:
    """Return a network whose last layer fits values best, near the one that it has."""
    hidden = inputs.T.astype(np.float64)
    for layer, bias in zip(network.weights[:-1], network.biases[:-1], strict=True):
        total = np.asarray(layer, np.float64) @ hidden + np.asarray(bias, np.float64)
        hidden = total / (1.0 + np.exp(-np.clip(total, -60.0, 60.0)))
    features = np.concatenate([hidden, inputs.T, np.ones((1, len(inputs)))])
    now = np.concatenate([np.asarray(network.weights[-1]), np.asarray(network.linear)], 1)
    now = np.append(now[0], float(network.biases[-1][0, 0])).astype(np.float64)
    heavy = weight * features
    normal = heavy @ features.T
    normal[np.diag_indices_from(normal)] += RIDGE * len(values)
    new = now + np.linalg.solve(normal, heavy @ (values - now @ features))
    width = len(hidden)
    last, linear, bias = (
        jnp.asarray(each[None], jnp.float32) for each in (new[:width], new[width:-1], new[-1:])
    )
    return Mlp((*network.weights[:-1], last), (*network.biases[:-1], bias), linear)


def rescaled(actor: Acting, inputs: Float[np.ndarray, "state input"]) -> Acting:
    """Return a policy that decides the same and reads quantities on another scale.

    Parameters
    ----------
    actor
        The policy.
    inputs
        What it reads in some states; these quantities have unit size on the new scale.
    """
    encoder, count = actor.encoder, actor.encoder.center.shape[0]
    middle, spread = np.zeros(encoder.width), np.ones(encoder.width)
    found = inputs[:, :count].std(0)
    middle[:count] = np.where(found > LEAST, inputs[:, :count].mean(0), 0.0)
    spread[:count] = np.where(found > LEAST, found, 1.0)
    center = np.asarray(encoder.center) + np.asarray(encoder.scale) * middle[:count]
    scale = np.asarray(encoder.scale) * spread[:count]
    moved = dataclasses.replace(
        encoder, center=jnp.asarray(center, jnp.float32), scale=jnp.asarray(scale, jnp.float32)
    )
    network, shift = actor.network, jnp.asarray(middle[:, None], jnp.float32)
    wide, biases = jnp.asarray(spread, jnp.float32), list(network.biases)
    biases[0] = biases[0] + network.weights[0] @ shift
    biases[-1] = biases[-1] + network.linear @ shift
    weights = (network.weights[0] * wide, *network.weights[1:])
    return dataclasses.replace(
        actor, encoder=moved, network=Mlp(weights, tuple(biases), network.linear * wide)
    )
