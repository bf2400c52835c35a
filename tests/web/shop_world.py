"""A small shop for the tests of its pages: three sellers, things in season, a buyer with an order and a basket."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import text

from marketplace.catalogue.models import Listing, ProducerKind, Unit
from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Basket, OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.payments.models import PaymentMethod
from tests import factories

COUNTY = "522636"
ADDRESS = {
    "recipient": "王小满",
    "phone": "138 0013 8000",
    "province": "52",
    "county": COUNTY,
    "address": "南街 1 号",
    "payment_method": "cash_on_delivery",
}


class ShopWorld:
    """Sellers and listings; ``apples`` cost 12.50 yuan a box (10 in stock), ``greens`` 3.00 yuan a jin (20 in stock)."""

    def __init__(self) -> None:
        self.farm = factories.producer(registered=True)
        self.cooperative = factories.producer("522636101001", kind=ProducerKind.COOPERATIVE)
        self.apples = factories.listing(self.farm, rank=3.0)
        self.apples.season_weeks = list(range(1, 53))
        vegetables = factories.category("vegetables", "蔬菜", "Vegetables")
        kind = factories.product("pak-choi", "小白菜", "Pak choi", vegetables)
        self.greens = factories.listing(
            self.cooperative,
            kind,
            price_fen=300,
            stock=20,
            unit=Unit.JIN,
            unit_grams=500,
            title_zh="小白菜",
            title_en="Pak choi",
            rank=2.0,
        )
        neighbour = factories.producer("522636100002")
        self.pears = factories.listing(neighbour, title_zh="雪梨", title_en="Snow pears", price_fen=2100)
        factories.policy()
        self.buyer = factories.account(name="王小满")
        db.session.commit()

    def more_listings(self, number: int) -> None:
        """More of the same kind, in several villages, all in season."""
        sellers = [factories.producer(f"5226361000{village:02d}") for village in range(3, 9)]
        for at in range(number):
            seller = sellers[at % len(sellers)]
            made = factories.listing(seller, title_zh=f"苹果{at}", title_en=f"Apples {at}", rank=1 / (at + 2))
            made.season_weeks = list(range(1, 53))
        db.session.commit()

    def grow_to(self, number: int) -> None:
        """As many listings as said, copies of those there are."""
        db.session.execute(
            text(
                "INSERT INTO listing (public_id, producer_id, product_id, title_zh, title_en, story_zh, story_en, unit,"
                " unit_grams, price_fen, state, season_weeks, search_terms, created_at, published_at, category_id,"
                " area_code, available, harvested_on, benefit_bp, rank)"
                " SELECT left(md5(listing.id || '/' || copy), 14), producer_id, product_id, title_zh, title_en, story_zh,"
                " story_en, unit, unit_grams, price_fen, state, season_weeks, search_terms, created_at, published_at,"
                " category_id, area_code, available, harvested_on, benefit_bp, rank / (copy + 1)"
                " FROM listing, generate_series(1, 1 + :number / (SELECT count(*) FROM listing)) copy"
                " WHERE available > 0 LIMIT :number - (SELECT count(*) FROM listing)"
            ),
            {"number": number},
        )
        db.session.commit()
        assert db.session.scalar(text("SELECT count(*) FROM listing")) == number

    def basket(self, *lines: tuple[Listing, Decimal | int], owner: Account | None = None) -> Basket:
        """The buyer's basket."""
        made = factories.basket(owner or self.buyer, *lines)
        db.session.commit()
        return made

    def order(self, *lines: tuple[Listing, Decimal | int], method: PaymentMethod = PaymentMethod.BANK_TRANSFER) -> OrderGroup:
        """A purchase of the buyer, placed a day ago."""
        with transaction():
            basket = factories.basket(self.buyer, *lines)
            total_fen = sum(int(listing.price_fen * Decimal(quantity)) for listing, quantity in lines)
            return place_order(
                self.buyer.id,
                self.buyer.public_id,
                basket.public_id,
                Destination("王小满", "13800138000", COUNTY, "南街 1 号"),
                method,
                total_fen,
                now=clock.now() - timedelta(days=1),
            )
