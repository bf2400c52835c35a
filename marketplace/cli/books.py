"""Money, the audit trail and the public log: whether they are whole, and what they say."""

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
from marketplace.ledger.balances import rebuild_balances, settled_ends
from marketplace.ledger.queries import balances_before, booked_transfers, first_day, trial_balance
from marketplace.transparency.jobs import append_now, check_now, sign_head_now


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
