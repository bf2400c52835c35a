"""A table of listings: checked row by row, put on sale whole or not at all."""

import io

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.catalogue.models import Listing, ListingState, Lot
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db
from marketplace.web.listing_import import MOST_ROWS
from tests.web.desk_world import OTHER_CODE, REGISTERED_CODE, Desk, World, count

IMPORT = "/farm/listings/import"
HEADER = "product,title_zh,unit,price,quantity,harvested_on"


def row(title: str = "苹果", **changes: str) -> str:
    today = clock.local_day(clock.now()).isoformat()
    cells = {"product": "apple", "title_zh": title, "unit": "jin", "price": "9.90", "quantity": "5", "harvested_on": today}
    return ",".join({**cells, **changes}.values())


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows])


def written() -> tuple[int, int, int]:
    return count(Listing), count(Lot), count(AuditEvent)


def test_a_check_says_what_would_happen_and_writes_nothing(farmer: Desk) -> None:
    before = written()
    page = farmer.post(IMPORT, {"table": table(row("甲"), row("乙")), "act": "check"})
    assert page.status_code == 200
    assert "2 rows are right. Nothing has been put on sale yet." in page.text
    assert written() == before


def test_a_right_table_goes_on_sale_whole(farmer: Desk, world: World) -> None:
    sent = farmer.post(IMPORT, {"table": table(row("甲"), row("乙", price="¥12.5", quantity="0.5")), "act": "sell"})
    assert sent.status_code == 303
    found = db.session.execute(
        select(Listing.title_zh, Listing.price_fen, Listing.available, Listing.state)
        .where(Listing.producer_id == world.farm.id, Listing.title_zh.in_(("甲", "乙")))
        .order_by(Listing.id)
    ).all()
    assert found == [("甲", 990, 5, ListingState.ON_SALE), ("乙", 1250, 0.5, ListingState.ON_SALE)]


def test_of_two_hundred_rows_the_seven_wrong_ones_are_named_and_none_is_sold(farmer: Desk) -> None:
    rows = [row(f"货{number}") for number in range(200)]
    wrong = {
        7: ("price", row(price="-1")),
        30: ("price", row(price="ten")),
        55: ("product", row(product="unicorn")),
        90: ("unit", row(unit="bushel")),
        120: ("harvested_on", row(harvested_on="2999-01-01")),
        150: ("quantity", row(quantity="0.33")),
        199: ("title_zh", row("")),
    }
    for at, (_, text) in wrong.items():
        rows[at] = text
    before = written()
    page = farmer.post(IMPORT, {"table": table(*rows), "act": "sell"})
    assert page.status_code == 422
    assert page.text.count("<strong>Row ") == 7
    for at, (column, _) in wrong.items():
        assert f"<strong>Row {at + 2}" in page.text
        assert f"<code>{column}</code>" in page.text
    assert written() == before
    # What was sent stands there to be put right.
    assert "货42" in page.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There is no row in this table"),
        (HEADER, "There is no row in this table"),
        (f"{HEADER}\n\n,,,,,\n", "There is no row in this table"),
        (table(row(), header=HEADER + ",colour"), "Not known: colour"),
        (table(row(), header=HEADER.replace("price", "cost")), "Missing: price"),
        (table(row(), header=HEADER + ",unit"), "The first row must name the columns"),
        (table(row() + ",1,2"), "more cells than there are columns"),
        (table('"never closed'), "cannot be read"),
        (table(*[row()] * (MOST_ROWS + 1)), f"at most {MOST_ROWS} rows"),
        (table(row("a\x00b")), "characters that cannot be shown"),
    ],
)
def test_what_is_no_such_table_is_refused_in_words(farmer: Desk, text: str, words: str) -> None:
    before = written()
    page = farmer.post(IMPORT, {"table": text, "act": "sell"})
    assert (page.status_code, words in page.text) == (422, True), page.text
    assert written() == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_is_read_as_spreadsheets_write_it(farmer: Desk, world: World, encoding: str, separator: str) -> None:
    raw = table(row("苹果梨")).replace(",", separator).encode(encoding)
    farmer.post(IMPORT, {"file": (io.BytesIO(raw), "goods.csv"), "act": "sell"}, content_type="multipart/form-data")
    assert (
        db.session.scalar(select(Listing.title_zh).where(Listing.producer_id == world.farm.id).order_by(Listing.id.desc()))
        == "苹果梨"
    )


def test_a_file_in_no_known_encoding_is_refused(farmer: Desk) -> None:
    sent = {"file": (io.BytesIO(b"\xff\xff\xff"), "goods.csv"), "act": "check"}
    page = farmer.post(IMPORT, sent, content_type="multipart/form-data")
    assert (page.status_code, "could not be read" in page.text) == (422, True)


def test_a_cooperative_names_its_households_in_a_cell(client: FlaskClient, world: World) -> None:
    header = HEADER + ",households"
    good = row("合作社苹果") + f",{REGISTERED_CODE} 1500|{OTHER_CODE} 1000"
    manager = Desk(client, world.manager)
    assert manager.post(IMPORT, {"table": table(good, header=header), "act": "sell"}).status_code == 303
    listing = db.session.scalars(select(Listing).filter_by(title_zh="合作社苹果")).one()
    assert listing.benefit_bp == 6000
    short = manager.post(IMPORT, {"table": table(row() + f",{REGISTERED_CODE} 100", header=header), "act": "sell"})
    assert "<code>households</code>" in short.text


def test_the_empty_table_has_every_column(farmer: Desk) -> None:
    body = farmer.get(f"{IMPORT}/table.csv").text
    assert {"product", "title_zh", "unit", "price", "quantity", "harvested_on"} <= set(body.lstrip("\ufeff").strip().split(","))
