"""How policies reach the general order and the controllers: who has to wait, what is written, and what days it goes by."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from marketplace.catalogue.models import Listing, Producer
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.recommendations import loaded, tilting
from marketplace.recommendations.models import Policy, TiltSum
from marketplace.recommendations.policy_jobs import apply_policies_job, count_sellers_job
from marketplace.recommendations.tilting import apply_policies, count_sellers
from marketplace.recommendations.world import read_world
from marketplace.registry.models import Household
from marketplace.registry.service import end_status, open_revision
from recommender import tally
from tests import factories
from tests.factories import NOW, TODAY
from tests.own_database import own_database, wait_until_held_up
from tests.recommendations.shop_of_readers import fill, trained


@pytest.fixture
def shop(models: Path) -> list[Listing]:
    """Forty listings, every fourth a registered household's, and a model that knows who buys them."""
    with transaction():
        listings, _ = fill()
    trained(models)
    return listings


def ranks() -> dict[int, float]:
    return dict(db.session.execute(select(Listing.id, Listing.rank)).all())


def row_versions() -> list[tuple[int, str]]:
    """Where each row lies: it moves whenever it is written."""
    return [tuple(row) for row in db.session.execute(text("SELECT id, ctid::text FROM listing ORDER BY id"))]


def sums_of(policy: Policy) -> dict[str, float]:
    return dict(db.session.execute(select(TiltSum.name, TiltSum.value).filter_by(policy_id=policy.id)).all())


def policy_until(last_day: date | None) -> Policy:
    policy = factories.policy("522636", exposure_share=0.7)
    policy.ends_on = last_day
    return policy


def test_ranks_that_stay_the_same_are_not_written_again(shop: list[Listing]) -> None:
    with transaction():
        policy_until(None)
    before = row_versions()
    apply_policies(now=NOW)
    tilted = row_versions()
    assert tilted != before
    apply_policies(now=NOW)
    assert row_versions() == tilted


def test_the_hourly_job_takes_up_policies_that_begin_and_gives_the_order_back_when_they_end(shop: list[Listing]) -> None:
    untilted = ranks()
    with transaction():
        policy = policy_until(TODAY)
    apply_policies_job(int(NOW.timestamp()))
    assert sums_of(policy)[tally.START_EXPOSURE] > 0
    assert max(ranks()[one.id] - untilted[one.id] for one in shop[::4]) > 0
    apply_policies_job(int((NOW + timedelta(days=1)).timestamp()))
    assert ranks() == pytest.approx(untilted)


def test_counting_alone_leaves_the_order_and_a_policy_counted_first_still_begins_with_its_price(shop: list[Listing]) -> None:
    untilted = ranks()
    with transaction():
        policy = policy_until(None)
    count_sellers_job(int(NOW.timestamp()))
    assert (ranks(), sums_of(policy)) == (untilted, {"severity": 10.0})
    apply_policies(now=NOW)
    assert sums_of(policy)[tally.START_EXPOSURE] > 0


def test_a_first_price_counts_what_lists_have_raised_the_price_to_already(shop: list[Listing]) -> None:
    with transaction():
        policy = policy_until(None)
    apply_policies(now=NOW)
    whole = sums_of(policy)[tally.START_EXPOSURE]
    with transaction():
        db.session.query(TiltSum).filter_by(policy_id=policy.id, name=tally.START_EXPOSURE).delete()
        # As if the lists before had shown next to nothing of registered households.
        for name, value in {tally.EXPOSURE: 1e6, tally.REGISTERED_EXPOSURE: 0.0, tally.EXPECTED_SALES: 1e5}.items():
            db.session.add(TiltSum(policy_id=policy.id, name=name, value=value))
    apply_policies(now=NOW)
    assert whole > 0
    assert sums_of(policy)[tally.START_EXPOSURE] == 0.0


def test_a_status_that_ends_today_counts_before_the_benefit_of_listings_is_refreshed(shop: list[Listing]) -> None:
    with transaction():
        policy = policy_until(None)
        seller = db.session.get_one(Producer, shop[0].producer_id)
        household = db.session.get_one(Household, seller.household_id)
        end_status(household, TODAY - timedelta(days=1), open_revision("lifted", actor="test", now=NOW))
    assert db.session.get_one(Listing, shop[0].id).benefit_bp == 10_000
    count_sellers(now=NOW)
    assert sums_of(policy)["severity"] == 9.0
    world = read_world(now=NOW)
    assert world is not None
    assert dict(zip(world.listing_ids.tolist(), world.benefit.tolist(), strict=True))[shop[0].id] == 0.0


@pytest.fixture
def own_shop(database_server: embedded_postgres.Server, data_dir: Path, tmp_path: Path) -> Iterator[Flask]:
    """A database that several connections commit to, with a model and a policy that has just begun."""
    with own_database(database_server, data_dir, "tilting") as app:
        loaded.use_models_in(tmp_path)
        with app.app_context():
            with transaction():
                fill(listings=21, readers=15)
            trained(tmp_path)
            with transaction():
                policy_until(None)
        yield app
        loaded.use_models_in(Path("var/models"))


def test_goods_can_be_bought_while_prices_are_found_and_ranks_are_written(
    own_shop: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tilting, "_PORTION", 1)

    def apply() -> None:
        with own_shop.app_context():
            apply_policies(now=NOW)

    with own_shop.app_context(), db.engine.connect() as buyer, ThreadPoolExecutor(1) as worker:
        before = ranks()
        db.session.rollback()
        # The last of them is a registered household's.
        last = max(before)
        buyer.execute(text("SELECT FROM listing WHERE id = :id FOR UPDATE"), {"id": last})
        applying = worker.submit(apply)
        try:
            wait_until_held_up(buyer, 1)
            # It waits for one good alone: its prices stand already, and no other good is kept from anybody.
            assert db.session.scalar(select(TiltSum.value).filter_by(name=tally.START_EXPOSURE)) > 0
            free = text("SELECT id FROM listing WHERE id <> :id FOR UPDATE NOWAIT")
            assert len(db.session.execute(free, {"id": last}).all()) == 20
            written = ranks()
            db.session.rollback()
        finally:
            buyer.rollback()
        applying.result(timeout=60)
        assert written[last] == before[last]
        assert written != before
        assert ranks()[last] != before[last]
        assert {one: rank for one, rank in ranks().items() if one != last} == {
            one: rank for one, rank in written.items() if one != last
        }
