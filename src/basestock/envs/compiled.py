"""Compiled steps, shared by environments of equal structure."""

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax

from basestock.envs.functional import Environment

Function = Callable[..., Any]


class Compiled:
    """Functions ``(environment, ...) -> arrays`` of one environment, ready to be called many times.

    The part of an environment that shapes its program is hashed once, here, and not at every call: that took longer
    than a step of a small network.

    Parameters
    ----------
    environment
        The environment.
    """

    def __init__(self, environment: Environment) -> None:
        self._arrays, static = eqx.partition(environment, eqx.is_array)
        leaves, structure = jax.tree.flatten(static)
        self._static = (tuple(leaves), structure)

    def __call__(self, function: Function) -> Function:
        """Return ``function`` compiled with the environment as its first argument filled in."""
        return functools.partial(_compile(function, *self._static), self._arrays)


@functools.cache
def _compile(function: Function, leaves: tuple[Any, ...], structure: Any) -> Function:
    static = jax.tree.unflatten(structure, leaves)

    def run(arrays: Any, *arguments: Any) -> Any:
        return function(eqx.combine(arrays, static), *arguments)

    return jax.jit(run)
