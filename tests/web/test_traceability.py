"""Pages of boxes, harvests, recalls and oddities: who reads what, and that bad input loses nothing."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Lot, Suspicion, YieldDeclaration
from marketplace.catalogue.oddities import Oddity
from marketplace.catalogue.suspicions import keep_oddities
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Box, Order, OrderLine, Recall, RecallLine
from marketplace.orders.oddities import found_oddities
from marketplace.registry.models import HouseholdStatus
from marketplace.registry.reading import Reach
from tests import factories
from tests.aftersale.sale import Sale
from tests.factories import NOW, TODAY
from tests.web.conftest import Browser


@pytest.fixture
def sale(session: Session, client: FlaskClient) -> Sale:
    return Sale()


@pytest.fixture
def browser(client: FlaskClient, sale: Sale) -> Browser:
    return Browser(client)


def box_page(browser: Browser, sale: Sale) -> str:
    code = db.session.scalars(select(Box.public_id).order_by(Box.id)).first()
    browser.is_now(None)
    return browser.get(f"/b/{code}").text


def test_everybody_reads_where_a_box_comes_from(browser: Browser, sale: Sale) -> None:
    page = box_page(browser, sale)
    assert "红苹果" in page or "Red apples" in page
    assert "Danzhai" in page or "丹寨" in page
    assert "3 kg" in page
    assert browser.get("/b/nothing").status_code == 404


def test_a_box_of_a_lone_registered_household_reads_as_one_of_a_household_that_is_not(browser: Browser, sale: Sale) -> None:
    page = box_page(browser, sale)
    other = Sale()
    with transaction():
        db.session.execute(delete(HouseholdStatus).where(HouseholdStatus.household_id == other.producer.household_id))
    line = select(Box.public_id).join(OrderLine).where(OrderLine.listing_id == other.apples.id)
    again = browser.get(f"/b/{db.session.scalars(line).one()}").text
    codes = re.compile(r"[A-Za-z0-9]{14}|农家\d+号|farm \d+|nonce=\"[^\"]+\"|value=\"[^\"]+\"")
    assert codes.sub("", page) == codes.sub("", again)


def test_a_box_names_no_buyer_no_farmer_and_no_household(browser: Browser, sale: Sale) -> None:
    page = box_page(browser, sale)
    order = db.session.scalars(select(Order)).first()
    assert order is not None
    for secret in (
        order.group.recipient,
        order.group.phone,
        order.group.address,
        order.group.reference,
        "农家",
        order.public_id,
    ):
        assert secret not in page


def test_a_farmer_declares_an_area_and_reads_what_is_left(browser: Browser, sale: Sale) -> None:
    shelf = factories.category("orchard-fruit", "苹果", "Orchard fruit")
    sale.apples.product.category_id = shelf.id
    browser.is_now(sale.farmer)
    answer = browser.post("/farm/harvest", {"product": "apple", "season": str(season()), "mu": "1.5", "kg": ""})
    assert answer.status_code == 303
    page = browser.get("/farm/harvest").text
    assert "Counts" in page and "1.5 mu" in page
    row = db.session.scalars(select(YieldDeclaration).execution_options(**reach())).one()
    assert (row.area_mu100, row.state, row.village_code) == (150, "standing", factories.VILLAGE)


def season() -> int:
    return clock.local_day(clock.now()).year


def reach() -> dict[str, object]:
    return {"registry_reach": Reach.everywhere("a test")}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"product": "apple", "mu": "", "kg": ""}, "either the area in mu or the harvest in kg"),
        ({"product": "apple", "mu": "1", "kg": "5"}, "either the area in mu or the harvest in kg"),
        ({"product": "gold", "mu": "1", "kg": ""}, "Please choose what it is."),
        ({"product": "apple", "mu": "much", "kg": ""}, "Please give a number."),
        ({"product": "apple", "mu": "-3", "kg": ""}, "either the area in mu or the harvest in kg"),
    ],
)
def test_a_slip_in_a_declaration_is_named_and_what_was_typed_stays(
    browser: Browser, sale: Sale, form: dict[str, str], words: str
) -> None:
    browser.is_now(sale.farmer)
    answer = browser.post("/farm/harvest", {"season": str(season()), "words": "坡地", **form})
    assert answer.status_code == 422
    assert words in answer.text and "坡地" in answer.text
    assert db.session.scalars(select(YieldDeclaration).execution_options(**reach())).all() == []


def test_a_harvest_beyond_the_declared_one_is_refused_kindly_and_the_form_stays(browser: Browser, sale: Sale) -> None:
    browser.is_now(sale.farmer)
    today = TODAY.isoformat()
    answer = browser.post(f"/farm/listings/{sale.apples.public_id}/harvest", {"harvested_on": today, "quantity": "9000"})
    assert answer.status_code == 409
    assert "My harvest" in answer.text and 'value="9000"' in answer.text
    assert sale.apples.available == 8


def test_the_officer_of_the_village_confirms_in_words_and_one_of_another_sees_nothing(browser: Browser, sale: Sale) -> None:
    browser.is_now(sale.farmer)
    browser.post("/farm/harvest", {"product": "apple", "season": str(season()), "mu": "", "kg": "90000", "words": "十亩"})
    row = db.session.scalars(select(YieldDeclaration).execution_options(**reach())).one()
    sibling = factories.account((RoleKind.OFFICER, "522636100002"))
    factories.area("522636100002")
    own = factories.account((RoleKind.OFFICER, factories.VILLAGE))
    browser.is_now(sibling)
    assert "90000" not in browser.get("/office/yields").text
    assert browser.post(f"/office/yields/{row.public_id}", {"action": "confirm", "words": "好"}).status_code == 404
    browser.is_now(own)
    assert "90000 kg" in browser.get("/office/yields").text
    assert browser.post(f"/office/yields/{row.public_id}", {"action": "confirm", "words": ""}).status_code == 422
    assert browser.post(f"/office/yields/{row.public_id}", {"action": "confirm", "words": "看过地"}).status_code == 303
    browser.is_now(sale.farmer)
    assert "看过地" in browser.get("/farm/harvest").text


def test_labels_lead_to_the_page_of_each_box(browser: Browser, session: Session) -> None:
    sale = Sale(sent=False, received=False)
    browser.is_now(sale.farmer)
    path = f"/farm/orders/{sale.order_id}/boxes"
    assert browser.post(path, {"line": "1", "boxes": "4"}).status_code == 303
    assert browser.post(path, {"line": "1", "boxes": "0"}).status_code == 422
    assert browser.post(path, {"line": "9", "boxes": "1"}).status_code == 404
    codes = db.session.scalars(select(Box.public_id).where(Box.line.has(order_id=order_id(sale)))).all()
    for size in ("a4", "100x60"):
        page = browser.get(f"/farm/orders/{sale.order_id}/labels/{size}").text
        assert all(code.upper() in page for code in codes)
        assert page.count("<svg") >= 4
    assert browser.get(f"/farm/orders/{sale.order_id}/labels/a3").status_code == 404
    stranger = Sale(sent=False, received=False)
    browser.is_now(stranger.farmer)
    assert browser.get(path).status_code == 404


def order_id(sale: Sale) -> int:
    return db.session.scalars(select(Order.id).filter_by(public_id=sale.order_id)).one()


def test_two_operators_call_goods_back_and_the_buyer_answers_and_is_paid(browser: Browser, sale: Sale) -> None:
    lot = db.session.scalars(select(Lot).filter_by(listing_id=sale.apples.id)).one()
    browser.is_now(sale.first_operator)
    assert "1 order lines below and 1 households above" in browser.get(f"/operator/recalls/?code={lot.public_id.upper()}").text
    form = {"code": lot.public_id.upper(), "reason": "农药超标", "advice": "扔掉"}
    assert browser.post("/operator/recalls/", {**form, "reason": ""}).status_code == 422
    assert browser.post("/operator/recalls/", {**form, "code": "nothing"}).status_code == 404
    assert browser.post("/operator/recalls/", form).status_code == 303
    assert sale.apples.available == 0
    recall = db.session.scalars(select(Recall)).one()
    path = f"/operator/recalls/{recall.public_id}"
    assert browser.post(f"{path}/tell").status_code == 403
    browser.is_now(sale.second_operator)
    assert browser.post(f"{path}/tell").status_code == 303
    line = db.session.scalars(select(RecallLine)).one()
    browser.is_now(sale.buyer_account)
    page = browser.get(f"/recalls/{line.public_id}").text
    assert "农药超标" in page and 'value="kept"' in page and "I still have it" in page
    assert browser.post(f"/recalls/{line.public_id}", {"reply": "perhaps"}).status_code == 422
    assert browser.post(f"/recalls/{line.public_id}", {"reply": "kept"}).status_code == 303
    assert "25.00" in browser.get(f"/recalls/{line.public_id}").text
    assert "called back" in box_page(browser, sale)
    browser.is_now(sale.first_operator)
    assert "1 of 1 answered" in browser.get("/operator/recalls/").text
    assert browser.post(f"{path}/close", {"words": ""}).status_code == 422
    assert browser.post(f"{path}/close", {"words": "已销毁"}).status_code == 303
    assert "已销毁" in browser.get(path).text


def test_who_is_newly_registered_is_for_the_office_alone_and_a_word_settles_an_oddity(browser: Browser, sale: Sale) -> None:
    officer = factories.account((RoleKind.OFFICER, factories.VILLAGE))
    found = [
        Oddity("soon_after_entry", sale.producer.id, "part:1:1:2026", {"grams": 1000, "most_grams": 1500}),
        Oddity("out_of_season", sale.producer.id, "lot:1", {"week": 49}),
    ]
    with transaction():
        assert keep_oddities(found, now=NOW) == 2
        assert keep_oddities(found, now=NOW + timedelta(days=1)) == 0
    entry, season_row = db.session.scalars(select(Suspicion).order_by(Suspicion.id)).all()
    browser.is_now(sale.first_operator)
    page = browser.get("/operator/recalls/").text
    assert "week 49" in page and "soon after entry" not in page
    assert browser.post(f"/operator/recalls/odd/{entry.public_id}", {"words": "?"}).status_code == 404
    browser.is_now(officer)
    assert "soon after entry" in browser.get("/office/yields").text
    assert browser.post(f"/office/yields/odd/{season_row.public_id}", {"words": "大棚"}).status_code == 303
    assert "week 49" not in browser.get("/office/yields").text
    assert season_row.settled_words == "大棚"


def test_the_nightly_look_finds_a_harvest_that_was_listed_twice(sale: Sale) -> None:
    other = factories.listing(sale.producer, sale.apples.product, stock=0)
    factories.lot(other, Decimal(10))
    kinds = {odd.kind for odd in found_oddities(TODAY)}
    assert "listed_twice" in kinds
