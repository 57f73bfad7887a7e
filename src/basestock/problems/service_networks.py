"""Folders of real supply chains for guaranteed service, as networks of stages."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from basestock.optimal.closed_form.guaranteed_service import ServiceNetwork, ServiceNetworkError, Stage
from basestock.problems.csv_folder import read_rows

HOLDING_RATE = 0.20
"""Share of its value that holding a unit costs, a year: costs are then money per year, with times in any unit."""

_STAGES = ("chain", "stage", "stage_time", "direct_cost", "max_service_time", "demand_sd", "z")
_ARCS = ("chain", "source", "target")


def read_service_networks(
    folder: Path | str, *, holding_rate: float = HOLDING_RATE, chains: Sequence[str] | None = None
) -> dict[str, ServiceNetwork]:
    """Read the chains of a folder with ``stages.csv`` and ``arcs.csv``, plain or with ``.gz``.

    Parameters
    ----------
    folder
        The folder.
    holding_rate
        Money that holding a unit costs, as a share of its value.
    chains
        The chains to read; all if not given.

    Returns
    -------
    dict
        Network by chain, in the order of the file.

    Raises
    ------
    ServiceNetworkError
        If a file, a column or a chain is missing, a number is none, or the stages of a chain do not make a network.

    Notes
    -----
    Conventions of the data set of Willems 2008, doi:10.1287/msom.1070.0176, in the model of Graves and Willems 2000,
    doi:10.1287/msom.2.1.68.23267: an arc moves one unit of its source into one unit of its target. The value of a unit
    is the cost added at its stage and at all stages before it, C_j = c_j + sum of C_i; holding it costs the rate times
    that. The variance of a stage's demand is the sum of those that it supplies, and its own where it faces customers.
    Stock covers z sigma sqrt(tau), with the largest z of the chain at every stage. Service times to customers are at
    most those stated, and nobody outside makes a stage wait. See Humair and Willems 2011,
    doi:10.1287/opre.1100.0913, for networks of any shape.
    """
    if not holding_rate >= 0:
        raise ServiceNetworkError(
            f"service networks: holding_rate is {holding_rate}, must be a number >= 0. Correct it."
        )
    place = Path(folder)
    stages: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    sources: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in read_rows(place, "stages", _STAGES, ServiceNetworkError):
        stages[row["chain"]].append(row)
    for row in read_rows(place, "arcs", _ARCS, ServiceNetworkError):
        sources[row["chain"], row["target"]].append(row["source"])
    strange = sorted({chain for chain, _ in sources} - set(stages))
    if strange:
        raise ServiceNetworkError(
            f"{place}: arcs name the chain {strange[0]!r}, must be one of stages. Correct the files."
        )
    unknown = sorted(set(chains or ()) - set(stages))
    if unknown:
        raise ServiceNetworkError(
            f"{place}: there is no chain {unknown[0]!r}, must be one of {', '.join(stages)}. Choose another."
        )
    return {
        chain: _network(chain, rows, sources, holding_rate)
        for chain, rows in stages.items()
        if chains is None or chain in chains
    }


def _network(
    chain: str, rows: list[Mapping[str, str]], sources: Mapping[tuple[str, str], list[str]], rate: float
) -> ServiceNetwork:
    def number(row: Mapping[str, str], column: str) -> float | None:
        text = (row[column] or "").strip()
        try:
            return float(text) if text else None
        except ValueError:
            raise _wrong_number(chain, row, column) from None

    def given(row: Mapping[str, str], column: str) -> float:
        value = number(row, column)
        if value is None:
            raise _wrong_number(chain, row, column)
        return value

    score = max((number(row, "z") or 0.0 for row in rows), default=0.0)
    added = ServiceNetwork(
        tuple(
            Stage(
                row["stage"],
                tuple(sources.get((chain, row["stage"]), ())),
                given(row, "stage_time"),
                given(row, "direct_cost"),
                score,
                max_outbound=number(row, "max_service_time"),
                deviation=number(row, "demand_sd") or 0.0,
            )
            for row in rows
        )
    )
    return added.with_cumulative_costs(rate)


def _wrong_number(chain: str, row: Mapping[str, str], column: str) -> ServiceNetworkError:
    where = f"chain {chain!r}, stage {row['stage']!r}"
    return ServiceNetworkError(f"{where}: {column} is {row[column]!r}, must be a number. Correct it.")
