"""Served lists by month: partitions are made ahead, and a list without one is kept and moved later."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.kernel.db import db, transaction
from marketplace.recommendations.models import ServedList
from marketplace.recommendations.partitions import ensure_partitions

LONG_AGO = date(2019, 11, 25)


def served_at(*moments: datetime) -> None:
    with transaction():
        for moment in moments:
            db.session.add(
                ServedList(
                    at=moment,
                    surface="home",
                    listing_ids=[1],
                    policy_ids=[None],
                    position_weights=[1.0],
                    relevance=[0.5],
                    propensity=[1.0],
                    benefit_bp=[0],
                    exposure=1.0,
                    registered_exposure=0.0,
                    multipliers={},
                )
            )


def places() -> dict[datetime, str]:
    rows = db.session.execute(text("SELECT at, tableoid::regclass::text FROM served_list ORDER BY at"))
    return {at.astimezone(UTC): name.removeprefix("partitions.") for at, name in rows}


def test_the_months_month_and_the_next_two_are_made_once(session: Session) -> None:
    with transaction():
        assert ensure_partitions(LONG_AGO) == ["served_list_2019_11", "served_list_2019_12", "served_list_2020_01"]
    with transaction():
        assert ensure_partitions(LONG_AGO) == []
        assert ensure_partitions(date(2019, 12, 1)) == ["served_list_2020_02"]


def test_a_list_goes_to_the_month_of_the_market_and_otherwise_to_the_default(session: Session) -> None:
    with transaction():
        ensure_partitions(LONG_AGO)
    # Midnight in the market is four in the afternoon of the day before in UTC.
    november, december = datetime(2019, 11, 30, 15, 59, tzinfo=UTC), datetime(2019, 11, 30, 16, 0, tzinfo=UTC)
    far = datetime(2019, 1, 1, tzinfo=UTC)
    served_at(november, december, far)
    assert places() == {far: "served_list_default", november: "served_list_2019_11", december: "served_list_2019_12"}


def test_lists_that_came_before_their_partition_move_into_it(session: Session) -> None:
    early, other = datetime(2019, 12, 24, tzinfo=UTC), datetime(2019, 2, 1, tzinfo=UTC)
    served_at(early, other)
    assert set(places().values()) == {"served_list_default"}
    numbers = db.session.execute(text("SELECT at, id FROM served_list ORDER BY at")).all()
    with transaction():
        ensure_partitions(LONG_AGO)
    assert places() == {other: "served_list_default", early: "served_list_2019_12"}
    assert db.session.execute(text("SELECT at, id FROM served_list ORDER BY at")).all() == numbers


def test_an_index_of_the_whole_is_on_every_part(session: Session) -> None:
    with transaction():
        ensure_partitions(LONG_AGO)
    columns = text("SELECT indexdef FROM pg_indexes WHERE tablename = 'served_list_2019_12'")
    made = " ".join(db.session.scalars(columns))
    assert all(part in made for part in ("UNIQUE INDEX", "(id, at)", "(account_id)", "USING brin (at)"))


@pytest.mark.parametrize("month", [1, 12])
def test_a_years_end_is_no_obstacle(session: Session, month: int) -> None:
    with transaction():
        made = ensure_partitions(date(2018, month, 1))
    assert len(made) == 3
