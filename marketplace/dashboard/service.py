"""Building the facts. A day replaces its own rows and comes out the same however often it is built."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, Table, delete, func, insert, select, text

from marketplace.dashboard.building import EXPOSURE, days_of_sales, months_of_sales
from marketplace.dashboard.models import ExposureFact, FactVersion, SalesFact, SalesMonth
from marketplace.dashboard.pieces import next_month
from marketplace.kernel.clock import day_bounds
from marketplace.kernel.db import db


def build_days(first: date, last: date) -> int:
    """Build the facts of a span of days, and the months they lie in; answers how many sales facts there are now."""
    _in_turn()
    db.session.execute(delete(SalesFact).where(SalesFact.sold_on.between(first, last)))
    built = _add(SalesFact.__table__, days_of_sales(first, last))
    begins, ends = first.replace(day=1), next_month(last) - timedelta(days=1)
    db.session.execute(delete(SalesMonth).where(SalesMonth.month_on.between(begins, ends)))
    _add(SalesMonth.__table__, months_of_sales(begins, ends))
    _give_versions(begins, ends)
    begin, end = day_bounds(first, last)
    db.session.execute(delete(ExposureFact).where(ExposureFact.shown_on.between(first, last)))
    db.session.execute(EXPOSURE, {"begin": begin, "end": end})
    return built


def build_day(day: date) -> int:
    """Build one day."""
    return build_days(day, day)


def build_all() -> int:
    """Build every day on which something was paid or shown, and clear the others."""
    _in_turn()
    for table in ("sales_fact", "sales_month", "fact_version", "exposure_fact"):
        db.session.execute(text(f"DELETE FROM {table}"))
    span = db.session.execute(
        text(
            "SELECT least(paid.first_at, shown.first_at) AT TIME ZONE 'Asia/Shanghai',"
            " greatest(paid.last_at, shown.last_at) AT TIME ZONE 'Asia/Shanghai'"
            " FROM (SELECT min(paid_at) AS first_at, max(paid_at) AS last_at FROM order_group) paid,"
            " (SELECT min(at) AS first_at, max(at) AS last_at FROM served_list) shown"
        )
    ).one()
    return build_days(span[0].date(), span[1].date()) if span[0] is not None else 0


def _give_versions(first: date, last: date) -> None:
    db.session.execute(delete(FactVersion).where(FactVersion.month_on.between(first, last)))
    months = select(SalesMonth.month_on).where(SalesMonth.month_on.between(first, last)).distinct().subquery()
    rows = select(months.c.month_on, func.gen_random_uuid())
    db.session.execute(insert(FactVersion).from_select(["month_on", "version"], rows))


def _in_turn() -> None:
    """Wait for whoever builds, until this transaction ends: two days of one month would each add it up without the other."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('dashboard.facts', 0))"))


def _add(table: Any, rows: Select[Any]) -> int:
    assert isinstance(table, Table)
    # All columns, in their order.
    statement = insert(table).from_select(list(table.columns), rows).execution_options(preserve_rowcount=True)
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]
