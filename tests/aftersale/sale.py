"""A purchase that has been paid and sent, as the tests of what comes after it need it."""

import io
from datetime import timedelta
from decimal import Decimal
from functools import partial

from PIL import Image
from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, Unit
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.kernel.pictures import Picture, read_picture
from marketplace.ledger.models import Entry, LedgerAccount
from marketplace.orders import claims
from marketplace.orders.claim_handling import take_step
from marketplace.orders.claim_moves import Actor
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import Complaint, file_claim
from marketplace.orders.models import Claim, Order, OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import accept_delivery, confirm_payment, ship_order
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from tests import factories
from tests.factories import delivery as terms

NOW = factories.NOW
HOUR = timedelta(hours=1)
TO = Destination("王小满", "13800138000", "522636", "南街 1 号")


def jpeg(colour: str = "brown") -> bytes:
    """A small photograph."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "JPEG")
    return buffer.getvalue()


PHOTO: Picture = read_picture(jpeg())


class Sale:
    """Two boxes of apples (25.00) and five jin of greens (15.00) of one seller, received at ``NOW``.

    It is paid by transfer in advance, or not yet, where ``cash`` at the door is agreed.
    """

    def __init__(self, *, sent: bool = True, received: bool = True, freight: bool = False, cash: bool = False) -> None:
        with transaction():
            self.farmer = factories.account((RoleKind.FARMER, factories.VILLAGE), name="农家")
            self.producer = factories.producer(registered=True, owner=self.farmer)
            self.apples = factories.listing(self.producer)
            kind = factories.product("pak-choi", "小白菜", "Pak choi", factories.category("vegetables", "蔬菜", "Vegetables"))
            self.greens = factories.listing(
                self.producer,
                kind,
                price_fen=300,
                stock=20,
                unit=Unit.JIN,
                unit_grams=500,
                title_zh="小白菜",
                title_en="Pak choi",
            )
            self.buyer_account = factories.account(name="王小满")
            self.first_operator = factories.account((RoleKind.OPERATOR, ""), name="客服一")
            self.second_operator = factories.account((RoleKind.OPERATOR, ""), name="客服二")
        self.buyer = claims.buyer(self.buyer_account.id, self.buyer_account.public_id)
        self.seller = claims.seller(self.farmer.id, self.farmer.public_id, self.producer.id)
        self.operator = claims.operator(self.first_operator.id, self.first_operator.public_id)
        self.colleague = claims.operator(self.second_operator.id, self.second_operator.public_id)
        if freight:
            with transaction():
                terms.method()
        self.order_id = self._buy(5350 if freight else 4000, cash=cash)
        if sent:
            with transaction():
                ship_order(self.order_id, self.producer.id, actor="test", now=NOW - timedelta(days=1))
        if received:
            self.receive()

    def _buy(self, total_fen: int, *, cash: bool) -> str:
        method = PaymentMethod.CASH_ON_DELIVERY if cash else PaymentMethod.BANK_TRANSFER
        placed_at = NOW - timedelta(days=2)
        with transaction():
            basket = factories.basket(self.buyer_account, (self.apples, 2), (self.greens, 5))
            buyer = self.buyer_account
            group = place_order(buyer.id, buyer.public_id, basket.public_id, TO, method, total_fen, now=placed_at)
            payment = payment_of(group).public_id
            order_id = group.orders[0].public_id
        if cash:
            return order_id
        with transaction():
            confirm_payment(get_payment(payment, lock=True), actor="test", now=placed_at + HOUR)
        return order_id

    def receive(self) -> None:
        """The buyer says that it has come, at ``NOW``."""
        with transaction():
            accept_delivery(self.order_id, self.buyer_account.id, actor="test", now=NOW)

    @property
    def order(self) -> Order:
        """The order as it stands."""
        return db.session.scalars(
            select(Order).filter_by(public_id=self.order_id).execution_options(populate_existing=True)
        ).one()

    @property
    def group(self) -> OrderGroup:
        """The purchase."""
        return self.order.group

    def claim(self, asked_fen: int | None = 1000, *, line: int = 1, kind: ClaimKind = ClaimKind.ROTTEN, **words: object) -> str:
        """File a claim at once after the goods have come; answers its public id."""
        now = words.pop("now", NOW + HOUR)
        complaint = Complaint(kind, asked_fen=asked_fen, **{"words": "烂了", "pictures": [PHOTO], **words})  # type: ignore[arg-type]
        return take_step(partial(file_claim, self.order_id, line, complaint, self.buyer, now=now), now=now)  # type: ignore[arg-type]


def found(public_id: str) -> Claim:
    """A claim as it stands."""
    db.session.expire_all()
    return db.session.scalars(select(Claim).filter_by(public_id=public_id)).one()


def step(act: object, public_id: str, *args: object, by: Actor, now: object = NOW + 2 * HOUR) -> Claim:
    """Take a step as a whole, and answer the claim after it."""
    take_step(partial(act, public_id, *args, by, now=now), now=now)  # type: ignore[arg-type,call-arg]
    return found(public_id)


def balance(code: str) -> int:
    """The sum of an account's entries."""
    query = select(func.coalesce(func.sum(Entry.amount_fen), 0)).join(LedgerAccount).where(LedgerAccount.code == code)
    return int(db.session.scalar(query) or 0)


def all_entries() -> int:
    """The sum of all entries, which is nothing in whole books."""
    return int(db.session.scalar(select(func.coalesce(func.sum(Entry.amount_fen), 0))) or 0)


def stock(listing: Listing) -> Decimal:
    """What is there of a listing."""
    return db.session.scalars(select(Listing.available).filter_by(id=listing.id)).one()
