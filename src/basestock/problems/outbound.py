"""Folders of customer orders, plants and freight rates, as a problem of outbound logistics."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from basestock.optimal.programs.model import ProgramError
from basestock.optimal.programs.outbound import OutboundProblem
from basestock.optimal.programs.outbound_records import CustomerOrder, FreightRate, Plant
from basestock.problems.csv_folder import read_rows

Rows = Callable[..., list[Mapping[str, str]]]
"""Returns the rows of a table by its name and columns."""


def read_outbound(folder: Path | str) -> OutboundProblem:
    """Read a folder of the outbound logistics data set of Kalganova and Dzalbs 2019, figshare 7558679.

    Parameters
    ----------
    folder
        With ``orders``, ``freight_rates``, ``plant_costs``, ``plant_capacities``, ``products_per_plant``,
        ``plant_ports`` and ``vmi_customers``, each ``.csv`` or ``.csv.gz``.

    Returns
    -------
    OutboundProblem
        The orders of the day; what the history says of their plant and carrier is left out.

    Raises
    ------
    ProgramError
        If a file or a column is missing, or a number is none.
    """
    place = Path(folder)

    def rows(name: str, *columns: str) -> list[Mapping[str, str]]:
        return list(read_rows(place, name, columns, ProgramError))

    orders = rows(
        "orders",
        "order_id",
        "product_id",
        "customer",
        "service_level",
        "destination_port",
        "unit_quantity",
        "weight",
    )
    bands = rows(
        "freight_rates", "carrier", "origin_port", "destination_port", "min_weight", "max_weight", "service",
        "minimum_cost", "rate", "mode", "transit_days",
    )  # fmt: skip
    try:
        return OutboundProblem(
            tuple(_order(row) for row in orders), _plants(rows), tuple(dict.fromkeys(map(_rate, bands)))
        )
    except ValueError as error:
        if isinstance(error, ProgramError):
            raise
        raise ProgramError(f"{place}: {error}; must be a number. Correct the file.") from None


def _order(row: Mapping[str, str]) -> CustomerOrder:
    return CustomerOrder(
        row["order_id"], row["product_id"], row["customer"], row["service_level"], row["destination_port"],
        float(row["unit_quantity"]), float(row["weight"]),
    )  # fmt: skip


def _rate(row: Mapping[str, str]) -> FreightRate:
    return FreightRate(
        row["carrier"], row["origin_port"], row["destination_port"], row["service"], row["mode"],
        int(row["transit_days"]), float(row["min_weight"]), float(row["max_weight"]), float(row["minimum_cost"]),
        float(row["rate"]),
    )  # fmt: skip


def _plants(rows: Rows) -> tuple[Plant, ...]:
    costs = {
        row["plant"]: float(row["cost_per_unit"]) for row in rows("plant_costs", "plant", "cost_per_unit")
    }
    lists: dict[str, dict[str, list[str]]] = {}
    for name, column in (
        ("products_per_plant", "product_id"),
        ("plant_ports", "port"),
        ("vmi_customers", "customer"),
    ):
        lists[name] = defaultdict(list)
        for row in rows(name, "plant", column):
            lists[name][row["plant"]].append(row[column])
    return tuple(
        Plant(
            row["plant"],
            int(row["daily_capacity_orders"]),
            costs[row["plant"]],
            frozenset(lists["products_per_plant"][row["plant"]]),
            tuple(lists["plant_ports"][row["plant"]]),
            frozenset(lists["vmi_customers"][row["plant"]]),
        )
        for row in rows("plant_capacities", "plant", "daily_capacity_orders")
    )
