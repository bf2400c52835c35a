"""What is lost or comes back: money, order, payment and goods all come to an end, and nothing is sold twice."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, Lot, StockMovement
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid, NotFound
from marketplace.orders.astray import TIME_TO_LOOK, came_back_to, count_came_back, note_sound, write_off_unseen
from marketplace.orders.models import ReturnedGoods
from marketplace.orders.queries import payment_of
from marketplace.orders.service import accept_delivery
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS
from marketplace.orders.shipment_states import ShipmentAction
from marketplace.orders.shipments import resolve_shipment
from marketplace.payments.models import Refund
from tests import factories
from tests.orders.purchases import balance
from tests.orders.test_shipments import Farms
from tests.stock import stock_of

NOW = factories.NOW
LOSE, RETURN, DELIVER = ShipmentAction.LOSE, ShipmentAction.RETURN, ShipmentAction.DELIVER


def astray(action: ShipmentAction, *, cash: bool = False) -> Farms:
    """Two farms have sent a box each; the first parcel went astray and is made good."""
    farms = Farms(paid=not cash, cash=cash)
    for at in (0, 1):
        farms.send(at, farms.van)
    farms.tell(farms.shipments()[0], action, 2)
    made_good(farms, 0)
    return farms


def made_good(farms: Farms, at: int) -> list[str]:
    with transaction():
        return resolve_shipment(farms.shipments()[at].public_id, actor="operator", now=NOW)


def listing_of(farms: Farms, at: int) -> Listing:
    db.session.expire_all()
    return db.session.get_one(Listing, farms.group.orders[at].lines[0].listing_id)


def moves(farms: Farms, at: int) -> list[tuple[str, Decimal]]:
    """The movements of an order's goods after the harvest."""
    query = select(StockMovement.kind, StockMovement.quantity).join(Lot, Lot.id == StockMovement.lot_id)
    rows = db.session.execute(query.where(Lot.listing_id == listing_of(farms, at).id).order_by(StockMovement.id))
    return [(kind, quantity) for kind, quantity in rows if kind != "harvest"]


def look_at(farms: Farms, sound: str, *, line: int = 1) -> bool:
    with transaction():
        return note_sound(farms.orders[0], farms.farms[0].id, {line: Decimal(sound)}, actor="farmer", now=NOW)


def test_a_lost_parcel_that_was_paid_ends_its_order_and_its_goods_are_written_off(session: Session) -> None:
    farms = astray(LOSE)
    assert farms.states() == ["cancelled", "shipped"]
    assert db.session.scalars(select(Refund.amount_fen)).all() == [1000]
    assert moves(farms, 0) == [("sale", -1), ("return", 1), ("write_off", -1)]
    assert (listing_of(farms, 0).available, stock_of(listing_of(farms, 0).id)) == (8, 8)
    assert (balance(CLEARING), balance(REFUNDS), balance(BUYERS)) == (1000, 1000, -2000)
    assert came_back_to(farms.farms[0].id) == []


def test_of_a_lost_parcel_to_be_paid_at_the_door_nothing_is_owed_any_more(session: Session) -> None:
    farms = astray(LOSE, cash=True)
    payment = payment_of(farms.group)
    assert farms.states() == ["cancelled", "shipped"]
    assert (payment.state, payment.amount_fen, farms.group.total_fen) == ("awaiting", 1000, 1000)
    # The other parcel comes and is paid for; the books hold that much and no more.
    farms.tell(farms.shipments()[1], DELIVER, 3)
    with transaction():
        accept_delivery(farms.orders[1], farms.buyer.id, actor="buyer", now=NOW)
    farms.pay()
    assert farms.states() == ["cancelled", "accepted"]
    assert (balance(BUYERS), balance(CLEARING), balance(REFUNDS)) == (-1000, 0, 0)


def test_when_all_parcels_to_be_paid_at_the_door_are_lost_the_payment_is_given_up(session: Session) -> None:
    farms = astray(LOSE, cash=True)
    farms.tell(farms.shipments()[1], LOSE, 3)
    assert made_good(farms, 1) == []
    assert (farms.states(), payment_of(farms.group).state) == (["cancelled", "cancelled"], "cancelled")
    with pytest.raises(Conflict, match="can no longer be changed"):
        farms.pay()
    assert balance(BUYERS) == 0


def test_goods_that_came_back_are_on_sale_again_when_their_farm_says_that_they_are_sound(session: Session) -> None:
    farms = astray(RETURN)
    assert farms.states() == ["cancelled", "shipped"]
    assert (listing_of(farms, 0).available, count_came_back(farms.farms[0].id)) == (8, 1)
    assert look_at(farms, "1") is True
    assert (listing_of(farms, 0).available, stock_of(listing_of(farms, 0).id)) == (9, 9)
    assert moves(farms, 0) == [("sale", -1), ("return", 1)]
    assert count_came_back(farms.farms[0].id) == 0


def test_what_its_farm_calls_spoilt_is_written_off(session: Session) -> None:
    farms = astray(RETURN, cash=True)
    assert look_at(farms, "0") is True
    assert (listing_of(farms, 0).available, stock_of(listing_of(farms, 0).id)) == (8, 8)
    assert moves(farms, 0) == [("sale", -1), ("return", 1), ("write_off", -1)]


def test_said_again_nothing_changes_and_something_else_is_refused(session: Session) -> None:
    farms = astray(RETURN)
    assert (look_at(farms, "1"), look_at(farms, "1")) == (True, False)
    with pytest.raises(Conflict, match="said before"):
        look_at(farms, "0")
    assert listing_of(farms, 0).available == 9


@pytest.mark.parametrize(("sound", "code"), [("2", "sound_range"), ("-1", "sound_range"), ("0.5", "quantity_step")])
def test_a_quantity_that_cannot_be_puts_nothing_on_stock(session: Session, sound: str, code: str) -> None:
    farms = astray(RETURN)
    with pytest.raises(Invalid) as refused:
        look_at(farms, sound)
    assert (refused.value.code, count_came_back(farms.farms[0].id)) == (code, 1)


def test_every_line_that_came_back_is_asked_about_and_of_ones_own_orders_alone(session: Session) -> None:
    farms = astray(RETURN)
    with pytest.raises(Invalid, match="each of the goods"):
        look_at(farms, "1", line=2)
    for order, farm in ((farms.orders[0], farms.farms[1]), (farms.orders[1], farms.farms[1])):
        with pytest.raises(NotFound), transaction():
            note_sound(order, farm.id, {1: Decimal(1)}, actor="x", now=NOW)
    assert (listing_of(farms, 0).available, listing_of(farms, 1).available) == (8, 8)


def test_what_nobody_looks_at_for_a_fortnight_is_written_off_once(session: Session) -> None:
    farms = astray(RETURN)
    assert write_off_unseen(now=NOW + TIME_TO_LOOK) == 0
    late = NOW + TIME_TO_LOOK + timedelta(seconds=1)
    assert (write_off_unseen(now=late), write_off_unseen(now=late)) == (1, 0)
    assert moves(farms, 0) == [("sale", -1), ("return", 1), ("write_off", -1)]
    row = db.session.scalars(select(ReturnedGoods)).one()
    assert (row.sound, row.checked_at) == (0, late)
    with pytest.raises(Conflict, match="said before"):
        look_at(farms, "1")


def test_made_good_twice_it_ends_once(session: Session) -> None:
    farms = astray(RETURN)
    assert made_good(farms, 0) == []
    assert len(db.session.scalars(select(Refund)).all()) == 1
    assert len(db.session.scalars(select(ReturnedGoods)).all()) == 1


def test_news_after_the_end_changes_nothing(session: Session) -> None:
    farms = astray(LOSE)
    with pytest.raises(Conflict):
        farms.tell(farms.shipments()[0], DELIVER, 9)
    assert farms.states() == ["cancelled", "shipped"]
