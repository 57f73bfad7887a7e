"""Gymnasium spaces of an environment, and the legends that say what their numbers mean."""

from itertools import groupby
from typing import Any

import numpy as np
from gymnasium import spaces

from basestock.decision import Label
from basestock.envs.actions import ActionCodec

LARGEST = 16_777_216.0
"""Bound of every observed quantity: single precision counts units exactly up to 2 ** 24."""

SIGNED = ("inventory_level", "inventory_position", "echelon_position")
"""Observed quantities that may be negative."""


def action_space(codec: ActionCodec) -> spaces.Space[Any]:
    """Return the space of actions of one environment."""
    if codec.kind == "continuous":
        return spaces.Box(-1.0, 1.0, (len(codec.slots),), dtype=np.float32)
    if codec.kind == "multi_discrete":
        return spaces.MultiDiscrete(np.array(codec.sizes, dtype=np.int64))
    return spaces.Discrete(int(np.prod(codec.sizes)))


def flat_space(legend: tuple[Label, ...]) -> spaces.Box:
    """Return the space of flat observations."""
    low = np.array([-LARGEST if label.name in SIGNED else 0.0 for label in legend], dtype=np.float32)
    return spaces.Box(low, np.full(len(legend), LARGEST, dtype=np.float32), dtype=np.float32)


def blocks(legend: tuple[Label, ...]) -> dict[str, slice]:
    """Return where each named block stands in a flat observation.

    Examples
    --------
    >>> blocks((Label("on_hand", "unit", "DC", "bolt"), Label("last_demand", "unit", "DC", "bolt")))
    {'on_hand': slice(0, 1, None), 'last_demand': slice(1, 2, None)}
    """
    found: dict[str, slice] = {}
    begin = 0
    for name, run in groupby(label.name for label in legend):
        end = begin + sum(1 for _ in run)
        found[name] = slice(begin, end)
        begin = end
    return found


def dict_space(legend: tuple[Label, ...]) -> spaces.Space[Any]:
    """Return the space of observations with one array for each named block."""
    flat = flat_space(legend)
    return spaces.Dict(
        {
            name: spaces.Box(flat.low[part], flat.high[part], dtype=np.float32)
            for name, part in blocks(legend).items()
        }
    )


def observation_legend(legend: tuple[Label, ...]) -> tuple[dict[str, Any], ...]:
    """Return name, unit, place and item of each entry of a flat observation."""
    return tuple(
        {
            "name": label.name,
            "unit": label.unit,
            "owner": label.owner,
            "item": label.item,
            "index": label.index,
        }
        for label in legend
    )


def action_legend(codec: ActionCodec) -> tuple[dict[str, Any], ...]:
    """Return what each number of an action stands for, and its quantities."""
    rules = {
        "continuous": "quantity = low + (action + 1) / 2 x (high - low), rounded where whole",
        "multi_discrete": "quantity = choices[action]",
        "discrete": "quantity = choices[digit of the action in mixed base, last slot fastest]",
    }
    return tuple(
        {
            "name": slot.name,
            "unit": slot.unit,
            "owner": slot.owner,
            "item": slot.item,
            "low": slot.low,
            "high": slot.high,
            "choices": None if codec.kind == "continuous" else slot.choices,
            "whole": slot.whole,
            "mapping": rules[codec.kind],
        }
        for slot in codec.slots
    )
