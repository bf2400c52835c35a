"""Facts are the raw rows added up, whatever was bought, cancelled, claimed or pooled; and a day built again is the same."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, LotContribution, MarketPrice
from marketplace.dashboard.models import Channel, SalesFact
from marketplace.dashboard.queries import sales, sales_total
from marketplace.dashboard.service import build_all, build_day
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Order, OrderGroup, OrderLine
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import cancel_unpaid, confirm_payment
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from marketplace.sourcing.service import set_purchase_target
from tests import factories
from tests.factories import NOW, TODAY

TO = Destination("李四", "13800000000", "522636", "民族路 1 号")
VILLAGES = ("522636100001", "522636101001", "522635100001")
FIRST = TODAY - timedelta(days=80)


@dataclass(frozen=True)
class Bought:
    """One purchase: which goods and how many of each, by whom, how long ago, and what became of it."""

    lines: dict[int, int]
    buyer: int
    days_ago: int
    fate: str


PURCHASES = st.lists(
    st.builds(
        Bought,
        st.dictionaries(st.integers(0, 3), st.integers(1, 4), min_size=1, max_size=3),
        st.integers(0, 2),
        st.integers(0, 75),
        st.sampled_from(["paid", "paid", "paid", "unpaid", "cancelled", "missing", "claimed"]),
    ),
    min_size=1,
    max_size=6,
)


class Shop:
    """Four goods, two of them pooled, and three buyers: a person, an enterprise, and one that reserves a share."""

    def __init__(self) -> None:
        with transaction():
            self.households = [factories.household(registered_from=date(2020, 1, 1)) for _ in range(2)]
            self.other = factories.household()
            pear = factories.product("pear", "梨", "Pear")
            self.goods = [
                factories.listing(factories.producer(VILLAGES[0], registered=True), price_fen=777, stock=200, unit_grams=501),
                factories.listing(factories.producer(VILLAGES[1]), pear, price_fen=1301, stock=200, unit_grams=997),
            ]
            for village in VILLAGES[1:]:
                pool = {self.households[0].id: 1000, self.households[1].id: 777, self.other.id: 1234}
                seller = factories.producer(village, kind="cooperative")  # type: ignore[arg-type]
                self.goods.append(factories.listing(seller, pear, price_fen=1999, stock=200, contributions=pool))
            self.buyers = [
                factories.account(),
                factories.account((RoleKind.ENTERPRISE, ""), (RoleKind.CONSUMER, "")),
                factories.account((RoleKind.ENTERPRISE, ""), (RoleKind.CONSUMER, "")),
            ]
            # A member since before it bought anything.
            self.buyers[2].created_at = NOW - timedelta(days=400)
            set_purchase_target(self.buyers[2], 2026, 3000, now=NOW)
            db.session.add(
                MarketPrice(
                    product_id=pear.id, day=TODAY - timedelta(days=40), source="a", low_fen=200, average_fen=301, high_fen=400
                )
            )
            db.session.add(
                MarketPrice(
                    product_id=pear.id, day=TODAY - timedelta(days=38), source="b", low_fen=200, average_fen=402, high_fen=500
                )
            )

    def buy(self, bought: Bought) -> None:
        """Carry out a purchase through the doors of the shop, and what became of it as the rows that it leaves."""
        at = NOW - timedelta(days=bought.days_ago)
        buyer: Account = self.buyers[bought.buyer]
        lines = [(self.goods[number], quantity) for number, quantity in sorted(bought.lines.items())]
        total_fen = sum(listing.price_fen * quantity for listing, quantity in lines)
        with transaction():
            basket = factories.basket(buyer, *lines)
            group = place_order(buyer.id, buyer.public_id, basket.public_id, TO, PaymentMethod.BANK_TRANSFER, total_fen, now=at)
        payment = payment_of(group).public_id
        with transaction():
            if bought.fate == "cancelled":
                cancel_unpaid(get_payment(payment, lock=True), actor="test", now=at)
            elif bought.fate != "unpaid":
                confirm_payment(get_payment(payment, lock=True), actor="test", now=at)
        with transaction():
            orders = db.session.scalars(select(Order).filter_by(group_id=group.id)).all()
            first = orders[0].lines[0]
            if bought.fate == "missing":
                # One of it did not come, as a short harvest leaves it.
                first.missing = Decimal(1)
            elif bought.fate == "claimed":
                # A claim that was granted takes nothing off: the harvest found its buyer.
                first.refunded_fen = first.total_fen // 2


def raw_rows() -> dict[tuple[date, int, str], Counter[str]]:
    """The same figures from the rows themselves, one line after another, in whole numbers."""
    found: dict[tuple[date, int, str], Counter[str]] = defaultdict(Counter)
    enterprises = {row.account_id for row in db.session.execute(text("SELECT account_id FROM role WHERE kind = 'enterprise'"))}
    targets = "SELECT account_id, year, joined_at FROM enterprise_member JOIN purchase_target USING (enterprise_id)"
    rows = db.session.execute(text(f"{targets} WHERE share_bp > 0")).all()
    reserving = {(account_id, year): joined_at for account_id, year, joined_at in rows}
    query = select(OrderGroup, Order, OrderLine, Listing).join(Order, Order.group_id == OrderGroup.id)
    query = query.join(OrderLine, OrderLine.order_id == Order.id).join(Listing, Listing.id == OrderLine.listing_id)
    for group, order, line, listing in db.session.execute(query):
        if group.paid_at is None or order.state == "cancelled" or line.missing >= line.quantity:
            continue
        day = local_day(group.paid_at)
        missing_fen = int(line.total_fen * line.missing // line.quantity)
        total_fen = line.total_fen - missing_fen
        benefit_fen = line.benefit_fen - line.benefit_fen * missing_fen // line.total_fen
        grams = int((line.quantity - line.missing) * line.unit_grams)
        channel = Channel.CONSUMER
        if group.account_id in enterprises:
            since = reserving.get((group.account_id, day.year))
            reserved = benefit_fen > 0 and since is not None and since <= group.placed_at
            channel = Channel.RESERVED if reserved else Channel.ENTERPRISE
        found[day, line.lot_id, channel].update(
            order_lines=1,
            grams=grams,
            total_fen=total_fen,
            benefit_fen=benefit_fen,
            benefit_grams=grams * benefit_fen // total_fen,
            farm_gate_fen=total_fen * min(order.producer_fen, order.goods_fen) // order.goods_fen,
            product_id=listing.product_id - found[day, line.lot_id, channel]["product_id"],
        )
    for (day, _lot, _channel), sums in found.items():
        newest: dict[str, tuple[date, int]] = {}
        for price in db.session.scalars(select(MarketPrice).filter_by(product_id=sums["product_id"])):
            if timedelta(0) <= day - price.day < timedelta(days=7):
                newest[price.source] = max(
                    newest.get(price.source, (price.day, price.average_fen)), (price.day, price.average_fen)
                )
        if not newest:
            sums["farm_gate_fen"] = 0
        else:
            sums["wholesale_fen"] = sums["grams"] * sum(fen for _, fen in newest.values()) // (500 * len(newest))
    return found


SUMS = ("order_lines", "grams", "total_fen", "benefit_fen", "benefit_grams", "farm_gate_fen", "wholesale_fen", "product_id")


def facts() -> dict[tuple[date, int, str], tuple[int, ...]]:
    db.session.expire_all()
    rows = db.session.scalars(select(SalesFact))
    return {(row.sold_on, row.lot_id, row.channel): tuple(getattr(row, name) for name in SUMS) for row in rows}


def dump() -> bytes:
    """Every fact, canonically: what a day built again must come out as, byte for byte."""
    keys = {"sales_fact": "sold_on, lot_id, channel", "sales_month": "month_on, lot_id, channel"}
    lines: list[str] = []
    for table, key in {**keys, "exposure_fact": "shown_on, listing_id"}.items():
        lines += db.session.scalars(text(f"SELECT {table}::text FROM {table} ORDER BY {key}")).all()
    return "\n".join(lines).encode()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(purchases=PURCHASES, grams=st.integers(1, 5000))
def test_facts_are_the_raw_rows_added_up(session: Session, purchases: list[Bought], grams: int) -> None:
    db.session.remove()
    # The session has its own savepoints; this one is around them.
    begun = db.engine.begin_nested()
    try:
        shop = Shop()
        for number, bought in enumerate(purchases):
            if number == len(purchases) // 2:
                # From here on another part of each pooled lot is somebody's who is not registered.
                with transaction():
                    for row in db.session.scalars(select(LotContribution).filter_by(household_id=shop.other.id)):
                        row.grams = grams
            shop.buy(bought)
        with transaction():
            build_all()
        raw = {key: tuple(sums[name] for name in SUMS) for key, sums in raw_rows().items()}
        assert facts() == raw
        whole = sales_total("52", FIRST, TODAY, as_of=TODAY)
        assert whole.total_fen == sum(row[2] for row in raw.values())
        assert whole.as_sold_fen == sum(row[3] for row in raw.values())
        for by in ("area", "lot", "product", "category", "channel", "buyer", "year", "quarter", "month"):
            rows = sales("52", FIRST, TODAY, by=by, as_of=TODAY)  # type: ignore[arg-type]
            for name in ("total_fen", "as_sold_fen", "as_registered_fen", "grams", "order_lines", "own_farm_gate_fen"):
                assert sum(getattr(row, name) for row in rows) == getattr(whole, name), (by, name)
        assert sum(row.total_fen for row in sales("52", FIRST, TODAY, by="day")) == whole.total_fen
        before = dump()
        for day in sorted({day for day, _lot, _channel in raw}, reverse=True):
            with transaction():
                build_day(day)
        assert dump() == before
    finally:
        db.session.remove()
        begun.rollback()
