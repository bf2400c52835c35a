"""A small world for the desks: two townships, three villages, three sellers and a buyer, with figures one can add up."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from marketplace.catalogue.models import Category, Listing, Producer, ProducerKind, Product, Unit
from marketplace.catalogue.service import Offer, add_harvest, create_listing, publish
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import Base, db, transaction
from marketplace.orders.baskets import add_line, open_basket
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import accept_delivery, confirm_payment, ship_order
from marketplace.payments.models import Payment, PaymentMethod
from marketplace.payments.queries import get_payment
from marketplace.regions.codes import parent_code
from marketplace.regions.models import Area
from marketplace.registry.models import Household, StatusCategory
from marketplace.registry.service import add_household, begin_status, open_revision

NOW = datetime(2026, 5, 20, 2, 0, tzinfo=UTC)
COUNTY, NORTH, SOUTH = "522636", "522636100", "522636101"
POOR_VILLAGE, COOP_VILLAGE, OTHER_VILLAGE = "522636100001", "522636100002", "522636101001"
AREAS = {
    "52": "贵州省",
    "5226": "黔东南州",
    COUNTY: "丹寨县",
    NORTH: "龙泉镇",
    SOUTH: "兴仁镇",
    POOR_VILLAGE: "卡拉村",
    COOP_VILLAGE: "石桥村",
    OTHER_VILLAGE: "摆泥村",
}
REGISTERED_CODE, OTHER_CODE = f"{POOR_VILLAGE}0001", f"{OTHER_VILLAGE}0001"
_numbers = itertools.count(1)


def make_account(kind: RoleKind = RoleKind.CONSUMER, scope: str = "", name: str = "somebody") -> Account:
    """An account with one role; nobody can sign in to it by password."""
    account = Account(
        login=f"{name}-{next(_numbers)}", display_name=name, created_at=NOW, roles=[Role(kind=kind, scope_code=scope)]
    )
    db.session.add(account)
    db.session.flush()
    return account


class Desk:
    """A browser of one person; each request starts without what the one before it kept in memory."""

    def __init__(self, client: FlaskClient, account: Account | None) -> None:
        self.client = client
        # A refused request rolls back, and must not take the account with it.
        db.session.commit()
        with client.session_transaction() as kept:
            kept.clear()
            if account is not None:
                kept["_user_id"] = f"{account.id}:{account.session_epoch}"

    def get(self, path: str, **options: Any) -> TestResponse:
        """Look at a page in English."""
        vars(g._get_current_object()).clear()
        return self.client.get(path, headers={"Accept-Language": "en"}, **options)

    def post(self, path: str, data: Any = None, **options: Any) -> TestResponse:
        """Send a form."""
        vars(g._get_current_object()).clear()
        return self.client.post(path, data=data or {}, headers={"Accept-Language": "en"}, **options)


class World:
    """Everything the tests of the desks stand on; the numbers are in the attributes' names or beside them."""

    def __init__(self) -> None:
        with transaction():
            for code, name in AREAS.items():
                db.session.add(Area(code=code, parent_code=parent_code(code), name=name, valid_from=date(2023, 1, 1)))
            shelf = Category(slug="fruit", name_zh="水果", name_en="Fruit", art="apple-red", position=1)
            db.session.add(shelf)
            db.session.flush()
            self.product = Product(slug="apple", category_id=shelf.id, name_zh="苹果", name_en="Apples", art="apple-red")
            db.session.add(self.product)
            self.registered = add_household(REGISTERED_CODE, now=NOW)
            self.other = add_household(OTHER_CODE, now=NOW)
            self.revision = open_revision("the first", actor="test", now=NOW)
            begin_status(self.registered, StatusCategory.POOR, date(2025, 1, 1), self.revision)
            self.farmer = make_account(RoleKind.FARMER, POOR_VILLAGE, "farmer")
            self.neighbour = make_account(RoleKind.FARMER, OTHER_VILLAGE, "neighbour")
            self.manager = make_account(RoleKind.FARMER, COOP_VILLAGE, "manager")
            self.buyer = make_account(name="buyer")
            self.farm = self._producer("卡拉村的农家", POOR_VILLAGE, self.farmer, self.registered)
            self.other_farm = self._producer("摆泥村的农家", OTHER_VILLAGE, self.neighbour, self.other)
            self.cooperative = self._producer("石桥合作社", COOP_VILLAGE, self.manager, None)

    def _producer(self, name: str, village: str, account: Account, household: Household | None) -> Producer:
        producer = Producer(
            kind=ProducerKind.HOUSEHOLD if household else ProducerKind.COOPERATIVE,
            name_zh=name,
            name_en=f"Farm of {village}",
            area_code=village,
            household_id=household.id if household else None,
            account_id=account.id,
            badge_consent=True,
            created_at=NOW,
        )
        db.session.add(producer)
        db.session.flush()
        return producer

    def listing(
        self,
        producer: Producer | None = None,
        *,
        price_fen: int = 1200,
        quantity: str = "100",
        contributions_g: dict[int, int] | None = None,
        title: str = "红苹果",
        title_en: str = "Red apples",
    ) -> Listing:
        """A listing on sale, by the jin, with one harvest."""
        producer = producer or self.farm
        with transaction():
            offer = Offer(self.product, title, title_en, Unit.JIN, 500, price_fen)
            listing = create_listing(producer, offer, actor="test", now=NOW)
            own = contributions_g or {producer.household_id or self.other.id: 50_000}
            add_harvest(listing, Decimal(quantity), local_day(NOW), own, actor="test", now=NOW)
            publish(listing, actor="test", now=NOW)
        return listing

    def purchase(
        self, listing: Listing, quantity: str, *, cash: bool = False, total_fen: int | None = None, now: datetime = NOW
    ) -> OrderGroup:
        """A purchase of one listing that waits for its payment."""
        method = PaymentMethod.CASH_ON_DELIVERY if cash else PaymentMethod.BANK_TRANSFER
        with transaction():
            basket = open_basket(self.buyer.id, None, now=now)
            add_line(basket, listing.public_id, Decimal(quantity), now=now)
            total = total_fen if total_fen is not None else int(listing.price_fen * Decimal(quantity))
            where = Destination("王小满", "13800000000", COUNTY, "南街 1 号")
            return place_order(self.buyer.id, self.buyer.public_id, basket.public_id, where, method, total, now=now)

    def pay(self, group: OrderGroup, *, now: datetime = NOW) -> None:
        """Confirm the payment of a purchase."""
        with transaction():
            confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="test", now=now)

    def deliver(self, group: OrderGroup, *, now: datetime = NOW + timedelta(days=1)) -> None:
        """Ship and receive every order of a purchase."""
        for order in list(group.orders):
            with transaction():
                ship_order(order.public_id, order.producer_id, actor="test", now=now)
                accept_delivery(order.public_id, self.buyer.id, actor="test", now=now)

    def order(self, group: OrderGroup) -> Order:
        """The only order of a purchase."""
        return db.session.scalars(select(Order).filter_by(group_id=group.id)).one()

    def payment(self, group: OrderGroup) -> Payment:
        """The payment of a purchase."""
        return payment_of(group)


def count(model: type[Base]) -> int:
    """How many rows a table has."""
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def without_csrf(app: Flask, monkeypatch: Any) -> None:
    """Let tests send forms without first reading the page that holds their token."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
