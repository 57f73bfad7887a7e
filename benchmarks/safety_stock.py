"""How near to the optimum safety stock is placed on real chains, and how long that takes.

``python -m benchmarks.safety_stock [FOLDER] [CHAIN ...]`` prints chain, stages, arcs, cost, bound, gap and seconds; the
folder has ``stages.csv`` and ``arcs.csv``, and is the one beside the repository when not given.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from basestock.optimal.closed_form.guaranteed_service import Placement, ServiceNetwork
from basestock.optimal.programs.guaranteed_service import proven_placement
from basestock.problems.service_networks import read_service_networks
from benchmarks.registry import Benchmark, Measurement

FOLDER = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "willems_networks"
LIMIT_PERCENT = 1.0
"""Largest gap of chains below 500 stages with whole times."""


def placed(chains: Sequence[str], folder: Path) -> Iterator[tuple[str, ServiceNetwork, Placement, float]]:
    """Yield chain, network, placement and seconds; all chains where none is named."""
    networks = read_service_networks(folder, chains=chains or None)
    for chain in chains or networks:
        start = time.perf_counter()
        found = proven_placement(networks[chain], time_limit=300)
        yield chain, networks[chain], found, time.perf_counter() - start


def measure() -> Iterator[Measurement]:
    """Report gap and seconds of every chain."""
    for chain, network, found, seconds in placed((), FOLDER) if FOLDER.exists() else ():
        whole = all(float(stage.processing_time).is_integer() for stage in network.stages)
        limit = LIMIT_PERCENT if whole and len(network.stages) < 500 else None
        yield Measurement.counted(f"gap, chain {chain}", found.gap_percent, "percent", limit)
        yield Measurement.counted(f"time, chain {chain}", seconds, "s", 600.0 if limit else None)


def line(chain: str, network: ServiceNetwork, found: Placement, seconds: float) -> str:
    """Return one row of the table."""
    size = f"{len(network.stages):>6} {network.num_arcs:>6}"
    money = f"{found.cost:>16.4f} {found.lower_bound:>16.4f}"
    return f"{chain:>5} {size} {money} {found.gap_percent:>9.4f} {seconds:>8.1f}"


def main(argv: Sequence[str]) -> None:
    """Print the table."""
    folder, chains = (Path(argv[0]), argv[1:]) if argv and Path(argv[0]).is_dir() else (FOLDER, argv)
    print("chain stages   arcs             cost            bound     gap %  seconds")
    for row in placed(chains, folder):
        print(line(*row), flush=True)


BENCHMARK = Benchmark("safety_stock", "safety stock placed on real chains", measure, quick=False)

if __name__ == "__main__":
    main(sys.argv[1:])
