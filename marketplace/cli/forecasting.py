"""Forecasts: make one now and print how far it and the simplest guesses err."""

from collections.abc import Callable

import click

from marketplace.cli.root import application, cli
from marketplace.forecasts import service
from marketplace.forecasts.models import ForecastRun
from marketplace.forecasts.queries import errors_of, is_made_up, price_sources
from marketplace.forecasts.relapse_service import run_relapse
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid

_RUNS: dict[str, Callable[..., ForecastRun]] = {
    "demand": service.run_demand,
    "needs": service.run_needs,
    "relapse": run_relapse,
}


@cli.group(name="forecast")
def forecast_group() -> None:
    """What is likely to come, beside the simplest guesses."""


@forecast_group.command(name="prices")
@click.option("--source", default=None, help="The market; every market when absent.")
def forecast_prices(source: str | None) -> None:
    """Forecast the prices of a market 1, 7 and 28 days ahead."""
    with application():
        with transaction():
            sources = [source] if source else price_sources()
        for each in sources:
            _make(service.run_prices, each)


@forecast_group.command(name="run")
@click.argument("kind", type=click.Choice(sorted(_RUNS)))
def forecast_run(kind: str) -> None:
    """Make a forecast of all areas."""
    with application():
        _make(_RUNS[kind])


def _make(run: Callable[..., ForecastRun], *arguments: str) -> None:
    try:
        with transaction():
            made = run(*arguments, made_up=is_made_up(), now=clock.now())
            lines = [f"{row.horizon:>4}  {row.method:<7}{row.error:>9.4f}  gain {row.gain:>7.1%}" for row in errors_of(made)]
            click.echo(f"{made.kind} {made.scope}: known until {made.cut_on}, tested from {made.test_from}".replace(" :", ":"))
            click.echo("\n".join(lines))
            click.echo("has drifted" if made.drifted else "has not drifted")
    except Invalid as error:
        raise click.ClickException(str(error)) from error
