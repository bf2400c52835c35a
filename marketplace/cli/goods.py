"""Goods on sale: what they cost elsewhere, the words they are found by, whom they benefit, what was sold."""

import csv
import time
from datetime import date
from pathlib import Path

import click

from marketplace.catalogue import market_prices, price_checks, reindexing
from marketplace.catalogue.jobs import refresh_all_benefit
from marketplace.catalogue.models import Review
from marketplace.cli.root import application, cli
from marketplace.dashboard import service as facts
from marketplace.kernel import audit, clock
from marketplace.kernel.db import db as database
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid
from marketplace.orders.recalls import reach_of, root_of


@cli.group(name="prices")
def prices_group() -> None:
    """What goods cost at markets, and which prices here are unusual."""


@prices_group.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="The market, such as xinfadi; its prices of the same days are replaced.")
@click.option("--names", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV: the market's name, our slug.")
@click.option("--report", "report_to", type=click.Path(dir_okay=False, path_type=Path), help="Write a CSV of every finding.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def import_prices(file: Path, source: str, names: Path | None, report_to: Path | None, dry_run: bool) -> None:
    """Read a market's price list (CSV, plain or .gz), clean it, and keep what is of our kinds of goods."""
    with application(), transaction():
        try:
            also = dict(line[:2] for line in csv.reader(names.open(encoding="utf-8-sig")) if len(line) > 1) if names else {}
            report = market_prices.read_prices(market_prices.lines_in_file(file), market_prices.names_of_goods(also))
            kept = len(report.prices) if dry_run else market_prices.keep_prices(report, source, actor="cli", now=clock.now())
        except Invalid as error:
            raise click.ClickException(str(error)) from error
    for fault, count in report.counts.items():
        click.echo(f"{count:>9,}  {fault.value}")
    if report_to is not None:
        with report_to.open("w", encoding="utf-8", newline="") as out:
            rows = ([finding.line, finding.fault.value, finding.text] for finding in report.findings)
            csv.writer(out).writerows([["line", "fault", "text"], *rows])
    kinds = len({product_id for product_id, _day in report.prices})
    said = "would be kept" if dry_run else "kept"
    click.echo(f"{report.read:,} rows read; {kept:,} days of prices of {kinds:,} kinds {said}")


@prices_group.command(name="check")
def check_prices() -> None:
    """Compare what is on sale with market prices; what is unusual is put before the operator."""
    with application():
        now = clock.now()
        kinds = price_checks.kinds_with_market_prices(clock.local_day(now))
        database.session.rollback()
        checks = flagged = 0
        for product_id in kinds:
            with transaction():
                found = price_checks.examine_kind(product_id, actor="cli", now=now)
                checks += len(found)
                flagged += sum(check.review == Review.OPEN for check in found)
    click.echo(f"{checks:,} prices compared, {flagged:,} unusual")


@cli.command()
def index_listings() -> None:
    """Write the words that listings are found by anew, after the rule for them has changed."""
    with application():
        click.echo(f"{reindexing.index_all():,} listings")


@cli.command()
def refresh_benefit() -> None:
    """Compute the benefit shares of all listings again, as every night."""
    with application():
        refresh_all_benefit.func(int(clock.now().timestamp()))


@cli.group(name="facts")
def facts_group() -> None:
    """The day-level facts of the dashboards."""


@facts_group.command()
@click.option("--day", "days", multiple=True, help="A day to build again (repeatable); all days when absent.")
def build(days: tuple[str, ...]) -> None:
    """Build the sales facts from the order lines."""
    with application(), transaction():
        built = sum(facts.build_day(date.fromisoformat(day)) for day in days) if days else facts.build_all()
    click.echo(f"{built:,} facts")


@cli.command(name="recall-drill")
@click.argument("code")
def recall_drill(code: str) -> None:
    """Show whom a recall of a lot or a box would concern, and how long it took to know; nothing is blocked, nobody is told."""
    with application(), transaction():
        began = time.perf_counter()
        lot, box = root_of(code)
        reach = reach_of(lot, box)
        took_s = time.perf_counter() - began
        concerned = {"lots": len(reach.lot_ids), "lines": len(reach.lines), "households": len(reach.households)}
        audit.record("recall.drilled", "lot", lot.public_id, actor="command", at=clock.now(), **concerned)
    for name, number in concerned.items():
        click.echo(f"{name}: {number:,}")
    click.echo(f"found in {took_s:.2f} s")
