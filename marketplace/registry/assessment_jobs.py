"""Counting the four numbers each week, and when an officer asks for it."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import enqueue, job
from marketplace.regions.models import Level
from marketplace.registry.assessing import assess_area
from marketplace.registry.models import Household


@job("registry.assess_area")
def assess_area_job(area_code: str, year: int, actor: str) -> None:
    """Count one area."""
    with transaction():
        assess_area(area_code, year, now=clock.now(), actor=actor)


@job("registry.assess_counties", every="40 17 * * 6", lock="registry.assess_counties")
def assess_counties_job(timestamp: int) -> None:
    """In the night to Sunday, count each county that has households on file, each in a job of its own."""
    year = local_day(datetime.fromtimestamp(timestamp, UTC)).year
    county = func.substr(Household.village_code, 1, int(Level.COUNTY))
    with transaction():
        for code in db.session.scalars(select(county).group_by(county).order_by(county)):
            enqueue(assess_area_job, area_code=code, year=year, actor="registry.assess_counties")
