"""What updates of parameters share: optimizers, what is kept when learning diverges, programs compiled beside."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, PyTree

AVERAGING = 0.02
"""Share of the newest network in the running average of networks."""

CENTERING = 0.1
"""Share of the newest rewards in their running mean."""

EXPLODED = 1e6
"""Parameters and mean losses beyond this have diverged: inputs and rewards are of about unit size."""

PROBED = 128
"""States at most on which successive policies are compared."""

POLICY_CHANGE = "charts/policy_change"
"""Name under which an update tells how far the policy moved on states that stay the same over the run."""

FAR = 10.0
"""Error of the critic, in rewards, beyond which its loss grows no faster than the error (Huber's)."""


def compiling(program: Any, *arguments: Any) -> Future[Callable[..., Any]]:
    """Begin to compile a program for some arguments, beside whatever comes next; it is not run."""
    beside = ThreadPoolExecutor(1)
    future = beside.submit(lambda: program.lower(*arguments).compile())
    beside.shutdown(wait=False)
    return future


def ready(program: Callable[..., Any]) -> Future[Callable[..., Any]]:
    """Return a program as if it were compiled: it compiles when it is first run."""
    future: Future[Callable[..., Any]] = Future()
    future.set_result(program)
    return future


def adam(momentum: float = 0.9, damping: float = 0.999, least: float = 1e-5) -> Any:
    """Return Adam without its step.

    Parameters
    ----------
    momentum, damping
        Decay of the means of gradients and of their squares.
    least
        Added to the roots of the mean squares.
    """
    # One long array is quicker to compile than many short ones.
    return optax.flatten(optax.scale_by_adam(momentum, damping, least))


def cut(gradient: PyTree, largest: float) -> PyTree:
    """Return a gradient cut to a norm."""
    share = jnp.minimum(largest / (optax.tree.norm(gradient) + 1e-12), 1.0)
    return jax.tree.map(lambda leaf: share * leaf, gradient)


def stepped(parameters: PyTree, move: PyTree, rate: Array) -> PyTree:
    """Return parameters after a step down."""
    return jax.tree.map(lambda old, by: old - rate * by, parameters, move)


def toward(old: PyTree, new: PyTree, share: float | Array) -> PyTree:
    """Return what has gone a share of the way from the old to the new."""
    return jax.tree.map(lambda before, after: before + share * (after - before), old, new)


def is_fine(parameters: PyTree) -> Array:
    """Tell whether all parameters, and losses beside them, are finite and none has exploded."""
    leaves = [leaf for leaf in jax.tree.leaves(parameters) if eqx.is_inexact_array(leaf)]
    return jnp.stack([(jnp.abs(leaf) < EXPLODED).all() for leaf in leaves]).all()


def kept(fine: Array, new: PyTree, old: PyTree) -> PyTree:
    """Return what is new where that is fine, else what is old."""
    return jax.tree.map(lambda after, before: jnp.where(fine, after, before), new, old)


def recentered(mean: Array, rewards: Array, done: Array) -> Array:
    """Return the running mean of rewards after some updates: of all of them at first, then one that forgets."""
    newest = jnp.maximum(CENTERING, 1.0 / (done + 1))
    return mean + newest * (rewards.mean() - mean)


def probes(inputs: Array) -> Array:
    """Return some states ``[input, state]`` of experience ``[period, input, path]``, from all its periods."""
    flat = jnp.moveaxis(inputs, 1, 0).reshape(inputs.shape[1], -1)
    return flat[:, :: max(flat.shape[1] // PROBED, 1)][:, :PROBED]


def no_probes(periods: int, width: int, paths: int) -> Array:
    """Return probes before the first update, in the shape of those of experience of so many periods."""
    shape = jax.eval_shape(probes, jax.ShapeDtypeStruct((periods + 1, width, paths), np.float32)).shape
    return jnp.asarray(np.zeros(shape, np.float32))
