"""All rules in their order: cells, identifiers, references, tables, units, money, what follows from them."""

from __future__ import annotations

from typing import Literal, cast

from basestock.data.frames import FeedFrame, SourceInfo
from basestock.data.issues import IssueLog
from basestock.data.rules import (
    exchange,
    history,
    keys,
    leadtimes,
    masters,
    money,
    numbers,
    orders,
    places,
    sources,
    structure,
)
from basestock.data.rules.catalog import check_categories, check_item_sizes, check_kinds_of_items
from basestock.data.rules.convert import build_work
from basestock.data.rules.defaults import fill_defaults
from basestock.data.rules.dependent import check_replenishment
from basestock.data.rules.drift import EarlierLoad, check_drift
from basestock.data.rules.episodes import check_episodes
from basestock.data.rules.explosion import check_explosion, check_made_and_bought
from basestock.data.rules.forecasts import check_forecasts
from basestock.data.rules.hindsight import check_promises, check_row_order
from basestock.data.rules.identifiers import clean_identifiers, flag_case_twins, flag_mixed_scripts
from basestock.data.rules.lanes import check_lanes
from basestock.data.rules.levels import check_levels
from basestock.data.rules.limits import check_limits
from basestock.data.rules.lots import check_lots
from basestock.data.rules.open_days import check_open_days
from basestock.data.rules.order_forms import (
    check_frames,
    check_order_values,
    check_postings,
    check_price_basis,
    note_partial_deliveries,
)
from basestock.data.rules.prices import check_prices
from basestock.data.rules.rates import review_days
from basestock.data.rules.restated import check_restated
from basestock.data.rules.stock import (
    check_frozen,
    check_missing_stock,
    check_movements,
    check_stock,
    check_stock_places,
)
from basestock.data.rules.uom import check_conversions, convert_quantities
from basestock.data.rules.work import Settings, Work, merged_settings

Gaps = Literal["zero", "closed", "missing"]


def run_rules(
    feeds: list[FeedFrame],
    info: SourceInfo,
    log: IssueLog,
    settings: Settings,
    earlier: EarlierLoad | None = None,
) -> Work:
    """Bring feeds of text through all rules.

    Parameters
    ----------
    feeds : list of FeedFrame
        Text in canonical names.
    info : SourceInfo
        Declarations of the source.
    log : IssueLog
        Gets every finding.
    settings : Settings
        What the loading person said.
    earlier : EarlierLoad, optional
        An earlier load to compare with.

    Returns
    -------
    Work
        Accepted and repaired rows, and everything about the others.
    """
    work = build_work(feeds, info, log, settings)
    work.gaps = merged_settings(info, settings)["gaps"] or "missing"
    _identify(work)
    _place(work)
    _check_tables(work)
    _convert(work)
    check_drift(work, earlier)
    check_restated(work, earlier)
    _conclude(work)
    return work


def _identify(work: Work) -> None:
    """Identifiers and rows on their own."""
    clean_identifiers(work)
    structure.drop_markers(work)
    keys.remember_masters(work)
    sources.repair_multiples(work)
    numbers.clean_rounding(work)
    numbers.check_bounds(work)
    work.settle()
    flag_case_twins(work)
    flag_mixed_scripts(work)
    numbers.check_place_holders(work)
    numbers.check_constants(work)


def _place(work: Work) -> None:
    """Where and when, kinds, duplicates, references."""
    places.fill_places(work)
    keys.check_references(work)
    places.derive_suppliers(work)
    places.settle_as_of(work)
    places.check_history_dates(work)
    places.check_epochs(work)
    history.check_kinds(work)
    history.settle_bucket(work)
    history.treat_returns(work)
    keys.check_duplicates(work)
    check_categories(work)
    masters.check_locations(work)
    masters.check_naive_instants(work)


def _check_tables(work: Work) -> None:
    """Every table by its own rules, in the units and currencies of the source."""
    check_frames(work)
    orders.check_orders(work)
    orders.check_receipts(work)
    note_partial_deliveries(work)
    sources.check_validity(work)
    leadtimes.check_lead_times(work)
    sources.check_order_rules(work)
    sources.check_expediting(work)
    structure.check_boms(work)
    check_explosion(work)
    structure.check_successions(work)
    structure.check_calendars(work)
    structure.check_overrides(work)
    check_lanes(work)
    check_stock(work)
    check_stock_places(work)
    check_lots(work)


def _convert(work: Work) -> None:
    """One currency, one unit per item."""
    money.settle_currency(work)
    exchange.check_rates(work)
    money.convert_money(work)
    unconverted = money.offers(work)
    conversions = check_conversions(work)
    convert_quantities(work, conversions)
    orders.check_order_units(work)
    check_order_values(work)
    numbers.check_whole_units(work)
    numbers.check_sizes(work)
    money.check_costs(work, unconverted)


def _conclude(work: Work) -> None:
    """What only the whole shows: sources, life cycles, histories, missing stock, defaults."""
    sources.check_priorities(work)
    sources.check_minimums(work)
    check_made_and_bought(work)
    check_promises(work)
    check_row_order(work)
    check_postings(work)
    check_price_basis(work)
    check_prices(work)
    check_limits(work)
    check_kinds_of_items(work)
    check_item_sizes(work)
    sources.check_unsourced(work)
    check_replenishment(work)
    structure.check_bom_costs(work)
    masters.check_life_cycle(work)
    history.check_gaps(work)
    history.check_last_bucket(work)
    history.check_censoring(work)
    check_open_days(work)
    check_levels(work)
    check_episodes(work)
    history.check_outliers(work)
    masters.check_history_length(work)
    check_forecasts(work)
    check_missing_stock(work)
    check_frozen(work)
    check_movements(work)
    places.check_set_dates(work)
    places.check_snapshot_age(work, review_days(work))
    fill_defaults(work)
    work.settle()


def declared_gaps(work: Work) -> Gaps | None:
    """Return what absent buckets mean, None when nobody says."""
    return cast("Gaps | None", merged_settings(work.info, work.settings)["gaps"])
