"""Real connections that add to the same sums at the same moment: nothing is lost, and nobody waits for ever."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.recommendations import loaded
from marketplace.recommendations.models import ListingExposure, ServedList, TiltSum
from marketplace.recommendations.queries import NEW_EXPOSURE
from marketplace.recommendations.service import recommend
from recommender import tally
from tests import factories
from tests.factories import NOW
from tests.own_database import own_database, race
from tests.recommendations.logged import exposure_by_policy

ROUNDS = 10


@pytest.fixture
def shop(database_server: embedded_postgres.Server, data_dir: Path, tmp_path: Path) -> Iterator[Flask]:
    """A database that several connections commit to, with two policies, floors and new listings."""
    with own_database(database_server, data_dir, "tilt_races") as app:
        loaded.use_models_in(tmp_path)
        with app.app_context(), transaction():
            for county in ("522636", "522635"):
                policy = factories.policy(county, exposure_share=0.5)
                policy.household_floor = 0.5
                db.session.add(TiltSum(policy_id=policy.id, name="severity", value=5.0))
                for number in range(15):
                    seller = factories.producer(f"{county}100001", registered=number % 3 == 0)
                    published_at = NOW - timedelta(days=3 if number % 5 == 4 else 60)
                    factories.listing(seller, rank=1.0 - number * 0.01, published_at=published_at)
        yield app
        loaded.use_models_in(Path("var/models"))


def show(surface: str) -> None:
    with transaction():
        recommend(None, surface, 12, now=NOW)


def show_and_go_back() -> None:
    with transaction():
        recommend(None, "home", 12, now=NOW)
        db.session.rollback()


def test_lists_served_at_once_lose_no_sum_and_never_wait_in_a_ring(shop: Flask) -> None:
    with shop.app_context():
        show("home")
    before_the_sums = "SELECT FROM tilt_sum WHERE name = 'exposure' FOR UPDATE"
    for _ in range(ROUNDS):
        answers = race(
            shop, lambda: show("home"), lambda: show("api"), show_and_go_back, lambda: show("home"), behind=before_the_sums
        )
        assert answers == [None] * 4
    with shop.app_context():
        lists = db.session.scalars(select(ServedList)).all()
        assert len(lists) == 1 + 3 * ROUNDS
        by_policy = exposure_by_policy(NOW, NOW + timedelta(seconds=1))
        assert len(by_policy) == 2
        for row in by_policy:
            sums = dict(db.session.execute(select(TiltSum.name, TiltSum.value).filter_by(policy_id=row.policy_id)).all())
            assert sums[tally.REQUESTS] == row.lists
            assert sums[tally.EXPOSURE] == pytest.approx(row.exposure)
            assert sums[tally.REGISTERED_EXPOSURE] == pytest.approx(row.registered_exposure)
            helped = sum(value for name, value in sums.items() if name.startswith("household:"))
            assert helped == pytest.approx(row.registered_exposure)
        shown: dict[int, float] = {}
        for served in lists:
            for listing_id, weight in zip(served.listing_ids, served.position_weights, strict=True):
                shown[listing_id] = shown.get(listing_id, 0.0) + weight
        new = dict(db.session.execute(select(ListingExposure.listing_id, ListingExposure.exposure)).all())
        # None has had all it is owed yet, so every list it stood in was counted.
        assert len(new) == 6
        assert max(new.values()) < NEW_EXPOSURE
        assert new == pytest.approx({listing_id: shown[listing_id] for listing_id in new})
        assert db.session.scalar(select(func.count()).select_from(TiltSum).filter_by(name="severity")) == 2
