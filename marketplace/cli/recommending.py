"""The recommender, and what the tilt gave."""

import os
from datetime import date, timedelta
from pathlib import Path

import click
from flask import Flask

from marketplace.cli.root import application, cli
from marketplace.kernel import clock
from marketplace.kernel.db import db as database
from marketplace.kernel.db import transaction
from marketplace.recommendations import evaluation, folding, training
from marketplace.recommendations.queries import newest_model
from marketplace.recommendations.report import build_report


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
        train_now(app)


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


def train_now(app: Flask) -> None:
    """Train on all events and switch over."""
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
