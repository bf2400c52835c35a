"""Counting entitlements each night, and when a benefit is set or an officer asks."""

from sqlalchemy import func, select

from marketplace.assistance.safety_net.counting import continue_run, start_run
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import enqueue, job
from marketplace.regions.models import Level
from marketplace.regions.queries import within
from marketplace.registry.models import Household


@job("safety_net.count_county")
def count_county_job(area_code: str, actor: str) -> None:
    """Count one county, piece by piece, each committed; one that is cut off goes on from there."""
    with transaction():
        run_id = start_run(area_code, now=clock.now(), actor=actor).id
    more = True
    while more:
        with transaction():
            more = continue_run(run_id, now=clock.now())


@job("safety_net.count_counties", every="20 19 * * *", lock="safety_net.count_counties")
def count_counties_job(timestamp: int) -> None:
    """Each night, count every county that has households on file, each in a job of its own: rules begin with the day."""
    with transaction():
        enqueue_counting("", "safety_net.count_counties")


def enqueue_counting(area_code: str, actor: str) -> None:
    """Have every county that lies in an area, or that the area lies in, counted soon; in the open transaction."""
    county = func.substr(Household.village_code, 1, int(Level.COUNTY))
    query = select(county).where(within(Household.village_code, area_code[: Level.COUNTY]))
    for code in db.session.scalars(query.group_by(county).order_by(county)):
        enqueue(count_county_job, area_code=code, actor=actor)
