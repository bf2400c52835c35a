"""Money and the audit trail: whether they are whole, and what they say."""

import sys
import time
from datetime import datetime
from typing import TextIO

import click

from marketplace.cli.root import application, cli
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.money import plain_yuan
from marketplace.ledger import beancount
from marketplace.ledger.jobs import check_now, seal_now
from marketplace.ledger.queries import balances_before, booked_transfers, first_day, trial_balance
from marketplace.ledger.seals import rebuild_balances


@cli.command()
def verify() -> None:
    """Check ledger and audit trail whole; ends with status 1 and names the first row that is wrong."""
    with application():
        _verify()


def _verify() -> None:
    began = time.monotonic()
    made = check_now()
    click.echo(f"{made.transfers:,} transfers with {made.entries:,} entries, {made.audit_events:,} audit events read", nl=False)
    click.echo(f" in {time.monotonic() - began:.1f} s")
    if made.fault is not None:
        click.echo(f"FAULT: {made.fault}")
        sys.exit(1)
    click.echo("every transfer sums to zero and says what it said when it was sealed; the audit trail is whole")


@cli.group(name="ledger")
def ledger_group() -> None:
    """Money that has moved."""


@ledger_group.command(name="verify")
def verify_ledger() -> None:
    """Re-add every transfer and follow seals and audit trail; ends with status 1 and names the first row that is wrong."""
    with application():
        _verify()


@ledger_group.command(name="seal")
def seal_ledger() -> None:
    """Seal everything booked until now, as every hour."""
    with application():
        click.echo("sealed" if seal_now(now=clock.now()) else "nothing was booked since the last seal")


@ledger_group.command(name="rebuild-balances")
def rebuild_ledger_balances() -> None:
    """Make the cached balances again from the entries."""
    with application(), transaction():
        rebuild_balances()


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
