"""Processes and resources as arrays: bills of material, durations, hours, changeovers, breakdowns."""

import dataclasses
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.network import Process, Resource, SupplyNetwork
from basestock.uncertainty import Axes, bucket

UNLIMITED = 1e30
"""Stands for "no limit of hours": finite, so that gradients stay finite."""

NUM_SHARES = 257
"""Points of the table of a random share of good output, at the middles of equal cells of probability."""


class Production(eqx.Module):
    """Parameters of processes and resources; a trailing axis of length 1 stands for the replications.

    Parameters
    ----------
    node
        Node that each process runs at; ``num_nodes`` for padding.
    consumes, produces
        Bill of material: units that one run takes, scrap included, and makes before yield.
    pulls
        1 where the process is the first to make the item at its node and no lane brings it there.
    duration
        Periods from start to completion.
    batch
        Runs start in multiples of this; 0 for any number.
    good_share
        Expected share of good runs.
    binomial
        Whether each run turns out good or bad by itself.
    share_table
        Share of good output by quantile, for processes whose whole lot varies.
    order, pass_number
        Processes in the order in which they take components and hours. With changeovers, each priority number is gone
        through twice: first (0) what needs no changeover, then (1) the rest.
    uses
        Hours that one run occupies.
    hours, overtime
        Regular hours of all units in a period, and hours beyond them that a decision may call for.
    limited
        Whether the resource has a limit of hours.
    changeover
        Hours from the process before (0: nothing was set up yet, k + 1: process k) to the next.
    breakdown, repair, breakdown_share
        Probability of a breakdown, cumulative law of its length (P(length <= level + 1)), share of hours it takes.
    maintenance_every, maintenance_length, maintenance_phase
        Windows of maintenance, periods; every 0 for never.
    process_share, resource_share
        Shares of money: of a process among the items it makes, of a resource among the processes that use it.
    slots, levels, instant, random_yield, whole_runs, breaks
        What the program must contain: ring of runs, depth of the bills, durations of 0, random yields, whole units
        of all items, breakdowns.
    whole_items
        1 for items in whole units; ``None`` where all of them or none are.
    """

    node: Int[Array, " process"]
    consumes: Float[Array, "process item 1"]
    produces: Float[Array, "process item 1"]
    pulls: Float[Array, "process item 1"]
    duration: Int[Array, "process 1"]
    batch: Float[Array, "process 1"]
    good_share: Float[Array, "process 1"]
    binomial: Bool[Array, "process 1"] | None
    share_table: Float[Array, "quantile process 1"] | None
    order: Int[Array, " step"]
    pass_number: Int[Array, " step"]
    uses: Float[Array, "resource process 1"]
    hours: Float[Array, "resource 1"]
    overtime: Float[Array, "resource 1"]
    limited: Bool[Array, "resource 1"]
    changeover: Float[Array, "resource before process"] | None
    breakdown: Float[Array, "resource 1"]
    repair: Float[Array, "length resource 1"]
    breakdown_share: Float[Array, "resource 1"]
    maintenance_every: Int[Array, "resource 1"]
    maintenance_length: Int[Array, "resource 1"]
    maintenance_phase: Int[Array, "resource 1"]
    process_share: Float[Array, "process item 1"]
    resource_share: Float[Array, "resource process 1"]
    slots: int = eqx.field(static=True)
    levels: int = eqx.field(static=True)
    instant: bool = eqx.field(static=True)
    whole_runs: bool = eqx.field(static=True)
    breaks: bool = eqx.field(static=True)
    whole_items: Float[Array, "item 1"] | None = None

    def in_units(self, quantity: Array, rule: Callable[[Array], Array]) -> Array:
        """Round ``[..., item, replication]`` by a rule where the items exist in whole units only."""
        if self.whole_runs:
            return rule(quantity)
        if self.whole_items is None:
            return quantity
        return jnp.where(self.whole_items > 0, rule(quantity), quantity)

    @property
    def num_processes(self) -> int:
        """Padded number of processes."""
        return self.consumes.shape[0]

    @property
    def num_resources(self) -> int:
        """Padded number of resources, 0 where the network has none."""
        return self.hours.shape[0]


def compile_production(network: SupplyNetwork, axes: Axes) -> Production | None:
    """Compile processes and resources; ``None`` for a network without processes."""
    if not network.processes:
        return None
    table = _Tables(network, axes)
    whole = {item.name for item in network.items if item.whole_units}
    whole_bill = lambda process: not whole.isdisjoint({**process.consumes, **process.produces})  # noqa: E731
    mixed = 0 < len(whole) < len(network.items)
    order, passes = table.order()
    binomial = table.per_process(lambda process: float(process.yield_law == "binomial"))
    return Production(
        node=jnp.asarray(table.nodes()),
        consumes=jnp.asarray(table.consumes()),
        produces=jnp.asarray(table.produces()),
        pulls=jnp.asarray(table.pulls()),
        duration=jnp.asarray(table.per_process(lambda process: process.duration).astype(np.int32)),
        batch=jnp.asarray(table.per_process(lambda process: process.batch or float(whole_bill(process)))),
        good_share=jnp.asarray(table.per_process(lambda process: process.yield_)),
        binomial=jnp.asarray(binomial > 0) if binomial.any() else None,
        share_table=table.shares(),
        order=jnp.asarray(order),
        pass_number=jnp.asarray(passes),
        uses=jnp.asarray(table.uses()),
        **table.resources(),
        changeover=table.changeovers(),
        process_share=jnp.asarray(table.process_share()),
        resource_share=jnp.asarray(table.resource_share()),
        slots=bucket(max(process.duration for process in network.processes) + 1),
        levels=_depth(network.processes),
        instant=any(process.duration == 0 for process in network.processes),
        whole_runs=len(whole) == len(network.items),
        breaks=any(resource.breakdown > 0 for resource in network.resources),
        whole_items=jnp.asarray(table.whole_items()) if mixed else None,
    )


def _depth(processes: tuple[Process, ...]) -> int:
    """Return the number of levels of the bills of material: 1 where no process makes what another takes."""
    depth = dict.fromkeys((process.name for process in processes), 1)
    for _ in processes:
        for above in processes:
            for below in processes:
                if below.node == above.node and not set(above.produces).isdisjoint(below.consumes):
                    depth[below.name] = max(depth[below.name], depth[above.name] + 1)
    return min(max(depth.values()), len(processes))


@dataclasses.dataclass(frozen=True)
class _Tables:
    """Arrays of one network, on padded axes."""

    network: SupplyNetwork
    axes: Axes

    def per_process(self, value: "object") -> np.ndarray:
        table = np.zeros((self.axes.num_processes, 1), dtype=np.float32)
        table[: len(self.network.processes), 0] = [value(process) for process in self.network.processes]  # type: ignore[operator]
        return table

    def nodes(self) -> np.ndarray:
        nodes = np.full(self.axes.num_processes, self.axes.num_nodes, dtype=np.int32)
        nodes[: len(self.network.processes)] = [
            self.network.node_index[process.node] for process in self.network.processes
        ]
        return nodes

    def _bill(self) -> np.ndarray:
        return np.zeros((self.axes.num_processes, self.axes.num_items, 1), dtype=np.float32)

    def consumes(self) -> np.ndarray:
        table = self._bill()
        for position, process in enumerate(self.network.processes):
            for item, units in process.consumes.items():
                table[position, self.network.item_index[item]] = units / (1.0 - process.scrap.get(item, 0.0))
        return table

    def produces(self) -> np.ndarray:
        table = self._bill()
        for position, process in enumerate(self.network.processes):
            for item, units in process.produces.items():
                table[position, self.network.item_index[item]] = units
        return table

    def whole_items(self) -> np.ndarray:
        table = np.ones((self.axes.num_items, 1), dtype=np.float32)
        table[: len(self.network.items), 0] = [item.whole_units for item in self.network.items]
        return table

    def ranked(self) -> list[int]:
        """Positions of the processes by priority number, then name."""
        processes = self.network.processes
        return sorted(range(len(processes)), key=lambda at: (processes[at].priority, processes[at].name))

    def pulls(self) -> np.ndarray:
        table = self._bill()
        brought = {
            (lane.destination, item)
            for lane in self.network.lanes
            for item in (lane.items if lane.items is not None else self.axes.items)
        }
        for position in self.ranked():
            process = self.network.processes[position]
            for item in process.produces:
                if (process.node, item) not in brought:
                    brought.add((process.node, item))
                    table[position, self.network.item_index[item]] = 1.0
        return table

    def order(self) -> tuple[np.ndarray, np.ndarray]:
        ranked = [*self.ranked(), *range(len(self.network.processes), self.axes.num_processes)]
        if not any(resource.changeover for resource in self.network.resources):
            return np.array(ranked, dtype=np.int32), np.ones(len(ranked), dtype=np.int32)
        priority = {at: process.priority for at, process in enumerate(self.network.processes)}
        last = max(priority.values()) + 1
        twice = [
            (priority.get(at, last), turn, rank, at) for rank, at in enumerate(ranked) for turn in (0, 1)
        ]
        twice.sort()
        return (
            np.array([at for *_, at in twice], dtype=np.int32),
            np.array([turn for _, turn, _, _ in twice], dtype=np.int32),
        )

    def uses(self) -> np.ndarray:
        axes = self.axes
        table = np.zeros((axes.num_resources, axes.num_processes, 1), dtype=np.float32)
        for position, process in enumerate(self.network.processes):
            for resource, hours in process.uses.items():
                table[axes.resources.index(resource), position] = hours
        return table

    def _per_resource(self, values: list[float], fill: float, dtype: type = np.float32) -> Array:
        table = np.full((self.axes.num_resources, 1), fill, dtype=dtype)
        table[: len(values), 0] = values
        return jnp.asarray(table)

    def resources(self) -> dict[str, Array]:
        each = self.network.resources
        limited = [resource.hours is not None for resource in each]
        hours = [UNLIMITED if r.hours is None else r.hours * r.units for r in each]
        return {
            "hours": self._per_resource(hours, 0.0),
            "overtime": self._per_resource([r.overtime * r.units for r in each], 0.0),
            "limited": self._per_resource([float(flag) for flag in limited], 0.0) > 0,
            "breakdown": self._per_resource([r.breakdown for r in each], 0.0),
            "breakdown_share": self._per_resource([r.breakdown_share for r in each], 0.0),
            "repair": self._repairs(each),
            "maintenance_every": self._per_resource([r.maintenance_every or 0 for r in each], 0, np.int32),
            "maintenance_length": self._per_resource([r.maintenance_length for r in each], 0, np.int32),
            "maintenance_phase": self._per_resource([r.maintenance_phase for r in each], 0, np.int32),
        }

    def _repairs(self, each: tuple[Resource, ...]) -> Array:
        laws = [{r.repair_time: 1.0} if isinstance(r.repair_time, int) else dict(r.repair_time) for r in each]
        levels = bucket(max((max(law) for law in laws), default=1))
        table = np.ones((levels, self.axes.num_resources, 1), dtype=np.float32)
        for position, law in enumerate(laws):
            table[:, position, 0] = np.cumsum([law.get(length, 0.0) for length in range(1, levels + 1)])
        return jnp.asarray(table)

    def changeovers(self) -> Array | None:
        if not any(resource.changeover for resource in self.network.resources):
            return None
        axes = self.axes
        table = np.zeros((axes.num_resources, axes.num_processes + 1, axes.num_processes), dtype=np.float32)
        for position, resource in enumerate(self.network.resources):
            for (before, after), hours in resource.changeover.items():
                table[position, axes.processes.index(before) + 1, axes.processes.index(after)] = hours
        return jnp.asarray(table)

    def shares(self) -> Array | None:
        if not any(process.yield_law == "beta" for process in self.network.processes):
            return None
        from scipy.special import betaincinv

        levels = (np.arange(NUM_SHARES) + 0.5) / NUM_SHARES
        table = np.ones((NUM_SHARES, self.axes.num_processes, 1), dtype=np.float32)
        for position, process in enumerate(self.network.processes):
            table[:, position, 0] = process.yield_
            if process.yield_law == "beta":
                mean = process.yield_
                size = mean * (1 - mean) / process.yield_deviation**2 - 1
                table[:, position, 0] = betaincinv(mean * size, (1 - mean) * size, levels)
        return jnp.asarray(table)

    def process_share(self) -> np.ndarray:
        """Share a process's money among what it makes by units, or among what it takes if it makes nothing."""
        made, taken = self.produces(), self.consumes()
        bill = np.where(made.sum(1, keepdims=True) > 0, made, taken)
        return bill / np.maximum(bill.sum(1, keepdims=True), 1e-30)

    def resource_share(self) -> np.ndarray:
        """Share a resource's money equally among the processes that use it, or among all if none does."""
        used = (self.uses() > 0).astype(np.float32)
        real = np.zeros_like(used)
        real[:, : len(self.network.processes)] = 1.0
        used = np.where(used.sum(1, keepdims=True) > 0, used, real)
        return used / np.maximum(used.sum(1, keepdims=True), 1.0)
