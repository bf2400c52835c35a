"""A purchase on which anything may happen that can happen after a sale, in any order, and what must hold after each of it."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, Lot, StockMovement
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.ledger.queries import trial_balance
from marketplace.orders.acceptance import accept_by_time
from marketplace.orders.astray import note_sound, write_off_unseen
from marketplace.orders.claim_handling import sweep_claims, take_step
from marketplace.orders.claim_rules import clock_of, set_rule
from marketplace.orders.claim_states import ENDED, ClaimKind, ClaimState
from marketplace.orders.claims import (
    accept_claim,
    ask_goods_back,
    dispute_claim,
    offer_amount,
    open_claim_on_line,
    refuse_claim,
    take_offer,
    withdraw_claim,
)
from marketplace.orders.disputes import Ruling, rule, rule_again
from marketplace.orders.models import Claim, Order, OrderLine, ReturnedGoods, Shipment, ShipmentOrder
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import cancel_order, refund_order, send_refund_by_hand
from marketplace.orders.returns import note_arrival, note_check, send_back
from marketplace.orders.service import accept_delivery, confirm_payment
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS
from marketplace.orders.shipment_states import FAILED, ShipmentAction
from marketplace.orders.shipments import News, note_news, note_received, resolve_shipment, send_order
from marketplace.orders.states import UNACCEPTED, OrderState
from marketplace.payments.models import Refund
from marketplace.payments.queries import get_payment, lock_refund
from tests.aftersale.sale import HOUR, NOW, Sale
from tests.stock import stock_of

# Which states an order and its parcel may have together.
TOGETHER = {
    *((state, None) for state in ("placed", "cancelled", "accepted")),
    *(("shipped", parcel) for parcel in ("handed_over", "in_transit", "lost", "returned")),
    *((state, "delivered") for state in ("delivered", "accepted")),
    *(("cancelled", parcel) for parcel in ("lost", "returned")),
    # Silence may have accepted it while it was on its way, and only then did anybody hear that it had gone astray.
    *(("accepted", parcel) for parcel in ("handed_over", "in_transit", "lost", "returned")),
}


Move = Callable[["Walk"], None]


class Walk:
    """Two lines of one farm on their way, and one move after another; ``trace`` tells what was done."""

    def __init__(self, seed: int) -> None:
        self.chance, self.now = random.Random(seed), NOW
        self.before = dict(trial_balance())
        self.sale = Sale(sent=False, received=False, cash=bool(seed % 3 == 0))
        self.listings = [self.sale.apples, self.sale.greens]
        self.harvested = [stock_of(listing.id) + line.quantity for listing, line in zip(self.listings, self.lines, strict=True)]
        with transaction():
            for listing, line in zip(self.listings, self.lines, strict=True):
                if not clock_of(line, local_day(NOW)).returnable:
                    set_rule(listing.category_id, local_day(NOW), 168, True, actor="test", now=NOW)
        self.trace: list[str] = []
        self.done: Counter[str] = Counter()

    @property
    def lines(self) -> list[OrderLine]:
        return list(self.sale.order.lines)

    def go(self, steps: int) -> None:
        """Take so many steps, now and then one that is out of place. One that is refused is as if it had not been.

        All must agree after each of the others.
        """
        for _ in range(steps):
            move = self.chance.choice(self.near() if self.chance.random() < 0.8 else MOVES)
            self.now += HOUR
            try:
                move(self)
            except DomainError as error:
                self.trace.append(f"({move.__name__}: {error.code})")
            else:
                self.trace.append(move.__name__)
                self.done[move.__name__] += 1
                self.agree(self.faults())

    def agree(self, found: list[str]) -> None:
        """Nothing was found wrong; or what was, and how it came to that."""
        assert found == [], "\n".join([*found, *self.trace])

    def end(self) -> None:
        """Let everybody do what is left to do, and time pass until nothing is under way."""
        for act in (made_good, paid, disputes_ruled, made_good, looked_at, weeks_pass, disputes_ruled, weeks_pass, money_sent):
            self.now += HOUR
            try:
                act(self)
            except DomainError as error:
                self.trace.append(f"(at the end {act.__name__}: {error.code})")
        self.agree([*self.faults(), *self.left_over()])

    # What must hold.

    def faults(self) -> list[str]:
        """Everything that is wrong with the purchase as it stands."""
        db.session.expire_all()
        return [*self._money_faults(), *self._stock_faults(), *self._claim_faults(), *self._state_faults()]

    def _money_faults(self) -> list[str]:
        order, payment = self.sale.order, payment_of(self.sale.group)
        refunds = db.session.scalars(select(Refund).filter_by(payment_id=payment.id)).all()
        taken = payment.amount_fen if payment.state == "paid" else 0
        sent = sum(refund.amount_fen for refund in refunds if refund.state == "by_hand")
        promised = sum(refund.amount_fen for refund in refunds)
        moved = {code: fen - self.before.get(code, 0) for code, fen in trial_balance()}
        held = order.total_fen - order.refunded_fen if taken and order.settled_at is None else 0
        found = []
        if -moved.get(BUYERS, 0) != taken - sent:
            found.append(f"{taken} came and {sent} went back, the books say {-moved.get(BUYERS, 0)}")
        if moved.get(REFUNDS, 0) != promised - sent:
            found.append(f"{promised - sent} are owed back, the books say {moved.get(REFUNDS, 0)}")
        if moved.get(CLEARING, 0) != held:
            found.append(f"{held} should be held, the books say {moved.get(CLEARING, 0)}")
        if order.given_back_fen != promised or not 0 <= order.refunded_fen <= order.total_fen:
            found.append(f"the order says that {order.given_back_fen} of {order.total_fen} go back, the refunds {promised}")
        if sum(moved.values()):
            found.append("the books do not sum to nothing")
        if any(line.refunded_fen > line.total_fen for line in order.lines):
            found.append("a line gave back more than it cost")
        return found

    def _stock_faults(self) -> list[str]:
        found = []
        for listing, harvested, line in zip(self.listings, self.harvested, self.lines, strict=True):
            available = db.session.get_one(Listing, listing.id).available
            if not harvested - line.quantity <= available == stock_of(listing.id) <= harvested:
                found.append(f"{available} of {harvested} are on sale, {stock_of(listing.id)} by movements")
            # However goods come back, no more of them can than had gone.
            back = db.session.scalar(
                select(func.coalesce(func.sum(StockMovement.quantity), 0))
                .join(Lot, Lot.id == StockMovement.lot_id)
                .where(Lot.listing_id == listing.id, StockMovement.kind == "return")
            )
            if back > line.quantity:
                found.append(f"{back} of {line.quantity} came back")
        return found

    def _claim_faults(self) -> list[str]:
        found = []
        for claim in db.session.scalars(select(Claim).where(Claim.order_id == self.sale.order.id)):
            refund = db.session.get(Refund, claim.refund_id) if claim.refund_id is not None else None
            # One on which nothing was left, because all had been given back beside it, is settled with nothing.
            if claim.settled_fen != (refund.amount_fen if refund is not None else 0):
                found.append(f"a claim brought {claim.settled_fen} and its refund is {refund}")
            if claim.settled_fen and claim.state != ClaimState.SETTLED:
                found.append(f"a claim that brought {claim.settled_fen} is {claim.state}")
        paid_fen = sum(line.refunded_fen for line in self.lines)
        settled = db.session.scalar(select(func.sum(Claim.settled_fen)).where(Claim.order_id == self.sale.order.id)) or 0
        return found if settled == paid_fen else [*found, f"claims brought {settled} and the lines say {paid_fen}"]

    def _state_faults(self) -> list[str]:
        shipment = self.shipment()
        pair = (self.sale.order.state, shipment.state if shipment is not None else None)
        return [] if pair in TOGETHER else [f"the order is {pair[0]} and its parcel {pair[1]}"]

    def left_over(self) -> list[str]:
        """What has not come to its end, though nobody has anything left to do."""
        order, found = self.sale.order, []
        if order.state in UNACCEPTED:
            found.append(f"the order is still {order.state}")
        if order.state == OrderState.ACCEPTED and order.settled_at is None and order.refunded_fen < order.total_fen:
            found.append("its money has not gone on")
        if any(row.checked_at is None for row in self.came_back()):
            found.append("nobody has looked at what came back")
        claims = db.session.scalars(select(Claim).filter_by(order_id=order.id)).all()
        found += [f"a claim is still {claim.state}" for claim in claims if ClaimState(claim.state) not in ENDED]
        return found

    # What the moves need.

    def near(self) -> Sequence[Move]:
        """The moves that are in place now, as far as one can tell."""
        shipment, claim = self.shipment(), self.claim()
        found: list[Move] = [*AT_ORDER[OrderState(self.sale.order.state)]]
        found += 4 * AT_CLAIM[ClaimState(claim.state)] if claim is not None else ()
        if shipment is not None and shipment.state in FAILED:
            found += [made_good] if shipment.resolved_at is None else [looked_at]
        return found

    def came_back(self) -> list[ReturnedGoods]:
        """What came back in the parcel."""
        own = [line.id for line in self.lines]
        return list(db.session.scalars(select(ReturnedGoods).where(ReturnedGoods.line_id.in_(own))))

    def shipment(self) -> Shipment | None:
        """The order's parcel, once it has left."""
        query = select(Shipment).join(ShipmentOrder).join(Order).where(Order.public_id == self.sale.order_id)
        return db.session.scalars(query).first()

    def claim(self, *states: ClaimState) -> Claim | None:
        """An open claim on one of the lines, in one of these states where any are named."""
        found = [claim for line in self.lines if (claim := open_claim_on_line(line.id)) is not None]
        return next((claim for claim in found if not states or claim.state in states), None)

    def news(self, action: ShipmentAction) -> None:
        """A carrier tells something of the parcel."""
        shipment = self.shipment()
        if shipment is not None:
            with transaction():
                note_news(shipment.public_id, News(action, self.now, "carrier"), actor="carrier", now=self.now)


class Idle(DomainError):
    """There was nothing to do."""


def _claim_step(walk: Walk, act: object, *args: object, by: object, states: tuple[ClaimState, ...] = ()) -> None:
    claim = walk.claim(*states)
    if claim is None:
        raise Idle("idle", "nothing to answer")
    take_step(partial(act, claim.public_id, *args, by, now=walk.now), now=walk.now)  # type: ignore[arg-type,call-arg]


def _told(walk: Walk, action: ShipmentAction) -> None:
    if walk.shipment() is None:
        raise Idle("idle", "nothing is on its way")
    walk.news(action)


def sent(walk: Walk) -> None:
    """The farm sends the parcel."""
    with transaction():
        send_order(walk.sale.order_id, walk.sale.producer.id, None, None, actor="farmer", now=walk.now)


def moved(walk: Walk) -> None:
    _told(walk, ShipmentAction.MOVE)


def brought(walk: Walk) -> None:
    _told(walk, ShipmentAction.DELIVER)


def lost(walk: Walk) -> None:
    _told(walk, ShipmentAction.LOSE)


def returned(walk: Walk) -> None:
    _told(walk, ShipmentAction.RETURN)


def made_good(walk: Walk) -> None:
    """The operator makes good what was lost or came back."""
    shipment = walk.shipment()
    if shipment is None or shipment.state not in FAILED:
        raise Idle("idle", "nothing went astray")
    with transaction():
        resolve_shipment(shipment.public_id, actor="operator", now=walk.now)


def looked_at(walk: Walk) -> None:
    """The farm says what of the parcel that came back is sound."""
    kept = {row.line_id: Decimal(walk.chance.randint(0, int(row.quantity))) for row in walk.came_back()}
    sound = {number: kept[line.id] for number, line in enumerate(walk.lines, 1) if line.id in kept}
    with transaction():
        note_sound(walk.sale.order_id, walk.sale.producer.id, sound, actor="farmer", now=walk.now)


def received(walk: Walk) -> None:
    """The buyer has it."""
    with transaction():
        order = accept_delivery(walk.sale.order_id, walk.sale.buyer_account.id, actor="buyer", now=walk.now)
        note_received(order, actor="buyer", now=walk.now)


def paid(walk: Walk) -> None:
    """The courier's cash arrives, where it is paid at the door."""
    with transaction():
        confirm_payment(get_payment(payment_of(walk.sale.group).public_id, lock=True), actor="operator", now=walk.now)


def missed(walk: Walk) -> None:
    """Nothing has come: the buyer claims part or all of a line."""
    line = walk.chance.choice((1, 2))
    share_bp = walk.chance.choice((5_000, 10_000))
    walk.sale.claim(None, line=line, kind=ClaimKind.NOT_ARRIVED, share_bp=share_bp, now=walk.now, pictures=[])


def complained(walk: Walk) -> None:
    """What has come is bad, or something else."""
    kind = walk.chance.choice((ClaimKind.ROTTEN, ClaimKind.WRONG_GOODS))
    walk.sale.claim(walk.chance.choice((1, 700, 1500)), line=walk.chance.choice((1, 2)), kind=kind, now=walk.now)


def agreed(walk: Walk) -> None:
    _claim_step(walk, accept_claim, by=walk.sale.seller)


def offered(walk: Walk) -> None:
    _claim_step(walk, offer_amount, 300, "少一点", by=walk.sale.seller)


def offer_taken(walk: Walk) -> None:
    _claim_step(walk, take_offer, by=walk.sale.buyer, states=(ClaimState.OFFERED,))


def refused(walk: Walk) -> None:
    _claim_step(walk, refuse_claim, "没坏", by=walk.sale.seller)


def withdrawn(walk: Walk) -> None:
    _claim_step(walk, withdraw_claim, by=walk.sale.buyer)


def disputed(walk: Walk) -> None:
    _claim_step(walk, dispute_claim, "坏了", by=walk.sale.buyer, states=(ClaimState.OFFERED, ClaimState.REFUSED))


def ruled(walk: Walk) -> None:
    ruling = Ruling(walk.chance.choice((0, 400, 2000)), walk.chance.choice((0, 100)), "看过了")
    _claim_step(walk, rule, ruling, by=walk.sale.operator, states=(ClaimState.DISPUTED,))


def asked_back(walk: Walk) -> None:
    _claim_step(walk, ask_goods_back, "请寄回", by=walk.sale.seller)


def sent_back(walk: Walk) -> None:
    _claim_step(walk, send_back, "顺丰", "SF1234567", by=walk.sale.buyer, states=(ClaimState.RETURNING,))


def came_back(walk: Walk) -> None:
    _claim_step(walk, note_arrival, by=walk.sale.seller, states=(ClaimState.RETURNING,))


def checked(walk: Walk) -> None:
    _claim_step(walk, note_check, walk.chance.random() < 0.7, by=walk.sale.seller, states=(ClaimState.RETURNING,))


def cancelled(walk: Walk) -> None:
    """The buyer cancels what has not left."""
    with transaction():
        cancel_order(walk.sale.order_id, account_id=walk.sale.buyer_account.id, actor="buyer", now=walk.now)


def given_back(walk: Walk) -> None:
    """The operator gives something back."""
    with transaction():
        order = walk.sale.order
        left_fen = order.total_fen - order.refunded_fen
        amount_fen = walk.chance.choice((1, 999, left_fen))
        seen_fen = order.given_back_fen
        refund_order(walk.sale.order_id, amount_fen, expected_refunded_fen=seen_fen, actor="operator", now=walk.now)


def money_sent(walk: Walk) -> None:
    """Somebody goes to the bank with all that is owed back."""
    owed = db.session.scalars(
        select(Refund.public_id).where(Refund.state == "created", Refund.payment_id == payment_of(walk.sale.group).id)
    ).all()
    for public_id in owed:
        with transaction():
            refund = lock_refund(public_id)
            assert refund is not None
            send_refund_by_hand(refund, actor="operator", now=walk.now)


def days_pass(walk: Walk) -> None:
    """Time passes, and the clocks go on with what nobody has answered."""
    walk.now += timedelta(days=walk.chance.choice((1, 3, 8, 16)))
    sweep_claims(now=walk.now)
    accept_by_time(now=walk.now)
    write_off_unseen(now=walk.now)


def weeks_pass(walk: Walk) -> None:
    """As ``days_pass``, until no clock runs any more."""
    for _ in range(4):
        walk.now += timedelta(days=16)
        days_pass(walk)


def disputes_ruled(walk: Walk) -> None:
    """The operator decides what waits for it, the second time too."""
    while (claim := walk.claim(ClaimState.DISPUTED)) is not None:
        take_step(partial(rule, claim.public_id, Ruling(0, 0, "看过了"), walk.sale.operator, now=walk.now), now=walk.now)
    while (claim := walk.claim(ClaimState.APPEALED)) is not None:
        take_step(partial(rule_again, claim.public_id, Ruling(0, 0, "看过了"), walk.sale.colleague, now=walk.now), now=walk.now)


MOVES: Sequence[Move] = (
    *(sent, moved, brought, lost, returned, made_good, looked_at, received, paid),
    *(missed, complained, agreed, offered, offer_taken, refused, withdrawn, disputed, ruled),
    *(asked_back, sent_back, came_back, checked, cancelled, given_back, money_sent, days_pass),
)
AT_ORDER: dict[OrderState, Sequence[Move]] = {
    OrderState.PLACED: (sent, sent, sent, paid, missed, cancelled, given_back, days_pass),
    OrderState.SHIPPED: (moved, brought, brought, lost, returned, received, missed, complained, days_pass),
    OrderState.DELIVERED: (received, complained, complained, complained, given_back, days_pass),
    OrderState.ACCEPTED: (complained, complained, given_back, money_sent, paid, days_pass),
    OrderState.CANCELLED: (money_sent,),
}
AT_CLAIM: dict[ClaimState, Sequence[Move]] = {
    ClaimState.FILED: (agreed, offered, refused, withdrawn, asked_back, asked_back),
    ClaimState.OFFERED: (offer_taken, offer_taken, disputed),
    ClaimState.REFUSED: (disputed, disputed, days_pass),
    ClaimState.RETURNING: (sent_back, sent_back, came_back, came_back, checked, checked),
    ClaimState.DISPUTED: (ruled, ruled),
    ClaimState.RULED: (days_pass,),
    ClaimState.APPEALED: (),
}
