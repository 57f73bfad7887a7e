"""A picture of a network and its stock."""

import os
import sys
from typing import Any, Literal

import numpy as np

from basestock.decision import Problem
from basestock.dynamics import State

RenderMode = Literal["rgb_array", "human"]

MAX_BARS = 12
"""Items drawn at each node; the rest is added up in one bar."""


def show(problem: Problem, state: State, mode: RenderMode) -> np.ndarray | None:
    """Draw the network: nodes by tier with bars of stock (below zero: waiting demand), lanes with what is under way.

    Parameters
    ----------
    problem
        The problem.
    state
        State of one replication.
    mode
        ``rgb_array`` returns ``uint8[height, width, 3]``; ``human`` opens a window, or prints where there is no screen.

    Raises
    ------
    ImportError
        If matplotlib is not installed: ``basestock[plot]``.
    """
    if mode == "human" and not _has_screen():
        sys.stdout.write(describe(problem, state) + "\n")
        return None
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("render needs matplotlib: install basestock[plot].") from error
    if mode == "human":
        return _window(problem, state)
    figure = Figure(figsize=(8, 5), dpi=80)
    canvas = FigureCanvasAgg(figure)
    _draw(figure, problem, state)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _has_screen() -> bool:
    return (
        bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or sys.platform != "linux"
    ) and not os.environ.get("MPLBACKEND", "").lower().startswith("agg")


def _window(problem: Problem, state: State) -> None:
    from matplotlib import pyplot

    figure = pyplot.figure("basestock", figsize=(8, 5))
    figure.clf()
    _draw(figure, problem, state)
    pyplot.pause(0.001)


def describe(problem: Problem, state: State) -> str:
    """Return the network's stock as text, one line a node."""
    rows = [f"{problem.name}, period {int(state.period)}"]
    for name, stock, waiting in _stock(problem, state):
        units = ", ".join(
            f"{item.name} {value:g}" for item, value in zip(problem.network.items, stock, strict=True)
        )
        rows.append(f"  {name}: {units}" + (f"; waiting {waiting.sum():g}" if waiting.any() else ""))
    for lane, moving in zip(problem.network.lanes, _under_way(problem, state), strict=True):
        rows.append(f"  {lane.name}: {moving.sum():g} under way")
    return "\n".join(rows)


def _stock(problem: Problem, state: State) -> list[tuple[str, np.ndarray, np.ndarray]]:
    count = len(problem.network.items)
    on_hand = np.asarray(state.on_hand)[:, :count, 0]
    waiting = (
        np.zeros_like(on_hand) if state.backorders is None else np.asarray(state.backorders)[:, :count, 0]
    )
    return [(node.name, on_hand[row], waiting[row]) for row, node in enumerate(problem.network.nodes)]


def _under_way(problem: Problem, state: State) -> np.ndarray:
    return np.asarray(state.in_transit)[: len(problem.network.lanes), : len(problem.network.items), 0]


def _places(problem: Problem) -> dict[str, tuple[float, float]]:
    """Return where each supplier and node stands: suppliers on the left, customers on the right."""
    tiers = [tuple(supplier.name for supplier in problem.network.suppliers), *problem.network.tiers()]
    columns = [tier for tier in tiers if tier]
    return {
        name: ((column + 0.5) / len(columns), (row + 0.5) / len(tier))
        for column, tier in enumerate(columns)
        for row, name in enumerate(tier)
    }


def _draw(figure: Any, problem: Problem, state: State) -> None:
    axes = figure.add_axes((0, 0, 1, 0.93))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.axis("off")
    figure.suptitle(f"{problem.name}, period {int(state.period)}", fontsize=11)
    places = _places(problem)
    moving: dict[tuple[str, str], list[float]] = {}
    for lane, units in zip(problem.network.lanes, _under_way(problem, state), strict=True):
        moving.setdefault((lane.source, lane.destination), []).append(float(units.sum()))
    for (source, destination), units in moving.items():
        begin, end = places[source], places[destination]
        axes.annotate(
            "", end, begin, arrowprops={"arrowstyle": "-|>", "color": "#8aa", "shrinkA": 26, "shrinkB": 40}
        )
        axes.text(
            (begin[0] + end[0]) / 2,
            (begin[1] + end[1]) / 2 + 0.015,
            " + ".join(f"{each:g}" for each in units[:4]) + (" + ..." if len(units) > 4 else ""),
            ha="center",
            fontsize=8,
        )
    for supplier in problem.network.suppliers:
        axes.text(
            *places[supplier.name],
            supplier.name,
            ha="center",
            va="center",
            fontsize=8,
            bbox={"boxstyle": "round", "fc": "#eef", "ec": "#88a"},
        )
    stocks = _stock(problem, state)
    top = max(1.0, *(float(np.abs(np.concatenate([stock, waiting])).max()) for _, stock, waiting in stocks))
    height = 0.7 / max(len(tier) for tier in [*problem.network.tiers(), problem.network.suppliers or ("x",)])
    for name, stock, waiting in stocks:
        _bars(axes, places[name], name, _few(stock), _few(waiting), top, min(height, 0.3))


def _few(units: np.ndarray) -> np.ndarray:
    if len(units) <= MAX_BARS:
        return units
    return np.append(units[: MAX_BARS - 1], units[MAX_BARS - 1 :].sum())


def _bars(
    axes: Any,
    at: tuple[float, float],
    name: str,
    stock: np.ndarray,
    waiting: np.ndarray,
    top: float,
    height: float,
) -> None:
    width = 0.1 / len(stock)
    left = at[0] - 0.05
    axes.plot([left - 0.005, left + 0.105], [at[1], at[1]], color="#444", linewidth=1)
    for column, (units, short) in enumerate(zip(stock, waiting, strict=True)):
        x = left + column * width
        axes.bar(
            x, min(units / top, 1.0) * height / 2, width * 0.85, bottom=at[1], align="edge", color="#3a7"
        )
        axes.bar(
            x, -min(short / top, 1.0) * height / 2, width * 0.85, bottom=at[1], align="edge", color="#c44"
        )
    axes.text(
        at[0],
        at[1] - (height / 2 if waiting.any() else 0.0) - 0.02,
        f"{name}  {stock.sum():g}" + (f" / -{waiting.sum():g}" if waiting.any() else ""),
        ha="center",
        va="top",
        fontsize=8,
    )
