"""How every command that takes a SOURCE reads it."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from basestock.cli.common import Common
from basestock.cli.errors import DATA, USAGE, CommandError, require_known
from basestock.cli.options import GAPS, Reading, day
from basestock.cli.settings import pairs, refuse_parameters

if TYPE_CHECKING:
    from basestock.data.dataset import Dataset


def read(source: str, reading: Reading, common: Common, *, strict: bool = False) -> "Dataset":
    """Load a source.

    Raises
    ------
    CommandError
        If the source is not there, or an option is not possible.
    """
    from basestock.data.dataset import load

    refuse_parameters(common.entries, "plan")
    path = Path(source)
    if not path.exists():
        raise CommandError(
            f"{source}: there is no such file or folder; give an export folder, zip or XLSX.", USAGE
        )
    gaps = None if reading.gaps is None else require_known("--gaps", reading.gaps, GAPS)
    data = load(
        path,
        map=reading.map_,
        gaps=cast("Literal['zero', 'closed', 'missing'] | None", gaps),
        assume_factor=reading.assume_factor,
        since=day(reading.since, "--since"),
        as_of=day(common.as_of, "--as-of"),
        currency=common.currency,
        rules=pairs(reading.rule, "--rule") or None,
        strict=strict,
    )
    common.finished("load")
    return data


def require_tables(data: "Dataset", what: str) -> None:
    """Refuse data in which a table is missing without which nothing can be computed.

    Raises
    ------
    CommandError
        With code 3, naming each missing table.
    """
    stops = data.check().stops
    missing = stops.filter(stops["code"] == "RUN-001")
    if missing.height:
        reasons = "; ".join(missing["rule"].to_list())
        raise CommandError(f"nothing to {what}: RUN-001 {reasons}. {missing['remedy'].item(0)}", DATA)


def stop_for_data(data: "Dataset", common: Common, what: str) -> None:
    """Leave with the code of the data's findings, if they stop the job.

    Raises
    ------
    SystemExit
        With code 3 for data that did not pass, 1 for rows that were lost.
    """
    report = data.check()
    if not report.exit_code:
        return
    reasons = "; ".join(f"{row['code']} {row['value']}" for row in report.stops.iter_rows(named=True))
    because = f" ({reasons})" if reasons else ""
    message = f"the data did not pass its checks{because}: {what} is for a first look, not for release"
    raise CommandError(message, report.exit_code or DATA)
