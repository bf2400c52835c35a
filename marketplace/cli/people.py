"""People: their letters, their second factors, and the keys that seal what is known of them."""

import sys

import click

from marketplace.cli.root import application, cli
from marketplace.identity.second_factors import reset_by_command
from marketplace.kernel import clock
from marketplace.kernel.db import db as database
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.key_rotation import BATCH, rotate, values_by_key
from marketplace.kernel.privacy import newest_key_number
from marketplace.web import digest


@cli.command()
def letters() -> None:
    """Write this week's letter to everybody who wants one and has none yet; the worker takes them out."""
    with application():
        written = digest.write_digests(clock.now())
    click.echo(f"{written:,} letters written")


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
