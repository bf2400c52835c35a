"""Making forecasts anew: prices each night, everything else each week."""

from datetime import UTC, datetime

from marketplace.forecasts.queries import is_made_up, price_sources
from marketplace.forecasts.relapse_service import run_relapse
from marketplace.forecasts.service import run_demand, run_needs, run_prices
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid
from marketplace.kernel.jobs import job


@job("forecasts.run_prices", every="10 19 * * *", lock="forecasts.run_prices")
def run_prices_job(timestamp: int) -> None:
    """Each night forecast the prices of every market of which enough is known."""
    with transaction():
        sources, made_up = price_sources(), is_made_up()
    for source in sources:
        try:
            with transaction():
                run_prices(source, made_up=made_up, now=datetime.fromtimestamp(timestamp, UTC))
        except Invalid:
            # A young market is forecast once it has a past.
            continue


@job("forecasts.run_weekly", every="40 19 * * 1", lock="forecasts.run_weekly")
def run_weekly_job(timestamp: int) -> None:
    """Each week forecast what will be asked for, what will be lacking, and who may fall back."""
    for run in (run_demand, run_needs, run_relapse):
        try:
            with transaction():
                run(made_up=is_made_up(), now=datetime.fromtimestamp(timestamp, UTC))
        except Invalid:
            continue
