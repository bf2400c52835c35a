"""A draft tried out on recent consumers, and what the log of shown lists can add."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from flask_babel import force_locale
from sqlalchemy import func, select, text

from marketplace.catalogue.models import Listing
from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.recommendations import training
from marketplace.recommendations.models import EventKind, ServedList, TiltSum
from marketplace.recommendations.policies import PolicyDraft
from marketplace.recommendations.replay import new_propensities, replay
from marketplace.recommendations.service import record_event, set_personalised
from marketplace.recommendations.simulation import simulate
from marketplace.recommendations.world import recent_consumers
from marketplace.web.portals.officer.policy_figures import Figures
from tests import factories
from tests.factories import NOW, TODAY

COUNTY = "522636"
DRAFT = PolicyDraft(COUNTY, 0.4, None, 0.0, 0.8, TODAY + timedelta(days=1), None)


@pytest.fixture
def shop(models: Path) -> list[Listing]:
    """Sixty listings of sixty sellers; every fourth is a registered household's, every fifth of another county."""
    with transaction():
        return [
            factories.listing(
                factories.producer("522636100001" if number % 5 else "522635100001", registered=number % 4 == 0),
                title_zh=f"苹果{number}号",
            )
            for number in range(60)
        ]


@pytest.fixture
def readers(shop: list[Listing], models: Path) -> list[Account]:
    """Forty consumers with twelve weeks of purchases, and a model that has learnt from them."""
    generator = np.random.default_rng(1)
    weights = np.array([1.0 if number % 4 else 0.25 for number in range(60)])
    with transaction():
        readers = [factories.account() for _ in range(40)]
        for reader in readers:
            taste = generator.choice(60, size=8, replace=False, p=weights / weights.sum())
            for days_ago in range(1, 85, 4):
                record_event(
                    reader, shop[int(generator.choice(taste))].id, EventKind.PURCHASE, now=NOW - timedelta(days=days_ago)
                )
    training.train(models, now=NOW, say=lambda _: None)
    return readers


def written() -> tuple[int, int]:
    """How many lists and sums are on record."""
    return (
        db.session.scalar(select(func.count()).select_from(ServedList)) or 0,
        db.session.scalar(select(func.count()).select_from(TiltSum)) or 0,
    )


def test_without_a_model_there_is_nothing_to_simulate(shop: list[Listing]) -> None:
    assert simulate(DRAFT, now=NOW) is None


def test_a_draft_reaches_its_share_of_what_the_covered_goods_receive(readers: list[Account]) -> None:
    before = written()
    found = simulate(DRAFT, now=NOW)
    assert found is not None
    assert (found.consumers, found.listings, found.covered_listings, found.households) == (40, 60, 48, 12)
    assert found.untilted.exposure_share < 0.3
    assert found.drafted.exposure_share == pytest.approx(0.4, abs=0.01)
    assert found.drafted.unmet == []
    assert found.drafted.kept_p1 >= 0.8 - 1e-9
    assert 0 <= (found.drafted.gap or 0) < 0.01
    assert found.in_force is None
    assert (found.untilted.kept_p1, found.untilted.changed) == (1.0, 0.0)
    assert found.drafted.changed > 0.5
    assert written() == before


def test_along_the_frontier_readers_keep_less_the_more_households_gain(readers: list[Account]) -> None:
    found = simulate(DRAFT, now=NOW)
    assert found is not None
    shares = [point.exposure_share for point in found.frontier]
    kept = [point.kept_median for point in found.frontier]
    assert len(shares) >= 3
    assert shares == sorted(shares)
    assert kept == sorted(kept, reverse=True)
    assert found.attainable == pytest.approx(max(shares))
    assert all(one.lorenz[0] == 0 and one.lorenz[-1] == pytest.approx(1) for one in found.frontier)


def test_a_share_of_sales_is_one_of_the_covered_goods_too(readers: list[Account]) -> None:
    asked = replace(DRAFT, exposure_share=None, sales_share=0.2, consumer_guard=0.0)
    found = simulate(asked, now=NOW)
    assert found is not None
    assert found.frontier_of == "sales_share"
    assert found.untilted.sales_share < 0.19
    assert found.drafted.sales_share == pytest.approx(0.2, abs=0.005)
    # A smaller share of what is shown comes with it, so that both together are the same lists.
    both = simulate(replace(asked, exposure_share=0.1), now=NOW)
    assert both is not None
    assert both.drafted.sales_share == found.drafted.sales_share
    assert both.drafted.unmet == []


def test_what_cannot_be_reached_is_named_with_what_can(readers: list[Account]) -> None:
    found = simulate(replace(DRAFT, exposure_share=0.99, consumer_guard=0.95), now=NOW)
    assert found is not None
    (unmet,) = found.drafted.unmet
    assert (unmet.kind, unmet.wanted) == ("exposure_share", 0.99)
    assert unmet.reached == pytest.approx(found.drafted.exposure_share)
    assert found.attainable < 0.99
    assert found.drafted.gap is None


def test_a_floor_gives_every_household_something(readers: list[Account]) -> None:
    plain = simulate(DRAFT, now=NOW)
    floored = simulate(replace(DRAFT, household_floor=0.5), now=NOW)
    assert plain is not None and floored is not None
    assert floored.drafted.reached_households == 12
    assert floored.drafted.lowest_tenth > plain.drafted.lowest_tenth
    assert floored.drafted.gini < plain.drafted.gini


def test_the_policy_in_force_stands_beside_the_draft(readers: list[Account]) -> None:
    with transaction():
        factories.policy(exposure_share=0.3)
    found = simulate(DRAFT, now=NOW)
    assert found is not None and found.in_force is not None
    assert found.in_force.exposure_share == pytest.approx(0.3, abs=0.01)


def test_those_who_switched_personalisation_off_are_not_drawn(readers: list[Account]) -> None:
    with transaction():
        set_personalised(readers[0], False, now=NOW)
    assert recent_consumers(now=NOW) == sorted(reader.id for reader in readers[1:])


def log_last_places(readers: list[Account], shop: list[Listing], *, by_chance: int, days_ago: int = 20) -> None:
    """Five lists for each reader whose last place was in play; every ``by_chance``-th of them was filled by chance."""
    with transaction():
        for number in range(5 * len(readers)):
            chance = by_chance and number % by_chance == 0
            reader = readers[number % len(readers)]
            places = [shop[(number + at) % len(shop)].id for at in range(4)]
            db.session.add(
                ServedList(
                    at=NOW - timedelta(days=days_ago, minutes=number),
                    surface="home",
                    account_id=reader.id,
                    listing_ids=places,
                    policy_ids=[None] * 4,
                    position_weights=[1.0] * 4,
                    relevance=[0.1] * 4,
                    propensity=[1.0, 1.0, 1.0, 0.02 if chance else 0.9],
                    benefit_bp=[0] * 4,
                    exposure=1.0,
                    registered_exposure=0.0,
                    multipliers={},
                )
            )


def test_a_log_without_chance_says_nothing(readers: list[Account], shop: list[Listing]) -> None:
    assert replay(DRAFT, now=NOW).why == "nothing_by_chance"
    log_last_places(readers, shop, by_chance=0)
    found = replay(DRAFT, now=NOW)
    assert (found.places, found.by_chance, found.estimate, found.why) == (200, 0, None, "nothing_by_chance")


def test_a_log_in_which_chance_rarely_met_the_draft_is_refused(readers: list[Account], shop: list[Listing]) -> None:
    log_last_places(readers, shop, by_chance=2)
    found = replay(DRAFT, now=NOW)
    assert (found.places, found.by_chance) == (200, 100)
    if found.estimate is None:
        assert found.why == "too_few"
        assert found.effective_size < 200


def test_lists_of_the_last_week_are_still_open(readers: list[Account], shop: list[Listing]) -> None:
    log_last_places(readers, shop, by_chance=2, days_ago=3)
    assert replay(DRAFT, now=NOW).places == 0


def test_lists_of_those_who_have_switched_personalisation_off_since_are_left_alone(
    readers: list[Account], shop: list[Listing]
) -> None:
    log_last_places(readers, shop, by_chance=2)
    with transaction():
        set_personalised(readers[0], False, now=NOW)
    assert replay(DRAFT, now=NOW).places == 195


def test_a_spread_over_fewer_than_five_households_is_not_told(readers: list[Account], shop: list[Listing]) -> None:
    log = replay(DRAFT, now=NOW)
    heads = {}
    for area, households in ((COUNTY, 12), ("522635", 3)):
        found = simulate(replace(DRAFT, area_code=area, household_floor=0.9), now=NOW)
        assert found is not None and found.households == households
        with force_locale("en"):
            figures = Figures(found, log, "here")
            heads[area] = figures.table["heads"]
            assert all(len(row) == len(heads[area]) for row in figures.table["rows"])
            tiles = [tile["label"] for tile in figures.tiles]
            assert (figures.spread_chart is not None, "Households shown at all" in tiles) == (households >= 5,) * 2
            assert not any("furthest from it" in text for text in figures.warnings) or households >= 5
    assert [head for head in heads[COUNTY] if head not in heads["522635"]] == ["Households shown", "Gini", "Least shown tenth"]


def test_a_draft_that_would_show_the_same_keeps_every_record_at_weight_one() -> None:
    logged = np.array([0.9, 0.02, 0.9, 0.02])
    as_logged = new_propensities(logged, np.array([True, False, True, False]))
    assert as_logged.tolist() == logged.tolist()


def test_a_purchase_within_a_week_counts_as_earned(readers: list[Account], shop: list[Listing]) -> None:
    log_last_places(readers, shop, by_chance=2)
    db.session.execute(text("DELETE FROM event"))
    row = db.session.scalars(select(ServedList).order_by(ServedList.id)).first()
    assert row is not None
    for after in (timedelta(days=6), timedelta(days=-1)):
        db.session.execute(
            text("INSERT INTO event (account_id, listing_id, kind, quantity, at) VALUES (:who, :what, 'purchase', 1, :at)"),
            {"who": row.account_id, "what": row.listing_ids[-1], "at": row.at + after},
        )
    db.session.commit()
    # The same reader was shown the same good two hours earlier as well, and both places led to the one purchase.
    assert replay(DRAFT, now=NOW).earned == pytest.approx(2 / 200)
