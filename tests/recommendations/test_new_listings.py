"""Every new listing gets its bounded exposure: one place in a list, within the guard, until it has had what it is owed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.kernel.db import db, transaction
from marketplace.recommendations import loaded, serving
from marketplace.recommendations.models import ListingExposure, ServedList
from marketplace.recommendations.queries import NEW_EXPOSURE, NEW_FOR_DAYS, owed_exposure, serving_context
from marketplace.recommendations.service import recommend
from tests import factories
from tests.factories import NOW, TODAY
from tests.recommendations.shop_of_readers import fill, trained


@pytest.fixture
def shop(session: Session, tmp_path: Path) -> Iterator[list[Listing]]:
    """Thirty established listings, and three that were first on sale at NOW and that nobody knows."""
    loaded.use_models_in(tmp_path)
    with transaction():
        made = [factories.listing(factories.producer(), rank=1.0 - 0.01 * number) for number in range(30)]
        made += [factories.listing(factories.producer(), rank=0.05, published_at=NOW) for _ in range(3)]
    yield made
    loaded.use_models_in(Path("var/models"))


def serve(moments: list[float]) -> list[ServedList]:
    """Serve a list of ten at each of the moments, in days after NOW; answers those lists."""
    before = db.session.scalars(select(ServedList.id)).all()
    for days in moments:
        with transaction():
            recommend(None, "home", 10, now=NOW + timedelta(days=days))
    return list(db.session.scalars(select(ServedList).where(ServedList.id.not_in(before)).order_by(ServedList.id)))


def received() -> dict[int, float]:
    return dict(db.session.execute(select(ListingExposure.listing_id, ListingExposure.exposure)).all())


def test_each_new_listing_gets_what_it_is_owed_at_most_one_place_a_list_and_then_no_more(shop: list[Listing]) -> None:
    new = {listing.id for listing in shop[30:]}
    lists = serve(np.linspace(0, NEW_FOR_DAYS - 0.1, 450).tolist())
    shown = [new & set(row.listing_ids) for row in lists]
    exposure = received()
    assert exposure.keys() == new
    assert min(exposure.values()) >= NEW_EXPOSURE
    assert max(exposure.values()) <= NEW_EXPOSURE + 1
    assert max(len(one) for one in shown) == 1
    # With a policy of nobody's the guard is nine tenths of what the list would otherwise be worth.
    best = sum(v * s for v, s in zip(lists[0].position_weights, sorted(relevance_of(shop), reverse=True), strict=False))
    kept = [sum(v * s for v, s in zip(row.position_weights, row.relevance, strict=True)) / best for row in lists]
    assert min(kept) >= 0.9 - 1e-6
    # All have had what they were owed before the time was over, and from then on lists are what they were before.
    last = max(at for at, one in enumerate(shown) if one)
    assert last < 449
    assert all(one == pytest.approx(1.0) for one in kept[last + 1 :])
    assert db.session.scalars(owed_exposure(TODAY)).all() == []


def relevance_of(shop: list[Listing]) -> list[float]:
    """What a stranger's relevance is before the first training."""
    return [listing.rank * 0.1 for listing in shop]


def test_what_was_shown_by_chance_says_with_which_probability(shop: list[Listing]) -> None:
    # In the first moments nothing has fallen due, so a new listing is shown by chance alone, in one list of ten.
    lists = serve([0.0] * 200)
    new = {listing.id for listing in shop[30:]}
    by_chance = [row for row in lists if new & set(row.listing_ids)]
    assert 5 <= len(by_chance) <= 40
    assert {row.listing_ids[-1] for row in by_chance} <= new
    assert all(row.propensity[-1] == pytest.approx(0.1 / 3) for row in by_chance)
    assert all(row.propensity[-1] == pytest.approx(0.9) for row in lists if row not in by_chance)
    assert all(row.propensity[:-1] == [1.0] * 9 for row in lists)
    logged = sum(row.position_weights[-1] for row in by_chance)
    assert sum(received().values()) == pytest.approx(logged)


def test_a_listing_that_is_shown_because_it_is_new_is_said_to_be_new(shop: list[Listing]) -> None:
    with transaction():
        factories.policy(exposure_share=0.1)
        # A new listing of a registered household, with a badge: it is there because it is new all the same.
        newest = factories.listing(factories.producer(registered=True), rank=0.5, published_at=NOW)
        answer = recommend(None, "home", 10, now=NOW + timedelta(days=1))
    reasons = {row.id: reason for row, reason in zip(answer.rows, answer.reasons, strict=True)}
    assert reasons == {listing.id: "popular" for listing in shop[:9]} | {newest.id: "new_listing"}


def test_after_a_fortnight_nothing_is_owed_any_more(shop: list[Listing]) -> None:
    (row,) = serve([NEW_FOR_DAYS + 0.01])
    assert row.listing_ids == [listing.id for listing in shop[:10]]
    assert row.propensity == [1.0] * 10
    assert received() == {}


def test_those_that_have_had_least_come_first(shop: list[Listing]) -> None:
    first, second, third = (listing.id for listing in shop[30:])
    with transaction():
        db.session.add_all(
            [ListingExposure(listing_id=first, exposure=3.0), ListingExposure(listing_id=second, exposure=NEW_EXPOSURE)]
        )
    assert db.session.scalars(owed_exposure(TODAY)).all() == [third, first]


def test_a_new_listing_that_is_sold_out_is_owed_nothing_meanwhile(shop: list[Listing]) -> None:
    with transaction():
        for listing in shop[30:]:
            listing.available = 0
    assert db.session.scalars(owed_exposure(TODAY)).all() == []


def test_a_new_listing_outside_the_shortlist_has_the_relevance_the_model_gives_it(models: Path) -> None:
    with transaction():
        listings, people = fill(listings=200, readers=25)
        for listing in listings:
            listing.published_at = NOW
    trained(models)
    with transaction():
        context = serving_context(people[0].id, TODAY)
        found = serving.shortlist(context.model, serving.Question(week=24, in_force=context.in_force, reader=people[0].id))
        model = loaded.current(context.model)
        owed = db.session.scalars(owed_exposure(TODAY).limit(10)).all()
    assert model is not None
    best = model.recommender.shortlist(people[0].id, serving.SHORTLIST_SIZE, must_include=model.raisable)
    beside = [number for number in owed if number not in best.item_ids]
    assert beside and set(beside) <= set(found.listing_ids.tolist())
    expected = model.recommender.relevance([people[0].id], candidates=found.listing_ids.tolist())[0]
    np.testing.assert_allclose(found.relevance, expected, rtol=1e-4)
