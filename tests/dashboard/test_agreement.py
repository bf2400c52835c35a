"""Facts, the report of policies and an enterprise's year count the same: what was really sold."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.catalogue.service import add_harvest
from marketplace.dashboard.queries import sales_total
from marketplace.dashboard.service import build_day
from marketplace.kernel.db import db, transaction
from marketplace.orders.claim_handling import take_step
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import WHOLE_BP, Complaint, accept_claim, buyer, file_claim
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import confirm_payment
from marketplace.orders.shortfalls import bring_in_harvest
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from marketplace.recommendations.models import TiltReport
from marketplace.recommendations.report import build_report
from marketplace.sourcing.queries import year_of_purchases
from tests import factories
from tests.factories import NOW, TODAY
from tests.orders.after_sale_lives import seller_of

TO = Destination("张三", "13800000000", "522636", "龙泉镇")
HARVESTED_AT = NOW + timedelta(days=5)
TOLD = tuple[int, int]


def bought(listing: Listing, other: Listing) -> OrderGroup:
    """Three of a harvest to come and two of what is there, by one buyer."""
    with transaction():
        account = factories.account()
        basket = factories.basket(account, (listing, 3), (other, 2))
        total_fen = 3 * listing.price_fen + 2 * other.price_fen
        method = PaymentMethod.BANK_TRANSFER
        return place_order(account.id, account.public_id, basket.public_id, TO, method, total_fen, now=NOW)


def counts(group: OrderGroup) -> tuple[TOLD, TOLD, TOLD]:
    """Total and benefit as each of the three tells them."""
    with transaction():
        build_day(TODAY)
        build_report(TODAY, now=NOW + timedelta(days=40))
    facts = sales_total("52", TODAY, TODAY)
    report = db.session.scalars(select(TiltReport)).one()
    year = year_of_purchases(group.account_id, TODAY.year)
    return (
        (facts.total_fen, facts.benefit_fen),
        (report.sold_fen, report.registered_fen),
        (year.total_fen, year.registered_fen),
    )


@pytest.mark.parametrize("paid_first", [True, False])
def test_all_who_count_agree_on_an_order_with_a_shortfall(session: Session, paid_first: bool) -> None:
    with transaction():
        factories.policy(exposure_share=0.4, guard=0.5)
        farm = factories.producer(registered=True)
        pears = factories.listing(farm, stock=0, price_fen=1000)
        apples = factories.listing(farm, price_fen=700)
        assert farm.household_id is not None
        grams = {farm.household_id: 4 * pears.unit_grams}
        day = TODAY + timedelta(days=5)
        lot = add_harvest(pears, Decimal(4), day, grams, expected=True, actor="test", now=NOW)
    group = bought(pears, apples)

    def pay() -> None:
        with transaction():
            confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="test", now=NOW)

    if paid_first:
        pay()
        assert counts(group) == ((4400, 4400),) * 3
    # One of the three pears that were ordered has grown.
    bring_in_harvest(lot.public_id, farm.id, Decimal(1), day, actor="farmer", now=HARVESTED_AT)
    if not paid_first:
        pay()
    assert counts(group) == ((2400, 2400),) * 3
    # It is not sent within a fortnight, and paid back: then it was never sold.
    _producer_id, by = seller_of(pears.id)
    late = HARVESTED_AT + timedelta(days=15)
    complaint = Complaint(ClaimKind.NOT_ARRIVED, share_bp=WHOLE_BP)
    order = db.session.scalars(select(Order)).one()
    number = [line.listing_id for line in order.lines].index(pears.id) + 1
    with transaction():
        claim = file_claim(order.public_id, number, complaint, buyer(group.account_id, "b"), now=late).public_id
    take_step(lambda: accept_claim(claim, by, now=late), now=late)
    assert counts(group) == ((1400, 1400),) * 3
