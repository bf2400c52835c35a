"""Lives of a purchase that go on after the sale: a claim that is paid, and goods that go back; to be cut off somewhere."""

import io
from datetime import datetime, timedelta
from functools import partial

from PIL import Image
from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, Producer
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.pictures import read_picture
from marketplace.orders.claim_handling import take_step
from marketplace.orders.claim_moves import Actor
from marketplace.orders.claim_rules import clock_of, set_rule
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import WHOLE_BP, Complaint, accept_claim, ask_goods_back, buyer, file_claim, seller
from marketplace.orders.models import Claim, GoodsReturn, Order, OrderLine
from marketplace.orders.returns import note_arrival, note_check, send_back
from marketplace.orders.service import accept_delivery, ship_order
from marketplace.payments.models import Refund
from tests import factories


def order_of(listing_id: int) -> str:
    """The only order of a listing."""
    return db.session.scalars(select(Order.public_id).join(OrderLine).where(OrderLine.listing_id == listing_id)).one()


def seller_of(listing_id: int) -> tuple[int, Actor]:
    """The producer of a listing and whoever sells for it, whose account is opened here."""
    with transaction():
        producer = db.session.scalars(select(Producer).join(Listing).where(Listing.id == listing_id)).one()
        account = factories.account((RoleKind.FARMER, producer.area_code), login=f"sells-{producer.public_id}")
        producer.account_id = account.id
        return producer.id, seller(account.id, account.public_id, producer.id)


def missing_and_claimed(listing_id: int, account_id: int, account: str, now: datetime) -> None:
    """Nothing has come within a fortnight: the buyer claims all of it, and the seller agrees."""
    _producer, by = seller_of(listing_id)
    late = now + timedelta(days=15)
    complaint = Complaint(ClaimKind.NOT_ARRIVED, share_bp=WHOLE_BP)
    with transaction():
        claim = file_claim(order_of(listing_id), 1, complaint, buyer(account_id, account), now=late).public_id
    take_step(partial(accept_claim, claim, by, now=late), now=late)


def wrong_and_sent_back(listing_id: int, account_id: int, account: str, now: datetime) -> None:
    """Other goods have come: they go back, are fit for sale, and are paid for."""
    producer_id, by = seller_of(listing_id)
    own = buyer(account_id, account)
    order = order_of(listing_id)
    with transaction():
        ship_order(order, producer_id, actor="test", now=now)
        accept_delivery(order, account_id, actor=account, now=now)
        line = db.session.scalars(select(OrderLine).where(OrderLine.listing_id == listing_id)).one()
        if not clock_of(line, local_day(now)).returnable:
            category_id = db.session.get_one(Listing, listing_id).category_id
            set_rule(category_id, local_day(now), 168, True, actor="test", now=now)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "brown").save(buffer, "PNG")
    complaint = Complaint(ClaimKind.WRONG_GOODS, share_bp=WHOLE_BP, pictures=[read_picture(buffer.getvalue())])
    with transaction():
        claim = file_claim(order, 1, complaint, own, now=now).public_id
        ask_goods_back(claim, "", by, now=now)
        send_back(claim, "顺丰", "SF1", own, now=now)
        note_arrival(claim, by, now=now)
    take_step(partial(note_check, claim, True, by, now=now), now=now)


def came_back(listing_id: int) -> int:
    """How many of a listing are on stock again after they had come to their buyer."""
    query = (
        select(func.coalesce(func.sum(GoodsReturn.quantity), 0))
        .join(Claim, Claim.id == GoodsReturn.claim_id)
        .join(OrderLine, OrderLine.id == Claim.order_line_id)
        .where(OrderLine.listing_id == listing_id, GoodsReturn.sellable)
    )
    return int(db.session.scalar(query) or 0)


def claim_faults(listing_id: int) -> list[str]:
    """What is wrong with the claims on a listing: an end without its money, or money without its end."""
    found = []
    claims = db.session.scalars(
        select(Claim)
        .join(OrderLine, OrderLine.id == Claim.order_line_id)
        .where(OrderLine.listing_id == listing_id)
        .execution_options(populate_existing=True)
    ).all()
    for claim in claims:
        refund = db.session.get(Refund, claim.refund_id) if claim.refund_id is not None else None
        if (claim.state == "settled") != (refund is not None and refund.amount_fen == claim.settled_fen):
            found.append(f"a claim is {claim.state} with {claim.settled_fen} fen and refund {claim.refund_id}")
    paid = sum(claim.settled_fen for claim in claims)
    refunded = db.session.scalar(select(func.sum(OrderLine.refunded_fen)).where(OrderLine.listing_id == listing_id)) or 0
    if paid != refunded:
        found.append(f"claims brought {paid} fen and the lines say {refunded}")
    return found
