"""Parcels on their way: every state, news in any order, hubs that gather, and what is lost made good."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.delivery.models import MethodKind, Temperature
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid, NotFound
from marketplace.orders.acceptance import AFTER_SHIPPING, accept_by_time, may_accept_by_time
from marketplace.orders.models import Order, OrderGroup, Shipment, ShipmentEvent
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import cancel_order
from marketplace.orders.service import accept_delivery, confirm_payment
from marketplace.orders.shipment_queries import hub_work, shipments_listed, shipments_of, shipments_to_resolve
from marketplace.orders.shipment_states import SHIPMENTS, ShipmentAction, ShipmentState
from marketplace.orders.shipments import (
    News,
    dispatch,
    note_news,
    note_received,
    receive_at_hub,
    resolve_shipment,
    send_order,
)
from marketplace.payments.models import PaymentMethod, Refund
from marketplace.payments.queries import get_payment
from tests import factories
from tests.factories import delivery as terms

TO = Destination("张三", "13800000000", "522636", "龙泉镇")
NOW = factories.NOW
DELIVER, LOSE, MOVE, RETURN = ShipmentAction.DELIVER, ShipmentAction.LOSE, ShipmentAction.MOVE, ShipmentAction.RETURN


class Farms:
    """Two farms of a village, their hub where there is one, and a buyer who has paid for a box of each."""

    def __init__(self, *, hub: bool = False, paid: bool = True, cash: bool = False) -> None:
        self.farms = [factories.producer(), factories.producer()]
        listings = [factories.listing(farm, price_fen=1000, stock=9) for farm in self.farms]
        self.buyer = factories.account()
        self.sf = terms.carrier("sf")
        self.van = terms.carrier("van", numbered=False)
        self.hub = terms.hub() if hub else None
        if self.hub is not None:
            terms.method(MethodKind.HUB, {Temperature.AMBIENT: (500, 100)}, at=self.hub)
        basket = factories.basket(self.buyer, *((listing, 1) for listing in listings))
        total_fen = 2700 if hub else 2000
        method = PaymentMethod.CASH_ON_DELIVERY if cash else PaymentMethod.BANK_TRANSFER
        with transaction():
            group = place_order(self.buyer.id, self.buyer.public_id, basket.public_id, TO, method, total_fen, now=NOW)
        self.group_id, self.orders = group.id, [order.public_id for order in group.orders]
        if paid:
            self.pay()

    @property
    def group(self) -> OrderGroup:
        return db.session.get_one(OrderGroup, self.group_id)

    def pay(self) -> None:
        with transaction():
            confirm_payment(get_payment(payment_of(self.group).public_id, lock=True), actor="test", now=NOW)

    def send(self, at: int, carrier: Any = None, number: str | None = None, now: Any = NOW) -> Order:
        with transaction():
            return send_order(self.orders[at], self.farms[at].id, carrier, number, actor="farmer", now=now)

    def receive(self, at: int) -> None:
        assert self.hub is not None
        with transaction():
            receive_at_hub(self.hub, self.orders[at], actor="keeper", now=NOW)

    def tell(self, shipment: Shipment, action: ShipmentAction, hours: int = 1, **more: Any) -> bool:
        at = NOW + timedelta(hours=hours)
        with transaction():
            return note_news(shipment.public_id, News(action, at, "carrier", **more), actor="sf", now=at)

    def states(self) -> list[str]:
        return [order.state for order in self.group.orders]

    def shipments(self) -> list[Shipment]:
        return list(db.session.scalars(select(Shipment).order_by(Shipment.id)))


@pytest.fixture
def farms(session: Session) -> Farms:
    return Farms()


@pytest.fixture
def gathered(session: Session) -> Farms:
    return Farms(hub=True)


ON_THE_WAY = ("packed", "at_hub", "handed_over", "in_transit")
ALLOWED = {
    ("packed", "receive"): "at_hub",
    ("packed", "hand_over"): "handed_over",
    ("at_hub", "hand_over"): "handed_over",
    ("handed_over", "move"): "in_transit",
    **{(state, "deliver"): "delivered" for state in ("handed_over", "in_transit")},
    **{(state, "return"): "returned" for state in ("handed_over", "in_transit")},
    **{(state, "lose"): "lost" for state in ON_THE_WAY},
}
DONE = {
    ("at_hub", "receive"),
    ("handed_over", "hand_over"),
    ("in_transit", "move"),
    ("delivered", "deliver"),
    ("lost", "lose"),
    ("returned", "return"),
}


@pytest.mark.parametrize(("state", "action"), list(itertools.product(ShipmentState, ShipmentAction)))
def test_every_pair_of_state_and_action_is_allowed_done_or_illegal(state: ShipmentState, action: ShipmentAction) -> None:
    if (state, action) in ALLOWED:
        assert SHIPMENTS.next_state(state, action) == ALLOWED[state.value, action.value]
    elif (state, action) in DONE:
        assert SHIPMENTS.next_state(state, action) is None
    else:
        with pytest.raises(Conflict) as refused:
            SHIPMENTS.next_state(state, action)
        assert refused.value.code == "shipment_state"


def test_a_parcel_goes_from_the_farm_to_the_buyer_and_its_order_with_it(farms: Farms) -> None:
    farms.send(0, farms.sf, " sf12 3456 7890 ")
    (shipment,) = farms.shipments()
    assert (shipment.state, shipment.tracking_number, farms.states()) == ("handed_over", "SF1234567890", ["shipped", "placed"])
    assert farms.tell(shipment, MOVE, 2, place="贵阳转运中心") is True
    assert (shipment.state, farms.states()) == ("in_transit", ["shipped", "placed"])
    assert farms.tell(shipment, DELIVER, 30, place="龙泉镇") is True
    assert (shipment.state, farms.states()) == ("delivered", ["delivered", "placed"])
    # The money goes on when the buyer has looked.
    assert (farms.group.orders[0].delivered_at, farms.group.orders[0].settled_at) == (NOW + timedelta(hours=30), None)
    assert [(event.kind, event.place, event.source) for event in shipment.events] == [
        ("packed", "", "seller"),
        ("handed_over", "", "seller"),
        ("in_transit", "贵阳转运中心", "carrier"),
        ("delivered", "龙泉镇", "carrier"),
    ]
    verbs = db.session.scalars(select(AuditEvent.verb).where(AuditEvent.object_kind == "shipment").order_by(AuditEvent.id))
    assert list(verbs) == ["shipment.in_transit", "shipment.delivered"]


def test_sending_again_changes_nothing(farms: Farms) -> None:
    farms.send(0, farms.van)
    farms.send(0, farms.sf, "SF999999", now=NOW + timedelta(hours=1))
    (shipment,) = farms.shipments()
    assert (shipment.carrier_id, shipment.tracking_number, len(shipment.events)) == (farms.van.id, None, 2)


def test_news_that_comes_again_counts_once(farms: Farms) -> None:
    farms.send(0, farms.van)
    (shipment,) = farms.shipments()
    assert [farms.tell(shipment, MOVE, 2, external_id="e-1") for _ in range(3)] == [True, False, False]
    # The teller's own name for it decides, whatever else it says.
    assert farms.tell(shipment, DELIVER, 3, external_id="e-1") is False
    assert [farms.tell(shipment, MOVE, 4, place="贵阳") for _ in range(2)] == [True, False]
    assert farms.tell(shipment, MOVE, 4, place="凯里") is True
    assert [event.kind for event in shipment.events].count("in_transit") == 3
    assert [farms.tell(shipment, DELIVER, 9, external_id="e-9") for _ in range(2)] == [True, False]
    assert farms.states() == ["delivered", "placed"]


def test_news_may_come_in_any_order(session: Session) -> None:
    for order in itertools.permutations([(MOVE, 2), (MOVE, 5), (DELIVER, 9)]):
        farms = Farms()
        farms.send(0, farms.van)
        shipment = farms.shipments()[-1]
        for action, hours in order:
            at = NOW + timedelta(hours=hours)
            with transaction():
                news = News(action, at, "carrier")
                assert note_news(shipment.public_id, news, actor="sf", now=NOW + timedelta(hours=10)) is True
        assert (shipment.state, farms.states()) == ("delivered", ["delivered", "placed"])
        db.session.refresh(shipment, ["events"])
        assert [event.kind for event in shipment.events][2:] == ["in_transit", "in_transit", "delivered"]


@pytest.mark.parametrize("first", [DELIVER, LOSE, RETURN])
def test_an_end_is_not_undone_by_another(farms: Farms, first: ShipmentAction) -> None:
    farms.send(0, farms.van)
    (shipment,) = farms.shipments()
    farms.tell(shipment, first, 2)
    before = (shipment.state, farms.states(), len(shipment.events))
    for other in {DELIVER, LOSE, RETURN} - {first}:
        with pytest.raises(Conflict, match="no longer be changed"):
            farms.tell(shipment, other, 3)
    db.session.expire_all()
    assert (shipment.state, farms.states(), len(shipment.events)) == before


def test_news_of_what_has_not_happened_or_is_others_to_say_is_refused(farms: Farms) -> None:
    farms.send(0, farms.van)
    (shipment,) = farms.shipments()
    with pytest.raises(Invalid, match="not come yet"), transaction():
        later = News(DELIVER, NOW + timedelta(hours=1), "carrier")
        note_news(shipment.public_id, later, actor="sf", now=NOW)
    with pytest.raises(Invalid, match="hub or the seller"), transaction():
        note_news(shipment.public_id, News(ShipmentAction.HAND_OVER, NOW, "carrier"), actor="sf", now=NOW)
    with pytest.raises(NotFound):
        note_news("nosuchshipment", News(MOVE, NOW, "carrier"), actor="sf", now=NOW)
    assert len(shipment.events) == 2


@pytest.mark.parametrize(
    ("carrier", "number", "code"),
    [
        ("sf", None, "number_needed"),
        ("sf", "12", "number_invalid"),
        ("sf", "ÄÖÜ123456", "number_invalid"),
        (None, "SF123456", "number_invalid"),
    ],
)
def test_a_number_that_cannot_be_right_sends_nothing(farms: Farms, carrier: str | None, number: str | None, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        farms.send(0, farms.sf if carrier else None, number)
    assert refused.value.code == code
    assert (farms.states(), farms.shipments()) == (["placed", "placed"], [])


def test_a_number_is_one_parcels_alone(farms: Farms) -> None:
    farms.send(0, farms.sf, "SF123456")
    with pytest.raises(Conflict) as refused:
        farms.send(1, farms.sf, "sf-123456".replace("-", ""))
    assert (refused.value.code, farms.states()) == ("number_taken", ["shipped", "placed"])
    farms.send(1, terms.carrier("ems"), "SF123456")
    assert farms.states() == ["shipped", "shipped"]


def test_what_is_not_paid_does_not_leave_for_a_hub_either(session: Session) -> None:
    farms = Farms(hub=True, paid=False)
    for act in (lambda: farms.send(0), lambda: farms.receive(0)):
        with pytest.raises(Conflict, match="wait with shipping"):
            act()
    assert (farms.states(), farms.shipments()) == (["placed", "placed"], [])
    assert farms.hub is not None
    assert hub_work(farms.hub).expected == []
    farms.pay()
    assert len(hub_work(farms.hub).expected) == 2


def test_a_hub_gathers_the_parcels_of_a_purchase_into_one_shipment(gathered: Farms) -> None:
    gathered.send(0)
    (shipment,) = gathered.shipments()
    assert (shipment.state, gathered.states()) == ("packed", ["shipped", "placed"])
    # The second farm has said nothing, and its parcel is here all the same.
    gathered.receive(1)
    gathered.receive(0)
    gathered.receive(0)
    (shipment,) = gathered.shipments()
    assert (shipment.state, [parcel.received_at for parcel in shipment.parcels]) == ("at_hub", [NOW, NOW])
    assert gathered.states() == ["shipped", "shipped"]
    assert gathered.hub is not None
    with transaction():
        dispatch(gathered.hub, shipment.public_id, gathered.sf, "SF778899", actor="keeper", now=NOW)
    gathered.tell(shipment, DELIVER, 9)
    assert gathered.states() == ["delivered", "delivered"]
    assert [event.kind for event in shipment.events] == ["packed", "at_hub", "handed_over", "delivered"]
    assert len(set(shipments_of(gathered.group).values())) == 1


def test_a_parcel_that_is_late_makes_a_shipment_of_its_own(gathered: Farms) -> None:
    gathered.send(0)
    gathered.send(1)
    hub, (shipment,) = gathered.hub, gathered.shipments()
    assert hub is not None
    with pytest.raises(Conflict, match="None of its parcels"), transaction():
        dispatch(hub, shipment.public_id, gathered.van, None, actor="keeper", now=NOW)
    gathered.receive(0)
    with transaction():
        dispatch(hub, shipment.public_id, gathered.van, None, actor="keeper", now=NOW)
    first, second = gathered.shipments()
    assert [(s.state, [p.order.public_id for p in s.parcels]) for s in (first, second)] == [
        ("handed_over", [gathered.orders[0]]),
        ("packed", [gathered.orders[1]]),
    ]
    gathered.receive(1)
    with transaction():
        dispatch(hub, second.public_id, gathered.van, None, actor="keeper", now=NOW)
        # Said again, nothing leaves twice.
        dispatch(hub, second.public_id, gathered.sf, "SF123456", actor="keeper", now=NOW)
    assert (second.carrier_id, len(gathered.shipments())) == (gathered.van.id, 2)


def test_a_hub_takes_in_and_sends_on_its_own_alone(gathered: Farms) -> None:
    other = terms.hub("522636100002")
    gathered.send(0)
    (shipment,) = gathered.shipments()
    for act in (
        lambda: receive_at_hub(other, gathered.orders[0], actor="x", now=NOW),
        lambda: dispatch(other, shipment.public_id, gathered.van, None, actor="x", now=NOW),
    ):
        with pytest.raises(NotFound), transaction():
            act()
    assert shipment.state == "packed"


def test_a_part_that_was_cancelled_is_not_waited_for(gathered: Farms) -> None:
    with transaction():
        cancel_order(gathered.orders[1], actor="buyer", now=NOW)
    gathered.receive(0)
    hub, (shipment,) = gathered.hub, gathered.shipments()
    assert hub is not None
    with pytest.raises(Conflict, match="was cancelled"), transaction():
        receive_at_hub(hub, gathered.orders[1], actor="keeper", now=NOW)
    with transaction():
        dispatch(hub, shipment.public_id, gathered.van, None, actor="keeper", now=NOW)
    gathered.tell(shipment, DELIVER, 9)
    assert gathered.states() == ["delivered", "cancelled"]


def test_a_buyer_who_has_everything_ends_the_journey(gathered: Farms) -> None:
    for at in (0, 1):
        gathered.receive(at)
    hub, (shipment,) = gathered.hub, gathered.shipments()
    assert hub is not None
    with transaction():
        dispatch(hub, shipment.public_id, gathered.van, None, actor="keeper", now=NOW)
    for at, state in ((0, "handed_over"), (1, "delivered")):
        with transaction():
            order = accept_delivery(gathered.orders[at], gathered.buyer.id, actor="buyer", now=NOW)
            note_received(order, actor="buyer", now=NOW)
        assert shipment.state == state
    assert gathered.tell(shipment, DELIVER, 5) is True
    assert (shipment.state, gathered.states()) == ("delivered", ["accepted", "accepted"])


def test_what_was_lost_is_paid_back_once(gathered: Farms) -> None:
    gathered.receive(0)
    gathered.receive(1)
    (shipment,) = gathered.shipments()
    with pytest.raises(Conflict, match="neither lost nor returned"), transaction():
        resolve_shipment(shipment.public_id, actor="operator", now=NOW)
    gathered.tell(shipment, LOSE, 2)
    assert [row.id for row in shipments_to_resolve()] == [shipment.id]
    assert gathered.states() == ["shipped", "shipped"]
    with transaction():
        assert len(resolve_shipment(shipment.public_id, actor="operator", now=NOW)) == 1
    with transaction():
        assert resolve_shipment(shipment.public_id, actor="operator", now=NOW) == []
    assert db.session.scalars(select(Refund.amount_fen).order_by(Refund.id)).all() == [1350, 1350]
    assert shipments_to_resolve() == []


@pytest.mark.parametrize("action", [LOSE, RETURN])
def test_silence_about_a_parcel_that_went_astray_is_no_yes(farms: Farms, action: ShipmentAction) -> None:
    farms.send(0, farms.van)
    farms.send(1, farms.van)
    late = NOW + AFTER_SHIPPING
    farms.tell(farms.shipments()[0], action, 2)
    # Asked under the lock as well: it may get lost between the looking and the locking.
    assert [may_accept_by_time(order, late) for order in farms.group.orders] == [False, True]
    assert (accept_by_time(now=late), farms.states()) == (1, ["shipped", "accepted"])


def test_a_parcel_that_lies_at_its_hub_is_not_accepted_by_silence(gathered: Farms) -> None:
    gathered.receive(0)
    hub, (shipment,) = gathered.hub, gathered.shipments()
    assert hub is not None
    late = NOW + AFTER_SHIPPING
    assert (accept_by_time(now=late), may_accept_by_time(gathered.group.orders[0], late)) == (0, False)
    left_at = NOW + timedelta(days=10)
    with transaction():
        dispatch(hub, shipment.public_id, gathered.van, None, actor="keeper", now=left_at)
    # Its fifteen days on the road begin when the hub has handed it over.
    too_early, due = left_at + AFTER_SHIPPING - timedelta(seconds=1), left_at + AFTER_SHIPPING
    assert (accept_by_time(now=too_early), may_accept_by_time(gathered.group.orders[0], too_early)) == (0, False)
    assert (may_accept_by_time(gathered.group.orders[0], due), accept_by_time(now=due)) == (True, 1)
    assert gathered.states() == ["accepted", "placed"]


def test_of_what_nobody_paid_nothing_is_paid_back(session: Session) -> None:
    farms = Farms(paid=False, cash=True)
    farms.send(0, farms.van)
    (shipment,) = farms.shipments()
    farms.tell(shipment, RETURN, 2)
    with transaction():
        assert resolve_shipment(shipment.public_id, actor="operator", now=NOW) == []
    assert (shipment.resolved_at, db.session.scalars(select(Refund)).all()) == (NOW, [])


def test_shipments_are_found_by_any_of_their_names(farms: Farms) -> None:
    farms.send(0, farms.sf, "SF123456")
    farms.send(1, farms.van)
    first, second = farms.shipments()
    assert [row.id for row in shipments_listed()] == [second.id, first.id]
    assert [row.id for row in shipments_listed("sf123456")] == [first.id]
    assert [row.id for row in shipments_listed(second.reference.lower())] == [second.id]
    assert len(shipments_listed(farms.group.reference)) == 2
    assert shipments_listed("nothing") == []
    assert db.session.scalars(select(ShipmentEvent.kind)).all() == ["packed", "handed_over"] * 2
