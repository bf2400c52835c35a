"""The daily report counts lists and sales by itself, comes out the same twice, and raises and ends alarms."""

import math
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.identity.models import Account
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Invalid
from marketplace.orders.models import OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import cancel_unpaid
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from marketplace.recommendations.coverage import PoliciesInForce
from marketplace.recommendations.models import Policy, ServedList, TiltAlarm, TiltReport
from marketplace.recommendations.queries import policies_in_force
from marketplace.recommendations.report import alarms, build_report, share_of
from tests import factories
from tests.factories import NOW, TODAY

YESTERDAY = TODAY - timedelta(days=1)
THEN = NOW - timedelta(days=1)
SECOND = 0.6309297535714575


@pytest.fixture
def policy(session: Session) -> Policy:
    with transaction():
        return factories.policy(exposure_share=0.4, guard=0.5)


@pytest.fixture
def goods(policy: Policy) -> list[Listing]:
    """Of a registered household, of another, and of another county."""
    with transaction():
        return [
            factories.listing(factories.producer(registered=True), price_fen=1000),
            factories.listing(factories.producer(), price_fen=3000),
            factories.listing(factories.producer("522635100001"), price_fen=500),
        ]


def show(reader: Account | None, *places: tuple[Listing, float], day: date = YESTERDAY, kept: float | None = 1.0) -> None:
    """Log a list with the relevance of each place, as it is logged when it is shown."""
    in_force = PoliciesInForce(day, policies_in_force(day))
    covering = [in_force.covering(listing.area_code) for listing, _ in places]
    with transaction():
        db.session.add(
            ServedList(
                at=day_start(day) + timedelta(hours=12),
                surface="home",
                account_id=reader.id if reader else None,
                listing_ids=[listing.id for listing, _ in places],
                policy_ids=[policy.id if policy else None for policy in covering],
                position_weights=[1 / math.log2(place + 2) for place in range(len(places))],
                relevance=[relevance for _, relevance in places],
                propensity=[1.0] * len(places),
                benefit_bp=[listing.benefit_bp for listing, _ in places],
                exposure=0.0,
                registered_exposure=0.0,
                kept_utility=kept,
                multipliers={"guard": 1.0},
            )
        )


def buy(reader: Account, listing: Listing, quantity: int, *, at=THEN) -> OrderGroup:
    with transaction():
        basket = factories.basket(reader, (listing, Decimal(quantity)))
        where = Destination("李四", "13800000000", "522636", "民族路 1 号")
        return place_order(
            reader.id,
            reader.public_id,
            basket.public_id,
            where,
            PaymentMethod.BANK_TRANSFER,
            listing.price_fen * quantity,
            now=at,
        )


def build(day: date = YESTERDAY) -> None:
    with transaction():
        build_report(day, now=NOW)


def report() -> TiltReport:
    return db.session.scalars(select(TiltReport)).one()


def test_shares_are_of_what_the_covered_goods_received(goods: list[Listing]) -> None:
    poor, other, elsewhere = goods
    with transaction():
        reader, second = factories.account(), factories.account()
    show(reader, (poor, 0.2), (other, 0.5))
    show(reader, (other, 0.5), (elsewhere, 0.9))
    show(second, (other, 0.5), (poor, 0.1))
    show(None, (elsewhere, 0.9))
    build()
    row = report()
    assert (row.lists, row.readers) == (3, 2)
    assert row.exposure == pytest.approx(3 + 2 * SECOND)
    assert row.registered_exposure == pytest.approx(1 + SECOND)
    assert row.expected == pytest.approx(0.2 + 0.5 * SECOND + 0.5 + 0.5 + 0.1 * SECOND)
    assert row.registered_expected == pytest.approx(0.2 + 0.1 * SECOND)
    share = (1 + SECOND) / (3 + 2 * SECOND)
    residual = 1 - share * (2 + SECOND)
    # The log keeps the weight of a place with seven figures.
    assert row.exposure_error == pytest.approx(2 * abs(residual) / (3 + 2 * SECOND), rel=1e-5)


def test_goods_of_a_nearer_area_count_for_its_own_policy(goods: list[Listing], policy: Policy) -> None:
    with transaction():
        nearer = factories.policy("522636100", exposure_share=0.2)
        reader = factories.account()
    show(reader, (goods[0], 0.2), (goods[1], 0.5))
    build()
    rows = {row.policy_id: row for row in db.session.scalars(select(TiltReport))}
    assert (rows[policy.id].lists, rows[policy.id].exposure, rows[policy.id].kept_share) == (0, 0.0, None)
    assert rows[nearer.id].exposure == pytest.approx(1 + SECOND)


def test_what_was_bought_is_counted_by_the_day_it_was_ordered_and_whether_it_had_been_shown(goods: list[Listing]) -> None:
    poor, other, elsewhere = goods
    with transaction():
        reader, second = factories.account(), factories.account()
    show(reader, (poor, 0.2), day=YESTERDAY - timedelta(days=3))
    show(second, (other, 0.2), day=YESTERDAY - timedelta(days=9))
    buy(reader, poor, 2)
    buy(reader, other, 1)
    buy(second, other, 1)
    buy(second, elsewhere, 1)
    buy(second, poor, 1, at=THEN - timedelta(days=1))
    given_up = buy(second, poor, 3)
    with transaction():
        cancel_unpaid(get_payment(payment_of(given_up).public_id, lock=True), actor="test", now=NOW)
    build()
    row = report()
    assert (row.order_lines, row.sold_fen, row.registered_fen) == (3, 8000, 2000)
    assert (row.shown_fen, row.shown_registered_fen) == (2000, 2000)
    assert share_of(row, "sold") == 0.25
    assert row.sold_error is not None


def test_what_lists_kept_is_their_expected_sales_over_those_without_policies(goods: list[Listing]) -> None:
    with transaction():
        reader = factories.account()
    show(reader, (goods[1], 0.5), (goods[0], 0.2))
    build()
    assert report().kept_share == 1.0
    show(reader, (goods[0], 0.2), (goods[1], 0.5), kept=0.8)
    build()
    first, second = 0.5 + 0.2 * SECOND, 0.2 + 0.5 * SECOND
    assert report().kept_share == pytest.approx((first + second) / (first + second / 0.8))


def test_lists_from_before_it_was_noted_say_nothing_of_what_they_kept(goods: list[Listing]) -> None:
    show(None, (goods[0], 0.2), kept=None)
    build()
    assert report().kept_share is None


def test_building_a_day_again_gives_the_same_bytes(goods: list[Listing]) -> None:
    with transaction():
        readers = [factories.account() for _ in range(7)]
    for number, reader in enumerate(readers):
        show(reader, (goods[number % 3], 0.1 * number), (goods[(number + 1) % 3], 0.3))
    buy(readers[0], goods[0], 2)
    build()
    first = db.session.execute(text("SELECT tilt_report::text FROM tilt_report")).all()
    build()
    assert db.session.execute(text("SELECT tilt_report::text FROM tilt_report")).all() == first


def test_a_day_that_is_not_over_is_refused(policy: Policy) -> None:
    with pytest.raises(Invalid), transaction():
        build_report(TODAY, now=NOW)


def test_a_day_without_any_list_is_reported_as_such(policy: Policy) -> None:
    build()
    row = report()
    assert (row.lists, row.exposure, row.exposure_error, row.kept_share, row.sold_fen) == (0, 0.0, None, None, 0)
    assert share_of(row, "exposure") is None


def test_an_alarm_begins_after_three_days_far_behind_is_noted_and_ends(goods: list[Listing], policy: Policy) -> None:
    poor, other, _ = goods
    with transaction():
        readers = [factories.account() for _ in range(8)]
    days = [YESTERDAY - timedelta(days=ago) for ago in range(9, -1, -1)]
    for number, day in enumerate(days):
        for at, reader in enumerate(readers):
            # Well ahead for four days; then .19 for three, 2.7 errors short of .39 each, so the sum is 6.6; then ahead again.
            show(reader, ((poor if number not in (4, 5, 6) else other), 0.3), ((poor if at % 2 else other), 0.3), day=day)
    for day in days:
        build(day)
    (alarm,) = alarms([policy.id])
    assert (alarm.measure, alarm.began_on, alarm.ended_on) == ("exposure", days[6], days[8])
    assert alarms([policy.id], open_only=True) == []
    noted = db.session.scalars(select(AuditEvent).where(AuditEvent.verb.like("tilt_alarm.%")).order_by(AuditEvent.id)).all()
    assert [(event.verb, event.object_id) for event in noted] == [
        ("tilt_alarm.began", policy.public_id),
        ("tilt_alarm.ended", policy.public_id),
    ]
    build(days[6])
    assert db.session.scalars(select(TiltAlarm)).one().ended_on == days[8]
    assert len(db.session.scalars(select(AuditEvent).where(AuditEvent.verb.like("tilt_alarm.%"))).all()) == 2
