"""Copies of the database: taking them, trying them, and having one back."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from marketplace.backups import service
from marketplace.backups.queries import backup_folder
from marketplace.backups.restoring import CannotRestore
from marketplace.backups.restoring import restore as restore_copy
from marketplace.backups.sealed_files import DamagedFile
from marketplace.cli.root import application, cli
from marketplace.kernel.embedded_postgres import ServerWillNotStart
from marketplace.kernel.errors import DomainError
from marketplace.kernel.privacy import Keys, own_keys, use_keys


@cli.command()
def backup() -> None:
    """Take a sealed copy of the whole database now, as every night."""
    with application():
        try:
            made = service.back_up()
        except DomainError as error:
            raise click.ClickException(str(error)) from error
        if made.fault is not None:
            raise click.ClickException(made.fault)
        click.echo(f"{made.name}: {made.bytes:,} bytes in {backup_folder()}")


@cli.command(name="restore-drill")
@click.option("--restored", "url", help="The address of a database that a managed server restored; nobody may write meanwhile.")
def restore_drill(url: str | None) -> None:
    """Restore the newest copy into a second server and compare every table; ends with status 1 when one differs."""
    with application():
        try:
            made = service.compare_with_restored(url) if url else service.hold_drill(say=click.echo)
        except DomainError as error:
            raise click.ClickException(str(error)) from error
        if made.fault is not None:
            raise click.ClickException(made.fault)
        for table in made.differing:
            click.echo(f"DIFFERENT: {table}")
        if made.differing:
            sys.exit(1)
        click.echo(f"all {made.tables} tables with {made.rows:,} rows are the same; restored in {made.restore_s} s")


@cli.command()
@click.argument("into", type=click.Path(file_okay=False, path_type=Path))
@click.option("--from", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--keys", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The file of the privacy keys.")
@click.option(
    "--at", "moment", type=click.DateTime(["%Y-%m-%dT%H:%M:%S"]), help="As of when, in UTC; the last moment when absent."
)
def restore(into: Path, folder: Path, keys: Path | None, moment: datetime | None) -> None:
    """Restore a copy into INTO, a data folder that has no database yet; `dev.py run --data INTO` then runs on it."""
    if given := os.environ.get("PRIVACY_KEYS"):
        use_keys(Keys.parse(given))
    elif keys is not None:
        use_keys(Keys.parse(keys.read_text()))
    else:
        use_keys(own_keys(Path(os.environ.get("NONGQIAO_DATA_DIR", "var"))))
    try:
        server = restore_copy(folder, into, moment=moment.replace(tzinfo=UTC) if moment else None, say=click.echo)
    except (CannotRestore, DamagedFile, ServerWillNotStart) as error:
        raise click.ClickException(str(error)) from error
    server.stop()
    click.echo(f"restored into {into}; put privacy_keys, signing_keys and secret_key there before you start it")
