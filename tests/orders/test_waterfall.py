"""Where one yuan has gone, from the ledger; where nothing was settled, by the terms in force."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.delivery.models import Temperature
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import Complaint, buyer, file_claim
from marketplace.orders.goodwill import book_goodwill
from marketplace.orders.jobs import count_seller_shares_nightly
from marketplace.orders.models import Order, SellerShare, ShareKind
from marketplace.orders.refunds import refund_order
from marketplace.orders.shares import set_term
from marketplace.orders.waterfall import COUNTED, count_seller_shares
from tests.factories import delivery
from tests.web.desk_world import NOW, Desk, World

LATER = NOW + timedelta(days=2)


@pytest.fixture
def world(session: Session) -> World:
    return World()


def agree(kind: ShareKind, bp: int, day: date = date(2020, 1, 1)) -> None:
    with transaction():
        set_term(kind, "522636", bp, f"{kind}:county", day, "agreed", actor="op", now=NOW)


def settle(world: World, quantity: str, *, freight_fen: int = 0, at: timedelta = timedelta()) -> str:
    """An order of so many jin of apples at 12.00 yuan, settled; answers its public id."""
    total_fen = int(1_200 * Decimal(quantity)) + freight_fen
    group = world.purchase(world.listing(), quantity, total_fen=total_fen, now=NOW + at)
    world.pay(group, now=NOW + at)
    world.deliver(group, now=NOW + at + timedelta(days=1))
    return world.order(group).public_id


def counted(world: World) -> dict[str, tuple[int, int, date, date]]:
    with transaction():
        count_seller_shares(now=LATER + timedelta(days=2))
    rows = db.session.scalars(select(SellerShare).filter_by(producer_id=world.farm.id))
    return {row.kind: (row.amount_fen, row.orders, row.first_on, row.last_on) for row in rows}


def test_the_shares_of_settled_orders_are_counted_with_what_was_given_back(world: World) -> None:
    first = settle(world, "10")
    agree(ShareKind.VILLAGE_AGENT, 200)
    settle(world, "5", at=timedelta(days=1))
    world.pay(world.purchase(world.listing(), "2", now=LATER))
    days = (2, local_day(NOW) + timedelta(days=1), local_day(NOW) + timedelta(days=2))
    assert counted(world) == {
        "producer": (11_640 + 5_700, *days),
        "village_agent": (120, *days),
        "platform": (360 + 180, *days),
    }
    with transaction():
        refund_order(first, 5_000, expected_refunded_fen=0, actor="operator", now=LATER)
    assert counted(world)["producer"][0] == 11_640 + 5_700 - 4_850
    assert counted(world)["platform"][0] == 360 + 180 - 150
    with transaction():
        count_seller_shares(now=LATER + COUNTED + timedelta(days=9))
    assert db.session.scalars(select(SellerShare)).all() == []


def test_what_the_platform_bears_itself_is_taken_off_its_own_part(world: World) -> None:
    public_id = settle(world, "10")
    order = db.session.scalars(select(Order).filter_by(public_id=public_id)).one()
    with transaction():
        by = buyer(order.group.account_id, "buyer")
        claim = file_claim(public_id, 1, Complaint(ClaimKind.OTHER, "坏了", asked_fen=5_000), by, now=LATER)
        refund_order(public_id, 5_000, expected_refunded_fen=0, actor="operator", now=LATER)
        # Of the 50 yuan that went back the platform bears two itself.
        book_goodwill(claim.public_id, order, 200, now=LATER)
    parts = {kind: row[0] for kind, row in counted(world).items()}
    # The others bear 48 yuan, 97 of 100 parts the farm; all parts sum to what the buyer has not got back.
    assert parts == {"producer": 11_640 - 4_656, "platform": 360 - 144 - 200}
    assert sum(parts.values()) == 12_000 - 5_000


def test_freight_beside_the_goods_is_no_part_of_their_price(world: World) -> None:
    with transaction():
        delivery.method(rates={Temperature.AMBIENT: (750, 0)})
    public_id = settle(world, "10", freight_fen=750)
    order = db.session.scalars(select(Order).filter_by(public_id=public_id)).one()
    assert (order.goods_fen, order.delivery_fen) == (12_000, 750)
    assert {kind: row[0] for kind, row in counted(world).items()} == {"producer": 11_640, "platform": 360}
    with transaction():
        refund_order(public_id, 5_100, expected_refunded_fen=0, actor="operator", now=LATER)
    # Of 127.50 two fifths went back: from each part as much, within a fen.
    assert {kind: row[0] for kind, row in counted(world).items()} == {"producer": 6_984, "platform": 216}


def of_one_yuan(page: str) -> list[tuple[str, str, str]]:
    rows = re.findall(r"</svg>([^<]+)</span></th><td[^>]*>([^<]+)</td><td[^>]*>([^<]+)</td>", page)
    return [(label, yuan, price) for label, yuan, price in rows]


def test_the_page_says_whether_it_was_counted_or_promised(client: FlaskClient, world: World) -> None:
    agree(ShareKind.PACKING, 500)
    agree(ShareKind.TAX, 100, date(2999, 1, 1))
    listing = world.listing(price_fen=1_999)
    reader = Desk(client, None)
    page = reader.get(f"/p/{listing.public_id}").text
    assert "Of every yuan you pay for this, by the terms in force today:" in page
    assert of_one_yuan(page) == [
        ("The family that grew it", "¥0.92", "¥18.39"),
        ("Packing", "¥0.05", "¥1.00"),
        ("Running the market", "¥0.03", "¥0.60"),
    ]
    settle(world, "10")
    count_seller_shares_nightly(int((NOW + timedelta(days=2)).timestamp()))
    page = reader.get(f"/p/{listing.public_id}").text
    assert "Of every yuan paid to this seller, in one settled order:" in page
    assert "They were settled from 21 May 2026 to 21 May 2026." in page
    assert [row[1] for row in of_one_yuan(page)] == ["¥0.92", "¥0.05", "¥0.03"]
    assert 'x="92%" y="0" width="5%"' in page
